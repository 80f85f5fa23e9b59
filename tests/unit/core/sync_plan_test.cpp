// SPDX-License-Identifier: Apache-2.0
/// LearnerHandlerTest of ZooKeeper, as situations.
#include "actors/core/sync_plan.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "actors/core/zxid_order.hpp"
#include "tests/unit/core/ensembles.hpp"

namespace troupe::core {
namespace {

using namespace test;

/// The leader of epoch 3 holds 2:4 2:5 | 3:1 3:2 3:3 in memory.
const std::vector<zxid> window{at(2, 4), at(2, 5), at(3, 1), at(3, 2), at(3, 3)};

sync_plan plan_for(zxid peer) {
  return choose_sync({.peer_last = peer, .last_processed = at(3, 3), .committed = window});
}

/// A log on disk that holds 2:1 .. 3:3, for a learner at `peer`.
sync_plan plan_with_log(zxid peer, disk_log log) {
  return choose_sync(
      {.peer_last = peer, .last_processed = at(3, 3), .committed = window, .log = log});
}
disk_log log_that_has(zxid x) {
  return {.at_or_before_peer = x, .newest = at(3, 3), .bytes_needed = 30, .snapshot_bytes = 100};
}

TEST(SyncPlan, LearnerThatHasAllGetsAnEmptyDiff) {
  EXPECT_EQ(plan_for(at(3, 3)), sync_plan{send_diff{at(3, 3)}});
}

TEST(SyncPlan, LearnerAtTheBeginningOfTheLeadersIdleEpochGetsAnEmptyDiff) {
  EXPECT_EQ(choose_sync({.peer_last = at(4, 0), .last_processed = at(4, 0), .committed = window}),
            sync_plan{send_diff{at(4, 0)}});
}

TEST(SyncPlan, LearnerInsideTheWindowGetsWhatFollows) {
  EXPECT_EQ(plan_for(at(2, 4)), sync_plan{send_diff{at(2, 4)}});
  EXPECT_EQ(plan_for(at(3, 2)), sync_plan{send_diff{at(3, 2)}});
}

TEST(SyncPlan, LearnerAheadOfEverythingCommittedIsTruncated) {
  EXPECT_EQ(plan_for(at(3, 9)), sync_plan{send_truncate{at(3, 3)}});
}

TEST(SyncPlan, LearnerAheadAtTheBeginningOfAnEpochIsNeverTruncated) {
  EXPECT_EQ(plan_for(at(4, 0)), sync_plan{send_snapshot{}});
}

TEST(SyncPlan, FormerLeaderWithUncommittedTxnsIsTruncatedAndBroughtUp) {
  EXPECT_EQ(plan_for(at(2, 6)), sync_plan{send_truncate_then_diff{at(2, 5)}});
}

TEST(SyncPlan, UncommittedTxnsOfAnEpochUnknownHereNeedASnapshot) {
  const std::vector<zxid> skipped{at(2, 4), at(2, 5), at(4, 1)};
  EXPECT_EQ(choose_sync({.peer_last = at(3, 1), .last_processed = at(4, 1), .committed = skipped}),
            sync_plan{send_snapshot{}});
}

TEST(SyncPlan, LearnerAtTheBeginningOfAnEpochInsideTheWindowGetsThatEpoch) {
  EXPECT_EQ(plan_for(at(3, 0)), sync_plan{send_diff{at(3, 0)}});
}

TEST(SyncPlan, HoleInTheWindowAfterTheLearnerNeedsASnapshot) {
  const std::vector<zxid> holed{at(3, 1), at(3, 2), at(3, 4)};
  sync_input in{.peer_last = at(3, 1), .last_processed = at(3, 4), .committed = holed};
  EXPECT_EQ(choose_sync(in), sync_plan{send_snapshot{}});
  in.peer_last = at(3, 3);
  EXPECT_EQ(choose_sync(in), sync_plan{send_snapshot{}});
}

TEST(SyncPlan, HoleInTheWindowBeforeTheLearnerDoesNotMatter) {
  const std::vector<zxid> holed{at(3, 1), at(3, 3), at(3, 4)};
  EXPECT_EQ(choose_sync({.peer_last = at(3, 3), .last_processed = at(3, 4), .committed = holed}),
            sync_plan{send_diff{at(3, 3)}});
}

TEST(SyncPlan, LearnerBehindTheWindowGetsASnapshotWhenThereIsNoLog) {
  EXPECT_EQ(plan_for(at(2, 1)), sync_plan{send_snapshot{}});
}

TEST(SyncPlan, LearnerBehindTheWindowIsServedFromTheLogWhenThatIsShort) {
  EXPECT_EQ(plan_with_log(at(2, 1), log_that_has(at(2, 1))),
            sync_plan{send_diff_from_log{at(2, 1)}});
}

TEST(SyncPlan, LogLongerThanTheFactorAllowsNeedsASnapshot) {
  auto log = log_that_has(at(2, 1));
  log.bytes_needed = 34;
  EXPECT_EQ(plan_with_log(at(2, 1), log), sync_plan{send_snapshot{}});
}

TEST(SyncPlan, FactorOfZeroSwitchesTheLogOff) {
  auto log = log_that_has(at(2, 1));
  log.bytes_needed = 0;
  log.snapshot_size_factor = 0;
  EXPECT_EQ(plan_with_log(at(2, 1), log), sync_plan{send_snapshot{}});
}

TEST(SyncPlan, LogThatBeginsAfterTheLearnerNeedsASnapshot) {
  auto log = log_that_has({});
  log.at_or_before_peer.reset();
  EXPECT_EQ(plan_with_log(at(1, 7), log), sync_plan{send_snapshot{}});
}

TEST(SyncPlan, GapBetweenLogAndWindowNeedsASnapshot) {
  auto log = log_that_has(at(2, 1));
  log.newest = at(2, 2);
  EXPECT_EQ(plan_with_log(at(2, 1), log), sync_plan{send_snapshot{}});
  log.newest = at(2, 3);
  EXPECT_EQ(plan_with_log(at(2, 1), log), sync_plan{send_diff_from_log{at(2, 1)}});
}

TEST(SyncPlan, TxnOfTheLearnerThatTheLogDoesNotHoldNeedsASnapshot) {
  EXPECT_EQ(plan_with_log(at(1, 9), log_that_has(at(1, 8))), sync_plan{send_snapshot{}});
}

TEST(SyncPlan, LearnerAtTheBeginningOfAnEpochIsServedFromTheLog) {
  EXPECT_EQ(plan_with_log(at(2, 0), log_that_has(at(1, 8))),
            sync_plan{send_diff_from_log{at(2, 0)}});
}

TEST(SyncPlan, EmptyWindowStandsForWhatIsProcessed) {
  sync_input in{.peer_last = at(2, 9), .last_processed = at(2, 5), .committed = {}};
  EXPECT_EQ(choose_sync(in), sync_plan{send_truncate{at(2, 5)}});
  in.peer_last = at(2, 5);
  EXPECT_EQ(choose_sync(in), sync_plan{send_diff{at(2, 5)}});
  in.peer_last = at(2, 4);
  EXPECT_EQ(choose_sync(in), sync_plan{send_snapshot{}});
}

TEST(ZxidOrder, SuccessorOrFirstOfALaterEpochMayFollow) {
  EXPECT_TRUE(may_follow(at(2, 5), at(2, 4)));
  EXPECT_TRUE(may_follow(at(2, 1), at(2, 0)));
  EXPECT_TRUE(may_follow(at(5, 1), at(2, 4)));
  EXPECT_TRUE(may_follow(at(1, 1), zxid{}));
  EXPECT_FALSE(may_follow(at(2, 6), at(2, 4)));
  EXPECT_FALSE(may_follow(at(2, 4), at(2, 4)));
  EXPECT_FALSE(may_follow(at(3, 2), at(2, 4)));
  EXPECT_FALSE(may_follow(at(1, 1), at(2, 4)));
  EXPECT_FALSE(may_follow(at(3, 0), at(2, 0xffffffff)));
}

}  // namespace
}  // namespace troupe::core
