// SPDX-License-Identifier: Apache-2.0
/// FastLeaderElection in situations: FLETest, FLEOutOfElectionTest, FLELostMessageTest,
/// FLEZeroWeightTest, FLEMalformedNotificationMessageTest, FLEPredicateTest of ZooKeeper.
#include "actors/core/election_round.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "tests/unit/core/votes.hpp"

namespace troupe::core {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ground = election_record::ground;
using state = server_state;
using timer = election_effects::timer;

/// Server `me` of 1..voters (and observers after them), looking in round 1.
election_round looking(std::int64_t me, std::int64_t voters, std::int64_t observers = 0) {
  election_round r{server(me), ensemble_of(voters, observers), our_list};
  (void)r.start(same_zxid, epoch{1});
  return r;
}

TEST(Vote, OrderIsEpochThenZxidThenId) {  // FLEPredicateTest
  auto q = ensemble_of(3);
  const auto v = vote_for(2);
  EXPECT_TRUE(is_better(vote_for(1, 1, at(0, 1), epoch{2}), v, q));
  EXPECT_FALSE(is_better(vote_for(3, 1, at(9, 9), epoch{0}), v, q));
  EXPECT_TRUE(is_better(vote_for(1, 1, at(1, 10)), v, q));
  EXPECT_FALSE(is_better(vote_for(3, 1, at(1, 8)), v, q));
  EXPECT_TRUE(is_better(vote_for(3), v, q));
  EXPECT_FALSE(is_better(vote_for(1), v, q));
  EXPECT_FALSE(is_better(v, v, q));
}

TEST(Vote, ServerWithoutWeightIsNeverBetter) {  // FLEZeroWeightTest
  auto q = quorum::make({{.id = {1}, .group = 1}, {.id = {2}, .weight = 0, .group = 1}}).value();
  EXPECT_FALSE(is_better(vote_for(2, 1, at(7, 7), epoch{7}), vote_for(1), q));
}

TEST(Vote, LookingVotesAgreeOnEveryFieldSettledOnesOnLeaderAndEpoch) {  // ZOOKEEPER-1805
  const auto v = vote_for(3), other_round = vote_for(3, 2), other_zxid = vote_for(3, 1, at(1, 1));
  EXPECT_TRUE(agree({v, state::looking}, {v, state::following}));
  EXPECT_FALSE(agree({v, state::looking}, {other_round, state::following}));
  EXPECT_TRUE(agree({v, state::leading}, {other_round, state::following}));
  EXPECT_TRUE(agree({v, state::leading}, {other_zxid, state::following}));
  EXPECT_FALSE(agree({v, state::leading}, {vote_for(3, 1, same_zxid, {2}), state::following}));
}

TEST(ElectionRound, StartBroadcastsTheServersOwnVoteInANewRound) {
  election_round r{server(2), ensemble_of(3), our_list};
  auto fx = r.start(at(4, 2), epoch{4});
  EXPECT_TRUE(fx.broadcast);
  EXPECT_FALSE(fx.decided);
  EXPECT_EQ(r.mine(), heard(2, state::looking, vote_for(2, 1, at(4, 2), epoch{4})));
  (void)r.start(at(4, 3), epoch{4});
  EXPECT_EQ(r.mine().proposed, vote_for(2, 2, at(4, 3), epoch{4}));
}

TEST(ElectionRound, LoneServerLeadsAtOnce) {
  election_round r{server(1), ensemble_of(1), our_list};
  auto fx = r.start(same_zxid, epoch{1});
  ASSERT_TRUE(fx.decided);
  EXPECT_EQ(fx.decided->role, state::leading);
}

TEST(ElectionRound, BetterVoteIsAdoptedAndPassedOn) {
  auto r = looking(1, 5);
  auto fx = r.on_notification(heard(2, state::looking, vote_for(2)));
  EXPECT_TRUE(fx.broadcast);
  EXPECT_EQ(r.proposal(), vote_for(2));
  EXPECT_FALSE(r.on_notification(heard(3, state::looking, vote_for(1))).broadcast);
  EXPECT_EQ(r.proposal(), vote_for(2));
}

TEST(ElectionRound, AgreementOfEveryVoterEndsItWithoutWaiting) {
  auto r = looking(1, 3);
  EXPECT_EQ(r.on_notification(heard(3, state::looking, vote_for(3))).finalize, timer::start);
  auto fx = r.on_notification(heard(2, state::looking, vote_for(3)));
  ASSERT_TRUE(fx.decided);
  EXPECT_EQ(fx.decided->chosen, vote_for(3));
  EXPECT_EQ(fx.decided->role, state::following);
  EXPECT_EQ(fx.finalize, timer::stop);
  EXPECT_EQ(r.last_decision().why, ground::all_reachable_agreed);
}

TEST(ElectionRound, AgreementOfEveryReachableVoterEndsItWithoutWaiting) {
  auto r = looking(2, 3);
  EXPECT_FALSE(r.on_unreachable(server(3)).decided);
  auto fx = r.on_notification(heard(1, state::looking, vote_for(2)));
  ASSERT_TRUE(fx.decided);
  EXPECT_EQ(fx.decided->role, state::leading);
  EXPECT_THAT(r.last_decision().unreachable, ElementsAre(server(3)));
}

TEST(ElectionRound, LossOfTheLastSilentVoterEndsTheWait) {
  auto r = looking(2, 3);
  EXPECT_EQ(r.on_notification(heard(1, state::looking, vote_for(2))).finalize, timer::start);
  EXPECT_TRUE(r.on_unreachable(server(3)).decided);
}

TEST(ElectionRound, ReachableVotersThatAreNoQuorumDecideNothing) {
  auto r = looking(2, 5);
  for (auto id : {3, 4, 5}) EXPECT_FALSE(r.on_unreachable(server(id)).decided);
  auto fx = r.on_notification(heard(1, state::looking, vote_for(2)));
  EXPECT_FALSE(fx.decided);
  EXPECT_EQ(fx.finalize, timer::unchanged);
}

TEST(ElectionRound, QuorumWaitsForASilentVoterAndThenDecides) {
  auto r = looking(2, 3);
  EXPECT_EQ(r.on_notification(heard(1, state::looking, vote_for(2))).finalize, timer::start);
  auto fx = r.on_finalize_timeout();
  ASSERT_TRUE(fx.decided);
  EXPECT_EQ(r.last_decision().why, ground::quorum_after_wait);
}

TEST(ElectionRound, BetterVoteDuringTheWaitIsHeeded) {
  auto r = looking(2, 3);
  (void)r.on_notification(heard(1, state::looking, vote_for(2)));
  auto fx = r.on_notification(heard(3, state::looking, vote_for(3)));
  EXPECT_TRUE(fx.broadcast);
  EXPECT_EQ(fx.finalize, timer::start) << "a quorum for the new vote, and a wait of its own";
  EXPECT_EQ(r.on_finalize_timeout().decided->chosen, vote_for(3));
}

TEST(ElectionRound, BetterVoteWithoutAQuorumStopsTheWait) {
  auto r = looking(2, 5);
  (void)r.on_notification(heard(1, state::looking, vote_for(2)));
  EXPECT_EQ(r.on_notification(heard(3, state::looking, vote_for(2))).finalize, timer::start);
  EXPECT_EQ(r.on_notification(heard(4, state::looking, vote_for(4))).finalize, timer::stop);
  EXPECT_FALSE(r.on_finalize_timeout().decided);
}

TEST(ElectionRound, LaterRoundIsJoinedWithTheBetterOfItsVoteAndOurOwn) {
  auto r = looking(2, 5);
  (void)r.on_notification(heard(5, state::looking, vote_for(5)));
  auto fx = r.on_notification(heard(1, state::looking, vote_for(1, 7)));
  EXPECT_TRUE(fx.broadcast);
  EXPECT_EQ(r.round().value, 7);
  EXPECT_EQ(r.proposal(), vote_for(2, 7)) << "what was adopted in the earlier round is forgotten";
}

TEST(ElectionRound, VotesOfAnEarlierRoundDoNotCountAndAreAnswered) {
  auto r = looking(2, 3);
  (void)r.start(same_zxid, epoch{1});
  auto fx = r.on_notification(heard(1, state::looking, vote_for(2, 1)));
  EXPECT_FALSE(fx.decided);
  EXPECT_EQ(fx.finalize, timer::unchanged);
  EXPECT_THAT(fx.answer_to, ElementsAre(server(1)));
}

TEST(ElectionRound, WorseVoteOfTheSameRoundIsAnswered) {
  auto r = looking(2, 3);
  EXPECT_THAT(r.on_notification(heard(1, state::looking, vote_for(1))).answer_to,
              ElementsAre(server(1)));
  EXPECT_THAT(r.on_notification(heard(1, state::looking, vote_for(2))).answer_to, IsEmpty());
}

TEST(ElectionRound, NothingIsAnsweredBetweenARoleAndTheNextSearch) {
  auto r = looking(2, 3);
  (void)r.on_notification(heard(1, state::looking, vote_for(2)));
  (void)r.on_finalize_timeout();
  r.resign();
  EXPECT_THAT(r.on_notification(heard(3, state::looking, vote_for(3, 9))).answer_to, IsEmpty());
  EXPECT_FALSE(r.on_unreachable(server(3)).decided);
  EXPECT_TRUE(r.start(same_zxid, epoch{1}).broadcast);
  EXPECT_EQ(r.round().value, 2);
}

TEST(ElectionRound, SilenceRepeatsTheVoteAndBacksOffToTwoSeconds) {
  auto r = looking(1, 3);
  EXPECT_EQ(r.notification_interval_ms(), 200);
  std::vector<std::int64_t> intervals;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(r.on_silence().broadcast);
    intervals.push_back(r.notification_interval_ms());
  }
  EXPECT_THAT(intervals, ElementsAre(400, 800, 1600, 2000, 2000));
  (void)r.start(same_zxid, epoch{1});
  EXPECT_EQ(r.notification_interval_ms(), 200);
}

TEST(ElectionRound, VoterThatBecomesReachableIsToldTheVote) {
  auto r = looking(1, 3, 1);
  (void)r.on_unreachable(server(3));
  EXPECT_THAT(r.on_reachable(server(3)).answer_to, ElementsAre(server(3)));
  EXPECT_THAT(r.on_reachable(server(4)).answer_to, IsEmpty());
  EXPECT_THAT(r.unreachable(), IsEmpty());
}

TEST(ElectionRound, LateJoinerFollowsTheQuorumThatIsSettled) {  // FLEOutOfElectionTest
  auto r = looking(3, 3);
  const auto settled = vote_for(2, 40, at(1, 2));  // worse than our own, and in another round
  EXPECT_FALSE(r.on_notification(heard(1, state::following, settled)).decided);
  auto fx = r.on_notification(heard(2, state::leading, settled));
  ASSERT_TRUE(fx.decided);
  EXPECT_EQ(fx.decided->role, state::following);
  EXPECT_EQ(r.round().value, 40);
  EXPECT_EQ(r.last_decision().why, ground::settled_quorum);
}

TEST(ElectionRound, FollowersOfASilentLeaderAreNotJoined) {  // FLELostMessageTest, checkLeader
  auto r = looking(1, 5);
  for (auto id : {2, 3, 4})
    EXPECT_FALSE(r.on_notification(heard(id, state::following, vote_for(5, 9))).decided);
  EXPECT_TRUE(r.on_notification(heard(5, state::leading, vote_for(5, 9))).decided);
}

TEST(ElectionRound, FormerLeaderDoesNotLeadOnFollowersOfAnEarlierRound) {
  auto r = looking(3, 3);
  (void)r.start(same_zxid, epoch{1});
  for (auto id : {1, 2})
    EXPECT_FALSE(r.on_notification(heard(id, state::following, vote_for(3, 1))).decided);
  auto fx = r.on_notification(heard(1, state::following, vote_for(3, 2)));
  ASSERT_TRUE(fx.decided) << "its follower and itself, in this round";
  EXPECT_EQ(fx.decided->role, state::leading);
}

TEST(ElectionRound, SettledVotesOfDifferentRoundsMakeOneQuorum) {  // ZOOKEEPER-1805
  auto r = looking(1, 5);
  (void)r.on_notification(heard(3, state::following, vote_for(5, 7, at(1, 1))));
  (void)r.on_notification(heard(4, state::following, vote_for(5, 8, at(1, 2))));
  EXPECT_TRUE(r.on_notification(heard(5, state::leading, vote_for(5, 8))).decided);
}

TEST(ElectionRound, SettledServerAnswersWhoLooksWithItsVoteAndState) {
  auto r = looking(2, 3);
  (void)r.on_notification(heard(1, state::looking, vote_for(2)));
  (void)r.on_finalize_timeout();
  EXPECT_THAT(r.on_notification(heard(3, state::looking, vote_for(3, 9))).answer_to,
              ElementsAre(server(3)));
  EXPECT_EQ(r.mine(), heard(2, state::leading, vote_for(2)));
  EXPECT_THAT(r.on_notification(heard(1, state::following, vote_for(2))).answer_to, IsEmpty());
}

TEST(ElectionRound, NewEpochChangesWhatASettledServerAnswers) {  // QuorumPeer.updateElectionVote
  auto r = looking(2, 3);
  (void)r.on_notification(heard(1, state::looking, vote_for(2)));
  (void)r.on_finalize_timeout();
  (void)r.settle(state::leading, vote_for(2, 1, same_zxid, epoch{2}));
  EXPECT_EQ(r.mine().proposed.peer_epoch, epoch{2});
}

TEST(ElectionRound, DecisionIsToldToWhoWasLastHeardLooking) {
  auto r = looking(2, 3, 1);
  (void)r.on_notification(heard(4, state::looking, vote_for(4)));
  (void)r.on_notification(heard(1, state::looking, vote_for(2)));
  EXPECT_THAT(r.on_finalize_timeout().answer_to, UnorderedElementsAre(server(1), server(4)));
}

TEST(ElectionRound, ObserverIsAnsweredButItsVoteIsNotCounted) {
  auto r = looking(2, 3, 1);
  auto fx = r.on_notification(heard(4, state::looking, vote_for(3, 99)));
  EXPECT_THAT(fx.answer_to, ElementsAre(server(4)));
  EXPECT_EQ(r.proposal(), vote_for(2));
  EXPECT_EQ(r.round().value, 1);
}

TEST(ElectionRound, ObserverLearnsTheLeaderFromAQuorumOfVoters) {
  auto r = looking(4, 3, 1);
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(r.mine().proposed.leader.value, lowest);
  (void)r.on_notification(heard(1, state::following, vote_for(3, 5)));
  auto fx = r.on_notification(heard(3, state::leading, vote_for(3, 5)));
  ASSERT_TRUE(fx.decided);
  EXPECT_EQ(fx.decided->role, state::observing);
  EXPECT_THAT(r.on_notification(heard(1, state::looking, vote_for(1, 6))).answer_to, IsEmpty());
}

TEST(ElectionRound, ObserverAheadOfTheVotersRoundsDoesNotAnswerThem) {
  auto r = looking(4, 3, 1);
  (void)r.start(same_zxid, epoch{1});
  EXPECT_THAT(r.on_notification(heard(1, state::looking, vote_for(1, 1))).answer_to, IsEmpty());
}

TEST(ElectionRound, OtherServerListIsRefusedRememberedAndNotWaitedFor) {
  auto r = looking(2, 3);
  auto stranger = heard(3, state::looking, vote_for(3));
  stranger.server_list_digest = 0xbad;
  auto fx = r.on_notification(stranger);
  ASSERT_TRUE(fx.refused);
  EXPECT_EQ(fx.refused->from, server(3));
  EXPECT_EQ(r.proposal(), vote_for(2));
  EXPECT_TRUE(r.refused().contains(server(3)));
  EXPECT_TRUE(r.on_notification(heard(1, state::looking, vote_for(2))).decided);
  EXPECT_TRUE(r.last_decision().refused.contains(server(3)));
}

TEST(ElectionRound, StrangerWithAnotherListIsToldOursSoThatItCanSayWhyNobodyHearsIt) {
  auto r = looking(2, 3);
  auto stranger = heard(9, state::looking, vote_for(9));
  stranger.server_list_digest = 0xbad;
  auto fx = r.on_notification(stranger);
  EXPECT_TRUE(fx.refused);
  EXPECT_THAT(fx.answer_to, ElementsAre(server(9)));
  stranger.from = server(3);
  EXPECT_THAT(r.on_notification(stranger).answer_to, IsEmpty()) << "it hears us anyway";
}

TEST(ElectionRound, ServerThatCorrectedItsListIsHeededAgain) {
  auto r = looking(2, 3);
  auto stranger = heard(3, state::looking, vote_for(3));
  stranger.server_list_digest = 0xbad;
  (void)r.on_notification(stranger);
  (void)r.on_notification(heard(3, state::looking, vote_for(3)));
  EXPECT_THAT(r.refused(), IsEmpty());
  EXPECT_EQ(r.proposal(), vote_for(3));
}

TEST(ElectionRound, ServerThatClaimsOurIdIsRefused) {
  auto r = looking(2, 3);
  auto fx = r.on_notification(heard(2, state::looking, vote_for(2, 50)));
  ASSERT_TRUE(fx.refused);
  EXPECT_EQ(fx.refused->why, refusal::my_own_id);
  EXPECT_EQ(r.round().value, 1);
}

TEST(ElectionRound, NonsenseIsIgnored) {  // FLEMalformedNotificationMessageTest
  auto r = looking(2, 3, 1);
  const auto before = r.mine();
  for (const auto& n : {heard(1, state{17}, vote_for(3)),        // no such state
                        heard(1, state::looking, vote_for(77)),  // leader is a stranger
                        heard(1, state::looking, vote_for(4)),   // leader is an observer
                        heard(77, state::leading, vote_for(3)),  // sender is a stranger
                        heard(1, state::observing, vote_for(3))}) {
    auto fx = r.on_notification(n);
    EXPECT_FALSE(fx.broadcast || fx.decided || fx.refused || !fx.answer_to.empty());
  }
  EXPECT_EQ(r.mine(), before);
}

TEST(ElectionRound, EmptiedDatabaseNeitherVotesNorIsVotedFor) {
  auto r = looking(2, 3);
  (void)r.on_notification(heard(3, state::looking, vote_for(3, 9, zxid{-1})));
  EXPECT_EQ(r.proposal(), vote_for(2));

  election_round emptied{server(3), ensemble_of(3), our_list};
  (void)emptied.start(zxid{-1}, epoch{1});
  EXPECT_FALSE(emptied.on_notification(heard(2, state::looking, vote_for(2))).broadcast);
  (void)emptied.on_notification(heard(1, state::following, vote_for(2)));
  EXPECT_TRUE(emptied.on_notification(heard(2, state::leading, vote_for(2))).decided)
      << "but it may follow who is settled";
}

/// Whose log rotted, or who was emptied, after the others had elected it; its round is theirs
/// again.
TEST(ElectionRound, WhatWasLostSinceNobodyIsLedBy) {
  for (auto last : {zxid{-1}, zxid{0}}) {
    election_round again{server(3), ensemble_of(3), our_list};
    (void)again.start(last, epoch{1});
    (void)again.on_notification(heard(1, state::following, vote_for(3)));
    EXPECT_FALSE(again.on_notification(heard(2, state::following, vote_for(3))).decided);
    EXPECT_FALSE(again.on_finalize_timeout().decided);
  }
  election_round whole{server(3), ensemble_of(3), our_list};
  (void)whole.start(same_zxid, epoch{1});
  EXPECT_TRUE(whole.on_notification(heard(1, state::following, vote_for(3))).decided);
}

TEST(ElectionRound, LoneServerWithAnEmptiedDatabaseDoesNotLead) {
  election_round r{server(1), ensemble_of(1), our_list};
  EXPECT_FALSE(r.start(zxid{-1}, epoch{1}).decided);
}

TEST(ElectionRound, WordsBeforeTheFirstStartAreNotAnswered) {
  election_round r{server(1), ensemble_of(3), our_list};
  EXPECT_THAT(r.on_notification(heard(2, state::looking, vote_for(2))).answer_to, IsEmpty());
  EXPECT_FALSE(r.on_silence().broadcast);
  EXPECT_FALSE(r.on_unreachable(server(2)).decided);
}

TEST(ElectionRound, RecordSaysWhoStoodAndWhoVotedForWhom) {
  auto r = looking(1, 3);
  (void)r.on_unreachable(server(2));
  (void)r.on_notification(heard(3, state::looking, vote_for(3, 1, at(1, 10))));
  const auto& record = r.last_decision();
  EXPECT_EQ(record.result.chosen.leader, server(3));
  EXPECT_THAT(record.candidates, ElementsAre(std::pair{server(1), vote_for(1)},
                                             std::pair{server(3), vote_for(3, 1, at(1, 10))}));
  ASSERT_EQ(record.votes.size(), 2U);
  EXPECT_EQ(record.votes.at(server(1)).what.leader, server(3));
  EXPECT_THAT(record.unreachable, ElementsAre(server(2)));
}

// -- other versions of the server list ---------------------------------------------------------

TEST(ElectionRound, OtherVersionOfTheListIsHeededWhereServersMayChange) {
  auto r = looking(2, 3);
  r.reconfigure(ensemble_of(3), our_list, zxid{0x100000000}, true);
  (void)r.start(same_zxid, epoch{1});
  auto other = heard(3, state::looking, vote_for(3, 2));
  other.server_list_digest = 0xbad;
  EXPECT_FALSE(r.on_notification(other).refused);
  EXPECT_EQ(r.proposal().leader, server(3));
  other.membership_version = zxid{0x100000000};
  EXPECT_TRUE(r.on_notification(other).refused) << "one version, two lists";
}

TEST(ElectionRound, StrangerThatLooksIsAnsweredAndNotHeeded) {
  auto r = looking(2, 3);
  r.reconfigure(ensemble_of(3), our_list, zxid{}, true);
  auto fx = r.on_notification(heard(9, state::looking, vote_for(9, 50)));
  EXPECT_THAT(fx.answer_to, ElementsAre(server(9)));
  EXPECT_EQ(r.proposal(), vote_for(2));
  EXPECT_EQ(r.round().value, 1);
}

TEST(ElectionRound, RemovedServerStillTellsOneThatKnowsAnOlderList) {
  election_round r{server(9), ensemble_of(3), our_list};
  r.reconfigure(ensemble_of(3), our_list, zxid{0x100000005}, true);
  (void)r.settle(state::following, vote_for(3));
  auto old = heard(1, state::looking, vote_for(1));
  EXPECT_THAT(r.on_notification(old).answer_to, ElementsAre(server(1)));
  old.membership_version = zxid{0x100000005};
  EXPECT_THAT(r.on_notification(old).answer_to, IsEmpty());
}

TEST(ElectionRound, WhileAReconfigIsNotKnownToBeCommittedBothListsHaveToAgree) {
  auto next = quorum::make({{.id = {3}}, {.id = {4}}, {.id = {5}}}).value();
  election_round r{server(3), {}, our_list};
  r.reconfigure(quorum::joint(ensemble_of(3), next), our_list, zxid{}, true);
  (void)r.start(same_zxid, epoch{1});
  EXPECT_FALSE(r.on_notification(heard(4, state::looking, vote_for(3))).decided);
  EXPECT_FALSE(r.on_notification(heard(5, state::looking, vote_for(3))).decided);
  (void)r.on_unreachable(server(1));
  auto fx = r.on_notification(heard(2, state::looking, vote_for(3)));
  ASSERT_TRUE(fx.decided);
  EXPECT_EQ(fx.decided->chosen.leader, server(3));
}

/// Voters 1..3, and 4 alone in the list that is to come.
quorum old_and_new() {
  return quorum::joint(ensemble_of(3, 1), quorum::make({{.id = {4}}}).value());
}

TEST(ElectionRound, VoterOfAListThatItsLogDoesNotHoldVotesForOthersOnly) {
  election_round r{server(4), {}, our_list};
  r.reconfigure(old_and_new(), our_list, zxid{}, true);
  (void)r.start(at(9, 9), epoch{9}, standing::for_others);
  for (auto id : {1, 2, 3})
    EXPECT_FALSE(r.on_notification(heard(id, state::looking, r.proposal())).decided);
  auto fx = r.on_notification(heard(3, state::looking, vote_for(3)));
  EXPECT_TRUE(fx.broadcast) << "its vote is needed";
  EXPECT_EQ(r.proposal(), vote_for(3));
}

TEST(ElectionRound, VoterThatStandsForNobodyIsAnsweredAndItsRoundJoined) {
  election_round r{server(3), {}, our_list};
  r.reconfigure(old_and_new(), our_list, zxid{}, true);
  (void)r.start(same_zxid, epoch{1});
  auto undecided = heard(4, state::looking, vote_for(std::numeric_limits<std::int64_t>::min()));
  EXPECT_THAT(r.on_notification(undecided).answer_to, ElementsAre(server(4)));
  undecided.proposed.round = {7};
  EXPECT_TRUE(r.on_notification(undecided).broadcast);
  EXPECT_EQ(r.proposal(), vote_for(3, 7));
}

}  // namespace
}  // namespace troupe::core
