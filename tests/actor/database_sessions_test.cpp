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
  auto write = [&](client_request x) { return write_request{theirs, x.xid, x.op, x.body, {}}; };
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
