// SPDX-License-Identifier: Apache-2.0
/// The leader's and the follower's window, and who is still there: ZAB paper phase 3; Leader's
/// tryToCommit and LeaderTest, FollowerZooKeeperServer, LearnerHandler.synced.
#include <gmock/gmock.h>

#include "actors/core/liveness.hpp"
#include "actors/core/pending.hpp"
#include "actors/core/proposals.hpp"
#include "tests/unit/core/ensembles.hpp"

namespace troupe::core {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

zxid n(std::int64_t counter) { return at(5, counter); }

/// Server 1 leads; the others have acknowledged its history.
proposals leader_of(std::int64_t voters, std::int64_t proposed) {
  proposals window{ensemble_of(voters, 1), n(0)};
  for (std::int64_t id = 1; id <= voters; ++id)
    EXPECT_FALSE(window.add_voter_acked(server(id), n(0)));
  for (std::int64_t counter = 1; counter <= proposed; ++counter)
    EXPECT_TRUE(window.propose(n(counter)));
  return window;
}

TEST(Proposals, AckForLaterZxidCommitsEarlierOnes) {
  auto window = leader_of(3, 2);
  EXPECT_FALSE(window.on_ack(server(1), n(2)));  // the leader's own log: one of three
  EXPECT_EQ(window.on_ack(server(2), n(2)), (zxid_range{n(1), n(2)}));
  EXPECT_EQ(window.committed(), n(2));
  EXPECT_EQ(window.outstanding(), 0U);
}

TEST(Proposals, CommitReachesOnlyWhatAQuorumHas) {
  auto window = leader_of(5, 9);
  EXPECT_FALSE(window.on_ack(server(1), n(9)));
  EXPECT_FALSE(window.on_ack(server(2), n(4)));
  EXPECT_EQ(window.on_ack(server(3), n(6)), (zxid_range{n(1), n(4)}));
  EXPECT_EQ(window.on_ack(server(4), n(9)), (zxid_range{n(5), n(6)}));
  EXPECT_EQ(window.outstanding(), 3U);
}

TEST(Proposals, FollowersAloneCommitWhileTheLeadersDiskIsSlow) {
  auto window = leader_of(3, 1);
  EXPECT_FALSE(window.on_ack(server(2), n(1)));
  EXPECT_EQ(window.on_ack(server(3), n(1)), (zxid_range{n(1), n(1)}));
}

TEST(Proposals, RepeatedOldAndImpossibleAcksAreNothing) {
  auto window = leader_of(3, 2);
  EXPECT_FALSE(window.on_ack(server(2), n(7))) << "never proposed";
  EXPECT_FALSE(window.on_ack(server(1), n(2)));
  EXPECT_TRUE(window.on_ack(server(2), n(2)));
  EXPECT_FALSE(window.on_ack(server(2), n(2)));
  EXPECT_FALSE(window.on_ack(server(3), at(4, 9)));
  EXPECT_EQ(window.committed(), n(2));
}

TEST(Proposals, AcksOfObserversAndOfUnsyncedVotersDoNotCount) {
  proposals window{ensemble_of(3, 1), n(0)};
  EXPECT_FALSE(window.add_voter_acked(server(1), n(0)));
  EXPECT_FALSE(window.add_voter_acked(server(4), n(0)));
  ASSERT_TRUE(window.propose(n(1)));
  EXPECT_FALSE(window.on_ack(server(1), n(1)));
  EXPECT_FALSE(window.on_ack(server(4), n(1)));
  EXPECT_FALSE(window.on_ack(server(3), n(1)));
  EXPECT_EQ(window.add_voter_acked(server(3), n(1)), (zxid_range{n(1), n(1)}));
}

TEST(Proposals, DroppedLearnersAcksCountNoMore) {
  auto window = leader_of(3, 1);
  window.remove_voter(server(2));
  EXPECT_FALSE(window.on_ack(server(1), n(1)));
  EXPECT_FALSE(window.on_ack(server(2), n(1)));
  EXPECT_TRUE(window.on_ack(server(3), n(1)));
}

TEST(Proposals, HoleOrRepetitionIsNotProposed) {
  auto window = leader_of(3, 2);
  EXPECT_FALSE(window.propose(n(4)));
  EXPECT_FALSE(window.propose(n(2)));
  EXPECT_FALSE(window.propose(at(6, 1)));
  EXPECT_EQ(window.last_proposed(), n(2));
  EXPECT_TRUE(window.propose(n(3)));
}

TEST(Proposals, HierarchicalEnsembleCommitsByGroups) {
  std::vector<ensemble_member> members;
  for (std::int64_t id = 1; id <= 9; ++id) members.push_back({.id = {id}, .group = (id - 1) / 3});
  proposals window{quorum::make(members).value(), n(0)};
  for (const auto& m : members) EXPECT_FALSE(window.add_voter_acked(m.id, n(0)));
  ASSERT_TRUE(window.propose(n(1)));
  for (auto id : {1, 2, 3, 4, 7}) EXPECT_FALSE(window.on_ack(server(id), n(1)));
  EXPECT_TRUE(window.on_ack(server(5), n(1)));
}

TEST(Proposals, LastZxidOfAnEpochIsNeverProposed) {
  proposals window{ensemble_of(1), n(0xfffffffd)};
  EXPECT_FALSE(window.needs_new_epoch());
  EXPECT_TRUE(window.propose(n(0xfffffffe)));
  EXPECT_TRUE(window.needs_new_epoch());
  EXPECT_FALSE(window.propose(n(0xffffffff)));
}

TEST(Pending, CommitReleasesWhatWasReceivedInOrder) {
  pending window{n(0)};
  for (auto counter : {1, 2, 3}) EXPECT_EQ(window.on_proposal(n(counter)), pending::receipt::fresh);
  EXPECT_THAT(window.on_commit(n(2)).value(), ElementsAre(n(1), n(2)));
  EXPECT_EQ(window.outstanding(), 1U);
  EXPECT_THAT(window.on_commit(n(3)).value(), ElementsAre(n(3)));
}

TEST(Pending, CommitSaidAgainReleasesNothing) {
  pending window{n(0)};
  (void)window.on_proposal(n(1));
  (void)window.on_commit(n(1));
  EXPECT_THAT(window.on_commit(n(1)).value(), IsEmpty());
}

TEST(Pending, CommitOfWhatWasNotReceivedIsAnErrorAndReleasesNothing) {
  pending window{n(0)};
  (void)window.on_proposal(n(1));
  auto refused = window.on_commit(n(2));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("0x500000002"));
  EXPECT_EQ(window.last_committed(), n(0));
  EXPECT_EQ(window.outstanding(), 1U);
}

TEST(Pending, HoleIsRefusedAndLeavesTheWindowAsItWas) {  // ZOOKEEPER-4925
  pending window{n(4)};
  EXPECT_EQ(window.on_proposal(n(6)), pending::receipt::hole);
  EXPECT_EQ(window.on_proposal(at(6, 2)), pending::receipt::hole);
  EXPECT_EQ(window.last_received(), n(4));
  EXPECT_EQ(window.on_proposal(n(5)), pending::receipt::fresh);
}

TEST(Pending, ProposalSeenBeforeIsIgnored) {
  pending window{n(4)};
  (void)window.on_proposal(n(5));
  EXPECT_EQ(window.on_proposal(n(5)), pending::receipt::duplicate);
  EXPECT_EQ(window.on_proposal(n(2)), pending::receipt::duplicate);
  EXPECT_EQ(window.outstanding(), 1U);
}

TEST(Pending, NewEpochBeginsWithItsFirstTxn) {
  pending window{n(4)};
  EXPECT_EQ(window.on_proposal(at(7, 1)), pending::receipt::fresh);
  EXPECT_THAT(window.on_commit(at(7, 1)).value(), ElementsAre(at(7, 1)));
}

TEST(Liveness, LeaderKeepsItsQuorumWhileEnoughVotersSpeak) {
  liveness learners{server(1), ensemble_of(5, 1)};
  for (auto id : {2, 3, 6}) learners.heard(server(id), 10);
  EXPECT_TRUE(learners.synced_quorum(15, 5));
  EXPECT_FALSE(learners.synced_quorum(16, 5)) << "one tick past the limit";
  learners.heard(server(2), 16);
  learners.heard(server(6), 16);
  EXPECT_FALSE(learners.synced_quorum(16, 5)) << "an observer does not help";
  learners.heard(server(4), 16);
  EXPECT_TRUE(learners.synced_quorum(16, 5));
}

TEST(Liveness, SilentLearnersAreNamedUntilForgotten) {
  liveness learners{server(1), ensemble_of(3, 1)};
  for (auto id : {2, 4}) learners.heard(server(id), 10);
  learners.heard(server(3), 12);
  EXPECT_THAT(learners.silent(15, 5), IsEmpty());
  EXPECT_THAT(learners.silent(16, 5), ElementsAre(server(2), server(4)));
  learners.forget(server(4));
  EXPECT_THAT(learners.silent(16, 5), ElementsAre(server(2)));
}

TEST(Liveness, LoneServerIsItsOwnQuorum) {
  EXPECT_TRUE(liveness(server(1), ensemble_of(1)).synced_quorum(100, 5));
}

}  // namespace
}  // namespace troupe::core
