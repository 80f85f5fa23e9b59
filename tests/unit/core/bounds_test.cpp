// SPDX-License-Identifier: Apache-2.0
/// Each bound of docs/limits.md that core keeps: just below it, at it, and just above it. Those of
/// sessions, connections and learners are tested with their actors.
#include <gtest/gtest.h>

#include "actors/core/acl.hpp"
#include "actors/core/file_budget.hpp"
#include "actors/core/memory_budget.hpp"
#include "actors/core/path.hpp"
#include "actors/core/watches.hpp"
#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;

std::string asking(const std::string& path) { return jute::encode(read_request{path, true}); }

TEST(Bounds, DataOfAReply) {
  database db;
  db.create("/a", std::string(100, 'x'));
  for (std::size_t max : {99, 100, 101}) {
    const auto answer =
        answer_read(op_code::get_data, asking("/a"), {{}, db.client, false, {max}}, db.data);
    EXPECT_EQ(answer.err, max < 100 ? code::bad_arguments : code::ok) << max;
    EXPECT_EQ(answer.is_cut, max < 100) << max;
    EXPECT_EQ(answer.watch.has_value(), max >= 100) << "what is not shown is not watched";
  }
}

TEST(Bounds, EntriesOfAnAccessList) {
  for (std::size_t entries : {2, 3, 4}) {
    database db;
    db.planner.set_acl_entries_max(3);
    db.create("/open");
    acl_list acl;
    for (std::size_t i = 0; i < entries; ++i)
      acl.push_back({permission::all, {"digest", "u" + std::to_string(i) + ":hash"}});
    const auto expected = entries > 3 ? code::invalid_acl : code::ok;
    EXPECT_EQ(db.create("/a", "", 0, acl), expected) << entries;
    EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/open", acl)), expected) << entries;
  }
}

/// "auth" stands for all that the client has shown.
TEST(Bounds, EntriesOfAnAccessListAsItWillBeStored) {
  for (std::size_t shown : {2, 3, 4}) {
    database db;
    db.planner.set_acl_entries_max(3);
    for (std::size_t i = 0; i < shown; ++i)
      db.shown.push_back({"digest", "u" + std::to_string(i) + ":hash"});
    EXPECT_EQ(db.create("/a", "", 0, {{permission::all, {"auth", ""}}}),
              shown > 3 ? code::invalid_acl : code::ok)
        << shown;
  }
}

TEST(Bounds, IdentitiesOfAConnection) {
  identities shown;
  for (std::size_t n = 1; n < identities_max; ++n)
    ASSERT_TRUE(add_identity(shown, {"digest", std::to_string(n)}));
  EXPECT_TRUE(add_identity(shown, {"digest", "the last one"}));
  EXPECT_FALSE(add_identity(shown, {"digest", "one more"}));
}

TEST(Bounds, BytesOfIdentities) {
  const auto fits = [](std::size_t bytes) {
    identities shown;
    const std::string scheme = "digest";  // with two lengths of four bytes
    return add_identity(shown, {scheme, std::string(bytes - scheme.size() - 8, 'u')});
  };
  EXPECT_TRUE(fits(identity_bytes_max - 1));
  EXPECT_TRUE(fits(identity_bytes_max));
  EXPECT_FALSE(fits(identity_bytes_max + 1));
}

TEST(Bounds, WatchesOfAConnection) {
  watches table;
  constexpr auto each = watches::path_bytes + watches::watch_bytes + 2;
  table.set_max_of_one({3, 1'000'000});
  for (auto path : {"/a", "/b", "/c"}) {
    EXPECT_TRUE(table.has_room(1, watch_kind::data, path));
    table.add(watch_kind::data, path, 1);
  }
  EXPECT_FALSE(table.has_room(1, watch_kind::data, "/d"));
  for (std::size_t max : {3 * each - 1, 3 * each, 3 * each + 1}) {
    watches by_bytes;
    by_bytes.set_max_of_one({100, max});
    by_bytes.add(watch_kind::data, "/a", 1);
    by_bytes.add(watch_kind::child, "/a", 1);
    EXPECT_EQ(by_bytes.has_room(1, watch_kind::data, "/b"), max >= 3 * each) << max;
  }
  set_watches2_request again;
  again.one_shot.data = {"/a", "/b"};
  again.persistent = {"/c"};
  EXPECT_EQ(watches::holding_of(again).count, 3U);
  EXPECT_TRUE(table.has_room(2, watches::holding_of(again)));
  again.persistent_recursive = {"/d"};
  EXPECT_FALSE(table.has_room(2, watches::holding_of(again)));
}

TEST(Bounds, DescriptorsOfClients) {
  const file_budget budget{1024, 2};
  const auto end = static_cast<int>(budget.clients_end());
  EXPECT_EQ(end, 1024 - 64 - 2 * 16);
  EXPECT_TRUE(budget.is_for_clients(end - 1));
  EXPECT_FALSE(budget.is_for_clients(end));
  EXPECT_EQ(file_budget(2 * (64 + 32) - 1, 2).is_scarce(), true);
  EXPECT_EQ(file_budget(2 * (64 + 32), 2).is_scarce(), false);
}

TEST(Bounds, ResidentMemory) {
  const memory_budget budget{std::int64_t{1} << 30};
  memory_watch watch;
  EXPECT_FALSE(watch.look(budget, {.resident = budget.resident_max() - 1}));
  EXPECT_TRUE(watch.look(budget, {.resident = budget.resident_max()}));
  EXPECT_EQ(watch.tree_max(budget), 0);
  const auto relieved = budget.resident_max() - budget.resident_max() / 20;
  EXPECT_FALSE(watch.look(budget, {.resident = relieved})) << "no flutter";
  EXPECT_TRUE(watch.look(budget, {.resident = relieved - 1}));
  EXPECT_EQ(memory_budget{1}.limit(), memory_budget::limit_min);
}

struct QuotaBounds : ::testing::Test {
  void limit(const std::string& limits) {
    db.create("/a", "1234");
    db.create(std::string{quota_path} + "/a");
    ASSERT_EQ(db.create("/zookeeper/quota/a/zookeeper_limits", limits), code::ok);
    ASSERT_EQ(db.create("/zookeeper/quota/a/zookeeper_stats", "count=0,bytes=0"), code::ok);
    db.planner.set_options({.enforce_quota = true});
  }
  database db;
};

TEST_F(QuotaBounds, NumberOfZnodes) {
  limit("count=-1,bytes=-1=;countHardLimit=3");
  EXPECT_EQ(db.create("/a/b"), code::ok);
  EXPECT_EQ(db.create("/a/c"), code::ok);
  EXPECT_EQ(db.create("/a/d"), code::quota_exceeded);
}

TEST_F(QuotaBounds, Bytes) {
  limit("count=-1,bytes=-1=;byteHardLimit=10");
  EXPECT_EQ(db.set("/a", std::string(9, 'x')), code::ok);
  EXPECT_EQ(db.set("/a", std::string(10, 'x')), code::ok);
  EXPECT_EQ(db.set("/a", std::string(11, 'x')), code::quota_exceeded);
}

/// A limit that only warns hides none that refuses, whichever of the two is looked at first.
TEST_F(QuotaBounds, SoftLimitOfOneKindBesideTheHardLimitOfTheOther) {
  limit("count=1,bytes=-1=;byteHardLimit=10");
  EXPECT_EQ(db.create("/a/b", "123456"), code::ok);
  EXPECT_EQ(db.create("/a/c", "1"), code::quota_exceeded);
}

TEST(QuotaBreaches, TheOneThatRefusesIsTold) {
  const quota_text used{"count=5,bytes=50"};
  const auto found = [&used](const char* limits) {
    const auto breach = find_breach(quota_text{limits}, used, 1, 1);
    return breach ? std::string{breach->is_hard ? "hard " : "soft "} +
                        (breach->of_bytes ? "bytes" : "count")
                  : "none";
  };
  EXPECT_EQ(found("count=6,bytes=51"), "none");
  EXPECT_EQ(found("count=5,bytes=51"), "soft count");
  EXPECT_EQ(found("count=6,bytes=50"), "soft bytes");
  EXPECT_EQ(found("count=5,bytes=50"), "soft count");
  EXPECT_EQ(found("count=5,bytes=-1=;byteHardLimit=50"), "hard bytes");
  EXPECT_EQ(found("count=-1,bytes=50=;countHardLimit=5"), "hard count");
  EXPECT_EQ(found("count=5,bytes=50=;byteHardLimit=50;countHardLimit=5"), "hard count");
  EXPECT_EQ(found("count=5,bytes=50=;byteHardLimit=51;countHardLimit=6"), "none");
}

}  // namespace
}  // namespace troupe::core::testing
