// SPDX-License-Identifier: Apache-2.0
/// FLETest, FLERestartTest, FLEBackwardElectionRoundTest and ObserverLETest of ZooKeeper.
#include <gmock/gmock.h>

#include "tests/actor/election_fixture.hpp"

namespace troupe {
namespace {

using namespace test;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(Election, ThreeServersWithEqualHistoriesElectTheHighestIdAtOnce) {
  start_and_look({1, 2, 3}, list_of(3));
  EXPECT_EQ(until_elected({1, 2, 3}), 0ms);
  for (int id : {1, 2, 3}) EXPECT_EQ(leader_of(id), 3);
}

TEST_F(Election, FiveServersElectTheHighestIdUnderAnySchedule) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    shuffle_ = std::mt19937{seed};
    start_and_look({1, 2, 3, 4, 5}, list_of(5));
    until_elected({1, 2, 3, 4, 5});
    for (int id : {1, 2, 3, 4, 5}) ASSERT_EQ(leader_of(id), 5) << "seed " << seed;
    for (int id : {1, 2, 3, 4, 5}) kill(id);
  }
}

TEST_F(Election, LaterZxidWinsOverHigherId) {
  for (int id : {1, 2, 3}) start(id, list_of(3));
  look(1, {at(1, 8), epoch{1}});
  look(2);
  look(3);
  until_elected({1, 2, 3});
  for (int id : {1, 2, 3}) EXPECT_EQ(leader_of(id), 1);
  EXPECT_EQ(results_.at({3}).leader_zxid, at(1, 8));
  EXPECT_THAT(account(3), HasSubstr("server 1 won: its zxid 0x100000008 is ahead of "));
}

TEST_F(Election, LaterEpochWinsOverLaterZxid) {
  for (int id : {1, 2, 3}) start(id, list_of(3));
  look(1, {at(1, 1), epoch{2}});
  look(2, {at(1, 9), epoch{1}});
  look(3);
  until_elected({1, 2, 3});
  for (int id : {1, 2, 3}) EXPECT_EQ(leader_of(id), 1);
  EXPECT_EQ(results_.at({2}).leader_epoch, epoch{2});
}

TEST_F(Election, MinorityElectsNobody) {
  start_and_look({1, 2}, list_of(5));
  run();
  for (int i = 0; i < 100; ++i) pass(100ms);
  EXPECT_THAT(results_, IsEmpty());
  EXPECT_THAT(account(1), HasSubstr("Quorum: 2 of 5 voters reachable, 3 needed\n"));
  EXPECT_THAT(account(1), HasSubstr("under way: for 10000 ms; this server names server 2"));
}

TEST_F(Election, LateJoinerWithABetterVoteLearnsTheSettledLeader) {
  start_and_look({1, 2}, list_of(3));
  until_elected({1, 2});
  start(3, list_of(3));
  look(3, {at(1, 99), epoch{1}});
  EXPECT_EQ(until_elected({3}), 0ms);
  EXPECT_EQ(leader_of(3), 2);
  EXPECT_THAT(account(3), HasSubstr("server 2 was leading already, as said by server 1 and "));
}

TEST_F(Election, ObserverLearnsTheLeaderOfVotersThatElectLater) {  // ObserverLETest
  const auto cfg = list_of(3, 1);
  start_and_look({4}, cfg);
  run();
  pass(100ms);
  start_and_look({1, 2, 3}, cfg);
  until_elected({1, 2, 3, 4});
  for (int id : {1, 2, 3, 4}) EXPECT_EQ(leader_of(id), 3);
}

TEST_F(Election, ObserverDoesNotHelpAMinority) {
  start_and_look({1, 4}, list_of(3, 1));
  run();
  for (int i = 0; i < 50; ++i) pass(100ms);
  EXPECT_FALSE(results_.contains({1}));
}

TEST_F(Election, LossOfTheLeaderIsFollowedByAnElectionWithoutWaiting) {
  for (auto [first, second] : {std::pair{1, 2}, std::pair{2, 1}}) {
    start_and_look({1, 2, 3}, list_of(3));
    until_elected({1, 2, 3});
    kill(3);
    look(first);
    run();
    look(second);
    EXPECT_EQ(until_elected({1, 2}), 0ms) << "nobody waits for a server that is known to be gone";
    EXPECT_EQ(leader_of(1), 2);
    EXPECT_EQ(leader_of(2), 2);
    kill(1);
    kill(2);
  }
}

TEST_F(Election, LeaderThatResignedIsNotNamedWhileItGathersItsHistory) {
  start_and_look({2, 3}, list_of(3));
  until_elected({2, 3});
  for (int id : {2, 3}) caf::anon_send(servers_.at({id}), role_taken{server_state::looking, {}});
  run();
  start_and_look({1}, list_of(3));
  run();
  for (int i = 0; i < 10; ++i) pass(100ms);
  EXPECT_FALSE(results_.contains({1}));
  look(2);
  look(3);
  until_elected({1, 2, 3});
  for (int id : {1, 2, 3}) EXPECT_EQ(leader_of(id), 3);
}

TEST_F(Election, UnreachableServerIsNamedWithAddressAndReasonUntilItIsBack) {
  start_and_look({1, 2}, list_of(3));
  until_elected({1, 2});
  auto silent = status(1).unreachable;
  ASSERT_THAT(silent, SizeIs(1));
  EXPECT_EQ(silent[0].id, server_id{3});
  EXPECT_EQ(silent[0].address, "host3:3888");
  EXPECT_EQ(silent[0].error, "connection refused");
  EXPECT_THAT(account(1), HasSubstr("\nWithout: server 3 (connection refused)\n"));
  EXPECT_THAT(account(1), HasSubstr("Quorum: 2 of 3 voters reachable, 2 needed\n"));
  start(3, list_of(3));
  for (int i = 0; i < 21; ++i) pass(100ms);
  EXPECT_THAT(status(1).unreachable, IsEmpty());
}

TEST_F(Election, DeadServerIsDialledNoMoreOftenThanEveryTwoSeconds) {
  start(1, list_of(2));
  run();
  for (int i = 0; i < 100; ++i) pass(100ms);  // until the wait has grown
  const int before = board_->dials;
  for (int i = 0; i < 200; ++i) pass(100ms);
  EXPECT_EQ(board_->dials - before, 10);
}

TEST_F(Election, ServerThatHangsUpOnEveryLinkIsDialledLessAndLess) {
  start(1, list_of(2));
  board_->dials = 0;
  for (int i = 0; i < 300; ++i) {
    // Somebody takes the call, and is gone.
    auto passing =
        system_.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
    board_->published[{2}] = caf::actor_cast<caf::strong_actor_ptr>(passing);
    pass(100ms);
    board_->published.clear();
    caf::anon_send_exit(passing, caf::exit_reason::kill);
    run();
  }
  EXPECT_LT(board_->dials, 30);
}

TEST_F(Election, RestartedServerThatSpeaksFirstIsAnsweredAtOnce) {  // FLERestartTest
  start_and_look({1, 2, 3}, list_of(3));
  until_elected({1, 2, 3});
  kill(1);
  for (int i = 0; i < 100; ++i) pass(100ms);  // the others dial it rarely by now
  start(1, list_of(3));
  look(1);
  EXPECT_EQ(until_elected({1}), 0ms);
  EXPECT_EQ(leader_of(1), 3);
}

TEST_F(Election, SearchAskedAgainReplacesTheFirst) {
  for (int id : {1, 2, 3}) start(id, list_of(3));
  look(1);
  run();
  look(1, {at(1, 50), epoch{1}});
  look(2);
  look(3);
  until_elected({1, 2, 3});
  for (int id : {1, 2, 3}) EXPECT_EQ(leader_of(id), 1);
  EXPECT_EQ(results_.at({3}).leader_zxid, at(1, 50));
}

TEST_F(Election, EnsembleOfOneLeadsItself) {
  start_and_look({1}, list_of(1));
  EXPECT_EQ(until_elected({1}), 0ms);
  EXPECT_EQ(leader_of(1), 1);
  EXPECT_EQ(status(1).round, election_round_number{1});
}

// -- lists that change (ReconfigTest, and QuorumPeer.processReconfig from a notification) --------

config::node_config changing(config::node_config cfg, std::int64_t version = 0) {
  cfg.reconfig_enabled = true;
  cfg.standalone_enabled = false;
  cfg.membership_version = zxid{version};
  return cfg;
}

TEST_F(Election, ServerWithAnOlderListIsToldTheNewerOneInsteadOfALeader) {
  start_and_look({1, 2}, changing(list_of(3), 0x100000000));
  until_elected({1, 2});
  start(4, changing(list_of(4)));
  look(4);
  until_elected({4});
  ASSERT_TRUE(results_.at({4}).newer);
  EXPECT_EQ(results_.at({4}).newer->version, zxid{0x100000000});
  EXPECT_EQ(results_.at({4}).newer->servers.size(), 3U);
}

TEST_F(Election, StrangerFindsTheLeaderOnceItKnowsTheList) {
  start_and_look({1, 2, 3}, changing(list_of(3), 0x100000000));
  until_elected({1, 2, 3});
  start(4, changing(list_of(4)));
  config::membership members{zxid{0x100000000}, list_of(3).servers};
  look(4, {at(1, 7), epoch{1}, config::make_view(members)});
  until_elected({4});
  EXPECT_EQ(leader_of(4), 3);
}

TEST_F(Election, WhileAListIsNotKnownToBeCommittedBothElect) {
  auto five = list_of(5).servers;
  config::membership old{zxid{0x100000000}, {five[0], five[1], five[2]}};
  config::membership next{zxid{0x100000005}, {five[2], five[3], five[4]}};
  auto view =
      config::with_seen(*config::make_view(old), std::make_shared<const config::membership>(next));
  look_for_leader own{at(1, 7), epoch{1}, view};
  for (int id : {3, 4, 5}) start(id, changing(list_of(5)));
  for (int id : {3, 4, 5}) look(id, own);
  run();
  for (int i = 0; i < 30; ++i) pass(100ms);
  EXPECT_THAT(results_, IsEmpty()) << "one of the old three";
  start(1, changing(list_of(5)));
  look(1, own);
  until_elected({1, 3, 4, 5});
  EXPECT_EQ(leader_of(1), 5);
}

/// 1 was the ensemble and has logged that 2 and 3 are to be; 3 has it, too. 2 knows of nothing and
/// has no vote by its own list.
TEST_F(Election, VoterOfAListThatItHasNotSeenVotesByItWhenOneWithALongerLogTellsIt) {
  auto five = list_of(5).servers;
  config::membership old{zxid{0x100000000}, {five[0]}};
  config::membership next{zxid{0x100000005}, {five[1], five[2]}};
  auto knows = config::make_view(old);
  auto has_seen = config::with_seen(*knows, std::make_shared<const config::membership>(next));
  for (int id : {1, 2, 3}) start(id, changing(list_of(3)));
  look(1, {at(1, 5), epoch{1}, has_seen});
  look(3, {at(1, 5), epoch{1}, has_seen});
  look(2, {at(1, 4), epoch{1}, knows});
  until_elected({1, 2, 3});
  for (int id : {1, 2, 3}) EXPECT_EQ(leader_of(id), 3);
}

TEST_F(Election, ListThatOnlyAShorterLogHoldsBindsNobodyElse) {
  auto five = list_of(5).servers;
  config::membership old{zxid{0x100000000}, {five[0], five[1], five[2]}};
  config::membership next{zxid{0x100000005}, {five[0], five[3], five[4]}};
  auto knows = config::make_view(old);
  auto has_seen = config::with_seen(*knows, std::make_shared<const config::membership>(next));
  for (int id : {1, 2, 3}) start(id, changing(list_of(3)));
  look(1, {at(1, 5), epoch{1}, has_seen});
  look(2, {at(2, 1), epoch{2}, knows});
  look(3, {at(2, 1), epoch{2}, knows});
  until_elected({2, 3});
  EXPECT_EQ(leader_of(2), 3);
  until_elected({1});
  EXPECT_EQ(leader_of(1), 3) << "led by a quorum of the old list is enough to follow";
}

TEST_F(Election, ListOfAServerThatIsGoneNoLongerBinds) {
  auto five = list_of(5).servers;
  config::membership old{zxid{0x100000000}, {five[0], five[1], five[2]}};
  config::membership next{zxid{0x100000005}, {five[0], five[3], five[4]}};
  auto knows = config::make_view(old);
  auto has_seen = config::with_seen(*knows, std::make_shared<const config::membership>(next));
  for (int id : {1, 2, 3}) start(id, changing(list_of(3)));
  look(1, {at(1, 5), epoch{1}, has_seen});
  for (int id : {2, 3}) look(id, {at(1, 4), epoch{1}, knows});
  run();
  pass(1'000ms);
  EXPECT_THAT(results_, IsEmpty()) << "4 and 5 are not there";
  kill(1);
  until_elected({2, 3});
  EXPECT_EQ(leader_of(2), 3);
}

}  // namespace
}  // namespace troupe
