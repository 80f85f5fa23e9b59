// SPDX-License-Identifier: Apache-2.0
/// A follower among neighbours that only listen: what it makes durable before it says so
/// (ZooKeeper's Zab1_0Test from the follower's side and LearnerTest; ZAB paper, phases 1 to 3;
/// ZOOKEEPER-3911, 4646, 4685 and 4925 are violations of what stands here).
#include "actors/learning/learner.hpp"

#include <caf/scheduler/test_coordinator.hpp>

#include "actors/interfaces/broadcast.hpp"
#include "tests/actor/follower_fixture.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

TEST_F(Follower, PromisesAnEpochOnlyOnceTheDiskHasIt) {
  on.disk.hold();
  discover();
  EXPECT_THAT(on.news(), ElementsAre("hello of 1", "journal: store accepted 2"));
  on.disk.release();
  run();
  EXPECT_THAT(on.news(), ElementsAre("handler: ACKEPOCH 2"));
}

TEST_F(Follower, RefusesALeaderOfAnEpochBeforeItsPromise) {
  start();
  on.news();
  leader_says(wire::LeaderInfo{}, 0);
  EXPECT_THAT(on.news(), ElementsAre(HasSubstr("peer: ended, promised epoch 1 to a later leader")));
}

/// Its word counts for nothing there: so it may follow, keeps its promise and acks no txn.
TEST_F(Follower, FollowsALeaderBeforeItsPromiseThatDoesNotCountIt) {
  accepted = epoch{60};
  start();
  wire::LeaderInfo info;
  info.set_uncounted(true);
  leader_says(info);
  EXPECT_THAT(on.news(), ElementsAre("hello of 1", "handler: ACKEPOCH 2, not counting"));
  leader_says(wire::NewLeader{});
  leader_says(wire::UpToDate{});
  EXPECT_THAT(on.news(), Contains("journal: store current 2"));
  leader_says(carrying<wire::Inform>({at(2, 1)}));
  EXPECT_THAT(on.news(), ElementsAre("journal: append 0x200000001", "database: apply 0x200000001"));
}

TEST_F(Follower, AcksTheNewLeaderAfterHistoryThenEpochAreDurable) {
  discover();
  on.news();
  leader_says(carrying<wire::SyncTxns>({at(1, 6), at(1, 7)}));
  EXPECT_THAT(on.news_of("journal"),
              ElementsAre("journal: append 0x100000006", "journal: append 0x100000007"));
  on.disk.hold();
  leader_says(wire::NewLeader{});
  EXPECT_THAT(on.news(), ElementsAre("journal: read after 0x100000007"));
  on.disk.release_one();
  run();
  EXPECT_THAT(on.news(), ElementsAre("journal: store current 2"));
  on.disk.release();
  run();
  EXPECT_THAT(on.news(), ElementsAre("handler: ACK of NEWLEADER 2"));
}

TEST_F(Follower, CutsItsLogBeforeItTakesInWhatFollows) {
  discover();
  on.news();
  wire::Truncate cut;
  cut.set_zxid(at(1, 3).value);
  on.disk.hold();
  leader_says(cut);
  leader_says(carrying<wire::SyncTxns>({at(1, 4)}));
  EXPECT_THAT(on.news(), ElementsAre("journal: truncate to 0x100000003"));
  on.disk.release();
  run();
  EXPECT_THAT(on.news(),
              UnorderedElementsAre("database: install 0x100000003", "database: apply 0x100000004",
                                   "journal: append 0x100000004"));
}

TEST_F(Follower, ServesOnlyWhenTheLeaderSaysUpToDate) {
  discover();
  leader_says(wire::NewLeader{});
  EXPECT_THAT(on.news(), Not(Contains("database: learn 2")));
  leader_says(wire::UpToDate{});
  EXPECT_THAT(on.news(), ElementsAre("database: learn 2", "peer: established 2",
                                     "journal: committed 0x100000005"));
}

TEST_F(Follower, LeavesALeaderThatIsUpToDateBeforeItsHistoryIsAcked) {
  discover();
  on.news();
  leader_says(wire::UpToDate{});
  EXPECT_THAT(on.news(), ElementsAre("peer: ended, the leader sent UPTODATE before anything else"));
}

TEST_F(Follower, LeavesALeaderThatSendsASnapshotBehindADiff) {
  discover();
  leader_says(carrying<wire::SyncTxns>({at(1, 6)}));
  on.news();
  leader_says(wire::SnapshotChunk{});
  EXPECT_THAT(on.news(), ElementsAre("peer: ended, the leader sent SNAP behind DIFF"));
}

TEST_F(Follower, LeavesALeaderThatSendsHistoryBehindNewLeader) {
  discover();
  leader_says(wire::NewLeader{});
  on.news();
  leader_says(carrying<wire::SyncTxns>({at(1, 6)}));
  EXPECT_THAT(on.news(), ElementsAre("peer: ended, the leader sent DIFF behind NEWLEADER"));
}

TEST_F(Follower, AcksAProposalOnlyOnceItIsLogged) {
  broadcast();
  on.disk.hold();
  leader_says(carrying<wire::Proposal>({at(2, 1)}));
  EXPECT_THAT(on.news(), ElementsAre("journal: append 0x200000001"));
  on.disk.release();
  run();
  EXPECT_THAT(on.news(), ElementsAre("handler: ACK 0x200000001"));
  leader_commits(at(2, 1));
  EXPECT_THAT(on.news(), ElementsAre("database: apply 0x200000001"));
}

/// Others have their turns between two slices; what comes behind it waits, as ever.
TEST_F(Follower, ReadsALongTxnInSlices) {
  context->steps_per_slice = 16;
  broadcast();
  multi_txn body;
  for (int i = 0; i < 1000; ++i)
    body.ops.push_back({op_code::create, create_txn{"/a-path-of-some-length/" + std::to_string(i),
                                                    "data",
                                                    {{31, {"world", "anyone"}}},
                                                    false,
                                                    i}});
  wire::Proposal proposal;
  proposal.add_txns(
      make_logged({{session_id{7}, cxid{3}, at(2, 1), 1000, op_code::multi}, std::move(body), {}})
          ->bytes);
  proposal.set_epoch(2);
  wire::Commit commit;
  commit.set_zxid(at(2, 1).value);
  commit.set_epoch(2);
  caf::send_as(handler_, follower_, std::move(proposal));
  caf::send_as(handler_, follower_, std::move(commit));
  auto& all = dynamic_cast<caf::scheduler::test_coordinator&>(system().scheduler());
  int turns = 0;
  while (all.try_run_once()) ++turns;
  EXPECT_GT(turns, 60);
  EXPECT_THAT(on.news(),
              testing::IsSupersetOf({"handler: ACK 0x200000001", "database: apply 0x200000001"}));
}

TEST_F(Follower, LeavesALeaderWhoseProposalsHaveAHole) {
  broadcast();
  leader_says(carrying<wire::Proposal>({at(2, 2)}));
  leader_says(carrying<wire::Proposal>({at(2, 3)}));
  EXPECT_THAT(on.news(), ElementsAre(HasSubstr("peer: ended")));
}

TEST_F(Follower, LeavesALeaderThatCommitsWhatItNeverProposed) {
  broadcast();
  leader_commits(at(2, 1));
  EXPECT_THAT(on.news(), ElementsAre(HasSubstr("peer: ended, commit of 0x200000001")));
}

TEST_F(Follower, HeedsNobodyButItsLeadersHandlerInItsEpoch) {
  broadcast();
  leader_says(carrying<wire::Proposal>({at(2, 1)}), 1);
  auto other = keep(fake_handler(system(), &on, "another handler"));
  auto proposal = carrying<wire::Proposal>({at(2, 1)});
  proposal.set_epoch(2);
  caf::send_as(other, follower_, proposal);
  run();
  EXPECT_THAT(on.news(), IsEmpty());
}

TEST_F(Follower, LeavesALeaderThatIsSilentForSyncLimit) {
  broadcast();
  pass(3'900ms);
  EXPECT_THAT(on.news(), IsEmpty());
  pass(700ms);
  EXPECT_THAT(on.news(), ElementsAre("peer: ended, the leader was silent for syncLimit"));
}

TEST_F(Follower, AnswersAPingThoughItsDatabaseIsBusy) {
  broadcast();
  on.touches.hold();
  on.touched = {session_id{7}, session_id{8}};
  leader_says(wire::Ping{});
  EXPECT_THAT(on.news(), ElementsAre("handler: pong 0"));
  on.touches.release();
  run();
  EXPECT_THAT(on.news(), ElementsAre("handler: pong 2"));
}

TEST_F(Follower, EchoesTheRoundOfAPingAndTellsOfItsClientsOnlyWhenAskedForThem) {
  broadcast();
  on.touched = {session_id{7}};
  wire::Ping ping;
  ping.set_round(3);
  leader_says(ping);
  EXPECT_THAT(on.news(), ElementsAre("handler: pong 0 in round 3", "handler: pong 1"));
  ping.set_round(4);
  ping.set_round_only(true);
  leader_says(ping);
  EXPECT_THAT(on.news(), ElementsAre("handler: pong 0 in round 4"));
}

TEST_F(Follower, TellsItsDatabaseOnceThatTheLeaderWantsWritesHeldAndOnceThatTheyGoOn) {
  broadcast();
  wire::Ping ping;
  ping.set_round_only(true);
  for (bool hold : {true, true, false, false}) {
    ping.set_hold_writes(hold);
    leader_says(ping);
  }
  EXPECT_THAT(on.news_of("database"),
              ElementsAre("database: hold writes", "database: let writes go"));
}

/// A slow disk is no reason for an election: while it syncs the leader's history as while it syncs
/// a txn.
TEST_F(Follower, AnswersAPingThoughItsDiskIsBusy) {
  discover();
  on.disk.hold();
  leader_says(wire::NewLeader{});
  on.news();
  leader_says(wire::Ping{});
  EXPECT_THAT(on.news(), ElementsAre("handler: pong 0"));
  on.disk.release();
  run();
  leader_says(wire::UpToDate{});
  on.disk.hold();
  leader_says(carrying<wire::Proposal>({at(2, 1)}));
  on.news();
  for (int second = 0; second < 30; ++second) {
    leader_says(wire::Ping{});
    pass(1s);
    EXPECT_THAT(on.news(), ElementsAre("handler: pong 0"));
  }
}

/// By how much what waits for the disk is more than may: -1, 0 or 1.
class FollowerWithAHangingDisk : public Follower, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Around, FollowerWithAHangingDisk, testing::Values(-1, 0, 1));

TEST_P(FollowerWithAHangingDisk, LeavesWhenMoreWaitsForItThanMay) {
  context->memory = core::memory_budget{core::memory_budget::limit_min};
  broadcast();
  on.disk.hold();
  auto& waits = context->gauges->unlogged_bytes;
  leader_says(carrying<wire::Proposal>({at(2, 1)}));
  EXPECT_EQ(waits, core::held_bytes(*sample_txn(at(2, 1)))) << "what no journal takes away here";
  waits = context->memory.unlogged_max() + GetParam();
  on.news();
  leader_says(carrying<wire::Proposal>({at(2, 2)}));
  if (GetParam() > 0)
    EXPECT_THAT(on.news(), ElementsAre(HasSubstr("peer: ended, the disk is too slow: ")));
  else
    EXPECT_THAT(on.news(), ElementsAre("journal: append 0x200000002"));
}

TEST_F(Follower, WhoseTreeDiffersSaysSoAndLeavesUnlessTheLeaderDoes) {
  broadcast();
  caf::anon_send(follower_, tree_differs{at(2, 1)});
  run();
  EXPECT_THAT(on.news(), UnorderedElementsAre("peer: tree differs at 0x200000001",
                                              "handler: tree differs at 0x200000001"));
  leader_says(carrying<wire::Proposal>({at(2, 1)}));
  EXPECT_THAT(on.news_of("handler"), ElementsAre("handler: ACK 0x200000001")) << "its log is right";
  pass(1'900ms);
  EXPECT_THAT(on.news(), IsEmpty());
  pass(200ms);
  EXPECT_THAT(on.news(), ElementsAre("peer: ended, the tree of this server is not the one that the "
                                     "digest of txn 0x200000001 is of (wrong tree)"));
}

class FollowerThatLostItsPast : public Follower {
 protected:
  FollowerThatLostItsPast() { loses_past = true; }
};

TEST_F(FollowerThatLostItsPast, KeepsAnEpochWithoutAVoteAndAsksForASnapshot) {
  discover();
  EXPECT_THAT(on.news(), ElementsAre("hello of 1", "journal: store accepted 2",
                                     "handler: ACKEPOCH 2, not counting, needs a snapshot"));
}

TEST_F(Follower, QuestionsTheLeaderCanNoLongerAnswerAreAnsweredWithAnErrorWhenTheTermEnds) {
  broadcast();
  std::string answer = "none";
  system().spawn([&](caf::event_based_actor* self) {
    self->request(follower_, caf::infinite, revalidate_session{{7}, server_id{1}})
        .then([&](const session_verdict&) { answer = "a verdict"; },
              [&](const caf::error&) { answer = "an error"; });
  });
  run();
  EXPECT_EQ(answer, "none");
  kill(caf::actor_cast<caf::actor>(handler_));
  EXPECT_EQ(answer, "an error");
}

TEST_F(Follower, LeaderThatRefusesConnectionsIsGivenUpSoonerThanInitLimit) {
  port_->listening = nullptr;
  start();
  pass(6'000ms);
  EXPECT_THAT(on.news(), ElementsAre("peer: ended, server 3 does not answer as leader: "
                                     "host3:2888: Connection refused"));
}

TEST_F(Follower, TakesTheLeadersAnswerThatComesBetweenTwoHellos) {
  start();
  pass(2'000ms);  // one hello without an answer; the pause before the next has begun
  ASSERT_THAT(on.news(), ElementsAre("hello of 1"));
  leader_says(wire::LeaderInfo{});
  pass(1'000ms);
  EXPECT_THAT(on.news(), ElementsAre("journal: store accepted 2", "handler: ACKEPOCH 2"));
}

// -- reconfigurations (Learner.syncWithLeader, Follower's COMMITANDACTIVATE) ----------------------

class ReconfiguredFollower : public Follower {
 protected:
  ReconfiguredFollower() {
    context->config.reconfig_enabled = true;
    context->config.membership_version = at(1, 1);
  }

  template <class M>
  static M carrying_lists(const std::vector<txn_ptr>& txns) {
    M m;
    for (const auto& x : txns) m.add_txns(x->bytes);
    return m;
  }
};

TEST_F(ReconfiguredFollower, KeepsAListWhenItIsCommittedAndNotWhenItIsLogged) {
  broadcast();
  leader_says(carrying_lists<wire::Proposal>({reconfig_txn(at(2, 1), {1, 2, 4})}));
  EXPECT_THAT(on.news(), ElementsAre("journal: append 0x200000001", "handler: ACK 0x200000001"));
  leader_commits(at(2, 1));
  EXPECT_THAT(on.news(),
              UnorderedElementsAre("database: apply 0x200000001", "journal: store list 0x200000001",
                                   "peer: list 0x200000001"));
}

TEST_F(ReconfiguredFollower, TwoLoggedListsProveTheFirstWhichIsKeptBeforeTheSecondIsLogged) {
  discover();
  on.news();
  leader_says(carrying_lists<wire::SyncTxns>(
      {reconfig_txn(at(1, 6), {1, 2}), reconfig_txn(at(1, 7), {1, 2, 5})}));
  EXPECT_THAT(on.news_of("journal"),
              ElementsAre("journal: store list 0x100000006", "journal: append 0x100000006",
                          "journal: append 0x100000007"));
}

TEST_F(ReconfiguredFollower, KeepsTheLeadersListBeforeAnythingElse) {
  start();
  on.news();
  wire::LeaderInfo info;
  info.set_leader(3);
  info.set_membership("server.3=h:2888:3888\nserver.9=h:2888:3888\nversion=100000002");
  leader_says(info);
  EXPECT_THAT(on.news_of("journal"),
              ElementsAre("journal: store list 0x100000002", "journal: store accepted 2"));
}

TEST_F(ReconfiguredFollower, KeepsTheListThatTheEstablishedEpochHasCommitted) {
  discover();
  leader_says(wire::NewLeader{});
  on.news();
  wire::UpToDate established;
  established.set_membership("server.1=h:2888:3888\nserver.3=h:2888:3888\nversion=200000000");
  leader_says(established);
  EXPECT_THAT(on.news(), Contains("journal: store list 0x200000000"));
}

TEST_F(ReconfiguredFollower, LeavesToComeBackAsAnObserverWhenItBecomesOne) {
  broadcast();
  leader_says(carrying_lists<wire::Proposal>({reconfig_txn(at(2, 1), {2, 3}, {1})}));
  leader_commits(at(2, 1));
  EXPECT_THAT(on.news(), Contains("peer: ended, a reconfig made this server an observer"));
}

TEST_F(ReconfiguredFollower, RemovedServerGoesOnFollowing) {
  broadcast();
  leader_says(carrying_lists<wire::Proposal>({reconfig_txn(at(2, 1), {2, 3})}));
  leader_commits(at(2, 1));
  leader_says(carrying<wire::Proposal>({at(2, 2)}));
  EXPECT_THAT(on.news(), Contains("handler: ACK 0x200000002"));
}

class FollowerWithANewList : public ReconfiguredFollower {
 protected:
  FollowerWithANewList() { context->config.membership_version = {}; }
};

TEST_F(FollowerWithANewList, ListsOfTheEnsembleThatTheLeadersDirectoryCameFromAreNotKept) {
  discover();
  on.news();
  leader_says(carrying_lists<wire::SyncTxns>(
      {reconfig_txn(at(1, 6), {1, 2}), reconfig_txn(at(1, 7), {1, 2, 5})}));
  EXPECT_THAT(on.news_of("journal"),
              ElementsAre("journal: append 0x100000006", "journal: append 0x100000007"));
}

/// Without that a restart would not know that the new servers have a say.
TEST_F(FollowerWithANewList, KeepsItAsEstablishedBeforeItLogsAReconfigThatComesBeforeUpToDate) {
  discover();
  leader_says(wire::NewLeader{});
  on.news();
  leader_says(carrying_lists<wire::Proposal>({reconfig_txn(at(2, 1), {1, 2, 4})}));
  EXPECT_THAT(on.news_of("journal"),
              ElementsAre("journal: store list 0x200000000", "journal: append 0x200000001"));
}

TEST_F(Follower, WhereNobodyMayChangeTheServersWhatTheLeaderSaysOfThemIsNothing) {
  start();
  on.news();
  wire::LeaderInfo info;
  info.set_leader(3);
  info.set_membership("server.3=h:2888:3888\nversion=100000002");
  leader_says(info);
  EXPECT_THAT(on.news_of("journal"), ElementsAre("journal: store accepted 2"));
}

}  // namespace
}  // namespace troupe::test
