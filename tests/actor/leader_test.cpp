// SPDX-License-Identifier: Apache-2.0
/// The leading role among neighbours that only listen: what it promises about order and quorums
/// (ZooKeeper's Zab1_0Test, LeaderBeanTest and LearnerHandlerTest from the leader's side; ZAB
/// paper, phases 1 to 3).
#include "tests/actor/leader_fixture.hpp"

namespace troupe::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

TEST_F(Leader, ServesOnlyAfterAQuorumPromisedAndTookItsHistoryAndBothEpochsAreDurable) {
  EXPECT_THAT(on.news(), IsEmpty());  // alone it is no quorum
  join(2);
  EXPECT_THAT(on.news(), ElementsAre("journal: store accepted 2"));
  say(2, begin_sync{{2}, at(1, 5)});
  EXPECT_THAT(on.news(), ElementsAre("database: plan"));
  on.disk.hold();
  say(2, learner_synced{{2}, at(1, 5)});
  EXPECT_THAT(on.news(), ElementsAre("journal: store current 2"));
  on.disk.release();
  run();
  EXPECT_THAT(on.news(), ElementsAre("database: lead 2", "peer: established 2",
                                     "handler of 2: leader serves"));
}

TEST_F(Leader, WithoutFollowersEndsAfterInitLimit) {
  pass(9'900ms);
  EXPECT_THAT(on.news(), IsEmpty());
  pass(200ms);
  EXPECT_THAT(on.news(), ElementsAre(HasSubstr("peer: ended, no quorum of followers came")));
}

TEST_F(Leader, LearnerWithAMoreRecentHistoryEndsTheTerm) {
  introduce(2);
  say(2, join_epoch{{2}, false, epoch{1}});
  say(2, learner_promised{{2}, true, epoch{1}, at(1, 6)});
  EXPECT_THAT(on.news(), Contains(HasSubstr("peer: ended, server 2 has a more recent history")));
}

TEST_F(Leader, CommitsWhatAQuorumHasOnDiskItsOwnDiskCountedAsOne) {
  establish_with(2);
  on.disk.hold();
  propose_one(at(2, 1));
  EXPECT_THAT(on.news(),
              ElementsAre("journal: append 0x200000001", "handler of 2: propose 0x200000001"));
  say(2, learner_acked{{2}, at(2, 1)});
  EXPECT_THAT(on.news(), IsEmpty());  // one of three
  on.disk.release();
  run();
  EXPECT_THAT(on.news(),
              ElementsAre("handler of 2: commit 0x200000001", "database: apply 0x200000001"));
}

TEST_F(Leader, AcksOfLearnersThatAreNotSyncedCountForNothing) {
  establish_with(2);
  join(3);
  say(3, begin_sync{{3}, at(1, 5)});
  on.disk.hold();
  propose_one(at(2, 1));
  say(2, learner_acked{{2}, at(2, 1)});
  say(3, learner_acked{{3}, at(2, 1)});
  EXPECT_THAT(on.news(), Not(Contains(HasSubstr("apply"))));
  say(3, learner_synced{{3}, at(2, 1)});
  EXPECT_THAT(on.news(), Contains("database: apply 0x200000001"));
}

TEST_F(Leader, SyncIsAnsweredBetweenWhatWasProposedBeforeAndBehindIt) {
  establish_with(2);
  on.disk.hold();
  propose_one(at(2, 1));
  caf::anon_send(leader_, sync_behind{{std::nullopt, session_id{7}, cxid{70}}});
  propose_one(at(2, 2));
  on.news();
  on.disk.release();
  say(2, learner_acked{{2}, at(2, 2)});
  EXPECT_THAT(on.news_of("database"),
              ElementsAre("database: apply 0x200000001", "database: sync done 70",
                          "database: apply 0x200000002"));
}

/// A sync of this server's client with the xid, or of the learner's.
class SyncingLeader : public Leader {
 protected:
  SyncingLeader() {
    establish_with(2);
    join(3);
    sync(3);
    on.news();
  }
  void ask_sync(std::int32_t xid, std::optional<server_id> of = {}) {
    ask_sync_through(of ? handlers_.at(of->value).address() : caf::actor_addr{}, xid, of);
  }
  void ask_sync_through(caf::actor_addr handler, std::int32_t xid, std::optional<server_id> of) {
    caf::anon_send(leader_, sync_behind{{of, session_id{7}, cxid{xid}, 1, std::move(handler)}});
    run();
  }
  void echo(std::int64_t id, std::uint64_t round) { say(id, learner_heard{{id}, round}); }
};

TEST_F(SyncingLeader, AnswersWhenAQuorumHasEchoedARoundThatBeganBehindTheSync) {
  echo(2, 0);
  ask_sync(70);
  EXPECT_THAT(on.news(), ElementsAre("handler of 2: round 1", "handler of 3: round 1"));
  echo(3, 0);  // to a ping from before
  EXPECT_THAT(on.news(), IsEmpty());
  echo(3, 1);
  EXPECT_THAT(on.news(), ElementsAre("database: sync done 70"));
  echo(2, 1);
  EXPECT_THAT(on.news(), IsEmpty());
}

TEST_F(SyncingLeader, AsksOnceForAllSyncsThatCameMeanwhile) {
  ask_sync(70);
  on.news();
  for (int xid : {71, 72, 73}) ask_sync(xid, server_id{2});
  EXPECT_THAT(on.news(), IsEmpty());
  echo(2, 1);
  EXPECT_THAT(on.news(), ElementsAre("database: sync done 70", "handler of 2: round 2",
                                     "handler of 3: round 2"));
  echo(2, 2);
  EXPECT_THAT(on.news(), ElementsAre("handler of 2: sync done 71", "handler of 2: sync done 72",
                                     "handler of 2: sync done 73"));
}

TEST_F(SyncingLeader, AsksAgainWithEachTicksPingAndWhoeverComesAnew) {
  ask_sync(70);
  pass(1'000ms);
  EXPECT_EQ(on.round_of_pings, 1U);
  join(3);
  on.news();
  say(3, begin_sync{{3}, at(1, 5)});
  say(3, learner_synced{{3}, at(1, 5)});
  EXPECT_THAT(on.news(), Contains("handler of 3: round 1"));
  echo(3, 1);
  EXPECT_THAT(on.news(), ElementsAre("database: sync done 70"));
}

TEST_F(SyncingLeader, ObserversAreNotAskedAndProveNothing) {
  introduce(4, true);
  say(4, join_epoch{{4}, true, epoch{1}});
  say(4, learner_promised{{4}, false, epoch{1}, at(1, 5)});
  sync(4);
  introduce(3, true);  // a voter by the list, and not as it came
  say(3, join_epoch{{3}, true, epoch{1}});
  say(3, learner_promised{{3}, false, epoch{1}, at(1, 5)});
  sync(3);
  on.news();
  ask_sync(70, server_id{4});
  EXPECT_THAT(on.news(), ElementsAre("handler of 2: round 1"));
  echo(4, 1);
  echo(3, 1);
  EXPECT_THAT(on.news(), IsEmpty());
  echo(2, 1);
  EXPECT_THAT(on.news(), ElementsAre("handler of 4: sync done 70"));
}

TEST_F(SyncingLeader, ProofIsNotEnoughWhileWhatWasProposedBeforeIsNotCommitted) {
  on.disk.hold();
  propose_one(at(2, 1));
  ask_sync(70, server_id{2});
  echo(2, 1);
  EXPECT_THAT(on.news(), Not(Contains(HasSubstr("sync done"))));
  say(3, learner_acked{{3}, at(2, 1)});
  say(2, learner_acked{{2}, at(2, 1)});
  EXPECT_THAT(on.news_of("handler of 2"),
              ElementsAre("handler of 2: commit 0x200000001", "handler of 2: sync done 70"));
}

/// Its clients' connections are closed: on another one the same number may be another question.
TEST_F(SyncingLeader, LearnerThatCameAnewHearsNoAnswerToWhatItAskedBefore) {
  ask_sync(70, server_id{2});
  join(2);
  sync(2);
  on.news();
  echo(3, 1);
  EXPECT_THAT(on.news(), IsEmpty());
  ask_sync(71, server_id{2});
  echo(3, 2);
  EXPECT_THAT(on.news_of("handler of 2"), Contains("handler of 2: sync done 71"));
}

/// It waited for the database while the learner was started again, where sessions, connections and
/// requests may have the same numbers by now.
TEST_F(SyncingLeader, SyncOfALearnersFormerLifeIsNotAnsweredToThePresentOne) {
  const auto former = handlers_.at(2).address();
  join(2);
  sync(2);
  on.news();
  ask_sync_through(former, 70, server_id{2});
  echo(3, 1);
  echo(2, 1);
  EXPECT_THAT(on.news_of("handler of 2"), Not(Contains(HasSubstr("sync done"))));
}

TEST_F(Leader, LearnerThatJoinsMidwayGetsWhatIsOutstandingBehindItsPlan) {
  establish_with(2);
  on.disk.hold();
  propose_one(at(2, 1));
  join(3);
  on.news();
  say(3, begin_sync{{3}, at(1, 5)});
  EXPECT_THAT(on.news(), ElementsAre("handler of 3: propose 0x200000001", "database: plan"));
}

TEST_F(Leader, ClientsOfAllServersHoldBackAsLongAsOneLearnerLags) {
  establish_with(2);
  join(3);
  sync(3);
  on.news();
  say(2, learner_lags{{2}, true});
  EXPECT_THAT(on.news(), UnorderedElementsAre("database: hold writes", "handler of 2: hold writes",
                                              "handler of 3: hold writes"));
  say(3, learner_lags{{3}, true});
  say(2, learner_lags{{2}, false});
  EXPECT_THAT(on.news(), IsEmpty());
  introduce(2);
  EXPECT_THAT(on.news(), Contains("handler of 2: hold writes")) << "it came anew";
  say(3, learner_gone{{3}, "it is behind"});
  EXPECT_THAT(on.news(),
              UnorderedElementsAre("database: let writes go", "handler of 2: let writes go"));
}

TEST_F(Leader, QuorumNoLongerHeardEndsTheTermWithinSyncLimit) {
  establish_with(2);
  pass(4'000ms);
  EXPECT_THAT(on.news(), ElementsAre("journal: committed 0x200000000"));
  pass(2'000ms);
  EXPECT_THAT(on.news(), Contains(HasSubstr("peer: ended, a quorum of followers")));
}

// -- a learner that comes back before its former handler is known to be dead ----------------------

TEST_F(Leader, LastWordOfAFormerHandlerDoesNotDropTheLearnerThatCameAnew) {
  establish_with(2);
  auto former = handlers_.at(2);
  join(2);
  say_as(former, learner_gone{{2}, "connection lost"});
  run();
  on.news();
  sync(2);
  EXPECT_THAT(on.news(), Contains("handler of 2: leader serves"));
}

TEST_F(Leader, WhatAFormerHandlerSaysLateDoesNotCountForTheLearnerThatCameAnew) {
  establish_with(2);
  auto former = handlers_.at(2);
  join(2);
  on.news();
  say_as(former, begin_sync{{2}, at(1, 5)});
  say_as(former, learner_synced{{2}, at(1, 5)});
  propose_one(at(2, 1));
  say_as(former, learner_acked{{2}, at(2, 1)});
  run();
  EXPECT_THAT(on.news(), ElementsAre("journal: append 0x200000001"));
}

// -- reconfigurations (Leader.tryToCommit, Leader.lead; ReconfigRecoveryTest) ---------------------

/// By how much what waits for the disk is more than may: -1, 0 or 1.
class LeaderWithAHangingDisk : public Leader, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Around, LeaderWithAHangingDisk, testing::Values(-1, 0, 1));

TEST_P(LeaderWithAHangingDisk, LeavesWhenMoreWaitsForItThanMay) {
  context->memory = core::memory_budget{core::memory_budget::limit_min};
  establish_with(2);
  on.disk.hold();
  context->gauges->unlogged_bytes = context->memory.unlogged_max() + GetParam();
  propose_one(at(2, 1));
  const bool leaves = GetParam() > 0;
  EXPECT_THAT(on.news().front(), HasSubstr(leaves ? "peer: ended, the disk is too slow: "
                                                  : "journal: append 0x200000001"));
}

TEST_F(Leader, SendsPingsAndStaysThoughItsDiskIsBusy) {
  establish_with(2);
  join(3);
  sync(3);
  on.disk.hold();
  propose_one(at(2, 1));
  on.news();
  on.pings = 0;
  for (int second = 0; second < 30; ++second) {
    pass(1s);
    for (std::int64_t id : {2, 3}) say(id, learner_heard{{id}});
  }
  EXPECT_EQ(on.pings, 2 * 2 * 30) << "each half tick to each";
  EXPECT_THAT(on.news_of("peer"), IsEmpty());
  for (std::int64_t id : {2, 3}) say(id, learner_acked{{id}, at(2, 1)});
  EXPECT_THAT(on.news(), Contains("database: apply 0x200000001")) << "a quorum without its disk";
}

/// One tree differs from the others: whose, a quorum decides.
TEST_F(Leader, IsWrongWhenNoQuorumHasItsTree) {
  establish_with(2);
  join(3);
  sync(3);
  on.news();
  say(2, learner_differs{{2}, at(2, 1)});
  EXPECT_THAT(on.news_of("peer"), IsEmpty()) << "one of three may be the one that is wrong";
  say(3, learner_differs{{3}, at(2, 1)});
  EXPECT_THAT(on.news_of("peer"), ElementsAre(HasSubstr("this server's is wrong (wrong tree)")));
}

TEST_F(Leader, LearnerThatCameAnewWithTheLeadersTreeDiffersNoMore) {
  establish_with(2);
  join(3);
  sync(3);
  say(2, learner_differs{{2}, at(2, 1)});
  join(2);
  say(2, begin_sync{{2}, at(1, 5), true});
  EXPECT_THAT(on.news(), Contains("database: plan a snapshot"));
  say(2, learner_synced{{2}, at(1, 5)});
  say(3, learner_differs{{3}, at(2, 9)});
  EXPECT_THAT(on.news_of("peer"), IsEmpty());
}

TEST_F(Leader, WhoseOwnTreeDiffersLeavesAtOnce) {
  establish_with(2);
  caf::anon_send(leader_, tree_differs{at(2, 1)});
  run();
  EXPECT_THAT(on.news_of("peer"), ElementsAre(HasSubstr("(wrong tree)")));
}

class ReconfiguringLeader : public Leader {
 protected:
  ReconfiguringLeader() : Leader(true) {}

  void propose_list(zxid id, const std::vector<std::int64_t>& voters) {
    caf::anon_send(leader_, propose{{reconfig_txn(id, voters)}});
    run();
  }
  void ack(std::int64_t id, zxid upto) { say(id, learner_acked{{id}, upto}); }
};

TEST_F(ReconfiguringLeader, FirstEstablishedEpochGivesTheListOfTheFilesItsVersion) {
  join(2);
  on.news();
  sync(2);
  auto news = on.news();
  EXPECT_THAT(news, Contains("journal: store list 0x200000000"));
  EXPECT_THAT(news, Contains("peer: list 0x200000000"));
}

TEST_F(ReconfiguringLeader, ReconfigIsCommittedByAQuorumOfTheOldAndOneOfTheNewServers) {
  establish_with(2);
  join(4);  // strangers, until the list has them
  sync(4);
  join(5);
  sync(5);
  on.disk.hold();
  propose_list(at(2, 1), {1, 4, 5});
  ack(4, at(2, 1));
  ack(5, at(2, 1));
  EXPECT_THAT(on.news_of("database"), Not(Contains(HasSubstr("apply")))) << "the new ones alone";
  ack(2, at(2, 1));
  EXPECT_THAT(on.news_of("database"), IsEmpty()) << "one of the old three";
  on.disk.release();
  run();
  auto news = on.news();
  EXPECT_THAT(news, Contains("database: apply 0x200000001"));
  EXPECT_THAT(news, Contains("journal: store list 0x200000001"));
  EXPECT_THAT(news, Contains("handler of 4: commit 0x200000001"));
  // From now on the new ones alone.
  on.disk.hold();
  propose_one(at(2, 2));
  ack(4, at(2, 2));
  on.news();
  ack(2, at(2, 2));
  EXPECT_THAT(on.news(), IsEmpty());
  ack(5, at(2, 2));
  EXPECT_THAT(on.news(), Contains("database: apply 0x200000002"));
}

TEST_F(ReconfiguringLeader, LeaderThatIsRemovedLeavesOnceAllHaveTheCommitAndCommitsNoMore) {
  establish_with(2);
  join(3);
  sync(3);
  on.disk.hold();
  propose_list(at(2, 1), {2, 3});
  propose_one(at(2, 2));
  ack(2, at(2, 2));
  on.news();
  ack(3, at(2, 2));
  auto news = on.news();
  EXPECT_THAT(news, Contains("handler of 2: commit 0x200000001"));
  EXPECT_THAT(news, Contains("handler of 3: commit 0x200000001"));
  EXPECT_THAT(news, Contains("peer: list 0x200000001"));
  EXPECT_THAT(news, Contains(HasSubstr("peer: ended, this server is no voter")));
  EXPECT_THAT(news, Not(Contains("database: apply 0x200000002")));
}

TEST_F(ReconfiguringLeader, LeavesWhenTheNewServersAreNoLongerHeardThoughTheOldOnesAre) {
  establish_with(2);
  join(4);
  sync(4);
  propose_list(at(2, 1), {1, 4, 5});
  for (int step = 0;
       step < 80 &&
       on.heard.end() == std::find_if(on.heard.begin(), on.heard.end(),
                                      [](const auto& x) { return x.starts_with("peer: ended"); });
       ++step) {
    say(2, learner_heard{{2}});
    pass(100ms);
  }
  EXPECT_THAT(on.news(), Contains(HasSubstr("peer: ended, a quorum of followers")));
}

}  // namespace
}  // namespace troupe::test
