// SPDX-License-Identifier: Apache-2.0
/// Sessions that only their server knows: while localSessionsEnabled (LocalSessionRequestTest,
/// SessionUpgradeTest), and at a server that serves reads without a leader (ReadOnlyModeTest).
#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DatabaseSessions : public Database {
 protected:
  DatabaseSessions() {
    context->config.servers.resize(3);
    for (std::int64_t n : {1, 2, 3}) context->config.servers[n - 1].id = {n};
  }
  session_id open_local(connection_id id, std::string name, bool accepts_read_only = false) {
    EXPECT_EQ(*open(id, {}, std::move(name), accepts_read_only), "open");
    return opened_;
  }
  /// With all that a learner's and a looking server's clock says to the database.
  void pass_by_ticks(std::chrono::milliseconds span) {
    const std::chrono::milliseconds tick{context->config.tick_ms};
    for (auto gone = 0ms; gone < span; gone += tick) {
      advance(tick);
      (void)answer_to<touched_sessions>(collect_touches{});
      tell(expire_sessions{});
    }
  }
  static client_request close(int xid) { return {cxid{xid}, op_code::close_session, {}}; }
};

class LocalSessions : public DatabaseSessions {
 protected:
  LocalSessions() { context->config.local_sessions = true; }
};

TEST_F(LocalSessions, OpenAndCloseWithoutATxn) {
  learn();
  auto session = open_local(conn_a, "a");
  EXPECT_NE(session, session_id{});
  EXPECT_EQ(stats().local_sessions, 1u);
  EXPECT_EQ(stats().sessions, 0u);
  ask(conn_a, {get(1, "/"), close(2)});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0", "a: xid 2 err 0", "a: closed"));
  EXPECT_THAT(upstream_heard_.forwarded, IsEmpty());
  EXPECT_EQ(stats().local_sessions, 0u);
}

TEST_F(LocalSessions, CloseWaitsBehindTheSessionsOwnWrites) {
  lead();
  open_local(conn_a, "a");
  ask(conn_a, {create(1, "/x"), close(2)});
  EXPECT_THAT(on.news(), IsEmpty());
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0", "a: xid 2 err 0", "a: closed"));
}

TEST_F(LocalSessions, NothingBehindTheirCloseIsTaken) {
  context->config.local_sessions_upgrading = true;
  lead();
  open_local(conn_a, "a");
  ask(conn_a, {create(1, "/x"), close(2), create(3, "/e", create_flag::ephemeral), get(4, "/")});
  EXPECT_EQ(planned_.size(), 1u);
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0", "a: xid 2 err 0", "a: closed"));
  EXPECT_EQ(stats().sessions, 0u);
  EXPECT_EQ(stats().ephemerals, 0u);
}

TEST_F(LocalSessions, AreTakenUpAgainHereWithoutAskingTheLeader) {
  learn();
  auto session = open_local(conn_a, "a");
  EXPECT_EQ(*open(conn_b, session, "b"), "open");
  EXPECT_EQ(opened_, session);
  EXPECT_EQ(upstream_heard_.questions, 0);
  EXPECT_THAT(on.news(), ElementsAre("a: closed"));
}

TEST_F(LocalSessions, ExpireHereAndAreGoneForGood) {
  learn();
  auto session = open_local(conn_a, "a");
  pass_by_ticks(9s);
  EXPECT_THAT(on.news(), IsEmpty());
  pass_by_ticks(4s);
  EXPECT_THAT(on.news(), ElementsAre("a: closed"));
  EXPECT_EQ(stats().local_sessions, 0u);
  EXPECT_THAT(upstream_heard_.forwarded, IsEmpty());
  auto again = open(conn_b, session, "b");
  upstream_heard_.verdict = {};
  upstream_heard_.verdicts.release_one();
  run();
  EXPECT_EQ(*again, "expired");
}

TEST_F(LocalSessions, AServerThatCouldHearNobodyExpiresNone) {
  learn();
  open_local(conn_a, "a");
  advance(30s);
  (void)answer_to<touched_sessions>(collect_touches{});
  EXPECT_THAT(on.news(), IsEmpty());
}

TEST_F(LocalSessions, LeaderIsNotToldThatTheyWereHeard) {
  learn();
  open_local(conn_a, "a");
  ask(conn_a, {get(1, "/")});
  EXPECT_THAT(answer_to<touched_sessions>(collect_touches{}).sessions, IsEmpty());
}

TEST_F(LocalSessions, EphemeralIsRefusedInItsTurnUnlessTheyMayBeUpgraded) {
  lead();
  open_local(conn_a, "a");
  ask(conn_a, {create(1, "/x"), create(2, "/e", create_flag::ephemeral), create(3, "/y")});
  EXPECT_THAT(on.news(), IsEmpty());
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0", "a: xid 2 err -120", "a: xid 3 err 0"));
}

TEST_F(LocalSessions, EphemeralInAMultiIsRefusedToo) {
  lead();
  open_local(conn_a, "a");
  std::string body;
  jute::writer w{body};
  create_request ephemeral;
  ephemeral.path = "/e";
  ephemeral.acl = std::vector<acl_entry>{{permission::all, {"world", "anyone"}}};
  ephemeral.flags = create_flag::ephemeral_sequential;
  w.raw(jute::encode(multi_header{op_code::create, false, -1}));
  w.raw(jute::encode(ephemeral));
  w.raw(jute::encode(multi_header{op_code::error, true, -1}));
  ask(conn_a, {{cxid{1}, op_code::multi, body}});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err -120"));
  EXPECT_THAT(planned_, IsEmpty());
}

TEST_F(LocalSessions, FirstEphemeralMakesThemSessionsOfAllServers) {
  context->config.local_sessions_upgrading = true;
  lead();
  auto session = open_local(conn_a, "a");
  ask(conn_a, {create(1, "/e", create_flag::ephemeral)});
  ASSERT_EQ(planned_.size(), 2u);
  EXPECT_EQ(planned_[0]->value.header.type, op_code::create_session);
  EXPECT_EQ(planned_[0]->value.header.client, session);
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0"));
  EXPECT_EQ(stats().local_sessions, 0u);
  EXPECT_EQ(stats().sessions, 1u);
  ask(conn_a, {close(2)});
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: xid 2 err 0", "a: closed"));
  EXPECT_EQ(stats().ephemerals, 0u);
}

TEST_F(LocalSessions, LearnerAsksTheLeaderToMakeThemSessionsOfAll) {
  context->config.local_sessions_upgrading = true;
  learn();
  auto session = open_local(conn_a, "a");
  ask(conn_a, {create(1, "/e", create_flag::ephemeral)});
  ASSERT_EQ(upstream_heard_.forwarded.size(), 2u);
  EXPECT_EQ(upstream_heard_.forwarded[0].op, op_code::create_session);
  EXPECT_EQ(upstream_heard_.forwarded[0].session, session);
  EXPECT_EQ(upstream_heard_.forwarded[1].op, op_code::create);
  EXPECT_THAT(answer_to<touched_sessions>(collect_touches{}).sessions, ElementsAre(session));
}

/// LeaderSessionTracker.checkSession.
TEST_F(LocalSessions, LeaderTakesWritesOfOtherServersSessionsButNoEphemerals) {
  lead();
  session_id theirs{(2LL << 56) + 77};
  auto write = [&](client_request x) {
    return write_request{theirs, x.xid, x.op, x.body, {}, 0, known_to::its_server};
  };
  tell(forwarded_writes{{2}, {write(create(1, "/x"))}});
  tell(forwarded_writes{{2}, {write(create(2, "/e", create_flag::ephemeral))}});
  ASSERT_EQ(planned_.size(), 2u);
  EXPECT_EQ(planned_[0]->value.header.type, op_code::create);
  EXPECT_EQ(std::get<error_txn>(planned_[1]->value.body).err, error_code::session_expired);
  session_id ours_and_gone{(1LL << 56) + 77};
  tell(
      forwarded_writes{{2}, {{ours_and_gone, cxid{1}, op_code::create, create(1, "/z").body, {}}}});
  ASSERT_EQ(planned_.size(), 3u);
  EXPECT_EQ(std::get<error_txn>(planned_[2]->value.body).err, error_code::session_expired);
}

/// The lock that it held may be another's by now. Its server made it, does not know yet that it is
/// over, and does not call it local any more, since it was made known to all.
TEST_F(LocalSessions, SessionThatAllKnewWritesNoMoreWhenItIsOverWhoeverPassesItOn) {
  lead();
  const session_id theirs{(2LL << 56) + 77};
  std::string timeout;
  jute::writer{timeout}.i32(10'000);
  tell(forwarded_writes{{2}, {{theirs, {}, op_code::create_session, timeout, {}}}});
  commit();
  tell(forwarded_writes{{2}, {{theirs, cxid{1}, op_code::close_session, {}, {}}}});
  commit();
  for (std::int64_t origin : {2, 3}) {
    tell(forwarded_writes{{origin},
                          {{theirs, cxid{2}, op_code::create, create(2, "/fenced").body, {}}}});
    ASSERT_EQ(planned_.size(), 1u);
    EXPECT_EQ(std::get<error_txn>(planned_[0]->value.body).err, error_code::session_expired);
    commit();
  }
}

TEST_F(LocalSessions, LocalSessionOfAServerIsTakenOnNoOtherServersWord) {
  lead();
  const session_id theirs{(2LL << 56) + 77};
  tell(forwarded_writes{
      {3},
      {{theirs, cxid{1}, op_code::create, create(1, "/x").body, {}, 0, known_to::its_server}}});
  ASSERT_EQ(planned_.size(), 1u);
  EXPECT_EQ(std::get<error_txn>(planned_[0]->value.body).err, error_code::session_expired);
}

TEST_F(LocalSessions, LearnerCallsThemLocalUntilAllKnowThem) {
  context->config.local_sessions_upgrading = true;
  learn();
  open_local(conn_a, "a");
  ask(conn_a, {create(1, "/x"), create(2, "/e", create_flag::ephemeral), create(3, "/y")});
  ASSERT_EQ(upstream_heard_.forwarded.size(), 4u);
  EXPECT_EQ(upstream_heard_.forwarded[0].known, known_to::its_server);
  for (std::size_t i : {1, 2, 3}) EXPECT_EQ(upstream_heard_.forwarded[i].known, known_to::all) << i;
}

/// A server of an earlier version says nothing; its clients go on, as they did.
TEST_F(LocalSessions, OfAServerThatDoesNotSayAreTakenByTheNumberOfTheirMaker) {
  lead();
  const session_id theirs{(2LL << 56) + 77};
  for (std::int64_t origin : {2, 3})
    tell(forwarded_writes{
        {origin},
        {{theirs, cxid{1}, op_code::create, create(1, "/x").body, {}, 0, known_to::unsaid}}});
  ASSERT_EQ(planned_.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<create_txn>(planned_[0]->value.body));
  EXPECT_EQ(std::get<error_txn>(planned_[1]->value.body).err, error_code::session_expired);
}

/// Eight bits of an id tell its maker.
TEST_F(LocalSessions, OfServersWithLargeNumbersMayWrite) {
  lead();
  const session_id theirs{(44LL << 56) + 77};
  tell(forwarded_writes{
      {300},
      {{theirs, cxid{1}, op_code::create, create(1, "/x").body, {}, 0, known_to::its_server}}});
  ASSERT_EQ(planned_.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<create_txn>(planned_[0]->value.body));
}

/// Its client has come to another server, and was told that the session is over. The one that made
/// it has not heard of that.
TEST_F(LocalSessions, OneThatWasSaidToBeOverElsewhereIsOver) {
  context->config.local_sessions_upgrading = true;
  lead();
  const session_id theirs{(2LL << 56) + 77};
  EXPECT_FALSE(answer_to<session_verdict>(revalidate_session{theirs, {3}}).valid);
  std::string timeout;
  jute::writer{timeout}.i32(10'000);
  const auto lock = create(2, "/lock", create_flag::ephemeral).body;
  tell(forwarded_writes{
      {2},
      {{theirs, cxid{1}, op_code::create, create(1, "/x").body, {}, 0, known_to::its_server},
       {theirs, {}, op_code::create_session, timeout, {}},
       {theirs, cxid{2}, op_code::create, lock, {}}}});
  ASSERT_EQ(planned_.size(), 3u);
  for (const auto& each : planned_)
    EXPECT_EQ(std::get<error_txn>(each->value.body).err, error_code::session_expired);
  commit();
  EXPECT_EQ(stats().sessions, 0u);
}

/// Some clients number their requests anew on each connection, and what a former one has asked
/// answers nothing on the next.
TEST_F(LocalSessions, WritesOfAFormerConnectionAnswerNothing) {
  for (bool leads : {true, false}) {
    leads ? lead() : learn();
    const auto session = open_local(conn_a, "a");
    ask(conn_a, {create(1, "/x"), create(2, "/y")});
    EXPECT_EQ(*open(conn_b, session, "b"), "open");
    ask(conn_b, {create(1, "/z")});
    EXPECT_THAT(on.news(), ElementsAre("a: closed"));
    std::uint32_t done = 0;
    const auto next_is_done = [&](int xid) {
      if (leads) return tell(apply_txns{{planned_.at(done++)}});
      const auto n = ++done;
      commit(session, cxid{xid}, at(9, n), create_txn{.path = "/n" + std::to_string(n)},
             op_code::create);
    };
    next_is_done(1);
    next_is_done(2);
    EXPECT_THAT(on.news(), IsEmpty());
    next_is_done(1);
    EXPECT_THAT(on.news(), ElementsAre("b: xid 1 err 0"));
    tell(stop_serving{});
    on.news();
  }
}

// -- sessions that have moved to another server ---------------------------------------------------

using MovedSessions = Database;

TEST_F(MovedSessions, StaleWriteIsNoTxnAndGoesBackWithItsConnection) {
  session_exists({7}, at(1, 1));
  lead();
  EXPECT_TRUE(answer_to<session_verdict>(revalidate_session{{7}, {2}}).valid);
  auto handler = keep(fake_handler(system(), &on, "handler of 3"));
  const write_request write{{7}, cxid{5}, op_code::create, create(5, "/x").body, {}, 9};
  caf::send_as(handler, database_, forwarded_writes{{3}, {write}});
  run();
  EXPECT_THAT(planned_, IsEmpty());
  EXPECT_THAT(on.news(), ElementsAre("handler of 3: stale write 5"));
  tell(forwarded_writes{{2}, {write}});
  EXPECT_EQ(planned_.size(), 1u);
}

/// It would not know the message.
TEST_F(MovedSessions, AServerOfAnEarlierVersionIsToldOfAStaleWriteByATxn) {
  session_exists({7}, at(1, 1));
  lead();
  EXPECT_TRUE(answer_to<session_verdict>(revalidate_session{{7}, {2}}).valid);
  auto handler = keep(fake_handler(system(), &on, "handler of 3"));
  const write_request write{{7}, cxid{5}, op_code::create, create(5, "/x").body,
                            {},  9,       known_to::unsaid};
  caf::send_as(handler, database_, forwarded_writes{{3}, {write}});
  run();
  EXPECT_THAT(on.news(), IsEmpty());
  ASSERT_EQ(planned_.size(), 1u);
  EXPECT_EQ(std::get<error_txn>(planned_[0]->value.body).err, error_code::session_moved);
}

TEST_F(MovedSessions, StaleWriteOfTheLeadersOwnClientClosesItsConnection) {
  lead();
  auto session = open_new(conn_a, "a");
  EXPECT_TRUE(answer_to<session_verdict>(revalidate_session{session, {2}}).valid);
  ask(conn_a, {create(5, "/x"), create(6, "/y")});
  EXPECT_THAT(planned_, IsEmpty());
  EXPECT_THAT(on.news(), ElementsAre("a: closed"));
}

/// Some clients number their requests anew on each connection.
TEST_F(MovedSessions, StaleWriteClosesTheConnectionThatItCameOverAndNotTheSessionsPresentOne) {
  learn();
  session_exists({7}, at(2, 1));
  upstream_heard_.verdicts.release();
  open(conn_a, {7}, "a");
  ask(conn_a, {create(1, "/x")});
  EXPECT_EQ(upstream_heard_.forwarded.back().connection, conn_a.value);
  open(conn_b, {7}, "b");
  ask(conn_b, {create(1, "/y")});
  ASSERT_THAT(on.news(), ElementsAre("a: closed"));
  tell(stale_write{{7}, cxid{1}, conn_a.value});
  EXPECT_THAT(on.news(), IsEmpty());
  commit({7}, cxid{1}, at(2, 2), create_txn{.path = "/y"}, op_code::create);
  EXPECT_THAT(on.news(), ElementsAre("b: xid 1 err 0"));
  ask(conn_b, {create(2, "/z")});
  tell(stale_write{{7}, cxid{2}, conn_b.value});
  EXPECT_THAT(on.news(), ElementsAre("b: closed"));
}

// -------------------------------------------------------------------------------------------------

TEST_F(LocalSessions, EndWithTheRole) {
  learn();
  auto session = open_local(conn_a, "a");
  tell(stop_serving{});
  EXPECT_THAT(on.news(), ElementsAre("a: closed"));
  lead();
  EXPECT_EQ(*open(conn_b, session, "b"), "expired");
}

TEST_F(LocalSessions, AreNoneOfAStandaloneServer) {
  context->config.servers.clear();
  lead();
  open_new(conn_a, "a");
  EXPECT_EQ(stats().local_sessions, 0u);
  EXPECT_EQ(stats().sessions, 1u);
}

TEST_F(LocalSessions, AreToldApartInTheDump) {
  lead();
  auto session = open_local(conn_a, "a");
  auto told = details({.sessions = true});
  EXPECT_TRUE(told.has_local);
  ASSERT_EQ(told.local_buckets.size(), 1u);
  EXPECT_THAT(told.local_buckets[0].sessions, ElementsAre(session));
  EXPECT_THAT(told.buckets, IsEmpty());
}

// -- reads without a leader -----------------------------------------------------------------------

using ReadOnly = DatabaseSessions;

TEST_F(ReadOnly, ServesReadsToThoseWhoAskForNoMore) {
  learn();
  commit({7}, {}, at(1, 1), create_txn{.path = "/x", .data = "d"}, op_code::create);
  tell(stop_serving{});
  tell(start_read_only{});
  open_local(conn_a, "a", true);
  EXPECT_TRUE(opened_read_only_);
  ask(conn_a, {get(1, "/x", true),
               create(2, "/y"),
               {cxid{3}, op_code::sync, jute::encode(read_request{"/x", false})},
               get(4, "/none")});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0", "a: xid 2 err -119", "a: xid 3 err -119",
                                     "a: xid 4 err -101"));
  ask(conn_a, {close(5)});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 5 err 0", "a: closed"));
}

TEST_F(ReadOnly, TurnsOthersAway) {
  tell(start_read_only{});
  EXPECT_EQ(*open(conn_a, {}, "a", false), "not serving");
}

/// Its locks may be gone, and only a leader would know.
TEST_F(ReadOnly, DoesNotTakeUpASessionOfAllServers) {
  learn();
  session_exists({7}, at(1, 1));
  tell(stop_serving{});
  tell(start_read_only{});
  EXPECT_EQ(*open(conn_a, {7}, "a", true), "not serving");
  EXPECT_EQ(*open(conn_b, {8}, "b", true), "expired");
}

TEST_F(ReadOnly, TakesUpItsOwnSessionsUntilTheyExpire) {
  tell(start_read_only{});
  auto session = open_local(conn_a, "a", true);
  EXPECT_EQ(*open(conn_b, session, "b", true), "open");
  on.news();
  pass_by_ticks(13s);
  EXPECT_THAT(on.news(), ElementsAre("b: closed"));
  EXPECT_EQ(*open(conn_a, session, "a", true), "expired");
}

TEST_F(ReadOnly, EndsWhenThereIsALeader) {
  tell(start_read_only{});
  open_local(conn_a, "a", true);
  tell(stop_serving{});
  EXPECT_THAT(on.news(), ElementsAre("a: closed"));
  learn();
  tell(start_read_only{});  // too late: it has a role
  auto opening = open(conn_b, {}, "b", true);
  EXPECT_EQ(*opening, "nothing");
  EXPECT_EQ(upstream_heard_.forwarded.size(), 1u);
}

}  // namespace
}  // namespace troupe::test
