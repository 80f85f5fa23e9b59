// SPDX-License-Identifier: Apache-2.0
/// When a leader may answer a sync (ZooKeeper's Leader.processSync, and the proof of leadership
/// that it does not ask for; ReadIndex in the Raft dissertation, section 6.4).
#include "actors/core/sync_rounds.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/core/ensembles.hpp"

namespace troupe::core {
namespace {

using namespace test;

zxid n(std::int64_t counter) { return at(5, counter); }

/// How many are answered now, with everything up to `committed` committed.
std::size_t answered(sync_rounds& rounds, zxid committed) {
  std::size_t out = 0;
  for (; rounds.due(committed); ++out) rounds.pop_front();
  return out;
}

/// Server 1 leads.
class SyncRounds : public testing::Test {
 protected:
  sync_rounds rounds{server(1), ensemble_of(3, 1)};
  sync_rounds of_five{server(1), ensemble_of(5)};
};

TEST_F(SyncRounds, SyncBeginsARoundAtOnceAndIsAnsweredByAQuorumOfIt) {
  EXPECT_EQ(rounds.round(), 0U);
  rounds.on_sync(n(0));
  EXPECT_TRUE(rounds.is_under_way());
  EXPECT_EQ(rounds.take_new_round(), 1U);
  EXPECT_EQ(rounds.take_new_round(), std::nullopt) << "it is asked once";
  EXPECT_FALSE(rounds.due(n(0))) << "the leader alone is one of three";
  rounds.on_echo(server(3), 1);
  EXPECT_EQ(rounds.due(n(0)), n(0));
  rounds.pop_front();
  EXPECT_FALSE(rounds.due(n(0)));
  EXPECT_FALSE(rounds.is_under_way());
  EXPECT_EQ(rounds.take_new_round(), std::nullopt) << "nobody waits for another";
}

TEST_F(SyncRounds, QuorumOfFiveNeedsTwoOthers) {
  of_five.on_sync(n(0));
  of_five.on_echo(server(2), 1);
  of_five.on_echo(server(2), 1);
  EXPECT_FALSE(of_five.due(n(0))) << "who speaks twice is one";
  of_five.on_echo(server(5), 1);
  EXPECT_TRUE(of_five.due(n(0)));
}

TEST_F(SyncRounds, SyncsThatComeMeanwhileShareTheNextRound) {
  rounds.on_sync(n(0));
  EXPECT_EQ(rounds.take_new_round(), 1U);
  rounds.on_sync(n(0));
  rounds.on_sync(n(0));
  EXPECT_EQ(rounds.take_new_round(), std::nullopt) << "one at a time";
  rounds.on_echo(server(2), 1);
  EXPECT_EQ(answered(rounds, n(0)), 1U) << "that answer may be older than the two that came later";
  EXPECT_EQ(rounds.take_new_round(), 2U);
  rounds.on_echo(server(3), 1);
  EXPECT_EQ(answered(rounds, n(0)), 0U) << "an echo of the former round";
  rounds.on_echo(server(3), 2);
  EXPECT_EQ(answered(rounds, n(0)), 2U);
  EXPECT_EQ(rounds.take_new_round(), std::nullopt);
}

TEST_F(SyncRounds, EchoFromBeforeTheSyncProvesNothing) {
  rounds.on_sync(n(0));
  rounds.on_echo(server(2), 1);
  EXPECT_EQ(answered(rounds, n(0)), 1U);
  rounds.on_echo(server(3), 1);
  rounds.on_sync(n(0));
  EXPECT_FALSE(rounds.due(n(0)));
  rounds.on_echo(server(2), 1);
  rounds.on_echo(server(3), 1);
  EXPECT_FALSE(rounds.due(n(0)));
}

TEST_F(SyncRounds, ImpossibleAndMissingNumbersAreNothing) {
  rounds.on_echo(server(2), 0);
  rounds.on_echo(server(2), 1);
  rounds.on_sync(n(0));
  rounds.on_echo(server(2), 0);
  rounds.on_echo(server(3), 2);
  rounds.on_echo(server(3), UINT64_MAX);
  EXPECT_FALSE(rounds.due(n(0)));
}

TEST_F(SyncRounds, ObserversAndStrangersDoNotCount) {
  rounds.on_sync(n(0));
  rounds.on_echo(server(4), 1);
  rounds.on_echo(server(9), 1);
  EXPECT_FALSE(rounds.due(n(0)));
}

TEST_F(SyncRounds, LeaderThatIsNoVoterDoesNotCountItself) {
  sync_rounds led_from_outside{server(9), ensemble_of(3)};
  led_from_outside.on_sync(n(0));
  led_from_outside.on_echo(server(1), 1);
  EXPECT_FALSE(led_from_outside.due(n(0)));
  led_from_outside.on_echo(server(2), 1);
  EXPECT_TRUE(led_from_outside.due(n(0)));
}

TEST_F(SyncRounds, LoneVoterWaitsForNobody) {
  sync_rounds alone{server(1), ensemble_of(1, 2)};
  for (int i = 0; i < 3; ++i) {
    alone.on_sync(n(0));
    EXPECT_EQ(alone.take_new_round(), std::nullopt) << "nobody need be asked";
    EXPECT_EQ(answered(alone, n(0)), 1U);
  }
}

TEST_F(SyncRounds, ProofWithoutTheCommitOfWhatWasBeforeIsNotEnough) {
  rounds.on_sync(n(2));
  rounds.on_echo(server(2), 1);
  EXPECT_FALSE(rounds.due(n(1)));
  EXPECT_EQ(rounds.due(n(2)), n(2));
}

TEST_F(SyncRounds, CommitOfWhatWasProposedBehindItIsProof) {
  rounds.on_sync(n(2));
  EXPECT_EQ(rounds.take_new_round(), 1U);
  EXPECT_FALSE(rounds.due(n(2))) << "its acks may be older than the sync";
  EXPECT_EQ(rounds.due(n(3)), n(2)) << "those of 3 are not, and it stands before that";
  EXPECT_EQ(answered(rounds, n(3)), 1U);
  EXPECT_TRUE(rounds.is_under_way()) << "the next one begins when this has ended";
  rounds.on_sync(n(3));
  EXPECT_EQ(rounds.take_new_round(), std::nullopt);
  rounds.on_echo(server(2), 1);
  EXPECT_EQ(rounds.take_new_round(), 2U);
  EXPECT_FALSE(rounds.due(n(3)));
}

TEST_F(SyncRounds, NoRoundBeginsForSyncsThatACommitHasProved) {
  rounds.on_sync(n(0));
  EXPECT_EQ(rounds.take_new_round(), 1U);
  rounds.on_sync(n(0));
  EXPECT_EQ(answered(rounds, n(1)), 2U);
  rounds.on_echo(server(2), 1);
  EXPECT_EQ(rounds.take_new_round(), std::nullopt);
  EXPECT_FALSE(rounds.is_under_way());
}

TEST_F(SyncRounds, FirstComeFirstAnswered) {
  rounds.on_sync(n(1));
  rounds.on_sync(n(3));
  rounds.on_sync(n(3));
  EXPECT_EQ(rounds.due(n(2)), n(1)) << "by what was proposed behind it";
  rounds.pop_front();
  rounds.on_echo(server(2), 1);
  EXPECT_FALSE(rounds.due(n(2)));
  rounds.on_echo(server(3), 2);
  EXPECT_FALSE(rounds.due(n(2))) << "3 is not committed";
  EXPECT_EQ(answered(rounds, n(3)), 2U);
  EXPECT_EQ(rounds.size(), 0U);
}

TEST_F(SyncRounds, RoundThatTooFewAnsweredGoesOnWithTheNextToAnswer) {
  of_five.on_sync(n(0));
  of_five.on_echo(server(2), 1);
  for (int i = 0; i < 4; ++i) of_five.on_sync(n(0));
  EXPECT_EQ(of_five.take_new_round(), 1U);
  EXPECT_EQ(answered(of_five, n(0)), 0U);
  EXPECT_EQ(of_five.round(), 1U) << "what comes anew, and each tick, is asked in it again";
  of_five.on_echo(server(4), 1);
  EXPECT_EQ(answered(of_five, n(0)), 1U);
  EXPECT_EQ(of_five.take_new_round(), 2U);
}

TEST_F(SyncRounds, GroupsDecideByWeight) {
  std::vector<ensemble_member> members;
  for (std::int64_t id = 1; id <= 6; ++id)
    members.push_back({.id = {id}, .weight = id == 6 ? 5 : 1, .group = id <= 3 ? 1 : 2});
  sync_rounds grouped{server(1), quorum::make(members).value()};
  grouped.on_sync(n(0));
  for (auto id : {2, 3, 4, 5}) grouped.on_echo(server(id), 1);
  EXPECT_FALSE(grouped.due(n(0))) << "of the second group it has 2 of 7";
  grouped.on_echo(server(6), 1);
  EXPECT_TRUE(grouped.due(n(0)));
}

class SyncRoundsAcrossAReconfig : public SyncRounds {
 protected:
  quorum old_ = ensemble_of(3);
  quorum next_ = quorum::make({{.id = {1}}, {.id = {4}}, {.id = {5}}}).value();
};

TEST_F(SyncRoundsAcrossAReconfig, BothEnsemblesHaveToAnswerWhileItIsUnderWay) {
  rounds.on_sync(n(0));
  rounds.reconfigure(quorum::joint(old_, next_));
  rounds.on_echo(server(2), 1);
  rounds.on_echo(server(3), 1);
  EXPECT_FALSE(rounds.due(n(0))) << "all of the old, and of the new the leader alone";
  rounds.on_echo(server(5), 1);
  EXPECT_TRUE(rounds.due(n(0)));
}

TEST_F(SyncRoundsAcrossAReconfig, ItsCommitMayEndTheRoundThatWaitsForTheOldOnes) {
  rounds.reconfigure(quorum::joint(old_, next_));
  rounds.on_sync(n(1));
  rounds.on_sync(n(1));
  EXPECT_EQ(rounds.take_new_round(), 1U);
  rounds.on_echo(server(4), 1);
  EXPECT_FALSE(rounds.due(n(1)));
  rounds.reconfigure(next_);
  EXPECT_EQ(answered(rounds, n(1)), 1U);
  EXPECT_EQ(rounds.take_new_round(), 2U);
  rounds.on_echo(server(2), 2);
  EXPECT_FALSE(rounds.due(n(1))) << "who has left decides nothing";
}

}  // namespace
}  // namespace troupe::core
