// SPDX-License-Identifier: Apache-2.0
/// What a genuine ZooKeeper wrote is read, and written again byte for byte.
#include <gtest/gtest.h>

#include <set>

#include "actors/core/snapshot_codec.hpp"
#include "actors/storage/image_builder.hpp"
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

/// But for the id in the header, which ZooKeeper does not read.
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
    auto expected = encode_log_header(zxid{txns.front()->id().value - 1});
    expected += padded(genuine_file(name)).substr(log_header_bytes);
    EXPECT_TRUE(d.content("/d/" + std::string{name}) == expected) << name;
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

std::shared_ptr<core::image> genuine_image(const std::vector<std::string>& names) {
  memory_disk d;
  for (const auto& name : names)
    d.put("/z/version-2/" + name.substr(name.find('/') + 1), genuine_file(name));
  data_dir_options rules;
  rules.data_dir = "/z";
  image_builder builder;
  auto how = load_database(d, "/z/version-2", "/z/version-2", rules, builder.sink());
  EXPECT_TRUE(how) << how.error().text();
  if (!how) return nullptr;
  builder.finish(*how);
  EXPECT_EQ(how->passed_over, std::vector<std::string>{});
  EXPECT_EQ(builder.findings().mismatches, 0u);
  EXPECT_EQ(builder.findings().fuzzy_until, std::nullopt);
  return builder.image();
}

std::string bytes_of(const core::tree& data) {
  core::snapshot_encoder encoder{data};
  std::string out;
  while (!encoder.done()) out += encoder.next(1 << 20);
  return out;
}

TEST(GenuineSnapshot, CompressedOnesHoldTheDatabaseThatTheLogsReplayTo) {
  auto replayed = genuine_image({"snapshot.0", "log.1", "log.10"});
  ASSERT_TRUE(replayed);
  for (const char* name : {"snapshot.12.gz", "snapshot.12.snappy"}) {
    auto read = genuine_image({name});
    ASSERT_TRUE(read);
    EXPECT_EQ(bytes_of(read->data), bytes_of(replayed->data)) << name;
    ASSERT_TRUE(read->digest);
    EXPECT_EQ(read->digest->value, read->data.digest());
  }
}

// digest.enabled=false writes neither the txns' digests nor the snapshot's.
TEST(GenuineDirectory, WithoutDigestsIsReadWithItsSessionAndEphemeral) {
  auto all = genuine_image({"without-digest/snapshot.0", "without-digest/log.1"});
  auto newest = genuine_image({"without-digest/snapshot.7"});
  ASSERT_TRUE(all && newest);
  EXPECT_FALSE(newest->digest);
  EXPECT_EQ(newest->data.digest(), all->data.digest());
  ASSERT_EQ(all->data.sessions().size(), 1u);
  EXPECT_EQ(all->data.ephemerals(all->data.sessions().begin()->first),
            std::vector<std::string>{"/kept/mine"});
  EXPECT_EQ(all->data.find("/kept")->data.view(), "22");
  EXPECT_FALSE(all->data.find("/gone"));
}

// closeSessionTxn.enabled=false: the txn has no body, and the digest stands right behind the
// header.
TEST(GenuineDirectory, ClosedSessionsWithoutPathsTakeTheirEphemeralsByOwner) {
  auto all = genuine_image({"without-paths/snapshot.0", "without-paths/log.1"});
  ASSERT_TRUE(all);
  EXPECT_FALSE(all->data.find("/gone"));
  EXPECT_TRUE(all->data.find("/kept/mine"));
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
