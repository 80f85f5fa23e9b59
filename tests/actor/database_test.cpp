// SPDX-License-Identifier: Apache-2.0
/// The database as its clients see it, with a leader or an upstream that only listens: the order of
/// replies, watches and writes, and whose session it is (ZooKeeper's CommitProcessorTest,
/// FinalRequestProcessorTest, SessionTrackerTest and ZOOKEEPER-1208).
#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

/// What a client sees must not depend on which server it asks (ZOOKEEPER-3512; ZooKeeper goes on).
TEST_F(Database, TreeThatIsNotWhatADigestSaysIsServedToNobody) {
  tell(know_membership{
      std::make_shared<const config::membership>(config::membership_of(context->config))});
  learn();
  session_exists({7}, at(1, 1));
  EXPECT_EQ(*open({1}, {7}, "mine"), "nothing");
  upstream_heard_.verdicts.release();
  run();
  on.news();
  log::set_observer([](log::level, std::string_view) {});
  txn made{{{7}, cxid{1}, at(1, 2), 1, op_code::create}, create_txn{"/a", "x", {}, false, 1}, {}};
  made.digest = txn_digest{core::digest_version, 0x4711};
  tell(apply_txns{{make_logged(made)}});
  log::set_observer({});
  EXPECT_EQ(upstream_heard_.differs_at, at(1, 2));
  EXPECT_THAT(on.news(), ElementsAre("mine: closed"));
  EXPECT_EQ(*open({2}, {7}, "again"), "not serving");
  tell(start_read_only{});
  EXPECT_EQ(*open({3}, {}, "a reader", true), "not serving");
  EXPECT_EQ(stats().digest_mismatches, 1u);
  tell(install_image{std::make_shared<core::image>(), {}});
  learn();
  EXPECT_EQ(upstream_heard_.differs_at, at(1, 2)) << "nothing more to say of the new one";
  EXPECT_TRUE(stats().serving);
}

/// There is nobody to learn from: as ZooKeeper, it counts.
TEST_F(Database, TreeOfTheOnlyServerIsServedWhateverADigestSays) {
  learn();
  log::set_observer([](log::level, std::string_view) {});
  txn made{{{7}, cxid{1}, at(1, 2), 1, op_code::create}, create_txn{"/a", "x", {}, false, 1}, {}};
  made.digest = txn_digest{core::digest_version, 0x4711};
  tell(apply_txns{{make_logged(made)}});
  log::set_observer({});
  EXPECT_TRUE(stats().serving);
  EXPECT_EQ(stats().digest_mismatches, 1u);
}

TEST_F(Database, ReadWaitsForTheConnectionsOwnWritesAndForNobodyElses) {
  lead();
  open_new(conn_a, "a");
  open_new(conn_b, "b");
  ask(conn_a, {create(1, "/x"), get(2, "/x")});
  ask(conn_b, {get(1, "/x")});
  EXPECT_THAT(on.news(), ElementsAre("b: xid 1 err -101"));
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0", "a: xid 2 err 0"));
}

TEST_F(Database, WatchEventLeavesBeforeTheReplyThatShowsTheChange) {
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {{cxid{1}, op_code::exists, jute::encode(read_request{"/x", true})}});
  ask(conn_a, {create(2, "/x"), get(3, "/x")});
  on.news();
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: event /x", "a: xid 2 err 0", "a: xid 3 err 0"));
}

/// WatchManager.triggerWatch tells all from one event; here it is encoded once, for connections
/// that are not next to each other too.
TEST_F(Database, ChangeThatManyWatchReachesEachOnceAndBeforeItsReplies) {
  constexpr connection_id conn_c{3}, conn_d{4};
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {create(1, "/x")});
  commit();
  open_new(conn_b, "b");
  open_new(conn_c, "c");
  open_new(conn_d, "d");
  for (auto id : {conn_a, conn_b, conn_d}) ask(id, {get(2, "/x", true)});
  tell(connection_closed{conn_b});
  ask(conn_d, {create(3, "/y"), get(4, "/x")});
  commit();
  on.news();
  ask(conn_c, {{cxid{5}, op_code::set_data, jute::encode(set_data_request{"/x", "new", -1})}});
  ask(conn_d, {create(6, "/z"), get(7, "/x")});
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: event /x", "c: xid 5 err 0", "d: event /x",
                                     "d: xid 6 err 0", "d: xid 7 err 0"));
}

// DataTree.setWatches: such an event has no zxid (ZOOKEEPER-4655 gave the others theirs).
TEST_F(Database, WatchesSetAgainTellWhatWasMissedEvenIfALaterListIsNull) {
  lead();
  open_new(conn_a, "a");
  auto body = jute::encode(set_watches_request{zxid{0}, {"/gone"}, {}, {}});
  ask(conn_a, {{cxid{special_xid::set_watches}, op_code::set_watches, body}});
  body.replace(body.size() - 4, 4, "\xff\xff\xff\xff");
  ask(conn_a, {{cxid{special_xid::set_watches}, op_code::set_watches, body}});
  EXPECT_THAT(on.news(), ElementsAre("a: event /gone of no txn", "a: xid -8 err 0",
                                     "a: event /gone of no txn", "a: xid -8 err -5"));
}

TEST_F(Database, SecondConnectionOfASessionClosesTheFirst) {
  lead();
  auto session = open_new(conn_a, "a");
  EXPECT_EQ(*open(conn_b, session, "b"), "open");
  EXPECT_THAT(on.news(), ElementsAre("a: closed"));
}

TEST_F(Database, SessionThatMovedMakesItsFormerServersWritesFail) {
  lead();
  auto session = open_new(conn_a, "a");
  system().spawn([this, session](caf::event_based_actor* self) {
    self->request(database_, caf::infinite, revalidate_session{session, server_id{2}})
        .then([](const session_verdict& x) { EXPECT_TRUE(x.valid); });
  });
  run();
  ask(conn_a, {create(1, "/x")});
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: closed"));
}

/// Some clients number their requests anew on each connection.
TEST_F(Database, WriteOfAFormerConnectionDoesNotAnswerTheNewOnesRequestOfTheSameNumber) {
  lead();
  auto session = open_new(conn_a, "a");
  ask(conn_a, {create(1, "/old")});
  EXPECT_EQ(*open(conn_b, session, "b"), "open");
  ask(conn_b, {create(1, "/old")});
  on.news();
  commit();
  EXPECT_THAT(on.news(), ElementsAre("b: xid 1 err -110"));  // the second create finds the first's
}

TEST_F(Database, WriteOfAFormerConnectionElsewhereDoesNotAnswerTheNewOnesRequest) {
  learn();
  session_exists({7}, at(2, 1));
  auto outcome = open(conn_a, {7}, "a");
  ASSERT_EQ(upstream_heard_.questions, 1);
  // What the leader had planned for the session when it moved here ends at 2.
  upstream_heard_.verdict.planned_upto = at(2, 2);
  upstream_heard_.verdicts.release();
  run();
  EXPECT_EQ(*outcome, "open");
  ask(conn_a, {create(1, "/x")});
  commit({7}, {1}, at(2, 2), error_txn{error_code::no_auth}, op_code::error);
  EXPECT_THAT(on.news(), IsEmpty());
  commit({7}, {1}, at(2, 3), error_txn{error_code::node_exists}, op_code::error);
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err -110"));
}

TEST_F(Database, CredentialsCountForTheWritesBehindThemThoughTheirAnswerWaits) {
  learn();
  session_exists({7}, at(2, 1));
  open(conn_a, {7}, "a");
  upstream_heard_.verdicts.release();
  run();
  client_request auth{cxid{special_xid::auth}, op_code::auth,
                      jute::encode(auth_request{0, "digest", "me:secret"})};
  ask(conn_a, {create(1, "/x"), auth, create(2, "/y")});
  ASSERT_EQ(upstream_heard_.forwarded.size(), 2u);
  EXPECT_EQ(upstream_heard_.forwarded[0].identities.size(), 1u);
  EXPECT_EQ(upstream_heard_.forwarded[1].identities.size(), 2u);
  EXPECT_THAT(on.news(), IsEmpty());
}

/// The session may have been elsewhere meanwhile; its requests there must not be overtaken.
TEST_F(Database, RequestsOfAnOlderConnectionAreNotForwardedOnceTheSessionIsTakenUpAnew) {
  learn();
  session_exists({7}, at(2, 1));
  open(conn_a, {7}, "a");
  upstream_heard_.verdicts.release();
  run();
  upstream_heard_.verdicts.hold();
  open(conn_b, {7}, "b");
  EXPECT_THAT(on.news(), ElementsAre("a: closed"));
  ask(conn_a, {create(1, "/x")});
  EXPECT_THAT(upstream_heard_.forwarded, IsEmpty());
}

/// Some clients number their requests anew on each connection.
TEST_F(Database, SyncAnsweredForAnOlderConnectionLeavesTheNewOneWaiting) {
  learn();
  session_exists({7}, at(2, 1));
  auto sync = [](int xid) {
    return client_request{cxid{xid}, op_code::sync, jute::encode(read_request{"/x", false})};
  };
  upstream_heard_.verdicts.release();
  open(conn_a, {7}, "a");
  ask(conn_a, {sync(1)});
  open(conn_b, {7}, "b");
  ask(conn_b, {sync(1)});
  ASSERT_THAT(on.news(), ElementsAre("a: closed"));
  tell(sync_done{{7}, cxid{1}, conn_a.value});
  EXPECT_THAT(on.news(), IsEmpty());
  tell(sync_done{{7}, cxid{1}, conn_b.value});
  EXPECT_THAT(on.news(), ElementsAre("b: xid 1 err 0"));
}

// -- sessions and roles that end ----------------------------------------------------------------

TEST_F(Database, NewSessionsAreNumberedFromTheTimeThatTheJournalClaimed) {
  constexpr std::int64_t claimed_ms = 1'800'000'000'000;
  core::session_id_generator expected{context->me, claimed_ms};
  const install_image read{std::make_shared<core::image>(), {}, 0, claimed_ms};
  tell(read);
  lead();
  EXPECT_EQ(open_new(conn_a, "a"), expected.next());
  tell(stop_serving{});
  tell(read);  // the same life reads its files anew
  lead();
  EXPECT_EQ(open_new(conn_b, "b"), expected.next());
}

TEST_F(Database, EndOfTheRoleClosesEveryConnection) {
  lead();
  open_new(conn_a, "a");
  open_new(conn_b, "b");
  tell(stop_serving{});
  EXPECT_THAT(on.news(), testing::UnorderedElementsAre("a: closed", "b: closed"));
}

TEST_F(Database, ReattachUnderWayWhenTheRoleEndsIsAnsweredNotServing) {
  learn();
  session_exists({7}, at(2, 1));
  auto outcome = open(conn_a, {7}, "a");
  tell(stop_serving{});
  EXPECT_EQ(*outcome, "not serving");
}

TEST_F(Database, VerdictOfAFormerTermOpensNothing) {
  learn();
  session_exists({7}, at(2, 1));
  auto outcome = open(conn_a, {7}, "a");
  tell(stop_serving{});
  learn();
  upstream_heard_.verdicts.release();
  run();
  EXPECT_EQ(*outcome, "not serving");
  ask(conn_a, {get(1, "/")});
  EXPECT_THAT(on.news(), IsEmpty());
}

TEST_F(Database, ClientThatLeavesWhileItsSessionIsLookedUpIsForgotten) {
  learn();
  session_exists({7}, at(2, 1));
  open(conn_a, {7}, "a");
  tell(connection_closed{conn_a});
  upstream_heard_.verdicts.release();
  run();
  ask(conn_a, {get(1, "/")});
  EXPECT_THAT(on.news(), IsEmpty());
}

/// Neither valid nor expired: who asked tries elsewhere.
TEST_F(Database, ServerThatDoesNotLeadGivesNoVerdictOnASession) {
  learn();
  session_exists({7}, at(2, 1));
  std::string answer = "none";
  system().spawn([&](caf::event_based_actor* self) {
    self->request(database_, caf::infinite, revalidate_session{{7}, server_id{2}})
        .then([&](const session_verdict& x) { answer = x.valid ? "valid" : "expired"; },
              [&](const caf::error&) { answer = "an error"; });
  });
  run();
  EXPECT_EQ(answer, "an error");
}

TEST_F(Database, SessionExpiresAfterItsTimeoutAndItsConnectionIsClosed) {
  lead();
  open_new(conn_a, "a");
  for (int n = 0; n < 24; ++n) {
    advance(500ms);
    tell(expire_sessions{});
  }
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: closed"));
}

/// A process that was stopped for a while, or a turn that took long: what clients sent meanwhile
/// waits to be read.
TEST_F(Database, TimeInWhichThisServerHeardNobodyDoesNotExpireSessions) {
  lead();
  open_new(conn_a, "a");
  tell(expire_sessions{});
  advance(30s);
  tell(expire_sessions{});
  tell(expire_sessions{});
  EXPECT_THAT(planned_, IsEmpty());
  ask(conn_a, {get(1, "/")});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0"));
}

TEST_F(Database, SnapshotStreamEndsWithWhoAskedForIt) {
  lead();
  std::uint64_t stream = 0;
  auto asking = keep(system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->request(database_, caf::infinite, open_stream{}).then([&](const stream_opened& x) {
      stream = x.stream;
    });
    return {[](int) {}};
  }));
  run();
  ASSERT_NE(stream, 0u);
  kill(asking);
  std::string answer = "none";
  system().spawn([&](caf::event_based_actor* self) {
    self->request(database_, caf::infinite, get_stream_piece{stream})
        .then([&](const snapshot_piece&) { answer = "a piece"; },
              [&](const caf::error&) { answer = "an error"; });
  });
  run();
  EXPECT_EQ(answer, "an error");
}

}  // namespace
}  // namespace troupe::test
