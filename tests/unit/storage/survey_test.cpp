// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/survey.hpp"

#include <gtest/gtest.h>

#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

class Survey : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(d.create_directories("/z")); }
  void put_genuine(const std::vector<std::string>& names) {
    for (const auto& name : names)
      d.put("/z/version-2/" + name.substr(name.find('/') + 1), genuine_file(name));
  }
  data_survey look(data_dir_options options = {.data_dir = "/z"}) {
    auto before = d.history.size();
    auto seen = survey(d, std::move(options));
    EXPECT_TRUE(seen) << seen.error().text();
    EXPECT_EQ(d.history.size(), before) << "nothing may be changed";
    return seen.value_or(data_survey{});
  }
  static std::string all(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) out += line + "\n";
    return out;
  }
  memory_disk d;
};

TEST_F(Survey, OfAGenuineDirectorySaysWhatIsThere) {
  put_genuine({"snapshot.0", "snapshot.f", "log.1", "log.10"});
  d.put("/z/myid", "1\n");
  auto seen = look();
  EXPECT_TRUE(seen.would_start());
  EXPECT_EQ(seen.my_id, "1");
  ASSERT_EQ(seen.snapshots.size(), 2u);
  EXPECT_EQ(seen.snapshots[0].file.id, zxid{0xf});
  EXPECT_TRUE(seen.snapshots[0].is_complete);
  ASSERT_EQ(seen.logs.size(), 2u);
  EXPECT_EQ(seen.logs[0].txns, 15u);
  EXPECT_EQ(seen.logs[0].first, zxid{1});
  EXPECT_EQ(seen.logs[0].last, zxid{0xf});
  EXPECT_EQ(seen.logs[1].last, zxid{0x12});
  EXPECT_EQ(seen.how->snapshot, zxid{0xf});
  EXPECT_EQ(seen.how->last, zxid{0x12});
  EXPECT_EQ(seen.holds.znodes, 10u);
  EXPECT_EQ(seen.holds.containers, 1u);
  EXPECT_EQ(seen.holds.ttl_znodes, 1u);
  EXPECT_EQ(seen.holds.ephemerals, 0u);
  EXPECT_EQ(seen.era, (epochs{{0}, {0}}));
  EXPECT_TRUE(seen.marks.txn_digests && seen.marks.snapshot_digest && seen.marks.later_ops);
  EXPECT_TRUE(seen.marks.close_session_paths);
  EXPECT_FALSE(seen.marks.snapshot_last_zxid || seen.marks.actor_node ||
               seen.marks.creates_without_cversion || seen.marks.compressed_snapshot);
  EXPECT_EQ(all(seen.notes), "");
}

TEST_F(Survey, OfOneWithoutDigestsShowsNoMarkOfThem) {
  put_genuine({"without-digest/snapshot.0", "without-digest/log.1"});
  auto seen = look();
  EXPECT_TRUE(seen.would_start());
  EXPECT_FALSE(seen.marks.txn_digests || seen.marks.snapshot_digest);
  EXPECT_EQ(seen.holds.sessions, 1u);
  EXPECT_EQ(seen.holds.ephemerals, 1u);
}

TEST_F(Survey, CompressedSnapshotIsAMark) {
  put_genuine({"snapshot.12.snappy"});
  auto seen = look();
  EXPECT_TRUE(seen.would_start());
  EXPECT_TRUE(seen.marks.compressed_snapshot);
  EXPECT_EQ(seen.holds.znodes, 10u);
}

TEST_F(Survey, TornTailIsNotedAndStarts) {
  put_genuine({"snapshot.0", "log.1"});
  auto bytes = genuine_file("log.10");
  d.put("/z/version-2/log.10", bytes.substr(0, bytes.size() - 4));
  auto seen = look();
  EXPECT_TRUE(seen.would_start());
  EXPECT_EQ(seen.how->last, zxid{0x11});
  EXPECT_EQ(seen.logs[1].tail.is, log_tail::kind::cut);
  EXPECT_NE(all(seen.notes).find("log.10 has an unfinished end at offset "), std::string::npos);
}

TEST_F(Survey, DamageThatAStartNeedsIsAProblemWithFileAndOffset) {
  put_genuine({"snapshot.0"});
  auto bytes = genuine_file("log.1");
  bytes[200] ^= 1;
  d.put("/z/version-2/log.1", bytes);
  auto seen = look();
  ASSERT_EQ(seen.problems.size(), 1u);
  EXPECT_EQ(seen.problems[0].path, "/z/version-2/log.1");
  EXPECT_EQ(seen.problems[0].offset, 179);
  EXPECT_EQ(seen.logs[0].txns, 2u);
  EXPECT_FALSE(seen.how);
}

TEST_F(Survey, DamageThatNoStartNeedsIsANote) {
  put_genuine({"snapshot.f", "log.10"});
  auto bytes = genuine_file("log.1");
  bytes[200] ^= 1;
  d.put("/z/version-2/log.1", bytes);
  auto seen = look();
  EXPECT_TRUE(seen.would_start());
  EXPECT_NE(all(seen.notes).find("not needed for a start, but damaged"), std::string::npos)
      << all(seen.notes);
}

TEST_F(Survey, HoleThatALostSnapshotOfALeaderLeftIsAProblem) {
  put_genuine({"snapshot.0", "log.1", "log.10"});
  d.put("/z/actor-node.meta", "history_after=65536\n");
  d.put("/z/version-2/snapshot.10000", "not complete");
  auto seen = look();
  ASSERT_EQ(seen.problems.size(), 1u);
  EXPECT_NE(seen.problems[0].text().find("the leader's snapshot of 0x10000 cannot be used"),
            std::string::npos)
      << seen.problems[0].text();
}

TEST_F(Survey, HistoryThatTheOthersHaveToReplaceIsNoted) {
  put_genuine({"snapshot.f", "log.10"});
  d.put("/z/resync", "");
  EXPECT_NE(all(look().notes).find("is not trusted"), std::string::npos);
}

TEST_F(Survey, InstallThatAStartFinishesIsNoted) {
  put_genuine({"snapshot.f", "log.10"});
  d.put("/z/actor-node.meta", "history_after=0\nsnapshot_expected=15\n");
  EXPECT_NE(all(look().notes).find("installed its leader's snapshot of 0xf"), std::string::npos);
}

TEST_F(Survey, EpochsThatAStartRefusesAreAProblem) {
  put_genuine({"snapshot.f"});
  d.put("/z/version-2/currentEpoch", "5");
  d.put("/z/version-2/acceptedEpoch", "4");
  auto seen = look();
  ASSERT_EQ(seen.problems.size(), 1u);
  EXPECT_EQ(seen.problems[0].path, "/z/version-2/acceptedEpoch");
}

TEST_F(Survey, LayoutThatAStartRefusesIsAProblem) {
  put_genuine({"snapshot.f", "log.10"});
  ASSERT_TRUE(d.create_directories("/l/version-2"));
  auto seen = look({.data_dir = "/z", .data_log_dir = "/l"});
  ASSERT_FALSE(seen.would_start());
  EXPECT_EQ(seen.problems[0].path, "/z/version-2/log.10");
}

TEST_F(Survey, LogsAloneAreAProblemUnlessTrusted) {
  put_genuine({"log.1"});
  EXPECT_FALSE(look().would_start());
  data_dir_options trusting{.data_dir = "/z"};
  trusting.trust_empty_snapshot = true;
  auto seen = look(trusting);
  EXPECT_TRUE(seen.would_start());
  EXPECT_EQ(seen.holds.znodes, 9u);
}

TEST_F(Survey, OfAnEmptyDirectoryIsANewDatabase) {
  auto seen = look();
  EXPECT_TRUE(seen.would_start());
  EXPECT_FALSE(seen.how);
  EXPECT_NE(all(seen.notes).find("/z/version-2"), std::string::npos);
  EXPECT_FALSE(*d.exists("/z/version-2"));
}

TEST_F(Survey, OfNoDirectoryIsAnError) {
  auto seen = survey(d, {.data_dir = "/nowhere"});
  ASSERT_FALSE(seen);
  EXPECT_NE(seen.error().text().find("/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace troupe::storage
