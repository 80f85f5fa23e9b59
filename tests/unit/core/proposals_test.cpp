// SPDX-License-Identifier: Apache-2.0
/// ZAB paper, phase 3, on the leader; Leader.tryToCommit and LeaderTest of ZooKeeper.
#include "actors/core/proposals.hpp"

#include <gtest/gtest.h>

#include "tests/unit/core/ensembles.hpp"

namespace troupe::core {
namespace {

using namespace test;

zxid n(std::int64_t counter) { return at(5, counter); }

/// Server 1 leads; the others have acknowledged its history.
proposals leader_of(std::int64_t voters, std::int64_t proposed) {
  proposals window{ensemble_of(voters, 1), n(0)};
  for (std::int64_t id = 1; id <= voters; ++id) EXPECT_FALSE(window.add_synced(server(id), n(0)));
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
  EXPECT_FALSE(window.add_synced(server(1), n(0)));
  EXPECT_FALSE(window.add_synced(server(4), n(0)));
  ASSERT_TRUE(window.propose(n(1)));
  EXPECT_FALSE(window.on_ack(server(1), n(1)));
  EXPECT_FALSE(window.on_ack(server(4), n(1)));
  EXPECT_FALSE(window.on_ack(server(3), n(1)));
  EXPECT_EQ(window.add_synced(server(3), n(1)), (zxid_range{n(1), n(1)}));
}

TEST(Proposals, DroppedLearnersAcksCountNoMore) {
  auto window = leader_of(3, 1);
  window.remove(server(2));
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
  for (const auto& m : members) EXPECT_FALSE(window.add_synced(m.id, n(0)));
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

// -- a reconfig in the window (Leader.tryToCommit with two verifiers)
// ------------------------------

/// Servers 1 to 3 decide; all five are synced. The second of the proposals makes 3 to 5 the
/// ensemble.
proposals changing(std::int64_t proposed) {
  proposals window{ensemble_of(3), n(0)};
  for (std::int64_t id = 1; id <= 5; ++id) EXPECT_FALSE(window.add_synced(server(id), n(0)));
  for (std::int64_t counter = 1; counter <= proposed; ++counter) {
    EXPECT_TRUE(window.propose(n(counter)));
    if (counter == 2)
      window.reconfigure(quorum::make({{.id = {3}}, {.id = {4}}, {.id = {5}}}).value());
  }
  return window;
}

TEST(ProposalsReconfig, WhatComesBeforeItNeedsTheOldQuorumAlone) {
  auto window = changing(3);
  EXPECT_FALSE(window.on_ack(server(1), n(3)));
  EXPECT_EQ(window.on_ack(server(2), n(3)), (zxid_range{n(1), n(1)}));
  EXPECT_EQ(window.reconfig(), n(2));
}

TEST(ProposalsReconfig, TheNewQuorumAloneCommitsNothing) {
  auto window = changing(3);
  EXPECT_FALSE(window.on_ack(server(4), n(3)));
  EXPECT_FALSE(window.on_ack(server(5), n(3)));
  EXPECT_FALSE(window.on_ack(server(3), n(1)));
  EXPECT_EQ(window.committed(), n(0));
}

TEST(ProposalsReconfig, IsCommittedByBothQuorumsAndEndsItsRange) {
  auto window = changing(3);
  EXPECT_FALSE(window.on_ack(server(4), n(3)));
  EXPECT_FALSE(window.on_ack(server(3), n(3)));
  EXPECT_EQ(window.on_ack(server(1), n(2)), (zxid_range{n(1), n(2)}));
  EXPECT_FALSE(window.reconfig());
  EXPECT_EQ(window.go_on(), (zxid_range{n(3), n(3)})) << "the new voters decide alone";
  EXPECT_FALSE(window.go_on());
}

TEST(ProposalsReconfig, OldVotersCountNoMoreOnceItIsCommitted) {
  auto window = changing(2);
  for (std::int64_t id : {1, 2, 3}) (void)window.on_ack(server(id), n(2));
  EXPECT_EQ(window.on_ack(server(4), n(2)), (zxid_range{n(2), n(2)}));
  EXPECT_TRUE(window.propose(n(3)));
  EXPECT_FALSE(window.on_ack(server(1), n(3)));
  EXPECT_FALSE(window.on_ack(server(2), n(3)));
  EXPECT_FALSE(window.on_ack(server(3), n(3)));
  EXPECT_EQ(window.on_ack(server(5), n(3)), (zxid_range{n(3), n(3)}));
}

TEST(ProposalsReconfig, WhoHasItIsTold) {
  auto window = changing(2);
  (void)window.on_ack(server(1), n(2));
  (void)window.on_ack(server(4), n(2));
  EXPECT_EQ(window.holders_of(n(2)), servers({1, 4}));
}

}  // namespace
}  // namespace troupe::core
