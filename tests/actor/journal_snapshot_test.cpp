// SPDX-License-Identifier: Apache-2.0
/// The journal's own snapshots, and those that come from a leader.
#include "tests/actor/journal_world.hpp"

namespace troupe {
namespace {

using namespace test;

// -- snapshots of its own -----------------------------------------------------------------------

class JournalSnapshot : public journal_world {
 protected:
  void SetUp() override {
    config.snap_count = 4;
    journal_world::SetUp();
    config.snap_count = 4;
    stop();
    start();
    must_load();
  }
  /// As many txns as it takes until the database is asked.
  zxid append_until_asked() {
    auto asked = snapshot.asked;
    while (snapshot.asked == asked && next < 20) append({at(1, ++next)});
    return at(1, next);
  }
  std::int64_t next = 0;
};

TEST_F(JournalSnapshot, IsWrittenAfterSoManyTxns) {
  lay_out_snapshot(at(1, 2), at(1, 3));
  auto last = append_until_asked();
  EXPECT_GE(last, at(1, 3)) << "more than half of snapCount";
  EXPECT_LE(last, at(1, 4));
  EXPECT_EQ(snapshots(), (std::vector{at(1, 2), zxid{0}}));
  EXPECT_EQ(disk->content("/z/version-2/snapshot.100000002"), snapshot_bytes(at(1, 2)));
}

TEST_F(JournalSnapshot, IsWrittenAfterSoManyBytesTooIfThatComesFirst) {
  config.snap_count = 1'000'000;
  const auto bytes = static_cast<std::int64_t>(sample_txn(at(1, 1))->bytes.size());
  config.snap_log_bytes_max = 8 * bytes;
  stop();
  start();
  must_load();
  lay_out_snapshot(at(1, 2), at(1, 3));
  auto last = append_until_asked();
  EXPECT_GE(last, at(1, 4)) << "more than half of snapSizeLimitInKb";
  EXPECT_LE(last, at(1, 9));
}

TEST_F(JournalSnapshot, IsCompressedAsTheConfigSays) {
  for (auto [how, suffix] : {std::pair{config::snapshot_compression::gzip, ".gz"},
                             std::pair{config::snapshot_compression::snappy, ".snappy"}}) {
    config.snapshot_compression = how;
    stop();
    start();
    auto last = must_load().last_logged;
    next = last.counter();
    lay_out_snapshot(at(1, next + 1), at(1, next + 1));
    append_until_asked();
    auto newest = storage::list_snapshots(*disk, "/z/version-2")->front();
    EXPECT_TRUE(newest.path.ends_with(suffix)) << newest.path;
    crash();
    EXPECT_EQ(must_load().image->data.last_processed(), at(1, next));
  }
}

TEST_F(JournalSnapshot, LogBeginsANewFileWithIt) {
  lay_out_snapshot(at(1, 2), at(1, 2));
  auto last = append_until_asked();
  append({last.next()});
  EXPECT_TRUE(disk->has("/z/version-2/" + storage::log_name(last.next())));
}

TEST_F(JournalSnapshot, IsDurableAndLoadedAfterACrash) {
  lay_out_snapshot(at(1, 2), at(1, 2));
  auto last = append_until_asked();
  crash();
  auto loaded = must_load();
  EXPECT_EQ(loaded.last_logged, last);
  EXPECT_EQ(loaded.recent.front()->id(), at(1, 3));
}

TEST_F(JournalSnapshot, ThatHoldsMoreThanTheLogIsDropped) {
  lay_out_snapshot(at(1, 2), at(1, 50));
  append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{zxid{0}}));
  EXPECT_TRUE(failures.empty());
}

TEST_F(JournalSnapshot, WithTxnsBeyondItsNameGoesWhenThoseAreCut) {
  lay_out_snapshot(at(1, 1), at(1, 3));
  append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{at(1, 1), zxid{0}}));
  ASSERT_TRUE(ask<loaded_data>(truncate_log{at(1, 2)}));
  EXPECT_EQ(snapshots(), (std::vector{zxid{0}}));
}

TEST_F(JournalSnapshot, ThatFailsStopsNothing) {
  lay_out_snapshot(at(1, 2), at(1, 2));
  fail_on("write", "actor-node.snapshot");
  auto last = append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{zxid{0}}));
  EXPECT_TRUE(failures.empty());
  disk->fail = nullptr;
  append({last.next()});
  EXPECT_EQ(heard.back(), last.next());
  next = last.next().counter();
  append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{at(1, 2), zxid{0}}));
}

TEST_F(JournalSnapshot, UnfinishedOneIsGivenUpWhenTheLogIsCut) {
  lay_out_snapshot(at(1, 2), at(1, 2));
  snapshot.pieces.pop_back();  // the last piece does not come
  append_until_asked();
  ASSERT_TRUE(ask<loaded_data>(truncate_log{at(1, 1)}));
  auto entries = disk->list_directory("/z/version-2");
  for (const auto& e : *entries) EXPECT_EQ(e.name.find("actor-node.snapshot"), e.name.npos);
  next = 1;
  lay_out_snapshot(at(1, 1), at(1, 1));
  append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{at(1, 1), zxid{0}}));
}

TEST_F(JournalSnapshot, IsNotHeldUpByALeadersThatNeverCameWhole) {
  const auto bytes = snapshot_bytes(at(3, 1));
  ASSERT_TRUE(ask<stored>(install_piece{at(3, 1), bytes.substr(0, 60), true, false}));
  ASSERT_TRUE(ask<stored>(store_epoch{epoch_kind::accepted, epoch{5}}));
  ASSERT_TRUE(ask<stored>(store_epoch{epoch_kind::current, epoch{5}}));
  lay_out_snapshot(at(1, 2), at(1, 3));
  append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{at(1, 2), zxid{0}}));
}

TEST_F(JournalSnapshot, OldOnesArePurgedByTheClock) {
  config.purge_interval_hours = 1;
  stop();
  for (int i = 1; i <= 4; ++i)
    disk->put("/z/version-2/" + storage::snapshot_name(at(1, i)), snapshot_bytes(at(1, i)));
  start();
  must_load();
  EXPECT_EQ(snapshots().size(), 5u);
  world_->advance(std::chrono::hours{1});
  EXPECT_EQ(snapshots(), (std::vector{at(1, 4), at(1, 3), at(1, 2)}));
}

// -- the leader's snapshot ----------------------------------------------------------------------

class JournalInstall : public journal_world {
 protected:
  tl::expected<stored, std::string> install(zxid as_of) {
    auto bytes = snapshot_bytes(as_of);
    auto half = bytes.size() / 2;
    auto first = ask<stored>(install_piece{as_of, bytes.substr(0, half), true, false});
    if (!first) return first;
    return ask<stored>(install_piece{as_of, bytes.substr(half), false, true});
  }
};

TEST_F(JournalInstall, LogGoesOnBehindIt) {
  must_load();
  append({at(1, 1), at(1, 2)});
  ASSERT_TRUE(install(at(3, 7)));
  append({at(3, 8)});
  EXPECT_EQ(heard.back(), at(3, 8));
  crash();
  auto loaded = must_load();
  EXPECT_EQ(loaded.last_logged, at(3, 8));
  EXPECT_EQ(loaded.recent.size(), 1u);
}

TEST_F(JournalInstall, WhatTheLogHoldsBeforeItIsNotReadForOthers) {
  must_load();
  append({at(1, 1), at(1, 2)});
  ASSERT_TRUE(install(at(3, 7)));
  append({at(3, 8)});
  for (int again = 0; again < 2; ++again) {
    EXPECT_FALSE(ask<log_range>(read_log{at(1, 1), 1 << 20}));
    auto range = ask<log_range>(read_log{at(3, 7), 1 << 20});
    ASSERT_TRUE(range) << range.error();
    EXPECT_TRUE(range->holds_after);
    EXPECT_EQ(range->txns.size(), 1u);
    crash();
    must_load();
  }
}

/// As after a role that has died: its database stands where the log was, before the snapshot.
TEST_F(JournalInstall, WhatWasBeforeItIsAskedForInVainAndThatIsNoFaultOfTheDisk) {
  must_load();
  append({at(1, 1), at(1, 2)});
  ASSERT_TRUE(install(at(3, 7)));
  for (std::uint64_t bytes_max : {0, 1 << 20}) {  // 0: but for where it ends
    auto range = ask<log_range>(read_log{at(1, 2), bytes_max});
    ASSERT_FALSE(range);
    EXPECT_THAT(range.error(), testing::HasSubstr("invalid_argument"));
  }
  EXPECT_THAT(failures, testing::IsEmpty());
}

TEST_F(JournalInstall, DivergentLogAndSnapshotsAboveItAreOutOfTheWay) {
  must_load();
  append({at(1, 1), at(1, 2), at(1, 3)});
  disk->put("/z/version-2/snapshot.100000003", snapshot_bytes(at(1, 3)));
  ASSERT_TRUE(install(at(1, 2)));
  EXPECT_EQ(snapshots(), (std::vector{at(1, 2), zxid{0}}));
  append({at(2, 1)});
  crash();
  EXPECT_EQ(must_load().last_logged, at(2, 1));
}

/// The log goes on over the gap before the first of two snapshots when the second is cut off.
TEST_F(JournalInstall, EarlierOneDoesNotMakeAGapBeforeItForgotten) {
  must_load();
  append({at(1, 1), at(1, 2)});
  ASSERT_TRUE(install(at(1, 9)));
  append({at(2, 1), at(2, 2)});
  ASSERT_TRUE(install(at(3, 7)));
  append({at(3, 8)});
  ASSERT_TRUE(install(at(2, 1)));
  crash();
  EXPECT_EQ(must_load().last_logged, at(2, 1));
  EXPECT_FALSE(ask<log_range>(read_log{at(1, 1), 1 << 20}));
  for (const char* name : {"snapshot.100000009", "snapshot.200000001"}) {
    auto rotten = disk->content(std::string{"/z/version-2/"} + name);
    rotten[rotten.size() / 2] ^= 1;
    disk->put(std::string{"/z/version-2/"} + name, rotten);
  }
  crash();
  auto loaded = load();
  ASSERT_FALSE(loaded) << "up to " << to_string(loaded->last_logged);
  EXPECT_NE(loaded.error().find("100000009"), std::string::npos) << loaded.error();
}

TEST_F(JournalInstall, PieceWithoutABeginningIsRefused) {
  must_load();
  EXPECT_FALSE(ask<stored>(install_piece{at(1, 2), "bytes", false, false}));
  EXPECT_TRUE(failures.empty());
}

TEST_F(JournalInstall, SecondOneReplacesTheFirst) {
  must_load();
  ASSERT_TRUE(ask<stored>(install_piece{at(2, 1), "the leader died here", true, false}));
  ASSERT_TRUE(install(at(3, 7)));
  EXPECT_EQ(disk->content("/z/version-2/snapshot.300000007"), snapshot_bytes(at(3, 7)));
}

class JournalInstallCrash : public JournalInstall, public testing::WithParamInterface<int> {};

TEST_P(JournalInstallCrash, LeavesTheOldHistoryOrTheNew) {
  must_load();
  append({at(1, 1), at(1, 2), at(1, 3)});
  int steps = GetParam();
  disk->fail = [&steps](const std::string&, const std::string&) { return steps-- > 0 ? 0 : EIO; };
  bool done = install(at(2, 4)).has_value();
  disk->fail = nullptr;
  EXPECT_EQ(failures.empty(), done);
  crash();
  auto last = must_load().last_logged;
  EXPECT_TRUE(last == at(2, 4) || (last == at(1, 3) && !done)) << to_string(last);
  append({at(3, 1)});
  EXPECT_EQ(heard.back(), at(3, 1));
  for (int again = 0; again < 2; ++again) {
    auto range = ask<log_range>(read_log{at(2, 4), 1 << 20});
    EXPECT_EQ(range && range->holds_after, last == at(2, 4)) << "it vouches for what it never had";
    crash();
    must_load();
  }
}
INSTANTIATE_TEST_SUITE_P(AfterSteps, JournalInstallCrash, testing::Range(0, 30));

/// A snapshot of a leader's is all that leads over a gap in the log. The next one is cut short at
/// any step, and the first has rotted.
class JournalInstallCrashBesideRot : public JournalInstall,
                                     public testing::WithParamInterface<int> {};

TEST_P(JournalInstallCrashBesideRot, GapInTheLogIsNotReadOver) {
  must_load();
  append({at(1, 1), at(1, 2)});
  ASSERT_TRUE(install(at(1, 9)));
  append({at(2, 1)});  // the first of an epoch: no gap is to be seen
  int steps = GetParam();
  disk->fail = [&steps](const std::string&, const std::string&) { return steps-- > 0 ? 0 : EIO; };
  bool done = install(at(3, 7)).has_value();
  disk->fail = nullptr;
  auto rotten = disk->content("/z/version-2/snapshot.100000009");
  rotten[rotten.size() / 2] ^= 1;
  disk->put("/z/version-2/snapshot.100000009", rotten);
  crash();
  auto loaded = load();
  if (loaded)
    EXPECT_EQ(loaded->last_logged, at(3, 7));
  else
    EXPECT_NE(loaded.error().find("100000009"), std::string::npos) << loaded.error();
  EXPECT_TRUE(loaded || !done) << loaded.error();
}
INSTANTIATE_TEST_SUITE_P(AfterSteps, JournalInstallCrashBesideRot, testing::Range(0, 30));

/// The leader's history is shorter than what is held, and begins behind a snapshot, too.
class JournalInstallCrashBelow : public JournalInstall, public testing::WithParamInterface<int> {};

TEST_P(JournalInstallCrashBelow, NobodyIsToldThatTheOtherHistoryIsHeld) {
  must_load();
  append({at(1, 1), at(1, 2)});
  ASSERT_TRUE(install(at(3, 5)));
  int steps = GetParam();
  disk->fail = [&steps](const std::string&, const std::string&) { return steps-- > 0 ? 0 : EIO; };
  bool done = install(at(2, 9)).has_value();
  disk->fail = nullptr;
  crash();
  auto last = must_load().last_logged;
  EXPECT_TRUE(last == at(2, 9) || (last == at(3, 5) && !done)) << to_string(last);
  append({at(4, 1)});
  auto range = ask<log_range>(read_log{at(2, 9), 1 << 20});
  EXPECT_EQ(range && range->holds_after, last == at(2, 9)) << "not held, and vouched for";
}
INSTANTIATE_TEST_SUITE_P(AfterSteps, JournalInstallCrashBelow, testing::Range(0, 30));

}  // namespace
}  // namespace troupe
