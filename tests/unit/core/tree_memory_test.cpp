// SPDX-License-Identifier: Apache-2.0
// What a tree says that it takes of the heap: against a count of all that is there, and against
// what the allocator says.
#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>
#include <random>

#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

acl_list digest_acl(int who) {
  return {
      {permission::all, {"digest", "somebody-" + std::to_string(who) + ":" + std::string(28, 'd')}},
      {permission::read, {"ip", "10.0.0." + std::to_string(who % 256)}}};
}

/// Writes of every kind, many of which fail.
class random_writer {
 public:
  explicit random_writer(std::uint32_t seed) : random_(seed) {}

  void write(database& db) {
    db.client = session_id{0x100 + below(5)};
    const auto path = pick();
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        db.create(path, text(), below(3) == 0 ? create_flag::ephemeral : create_flag::persistent,
                  below(3) == 0 ? digest_acl(static_cast<int>(below(7))) : open_to_all());
        break;
      case 4:
        db.create(path + "-", text(), create_flag::sequential);
        break;
      case 5:
        db.err(op_code::create_container, body_of_create(path, text(), create_flag::container));
        break;
      case 6:
      case 7:
        db.remove(path);
        break;
      case 8:
        db.set(path, text());
        break;
      case 9:
        db.err(op_code::set_acl, body_of_set_acl(path, digest_acl(static_cast<int>(below(7)))));
        break;
      case 10:
        db.err(op_code::multi,
               body_of_multi({{op_code::create, body_of_create(path + "/m", text())},
                              {op_code::remove, body_of_delete(pick())},
                              {op_code::set_data, body_of_set(pick(), text())}}));
        break;
      case 11:
        if (below(20) == 0)
          db.err(op_code::close_session, {});
        else
          set_quota(db, path);
    }
  }

 private:
  std::int64_t below(std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>{0, n - 1}(random_);
  }
  std::string text() { return std::string(static_cast<std::size_t>(below(200)), 't'); }
  std::string pick() {
    std::string path;
    for (auto depth = 1 + below(3); depth > 0; --depth)
      path += "/" + std::string(static_cast<std::size_t>(1 + 12 * below(3)), 'a') +
              std::to_string(below(6));
    return path;
  }
  void set_quota(database& db, const std::string& path) {
    std::string made = "/zookeeper/quota";
    for (std::size_t at = 1; at != 0;) {
      const auto end = path.find('/', at);
      made += "/" + path.substr(at, end - at);
      db.create(made);
      at = end == std::string::npos ? 0 : end + 1;
    }
    db.create(made + "/zookeeper_limits", "count=100,bytes=10000");
    db.create(made + "/zookeeper_stats", "count=0,bytes=0");
    if (below(3) == 0) db.remove(made + "/zookeeper_limits");
  }

  std::mt19937 random_;
};

TEST(TreeMemory, AfterEachOfManyWritesItIsWhatACountAnewGives) {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    database db;
    db.data.set_extended_types(true);
    random_writer writer{seed};
    for (int i = 0; i < 2'000; ++i) {
      writer.write(db);
      ASSERT_EQ(db.data.memory_bytes(), recount_memory(db.data)) << "seed " << seed << " at " << i;
    }
    db.data.set_extended_types(false);
    EXPECT_EQ(db.data.memory_bytes(), recount_memory(db.data));
    EXPECT_GT(db.data.node_count(), 20U);
  }
}

TEST(TreeMemory, OfADecodedSnapshotItIsWhatACountAnewGives) {
  database db;
  random_writer writer{7};
  for (int i = 0; i < 3'000; ++i) writer.write(db);
  const auto copy = decode_all(encode_all(db.data), 1000);
  ASSERT_TRUE(copy) << copy.error();
  EXPECT_EQ(copy->data.memory_bytes(), recount_memory(copy->data));
}

TEST(TreeMemory, WhatIsMadeAndRemovedLeavesNothingBehind) {
  database db;
  const auto come_and_go = [&db] {
    for (int i = 0; i < 100; ++i)
      db.create("/znode-with-a-long-name-" + std::to_string(i), std::string(500, 'x'),
                create_flag::ephemeral, digest_acl(i));
    const auto most = db.data.memory_bytes();
    db.err(op_code::close_session, {});
    return most;
  };
  come_and_go();  // the table of owners keeps its buckets
  const auto before = db.data.memory_bytes();
  EXPECT_GT(come_and_go(), before + 100 * 700);
  EXPECT_EQ(db.data.memory_bytes(), before);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
std::int64_t allocated() {
  const auto now = ::mallinfo2();
  return static_cast<std::int64_t>(now.uordblks + now.hblkhd);
}

struct shape {
  const char* name;
  std::size_t data_bytes;
  std::int32_t flags;
  bool own_list;
};

class HeapOfATree : public ::testing::TestWithParam<shape> {};

TEST_P(HeapOfATree, IsWithinTwoPercentOfWhatTheAllocatorGave) {
  const auto& asked = GetParam();
  auto made = std::make_unique<tree>();
  std::vector<txn> txns;
  for (int i = 0; i < 20'000; ++i) {
    const auto acl = asked.own_list ? digest_acl(i) : open_to_all();
    // A parent for each hundred, so that there are sets of children too.
    const auto parent = "/parent-" + std::to_string(i / 100);
    if (i % 100 == 0)
      made->apply({{session_id{1}, cxid{1}, zxid{i + 1}, 1000, op_code::create},
                   create_txn{parent, jute::buffer{""}, open_to_all(), false, -1},
                   {}});
    txns.push_back({{session_id{1 + i % 50}, cxid{1}, zxid{i + 1}, 1000, op_code::create},
                    create_txn{parent + "/lock-" + std::to_string(1'000'000'000 + i),
                               jute::buffer{std::string(asked.data_bytes, 'd')}, acl,
                               asked.flags == create_flag::ephemeral, -1},
                    {}});
  }
  const auto told_before = made->memory_bytes();
  const auto before = allocated();
  for (const auto& x : txns) made->apply(x);
  const auto told = made->memory_bytes() - told_before;
  const auto real = allocated() - before;
  EXPECT_NEAR(static_cast<double>(told) / static_cast<double>(real), 1.0, 0.02)
      << told << " told, " << real << " allocated";
}

INSTANTIATE_TEST_SUITE_P(Each, HeapOfATree,
                         ::testing::Values(shape{"empty", 0, create_flag::persistent, false},
                                           shape{"small", 100, create_flag::persistent, false},
                                           shape{"locks", 20, create_flag::ephemeral, false},
                                           shape{"lists", 40, create_flag::persistent, true},
                                           shape{"large", 5'000, create_flag::persistent, false}),
                         [](const auto& x) { return std::string{x.param.name}; });
#endif

}  // namespace
}  // namespace troupe::core::testing
