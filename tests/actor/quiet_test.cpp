// SPDX-License-Identifier: Apache-2.0
/// Traffic that stops: whatever the last message asked for is done without another one to push it.
/// Ends of turns, handed over from one phase to the next, are where it would wait.
#include "actors/base/ensemble.hpp"
#include "actors/leading/leader.hpp"
#include "actors/learning/follower.hpp"
#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// -- the database ---------------------------------------------------------------------------------

class QuietDatabase : public Database {
 protected:
  static client_request sync(int xid) {
    return {cxid{xid}, op_code::sync, jute::encode(path_request{"/"})};
  }
  /// A client of a follower.
  void follow() {
    learn();
    session_exists({7}, at(1, 1));
    upstream_heard_.verdicts.release();
    open(conn_a, {7}, "a");
    on.news();
  }
};

TEST_F(QuietDatabase, SyncIsAnsweredWhenItIsDone) {
  follow();
  ask(conn_a, {sync(1), get(2, "/")});
  ASSERT_EQ(upstream_heard_.forwarded.size(), 1u);
  EXPECT_EQ(upstream_heard_.forwarded[0].connection, conn_a.value);
  EXPECT_THAT(on.news(), IsEmpty());
  tell(sync_done{{7}, cxid{1}, conn_a.value});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0", "a: xid 2 err 0"));
}

TEST_F(QuietDatabase, WritesBehindASyncGoOnWhenItIsDone) {
  follow();
  ask(conn_a, {sync(1), create(2, "/x"), get(3, "/"), create(4, "/y")});
  tell(sync_done{{7}, cxid{1}, conn_a.value});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0"));
  std::vector<int> asked;
  for (const auto& x : upstream_heard_.forwarded) asked.push_back(x.cx.value);
  EXPECT_THAT(asked, ElementsAre(1, 2, 4));
}

TEST_F(QuietDatabase, LastTxnOfAllAnswersAndTellsAtOnce) {
  lead();
  open_new(conn_a, "a");
  open_new(conn_b, "b");
  ask(conn_b, {{cxid{1}, op_code::exists, jute::encode(read_request{"/x", true})}});
  ask(conn_a, {create(1, "/x"), get(2, "/x")});
  on.news();
  commit();
  EXPECT_THAT(on.news(),
              testing::UnorderedElementsAre("a: xid 1 err 0", "a: xid 2 err 0", "b: event /x"));
}

/// What was too much for one turn is done in the next ones, not with the next message.
TEST_F(QuietDatabase, ReadsThatWereTooManyForOneTurnAreAllAnswered) {
  context->steps_per_slice = 1;
  lead();
  open_new(conn_a, "a");
  std::vector<client_request> all{create(1, "/x")};
  for (int i = 0; i < 100; ++i) all.push_back(get(i + 2, "/x"));
  ask(conn_a, std::move(all));
  on.news();
  commit();
  EXPECT_THAT(on.news(), SizeIs(101));
}

TEST_F(QuietDatabase, SessionsThatExpireTogetherAreAllPlannedThoughNothingElseComes) {
  lead();
  for (std::uint64_t n = 1; n <= 300; ++n) open_new(connection_id{n}, "c");
  for (int i = 0; i < 14; ++i) {
    advance(1s);
    tell(expire_sessions{});
  }
  EXPECT_THAT(planned_, SizeIs(300));
}

TEST_F(QuietDatabase, WhatTheLeaderNoLongerHoldsBackGoesAtOnce) {
  follow();
  tell(hold_writes{true});
  const std::string much(10'000, 'x');
  ask(conn_a, {{cxid{1}, op_code::set_data, jute::encode(set_data_request{"/x", much, -1})}});
  EXPECT_THAT(upstream_heard_.forwarded, IsEmpty());
  tell(hold_writes{false});
  EXPECT_THAT(upstream_heard_.forwarded, SizeIs(1));
}

// -- a learner ------------------------------------------------------------------------------------

links_actor::behavior_type one_link(links_actor::pointer, caf::strong_actor_ptr to) {
  return {[to](const dial& x) -> caf::result<linked> { return linked{x.to, to}; }};
}
introduction_sink::behavior_type deaf_port(introduction_sink::pointer) {
  return {[](const wire::LearnerInfo&) {}};
}

class QuietFollower : public room {
 protected:
  void start() {
    handler_ = keep(fake_handler(system(), &on, "handler"));
    auto port = keep(system().spawn(deaf_port));
    auto links = keep(system().spawn(one_link, caf::actor_cast<caf::strong_actor_ptr>(port)));
    on.last_logged = at(1, 5);
    learner_options options;
    options.context = context;
    options.leader = server_id{3};
    options.accepted = options.current = epoch{1};
    options.last = at(1, 5);
    options.journal = keep(fake_journal(system(), &on));
    options.database = keep(fake_database(system(), &on));
    options.peer = keep(fake_peer(system(), &on));
    options.links = links;
    options.members = config::make_view(config::membership_of(context->config));
    follower_ = keep(system().spawn(follower, options));
    run();
    leader_says(wire::LeaderInfo{});
    on.news();
  }
  template <class M>
  void leader_says(M m) {
    m.set_epoch(2);
    caf::send_as(handler_, follower_, std::move(m));
    run();
  }
  template <class M>
  static M carrying(const std::vector<zxid>& ids) {
    M m;
    for (auto id : ids) m.add_txns(sample_txn(id)->bytes);
    return m;
  }
  void leader_commits(zxid upto) {
    wire::Commit m;
    m.set_zxid(upto.value);
    leader_says(m);
  }

  learner_handler_actor handler_;
  learner_actor follower_;
};

/// The leader counts acks of its own epoch alone: what was logged before is told with its first.
TEST_F(QuietFollower, WhatWasLoggedBeforeItsFirstAckIsAckedRightBehindIt) {
  start();
  leader_says(carrying<wire::Proposal>({at(2, 1), at(2, 2)}));
  EXPECT_THAT(on.news_of("handler"), IsEmpty());
  leader_says(wire::NewLeader{});
  EXPECT_THAT(on.news_of("handler"),
              ElementsAre("handler: ACK of NEWLEADER 2", "handler: ACK 0x200000002"));
}

TEST_F(QuietFollower, WhatWasCommittedBeforeItServesIsAppliedByThen) {
  start();
  leader_says(carrying<wire::Proposal>({at(2, 1), at(2, 2)}));
  leader_commits(at(2, 1));
  leader_says(wire::NewLeader{});
  leader_commits(at(2, 2));
  leader_says(wire::UpToDate{});
  EXPECT_THAT(on.news_of("database"),
              ElementsAre("database: apply 0x200000001", "database: apply 0x200000002",
                          "database: learn 2"));
}

/// All at once, as after a pause of the process: nothing of it is left for the next message.
TEST_F(QuietFollower, WhatComesAllAtOnceIsAllDealtWith) {
  start();
  const auto say = [this](auto m) {
    m.set_epoch(2);
    caf::send_as(handler_, follower_, std::move(m));
  };
  const auto commit = [&](zxid upto) {
    wire::Commit m;
    m.set_zxid(upto.value);
    say(m);
  };
  say(carrying<wire::SyncTxns>({at(1, 6)}));
  say(wire::NewLeader{});
  say(carrying<wire::Proposal>({at(2, 1)}));
  commit(at(2, 1));
  run();
  EXPECT_THAT(on.news(),
              testing::IsSupersetOf({"database: apply 0x100000006", "database: apply 0x200000001",
                                     "handler: ACK of NEWLEADER 2", "handler: ACK 0x200000001"}));
  say(wire::UpToDate{});
  say(carrying<wire::Proposal>({at(2, 2)}));
  commit(at(2, 2));
  run();
  EXPECT_THAT(on.news(), testing::IsSupersetOf({"database: learn 2", "handler: ACK 0x200000002",
                                                "database: apply 0x200000002"}));
}

/// A term that fails within itself ends, and the peer elects again; it does not stand still.
TEST_F(QuietFollower, FailureOfItsOwnEndsTheTerm) {
  context->committed = [](const txn_ptr&) { throw std::runtime_error("no checker today"); };
  start();
  leader_says(carrying<wire::SyncTxns>({at(1, 6)}));
  leader_says(wire::NewLeader{});
  leader_says(wire::UpToDate{});
  context->committed = nullptr;
  EXPECT_THAT(on.news_of("peer"), ElementsAre("peer: ended, internal error"));
}

TEST_F(QuietFollower, NothingOfATermIsLeftInTheSumsOfItsServer) {
  start();
  leader_says(carrying<wire::Proposal>({at(2, 1)}));
  EXPECT_GT(context->gauges->proposed_bytes, 0);
  kill(caf::actor_cast<caf::actor>(follower_));
  follower_ = nullptr;
  EXPECT_EQ(context->gauges->proposed_bytes, 0);
}

// -- a leader -------------------------------------------------------------------------------------

/// That needs nobody.
class QuietLeader : public room {
 protected:
  QuietLeader() {
    context->config.servers.resize(1);
    leader_options options;
    options.context = context;
    options.members = config::make_view(config::membership_of(context->config));
    options.accepted = options.current = epoch{1};
    options.last = at(1, 5);
    options.journal = keep(fake_journal(system(), &on));
    options.database = keep(fake_database(system(), &on));
    options.peer = keep(fake_peer(system(), &on));
    leader_ = keep(system().spawn(leader, std::move(options)));
    run();
    on.news();
  }
  void propose_one(zxid id) {
    caf::anon_send(leader_, propose{txns_of({id})});
    run();
  }
  leader_actor leader_;
};

TEST_F(QuietLeader, LastTxnIsCommittedWhenItsDiskHasIt) {
  on.disk.hold();
  propose_one(at(2, 1));
  propose_one(at(2, 2));
  EXPECT_GT(context->gauges->proposed_bytes, 0);
  EXPECT_THAT(on.news_of("database"), IsEmpty());
  on.disk.release();
  run();
  EXPECT_THAT(on.news_of("database"),
              ElementsAre("database: apply 0x200000001", "database: apply 0x200000002"));
  EXPECT_EQ(context->gauges->proposed_bytes, 0);
}

TEST_F(QuietLeader, SyncOfAnEmptyWindowIsDoneAtOnce) {
  caf::anon_send(leader_, sync_behind{{std::nullopt, session_id{7}, cxid{70}}});
  run();
  EXPECT_THAT(on.news(), ElementsAre("database: sync done 70"));
}

TEST_F(QuietLeader, NothingOfATermIsLeftInTheSumsOfItsServer) {
  on.disk.hold();
  propose_one(at(2, 1));
  kill(caf::actor_cast<caf::actor>(leader_));
  leader_ = nullptr;
  EXPECT_EQ(context->gauges->proposed_bytes, 0);
}

}  // namespace
}  // namespace troupe::test
