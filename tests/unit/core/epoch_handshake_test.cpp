// SPDX-License-Identifier: Apache-2.0
/// ZAB paper, phases 1 and 2, as Zab1_0Test and LeaderTest of ZooKeeper see them from the leader.
#include "actors/core/epoch_handshake.hpp"

#include <gtest/gtest.h>

#include "actors/core/epoch_bounds.hpp"
#include "tests/unit/core/ensembles.hpp"

namespace troupe::core {
namespace {

using namespace test;
using outcome = epoch_handshake::ack_outcome;

/// Server 3 leads 1..3; it was in epoch 4 and logged 0x400000007.
epoch_handshake leader_of_three() { return {server(3), ensemble_of(3, 1), epoch{4}, at(4, 7)}; }

epoch_handshake proposed_to_three() {
  auto h = leader_of_three();
  EXPECT_FALSE(h.on_follower_info(server(3), epoch{4}));
  EXPECT_TRUE(h.on_follower_info(server(2), epoch{4}));
  return h;
}

TEST(EpochHandshake, NewEpochIsOneAboveTheHighestAcceptedByAQuorum) {
  auto h = leader_of_three();
  EXPECT_EQ(h.on_follower_info(server(3), epoch{4}), std::nullopt);
  EXPECT_EQ(h.proposed(), std::nullopt);
  EXPECT_EQ(h.on_follower_info(server(1), epoch{6}), epoch{7});
  EXPECT_EQ(h.proposed(), epoch{7});
  EXPECT_EQ(h.new_leader_zxid(), at(7, 0));
}

TEST(EpochHandshake, QuorumWithoutTheLeaderDoesNotProposeAnEpoch) {
  auto h = leader_of_three();
  EXPECT_FALSE(h.on_follower_info(server(1), epoch{4}));
  EXPECT_FALSE(h.on_follower_info(server(2), epoch{4}));
  EXPECT_EQ(h.on_follower_info(server(3), epoch{4}), epoch{5});
}

TEST(EpochHandshake, LateLearnerDoesNotChangeTheEpoch) {
  auto h = proposed_to_three();
  EXPECT_FALSE(h.on_follower_info(server(1), epoch{90}));
  EXPECT_EQ(h.proposed(), epoch{5});
}

TEST(EpochHandshake, ObserverRaisesTheEpochButIsNoPartOfTheQuorum) {
  auto h = leader_of_three();
  EXPECT_FALSE(h.on_follower_info(server(3), epoch{4}));
  EXPECT_FALSE(h.on_follower_info(server(4), epoch{9}));
  EXPECT_EQ(h.on_follower_info(server(1), epoch{4}), epoch{10});
}

/// It holds a list of servers that was not committed (docs/ARCHITECTURE.md).
TEST(EpochHandshake, LearnerThatGivesWayAndIsAheadIsNotCountedAndNoReasonToLeave) {
  auto h = proposed_to_three();
  EXPECT_EQ(h.on_ack_epoch(server(3), epoch{4}, at(4, 7)), outcome::waiting);
  EXPECT_EQ(h.on_ack_epoch(server(2), epoch{4}, at(4, 8), {.gives_way = true}), outcome::waiting);
  EXPECT_FALSE(h.is_confirmed()) << "its list may have been committed with its help";
  EXPECT_EQ(h.on_ack_epoch(server(1), epoch{4}, at(4, 6)), outcome::confirmed);
}

TEST(EpochHandshake, LearnerThatGivesWayAndIsNotAheadCounts) {
  auto h = proposed_to_three();
  EXPECT_EQ(h.on_ack_epoch(server(3), epoch{4}, at(4, 7)), outcome::waiting);
  EXPECT_EQ(h.on_ack_epoch(server(2), epoch{3}, at(3, 9), {.gives_way = true}), outcome::confirmed);
}

TEST(EpochHandshake, QuorumOfEpochAcksConfirmsOnce) {
  auto h = proposed_to_three();
  EXPECT_EQ(h.on_ack_epoch(server(3), epoch{4}, at(4, 7)), outcome::waiting);
  EXPECT_EQ(h.on_ack_epoch(server(2), epoch{4}, at(4, 6)), outcome::confirmed);
  EXPECT_EQ(h.on_ack_epoch(server(1), epoch{4}, at(4, 6)), outcome::waiting);
  EXPECT_TRUE(h.is_confirmed());
}

TEST(EpochHandshake, AckBeforeAnEpochWasProposedIsNothing) {
  auto h = leader_of_three();
  EXPECT_EQ(h.on_ack_epoch(server(1), epoch{9}, at(9, 9)), outcome::waiting);
}

TEST(EpochHandshake, LearnerThatHadPromisedTheEpochBeforeDoesNotCount) {
  auto h = proposed_to_three();
  EXPECT_EQ(h.on_ack_epoch(server(3), epoch{4}, at(4, 7)), outcome::waiting);
  EXPECT_EQ(h.on_ack_epoch(server(2), std::nullopt, at(4, 6)), outcome::waiting);
  EXPECT_FALSE(h.is_confirmed());
}

TEST(EpochHandshake, LearnerWithALaterEpochEndsTheLeadership) {
  auto h = proposed_to_three();
  EXPECT_EQ(h.on_ack_epoch(server(2), epoch{5}, at(4, 1)), outcome::learner_ahead);
}

TEST(EpochHandshake, LearnerWithALaterZxidOfTheSameEpochEndsTheLeadership) {
  auto h = proposed_to_three();
  EXPECT_EQ(h.on_ack_epoch(server(2), epoch{4}, at(4, 8)), outcome::learner_ahead);
  EXPECT_FALSE(h.is_confirmed());
}

TEST(EpochHandshake, LearnerWithoutAVoteMayBeAhead) {  // a leader that a reconfig removed
  auto h = proposed_to_three();
  EXPECT_EQ(h.on_ack_epoch(server(7), epoch{4}, at(4, 9)), outcome::waiting);
  EXPECT_FALSE(h.is_confirmed());
}

/// Server 3 leads 1..3; its log holds the list {3, 4} that is to come.
epoch_handshake proposed_to_old_and_new() {
  auto next = quorum::make({{.id = {3}}, {.id = {4}}}).value();
  epoch_handshake h{server(3), quorum::joint(ensemble_of(3, 1), next), epoch{4}, at(4, 7)};
  for (auto id : {1, 3, 4}) (void)h.on_follower_info(server(id), epoch{5});
  EXPECT_EQ(h.on_ack_epoch(server(3), epoch{4}, at(4, 7)), outcome::waiting);
  return h;
}

TEST(EpochHandshake, VoterOfTheNextListThatNeverHeldItIsNotAheadByWhatItObserved) {
  auto h = proposed_to_old_and_new();
  EXPECT_EQ(h.on_ack_epoch(server(4), epoch{5}, at(4, 3), {.holds_seen = false}),
            outcome::waiting);
  EXPECT_EQ(h.on_ack_epoch(server(1), epoch{4}, at(4, 3), {.holds_seen = false}),
            outcome::confirmed);
}

TEST(EpochHandshake, VoterOfTheNextListThatHoldsItMayHaveDecidedMore) {
  auto h = proposed_to_old_and_new();
  EXPECT_EQ(h.on_ack_epoch(server(4), epoch{4}, at(4, 9), {.holds_seen = true}),
            outcome::learner_ahead);
}

TEST(EpochHandshake, VoterOfTheCommittedListIsAheadWhateverListsItHolds) {
  auto h = proposed_to_old_and_new();
  EXPECT_EQ(h.on_ack_epoch(server(1), epoch{5}, at(4, 3), {.holds_seen = false}),
            outcome::learner_ahead);
}

TEST(EpochHandshake, LearnerInDoubtThatIsAheadDeposesNobodyAndDoesNotCount) {
  auto h = proposed_to_three();
  (void)h.on_ack_epoch(server(3), epoch{4}, at(4, 7));
  EXPECT_EQ(h.on_ack_epoch(server(2), epoch{4}, at(4, 8), {.in_doubt = true}), outcome::waiting);
  EXPECT_FALSE(h.is_confirmed()) << "what it has more may be committed";
  EXPECT_EQ(h.on_ack_epoch(server(1), epoch{4}, at(4, 7)), outcome::confirmed);
}

TEST(EpochHandshake, LearnerInDoubtThatIsNotAheadCounts) {
  auto h = proposed_to_three();
  (void)h.on_ack_epoch(server(3), epoch{4}, at(4, 7));
  EXPECT_EQ(h.on_ack_epoch(server(2), epoch{4}, at(4, 7), {.in_doubt = true}), outcome::confirmed);
}

TEST(EpochHandshake, VoterOfWeightZeroThatIsAheadDeposesNobody) {
  auto weighted = quorum::make({{.id = {1}, .weight = 1, .group = 1},
                                {.id = {2}, .weight = 0, .group = 1},
                                {.id = {3}, .weight = 1, .group = 1}});
  epoch_handshake h{server(3), weighted.value(), epoch{4}, at(4, 7)};
  for (auto id : {1, 2, 3}) (void)h.on_follower_info(server(id), epoch{4});
  (void)h.on_ack_epoch(server(3), epoch{4}, at(4, 7));
  EXPECT_EQ(h.on_ack_epoch(server(2), epoch{4}, at(4, 9)), outcome::waiting);
  EXPECT_EQ(h.on_ack_epoch(server(1), epoch{4}, at(4, 7)), outcome::confirmed);
}

TEST(EpochHandshake, LearnerAheadAfterAQuorumConfirmedIsOnlyALateOne) {
  auto h = proposed_to_three();
  (void)h.on_ack_epoch(server(3), epoch{4}, at(4, 7));
  (void)h.on_ack_epoch(server(2), epoch{4}, at(4, 7));
  EXPECT_EQ(h.on_ack_epoch(server(1), epoch{4}, at(4, 9)), outcome::waiting);
}

TEST(EpochHandshake, QuorumOfNewLeaderAcksEstablishesOnce) {
  auto h = proposed_to_three();
  EXPECT_FALSE(h.on_new_leader_ack(server(3), at(5, 0))) << "nothing is confirmed yet";
  (void)h.on_ack_epoch(server(3), epoch{4}, at(4, 7));
  (void)h.on_ack_epoch(server(2), epoch{4}, at(4, 6));
  EXPECT_FALSE(h.on_new_leader_ack(server(3), at(5, 0)));
  EXPECT_FALSE(h.on_new_leader_ack(server(4), at(5, 0))) << "an observer";
  EXPECT_FALSE(h.on_new_leader_ack(server(2), at(4, 0))) << "another epoch's";
  EXPECT_FALSE(h.is_established());
  EXPECT_TRUE(h.on_new_leader_ack(server(2), at(5, 0)));
  EXPECT_FALSE(h.on_new_leader_ack(server(1), at(5, 0)));
  EXPECT_TRUE(h.is_established());
}

TEST(EpochHandshake, LearnerPromisesOnlyForward) {
  using verdict = leader_info_verdict;
  EXPECT_EQ(judge_leader_info({{4}, {4}}, epoch{5}, true), verdict::accept_and_persist);
  EXPECT_EQ(judge_leader_info({{5}, {4}}, epoch{5}, true), verdict::accept_same);
  EXPECT_EQ(judge_leader_info({{6}, {4}}, epoch{5}, true), verdict::refuse);
}

TEST(LeaderInfo, WhoDoesNotCountMayFollowALeaderBeforeItsPromiseButNotBeforeItsOwnEpoch) {
  using verdict = leader_info_verdict;
  EXPECT_EQ(judge_leader_info({{60}, {4}}, epoch{5}, false), verdict::accept_uncounted);
  EXPECT_EQ(judge_leader_info({{60}, {5}}, epoch{5}, false), verdict::accept_uncounted);
  EXPECT_EQ(judge_leader_info({{60}, {6}}, epoch{5}, false), verdict::refuse);
}

TEST(LeaderInfo, EpochThatNoZxidCanNameIsRefused) {
  using verdict = leader_info_verdict;
  const epoch beyond{epoch_max.value + 1};
  EXPECT_LT(zxid::first_of(beyond), zxid{0});
  EXPECT_GT(zxid::first_of(epoch_max), zxid{0});
  EXPECT_EQ(judge_leader_info({{4}, {4}}, beyond, true), verdict::refuse);
  EXPECT_EQ(judge_leader_info({{4}, {4}}, epoch{-1}, false), verdict::refuse);
  EXPECT_EQ(judge_leader_info({{4}, {4}}, epoch_max, true), verdict::accept_and_persist);
}

TEST(JoinVerdict, WayIsMadeForAVoteAndForWhoHasEnteredALaterEpochAndForNobodyElse) {
  using verdict = join_verdict;
  EXPECT_EQ(judge_join({{5}, {4}}, true, epoch{5}), verdict::counted);
  EXPECT_EQ(judge_join({{5}, {4}}, false, epoch{5}), verdict::counted);
  EXPECT_EQ(judge_join({{6}, {4}}, true, epoch{5}), verdict::make_way);
  EXPECT_EQ(judge_join({{6}, {4}}, false, epoch{5}), verdict::uncounted);
  EXPECT_EQ(judge_join({{6}, {5}}, false, epoch{5}), verdict::uncounted);
  EXPECT_EQ(judge_join({{6}, {6}}, false, epoch{5}), verdict::make_way);
}

TEST(EpochBounds, PromiseIsPlausibleUpToABoundAndWithAnEpochBehindIt) {
  EXPECT_TRUE(may_be_promised({0}, {7}));
  EXPECT_TRUE(may_be_promised({7 + epochs_missed_max}, {7}));
  EXPECT_FALSE(may_be_promised({8 + epochs_missed_max}, {7}));
  EXPECT_FALSE(may_be_promised({-1}, {7}));
  const epoch late{epoch_max.value - 10};
  EXPECT_TRUE(may_be_promised({epoch_max.value - 1}, late));
  EXPECT_FALSE(may_be_promised(epoch_max, late));
  EXPECT_FALSE(may_be_promised({epoch_max.value + 1}, late));
}

}  // namespace
}  // namespace troupe::core
