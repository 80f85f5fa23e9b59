// SPDX-License-Identifier: Apache-2.0
/// What a genuine ZooKeeper wrote is read, and written again byte for byte.
#include <gtest/gtest.h>

#include <set>

#include "actors/storage/snapshot_files.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

constexpr std::size_t genuine_log_bytes = 16 + 65536;  // header and one step of 64 KiB

std::string padded(std::string bytes) {
  bytes.resize(genuine_log_bytes);
  return bytes;
}

std::vector<txn_ptr> genuine_txns(const std::string& name) {
  memory_disk d;
  d.put("/d/" + name, padded(genuine_file(name)));
  std::vector<txn_ptr> out;
  auto reader = log_reader::open(d, "/d", *parse_log_name(name));
  for (;;) {
    auto t = reader->next();
    if (!t) ADD_FAILURE() << t.error().text();
    if (!t || !*t) return out;
    out.push_back(*t);
  }
}

TEST(GenuineLog, EveryTxnIsUnderstood) {
  auto txns = genuine_txns("log.1");
  ASSERT_EQ(txns.size(), 15u);
  std::set<op_code> kinds;
  for (std::size_t i = 0; i < txns.size(); ++i) {
    EXPECT_EQ(txns[i]->id(), zxid{static_cast<std::int64_t>(i) + 1});
    bool is_error = txns[i]->value.header.type == op_code::error;  // those change no tree
    EXPECT_EQ(txns[i]->value.digest.has_value(), !is_error) << i;
    kinds.insert(txns[i]->value.header.type);
  }
  for (auto kind : {op_code::create_session, op_code::create, op_code::set_data, op_code::set_acl,
                    op_code::multi, op_code::error, op_code::create_container, op_code::create_ttl,
                    op_code::remove, op_code::close_session})
    EXPECT_TRUE(kinds.count(kind)) << static_cast<int>(kind);
}

TEST(GenuineLog, TxnsEncodeToTheSameBytes) {
  for (const char* name : {"log.1", "log.10"})
    for (const auto& t : genuine_txns(name))
      EXPECT_EQ(encode_txn(t->value), t->bytes) << to_string(t->id());
}

TEST(GenuineLog, WrittenAgainIsTheSameFile) {
  for (const char* name : {"log.1", "log.10"}) {
    memory_disk d;
    ASSERT_TRUE(d.create_directories("/d"));
    auto log = txn_log::open(d, options_for("/d", 65536));
    auto txns = genuine_txns(name);
    ASSERT_TRUE(log->continue_after(zxid{txns.front()->id().value - 1}));
    for (const auto& t : txns) {
      ASSERT_TRUE(log->append(*t));
      ASSERT_TRUE(log->sync());
    }
    EXPECT_EQ(d.content("/d/" + std::string{name}), padded(genuine_file(name)));
  }
}

TEST(GenuineLog, OneBatchIsTheSameFileAsSingleWrites) {
  memory_disk d;
  ASSERT_TRUE(d.create_directories("/d"));
  auto log = txn_log::open(d, options_for("/d", 65536));
  for (const auto& t : genuine_txns("log.1")) ASSERT_TRUE(log->append(*t));
  ASSERT_TRUE(log->sync());
  EXPECT_EQ(d.content("/d/log.1"), padded(genuine_file("log.1")));
}

TEST(GenuineLog, TwoFilesReadAsOneHistory) {
  memory_disk d;
  d.put("/d/log.1", padded(genuine_file("log.1")));
  d.put("/d/log.10", padded(genuine_file("log.10")));
  auto all = read_all(d, "/d");
  EXPECT_EQ(all.refusal, "");
  ASSERT_FALSE(all.ids.empty());
  EXPECT_EQ(all.ids.front(), zxid{1});
  EXPECT_GT(all.ids.back(), zxid{0x10});
}

TEST(GenuineSnapshot, IsCompleteAndCopiedByteForByte) {
  for (const char* name : {"snapshot.0", "snapshot.f"}) {
    memory_disk d;
    auto bytes = genuine_file(name);
    d.put("/d/" + std::string{name}, bytes);
    auto files = snapshot_candidates(d, "/d");
    ASSERT_EQ(files->size(), 1u);
    std::string read;
    ASSERT_TRUE(read_snapshot(d, files->front(), [&](std::string_view chunk) {
      read += chunk;
      return tl::expected<void, std::string>{};
    }));
    EXPECT_EQ(read, bytes);
    auto writer = snapshot_writer::begin(d, "/d", {0x99});
    for (char c : read) ASSERT_TRUE(writer->append({&c, 1}));
    ASSERT_TRUE(writer->finish());
    EXPECT_EQ(d.content("/d/snapshot.99"), bytes);
  }
}

}  // namespace
}  // namespace troupe::storage
