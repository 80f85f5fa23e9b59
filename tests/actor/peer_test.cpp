// SPDX-License-Identifier: Apache-2.0
/// The server's role switch among neighbours that only listen (ZooKeeper's QuorumPeerTest and
/// QuorumPeerMainTest in small; ZKDatabase.fastForwardDataBase).
#include "actors/core/epoch_bounds.hpp"
#include "tests/actor/peer_fixture.hpp"

namespace troupe::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(Peer, ReadsTheDiskThenLooksWithItsHistory) {
  EXPECT_THAT(on.news(),
              ElementsAre("journal: load", "database: install 0x100000005", "election: looking",
                          "journal: read after 0x100000005", "election: look with 0x100000005"));
}

TEST_F(Peer, PlaysTheRoleItWasElectedToUntilThatIsDownThenLooksAgain) {
  on.news();
  elect(3);
  EXPECT_THAT(on.news(), ElementsAre("learner made at 0x100000005", "election: following"));
  role_says(role_established{epoch{2}});
  EXPECT_THAT(on.news(), ElementsAre("election: following in 2"));
  role_says(role_ended{"the leader was silent"});
  EXPECT_THAT(on.news(), ElementsAre());  // what it sent to the journal may still be under way
  kill(role_);
  EXPECT_THAT(on.news(),
              ElementsAre("database: stop", "election: looking", "journal: read after 0x100000005",
                          "election: look with 0x100000005"));
}

TEST_F(Peer, TellsTheElectionWhetherItLedInTheTermBefore) {
  EXPECT_FALSE(ballot_.has_led);
  elect(context->me.value);
  kill(role_);
  EXPECT_TRUE(ballot_.has_led);
}

TEST_F(Peer, WhoFollowedInTheTermBeforeHasNotLed) {
  elect(3);
  kill(role_);
  EXPECT_FALSE(ballot_.has_led);
}

/// Before that it may be cut off yet, and clients that accept reads only are shown what is applied.
TEST_F(Peer, StandsWithAllThatIsLoggedAndAppliesItOnceThereIsALeader) {
  elect(3);
  on.news();
  log_range more;
  more.txns = txns_of({at(2, 1), at(2, 2)});
  more.complete = true;
  more.last_logged = at(2, 2);
  on.ranges = {more, more};
  kill(role_);
  EXPECT_THAT(on.news(),
              ElementsAre("database: stop", "election: looking", "journal: read after 0x100000005",
                          "election: look with 0x200000002"));
  elect(3);
  EXPECT_THAT(on.news(), ElementsAre("journal: read after 0x100000005",
                                     "database: apply 0x200000001", "database: apply 0x200000002",
                                     "learner made at 0x200000002", "election: following"));
}

/// A learner that dies while the journal cuts its log leaves a database that holds what is no
/// longer logged (ZOOKEEPER-5094 is this in ZooKeeper).
TEST_F(Peer, DatabaseThatHoldsMoreThanTheLogIsReadAnew) {
  elect(3);
  on.news();
  on.last_logged = on.on_disk.last_logged = at(1, 3);
  kill(role_);
  EXPECT_THAT(on.news(),
              ElementsAre("database: stop", "election: looking", "journal: read after 0x100000005",
                          "journal: load", "database: install 0x100000003",
                          "journal: read after 0x100000003", "election: look with 0x100000003"));
}

/// So does one that dies while the journal puts a leader's snapshot in the place of its log.
TEST_F(Peer, HistoryThatALeadersSnapshotReplacedAsTheRoleDiedIsReadAndNoFaultOfTheDisk) {
  elect(3);
  on.news();
  on.has_new_history = true;
  on.last_logged = on.on_disk.last_logged = at(3, 7);
  kill(role_);
  EXPECT_THAT(on.news(),
              ElementsAre("database: stop", "election: looking", "journal: read after 0x100000005",
                          "journal: load", "database: install 0x300000007",
                          "journal: read after 0x300000007", "election: look with 0x300000007"));
  EXPECT_EQ(status().disk_faults, 0U);
  EXPECT_EQ(status().disk_fault, "");
}

TEST_F(Peer, DiskFailureEndsTheRoleAndTheDirectoryIsReadAnew) {
  elect(1);
  on.news();
  caf::anon_send(peer_, disk_failed{"no space"});
  run();
  EXPECT_THAT(on.news(), Contains("database: stop"));
  pass(1'100ms);
  auto news = on.news();
  EXPECT_THAT(news, Contains("journal: load"));
  EXPECT_THAT(news, Contains("election: look with 0x100000005"));
}

/// Which says nothing of the disk: it is neither probed nor told of as failed.
TEST_F(Peer, LogThatRefusedATxnEndsTheRoleAndIsReadAnewAtOnce) {
  elect(1);
  on.news();
  caf::anon_send(peer_, log_refused{"a hole"});
  run();
  auto news = on.news();
  EXPECT_THAT(news, Contains("database: stop"));
  EXPECT_THAT(news, Contains("journal: load"));
  EXPECT_THAT(news, Not(Contains("journal: probe")));
  EXPECT_THAT(news, Contains("election: look with 0x100000005"));
  EXPECT_EQ(status().disk_fault, "");
  EXPECT_EQ(status().disk_faults, 0U);
}

/// Whoever cannot write stands for nothing, and is asked for reads alone.
TEST_F(Peer, WhileTheDiskFailsItServesReadsAndTriesTheDiskEverMoreRarely) {
  elect(1);
  on.news();
  on.probe_fails = true;
  caf::anon_send(peer_, disk_failed{"no space"});
  run();
  EXPECT_THAT(on.news_of("database"), ElementsAre("database: stop", "database: read only"));
  std::vector<int> tried;  // in tenths of a second
  for (int step = 1; step <= 200; ++step) {
    pass(100ms);
    if (!on.news_of("journal: probe").empty()) tried.push_back(step);
  }
  EXPECT_THAT(tried, ElementsAre(5, 15, 35, 75, 125, 175)) << "up to five ticks of a second";
  on.probe_fails = false;
  pass(5s);
  auto news = on.news();
  EXPECT_THAT(news,
              ElementsAre("journal: probe", "journal: load", "database: stop",
                          "database: install 0x100000005", "election: looking",
                          "journal: read after 0x100000005", "election: look with 0x100000005"));
}

/// Otherwise one that works for a moment at a time would take its server in and out for ever.
TEST_F(Peer, DiskThatFailsAgainSoonIsLeftAloneForLonger) {
  std::vector<int> waited;  // in tenths of a second
  for (int times = 0; times < 5; ++times) {
    pass(3s);
    elect(1);
    caf::anon_send(peer_, disk_failed{"no space"});
    run();
    on.news();
    int steps = 0;
    for (; on.news_of("journal: probe").empty() && steps < 100; ++steps) pass(100ms);
    waited.push_back(steps);
  }
  EXPECT_THAT(waited, ElementsAre(5, 10, 20, 40, 50));
}

TEST_F(Peer, WhatCannotBeReadIsNoVoteAndNoCandidate) {
  on.on_disk.last_logged = on.last_logged = {};
  on.on_disk.damaged = "the middle of the log is not what was written";
  elect(1);
  on.news();
  log_range nothing;
  nothing.complete = nothing.damaged = true;
  on.ranges = {nothing};
  log::set_observer([](log::level, std::string_view) {});
  caf::anon_send(peer_, disk_failed{"no space"});
  run();
  pass(600ms);
  log::set_observer({});
  EXPECT_THAT(on.news(), Contains("election: look with 0xffffffffffffffff"));
  elect(3);
  EXPECT_THAT(on.news(), Contains("learner made at 0x0, needs a snapshot, no vote"));
}

/// It follows for a snapshot, and stands all the same when nobody else is there to lead.
TEST_F(Peer, TreeInDoubtIsReplacedByALeadersUnlessThereIsNone) {
  on.on_disk.tree_differs = true;
  elect(3);
  on.news();
  role_says(role_ended{"its tree differs", role_ended::trust::none_by_digest});
  kill(role_);
  EXPECT_THAT(on.news(), ElementsAre("database: stop", "election: looking", "journal: load",
                                     "database: install 0x100000005", "election: looking",
                                     "journal: read after 0x100000005",
                                     "election: look with 0xffffffffffffffff"));
  pass(10'100ms);
  EXPECT_THAT(on.news(), Contains("election: look with 0x100000005"));
  ballot_.decision.release();
  run();
}

TEST_F(Peer, TreeThatIsRightWhenItIsReadAnewIsBelieved) {
  elect(3);
  on.news();
  role_says(role_ended{"its tree differs", role_ended::trust::none_by_digest});
  kill(role_);
  EXPECT_THAT(on.news(), Contains("election: look with 0x100000005"));
  elect(3);
  EXPECT_THAT(on.news(), Contains("learner made at 0x100000005"));
}

/// It goes on standing, and asks for a snapshot until it has served with its leader's history.
TEST_F(Peer, LogThatCannotBeCutToTheLeadersHistoryIsReplacedByASnapshot) {
  elect(3);
  role_says(role_ended{"cannot truncate the log", role_ended::trust::no_cut});
  on.news();
  kill(role_);
  EXPECT_THAT(on.news(), Contains("election: look with 0x100000005"));
  elect(3);
  EXPECT_THAT(on.news(), Contains("learner made at 0x100000005, needs a snapshot"));
  role_says(role_established{epoch{2}});
  kill(role_);
  pass(5s);
  elect(3);
  EXPECT_THAT(on.news(), Contains("learner made at 0x100000005"));
}

/// What it has on its disk may be as wrong as its tree.
TEST_F(Peer, LeaderWhomTheOthersContradictTakesTheirTree) {
  elect(1);
  role_says(role_ended{"the others' trees differ", role_ended::trust::none_by_others});
  on.news();
  kill(role_);
  EXPECT_THAT(on.news(), Contains("election: look with 0xffffffffffffffff"));
  elect(3);
  EXPECT_THAT(on.news(), Contains("learner made at 0x100000005, needs a snapshot"));
}

TEST_F(Peer, WordsOfAFormerRoleReachNobody) {
  elect(3);
  auto former = role_;
  kill(role_);
  elect(3);
  on.news();
  caf::send_as(former, to_, role_established{epoch{9}});
  run();
  EXPECT_THAT(on.news(), ElementsAre());
}

TEST_F(Peer, TermsThatAreOverAtOnceComeAtALowerRate) {
  on.news();
  int terms = 0;
  for (int step = 0; step < 100; ++step) {
    if (ballot_.asked > terms) {
      elect(3);
      kill(role_);
      ++terms;
    }
    pass(100ms);
  }
  EXPECT_GT(terms, 5);
  EXPECT_LT(terms, 20);
}

TEST_F(Peer, LearnerOfAnotherEnsembleIsTurnedAway) {
  elect(1);
  on.news();
  wire::LearnerInfo hello;
  hello.set_server(2);
  auto learner = keep(fake_learner(system(), &on));
  caf::send_as(learner, peer_, hello);
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: not leading"));
}

/// Who was taken for the leader by one that had not heard everybody yet: while it looks it may come
/// to lead; once it follows, the other would only wait for nothing.
TEST_F(Peer, LearnerMayAskAgainWhileThisServerLooksAndNotOnceItFollows) {
  on.news();
  wire::LearnerInfo hello;
  hello.set_server(2);
  hello.set_server_list_digest(config::digest_of(config::membership_of(context->config)));
  auto learner = keep(fake_learner(system(), &on));
  caf::send_as(learner, peer_, hello);
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: not leading yet"));
  elect(3);
  on.news();
  caf::send_as(learner, peer_, hello);
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: not leading"));
}

TEST_F(Peer, LearnerWithAnImplausiblePromiseIsTurnedAwayAndToldWhy) {
  elect(1);
  on.news();
  wire::LearnerInfo hello;
  hello.set_server(2);
  hello.set_server_list_digest(config::digest_of(config::membership_of(context->config)));
  const auto says = [&](std::int64_t accepted) {
    hello.set_accepted_epoch(accepted);
    auto learner = keep(fake_learner(system(), &on));
    caf::send_as(learner, peer_, hello);
    run();
    return on.news_of("learner");
  };
  EXPECT_THAT(says(1 + core::epochs_missed_max), testing::IsEmpty());
  EXPECT_THAT(says(2 + core::epochs_missed_max), ElementsAre("learner: not leading"));
  EXPECT_THAT(says(-1), ElementsAre("learner: not leading"));
  EXPECT_THAT(says(core::epoch_max.value), ElementsAre("learner: not leading"));
}

/// While files are changed one restart at a time; a list that could elect apart from ours is none.
TEST_F(Peer, LearnerWithOneVoterMoreInItsListIsIntroducedAndOneWithTwoMoreIsNot) {
  elect(1);
  on.news();
  auto theirs = config::membership_of(context->config);
  const auto introduced = [&] {
    theirs.servers.push_back(theirs.servers.back());
    ++theirs.servers.back().id.value;
    wire::LearnerInfo hello;
    hello.set_server(theirs.servers.back().id.value);
    hello.set_server_list_digest(config::digest_of(theirs));
    hello.set_server_list(config::told_lines(theirs));
    caf::send_as(keep(fake_learner(system(), &on)), peer_, hello);
    run();
    return on.news();
  };
  EXPECT_THAT(introduced(), testing::IsEmpty()) << "it is the leader's now";
  EXPECT_THAT(introduced(), ElementsAre("learner: not leading"));
}

class PeerThatServesReads : public Peer {
 protected:
  PeerThatServesReads() { context->config.read_only_mode = true; }
};

/// QuorumPeer.run: max(2 s, tickTime).
TEST_F(PeerThatServesReads, DoesSoAfterTwoSecondsWithoutALeader) {
  elect(3);
  kill(role_);
  on.news();
  pass(1'900ms);
  EXPECT_THAT(on.news(), ElementsAre());
  pass(200ms);
  EXPECT_THAT(on.news(), ElementsAre("database: read only"));
  elect(3);
  EXPECT_THAT(on.news(),
              ElementsAre("database: stop", "learner made at 0x100000005", "election: following"));
  pass(5s);
  EXPECT_THAT(on.news(), Not(Contains("database: read only")));
}

// -- the list of servers ------------------------------------------------------------------------

class PeerOfChanging : public Peer {
 protected:
  PeerOfChanging() { context->config.reconfig_enabled = true; }
  static membership_ptr list(std::int64_t version) {
    config::membership m{zxid{version}, {}};
    for (std::int64_t n : {1, 3})
      m.servers.push_back({.id = {n}, .host = "h", .peer_port = 1, .election_port = 2});
    return std::make_shared<const config::membership>(std::move(m));
  }
};

TEST_F(PeerOfChanging, NewerListThatTheElectionHeardOfIsKeptAndTheSearchBeginsAnew) {
  on.news();
  ballot_.newer = list(0x100000009);
  elect(0);
  ballot_.newer = nullptr;
  EXPECT_THAT(on.news(),
              ElementsAre("journal: store list 0x100000009", "election: looking",
                          "journal: read after 0x100000005", "election: look with 0x100000005"));
}

constexpr const char* list_in_the_log =
    "server.1=h:1:2:participant\nserver.2=h:3:4:participant\nversion=100000009\n";

TEST_F(PeerOfChanging, LooksAmongTheListThatTheLogHolds) {
  elect(3);
  role_says(membership_committed{list(0x100000004)});
  on.shown_membership = list_in_the_log;
  kill(role_);
  EXPECT_EQ(ballot_.seen_version, zxid{0x100000009});
}

/// A copied directory, of an ensemble whose servers are elsewhere: ZooKeeper goes by its files.
TEST_F(PeerOfChanging, ListInTheLogIsNotItsOwnWhileItsFilesNameOneThatNeverWas) {
  elect(3);
  on.shown_membership = list_in_the_log;
  kill(role_);
  EXPECT_EQ(ballot_.seen_version, zxid{});
}

TEST_F(PeerOfChanging, ListThatARoleSaysIsCommittedIsTheElectionsFromThenOn) {
  elect(3);
  on.news();
  role_says(membership_committed{list(0x100000009)});
  EXPECT_THAT(on.news(), ElementsAre("election: members of 0x100000009"));
  role_says(membership_committed{list(0x100000004)});
  EXPECT_THAT(on.news(), ElementsAre("election: members of 0x100000009")) << "an older one";
}

TEST_F(PeerOfChanging, StrangerIsIntroducedToTheLeaderAndOneWithANewerListTurnedAway) {
  elect(1);
  role_says(membership_committed{list(0x100000009)});
  on.news();
  wire::LearnerInfo hello;
  hello.set_server(7);
  auto learner = keep(fake_learner(system(), &on));
  caf::send_as(learner, peer_, hello);
  run();
  EXPECT_THAT(on.news(), testing::IsEmpty()) << "it is the leader's now";
  hello.set_membership_version(0x200000000);
  auto other = keep(fake_learner(system(), &on));
  caf::send_as(other, peer_, hello);
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: not leading"));
}

}  // namespace
}  // namespace troupe::test
