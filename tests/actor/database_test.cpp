// SPDX-License-Identifier: Apache-2.0
/// The database as its clients see it, with a leader or an upstream that only listens: the order of
/// replies, watches and writes, and whose session it is (ZooKeeper's CommitProcessorTest,
/// FinalRequestProcessorTest, SessionTrackerTest and ZOOKEEPER-1208).
#include "actors/database.hpp"

#include "tests/actor/neighbours.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr connection_id conn_a{1}, conn_b{2};

/// The frames of an output, in words: "xid 5 err 0" or "event /a".
std::vector<std::string> words_of(std::string_view frames) {
  std::vector<std::string> out;
  while (!frames.empty()) {
    jute::reader length{frames.substr(0, 4)};
    auto size = static_cast<std::size_t>(length.i32());
    auto frame = frames.substr(4, size);
    frames.remove_prefix(4 + size);
    jute::reader in{frame};
    reply_header header;
    in(header);
    if (header.xid.value == special_xid::watch_event) {
      watch_event event;
      in(event);
      out.push_back("event " + event.path);
    } else {
      out.push_back("xid " + std::to_string(header.xid.value) + " err " +
                    std::to_string(static_cast<int>(header.err)));
    }
  }
  return out;
}

client_sink::behavior_type fake_client(client_sink::pointer, scene* on, std::string name) {
  return {[=](const client_output& m) {
    for (const auto& words : words_of(m.frames)) on->note(name + ": " + words);
    if (m.close) on->note(name + ": closed");
  }};
}

struct upstream_script {
  std::vector<write_request> forwarded;
  gate verdicts;
  session_verdict verdict{true, 10'000, {}};
  int questions = 0;
};
forward_sink::behavior_type fake_upstream(forward_sink::pointer self, upstream_script* to) {
  return {[=](const forwarded_writes& m) {
            to->forwarded.insert(to->forwarded.end(), m.requests.begin(), m.requests.end());
          },
          [=](const revalidate_session&) -> caf::result<session_verdict> {
            ++to->questions;
            return to->verdicts.answer<session_verdict>(self, [to] { return to->verdict; });
          }};
}

proposal_sink::behavior_type fake_leader(proposal_sink::pointer, std::vector<txn_ptr>* planned) {
  return {[=](const propose& m) { planned->insert(planned->end(), m.txns.begin(), m.txns.end()); },
          [](const sync_behind&) {}, [](const epoch_exhausted&) {}};
}

class Database : public room {
 protected:
  Database() {
    context->wall_ms = [] { return std::int64_t{1'700'000'000'000}; };
    upstream_heard_.verdicts.open_in(system());
    upstream_heard_.verdicts.hold();
    database_ = keep(system().spawn(database, database_options{context}));
    upstream_ = keep(system().spawn(fake_upstream, &upstream_heard_));
    leader_ = keep(system().spawn(fake_leader, &planned_));
    run();
  }
  void TearDown() override {
    upstream_heard_.verdicts.close_down();
    room::TearDown();
  }

  void lead() { tell(start_leading{epoch{2}, leader_}); }
  void learn() { tell(start_learning{epoch{2}, upstream_}); }
  template <class M>
  void tell(M m) {
    caf::anon_send(database_, std::move(m));
    run();
  }
  /// All that was planned so far is committed.
  void commit() { tell(apply_txns{std::exchange(planned_, {})}); }
  void commit(session_id client, cxid cx, zxid id, txn_body body, op_code type) {
    tell(apply_txns{
        {make_logged({{client, cx, id, 1'700'000'000'000, type}, std::move(body), {}})}});
  }
  void session_exists(session_id id, zxid created) {
    commit(id, {}, created, create_session_txn{10'000}, op_code::create_session);
  }

  /// Says how the answer came out: "open", "expired", ... or "nothing".
  std::shared_ptr<std::string> open(connection_id id, session_id session, std::string name) {
    auto outcome = std::make_shared<std::string>("nothing");
    auto client = keep(system().spawn(fake_client, &on, std::move(name)));
    system().spawn([=, this](caf::event_based_actor* self) {
      self->request(database_, caf::infinite,
                    open_session{id, session, 10'000, {}, "127.0.0.1", client})
          .then([=, this](const session_opened& x) {
            static constexpr const char* names[] = {"open", "expired", "behind", "not serving"};
            *outcome = names[static_cast<int>(x.result)];
            opened_ = x.session;
          });
    });
    run();
    return outcome;
  }
  session_id open_new(connection_id id, std::string name) {
    auto outcome = open(id, {}, std::move(name));
    commit();
    EXPECT_EQ(*outcome, "open");
    return opened_;
  }
  static client_request create(int xid, const std::string& path) {
    create_request body;
    body.path = path;
    body.acl = std::vector<acl_entry>{{permission::all, {"world", "anyone"}}};
    return {cxid{xid}, op_code::create, jute::encode(body)};
  }
  static client_request get(int xid, const std::string& path, bool watch = false) {
    return {cxid{xid}, op_code::get_data, jute::encode(read_request{path, watch})};
  }
  void ask(connection_id from, std::vector<client_request> requests) {
    tell(client_requests{from, std::move(requests)});
  }

  template <class Reply, class Question>
  Reply answer_to(Question question) {
    Reply out;
    system().spawn([&](caf::event_based_actor* self) {
      self->request(database_, caf::infinite, question).then([&](const Reply& x) { out = x; });
    });
    run();
    return out;
  }
  database_stats stats() { return answer_to<database_stats>(get_database_stats{}); }
  database_details details(get_database_details asked) {
    return answer_to<database_details>(asked);
  }
  database_details::connection_line figures_of(connection_id id) {
    for (auto& line : details({.connections = true}).connections)
      if (line.id == id) return line;
    ADD_FAILURE() << "no connection " << id.value;
    return {};
  }

  database_actor database_;
  forward_sink upstream_;
  proposal_sink leader_;
  upstream_script upstream_heard_;
  std::vector<txn_ptr> planned_;
  session_id opened_;
};

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

// -- operations -----------------------------------------------------------------------------------

TEST_F(Database, LastingWatchHearsOfEveryChangeUntilItIsRemoved) {
  lead();
  open_new(conn_a, "a");
  open_new(conn_b, "b");
  auto about = [](int xid, op_code op, std::int32_t number) {
    return client_request{
        cxid{xid}, op,
        jute::encode(add_watch_request{"/x", static_cast<add_watch_mode>(number)})};
  };
  ask(conn_a, {about(1, op_code::add_watch, 1)});
  ask(conn_b, {create(1, "/x"), create(2, "/x/y")});
  on.news();
  commit();
  EXPECT_THAT(on.news_of("a"), ElementsAre("a: event /x", "a: event /x/y"));
  ask(conn_a, {about(2, op_code::check_watches, 3), about(3, op_code::remove_watches, 3),
               about(4, op_code::remove_watches, 3)});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 2 err 0", "a: xid 3 err 0", "a: xid 4 err -121"));
  ask(conn_b, {create(3, "/x/z")});
  commit();
  EXPECT_THAT(on.news_of("a"), IsEmpty());
}

TEST_F(Database, OperationsThatAreNotForClientsAreUnknownAndEndTheConnection) {
  lead();
  for (auto op : {op_code::check, op_code::delete_container, op_code::create_session,
                  op_code::notification, op_code{999}}) {
    open_new(conn_a, "a");
    ask(conn_a, {create(1, "/x"), {cxid{2}, op, "body"}, create(3, "/y")});
    on.news();
    commit();
    auto news = on.news();
    ASSERT_EQ(news.size(), 3U) << static_cast<int>(op);
    EXPECT_EQ(news[1], "a: xid 2 err -6");
    EXPECT_EQ(news[2], "a: closed");
    for (const auto& txn : std::exchange(planned_, {}))
      EXPECT_NE(txn->value.header.type, op_code::delete_container);
  }
}

TEST_F(Database, LeaderDeletesContainersThatAreEmptyAgain) {
  context->config.container_check_interval_ms = 5'000;
  lead();
  open_new(conn_a, "a");
  auto container = create(1, "/c");
  container.op = op_code::create_container;
  ask(conn_a, {container, create(2, "/c/k"), create(3, "/plain")});
  ask(conn_a, {{cxid{4}, op_code::remove, jute::encode(delete_request{"/c/k", -1})}});
  commit();
  advance(4s);
  tell(expire_sessions{});
  EXPECT_THAT(planned_, IsEmpty());
  advance(2s);
  tell(expire_sessions{});
  ASSERT_EQ(planned_.size(), 1U);
  EXPECT_EQ(planned_[0]->value.header.type, op_code::delete_container);
  EXPECT_EQ(std::get<delete_txn>(planned_[0]->value.body).path, "/c");
  on.news();
  commit();
  ask(conn_a, {get(5, "/c"), get(6, "/plain")});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 5 err -101", "a: xid 6 err 0"));
}

TEST_F(Database, OnlyTheLeaderDeletesContainers) {
  learn();
  tell(expire_sessions{});
  advance(2min);
  tell(expire_sessions{});
  EXPECT_THAT(planned_, IsEmpty());
  EXPECT_THAT(upstream_heard_.forwarded, IsEmpty());
}

// -- who may come, and what is counted ------------------------------------------------------------

/// AuthenticationHelper.enforceAuthentication.
TEST_F(Database, WhoHasNotShownAnEnforcedSchemeIsTurnedAwayAtTheFirstRequest) {
  context->config.required_auth_schemes = {"digest"};
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {get(1, "/"), get(2, "/")});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err -124", "a: closed"));
  open_new(conn_b, "b");
  ask(conn_b, {{cxid{special_xid::auth}, op_code::auth,
                jute::encode(auth_request{0, "digest", "me:secret"})},
               get(1, "/")});
  EXPECT_THAT(on.news(), ElementsAre("b: xid -4 err 0", "b: xid 1 err 0"));
}

TEST_F(Database, LeaderThatShallNotServeOpensNoSessionAndItsFollowersDo) {
  context->config.leader_serves = false;
  lead();
  EXPECT_EQ(*open(conn_a, {}, "a"), "not serving");
  tell(stop_serving{});
  learn();
  open(conn_a, {}, "a");
  EXPECT_EQ(upstream_heard_.forwarded.size(), 1u);
}

TEST_F(Database, FiguresOfAConnectionFollowItsRequestsAndBeginAnewAfterAReset) {
  lead();
  auto session = open_new(conn_a, "a");
  auto opened = figures_of(conn_a);
  EXPECT_EQ(opened.session, session);
  EXPECT_EQ(opened.timeout_ms, 10'000);
  EXPECT_EQ(opened.figures.last_op, op_code::create_session);
  EXPECT_EQ(opened.figures.last_cxid, 0);
  EXPECT_EQ(opened.figures.last_zxid, at(2, 1));

  ask(conn_a, {create(7, "/x")});
  EXPECT_EQ(figures_of(conn_a).queued, 1u);
  advance(30ms);
  commit();
  ask(conn_a, {{cxid{special_xid::ping}, op_code::ping, {}}});
  auto after = figures_of(conn_a);
  EXPECT_EQ(after.queued, 0u);
  EXPECT_EQ(after.figures.last_op, op_code::ping);
  EXPECT_EQ(after.figures.last_cxid, 7) << "a ping has no number of its own";
  EXPECT_EQ(after.figures.last_zxid, at(2, 2));
  EXPECT_EQ(after.figures.latency_ms_max, 30);
  EXPECT_EQ(after.figures.latency_ms_last, 0);
  EXPECT_EQ(after.figures.count, 3);

  tell(reset_statistics{.connections = true});
  EXPECT_EQ(figures_of(conn_a).figures.count, 0);
  EXPECT_EQ(figures_of(conn_a).figures.last_cxid, -1);
  EXPECT_EQ(stats().latency_ms_max, 30);
  tell(reset_statistics{.server = true});
  EXPECT_EQ(stats().latency_ms_max, 0);
  EXPECT_EQ(stats().requests_received, 0u);
}

TEST_F(Database, DetailsNameWatchersSessionsAndEphemerals) {
  lead();
  auto a = open_new(conn_a, "a"), b = open_new(conn_b, "b");
  ask(conn_a, {get(1, "/", true), get(2, "/zookeeper", true)});
  ask(conn_b, {get(1, "/", true),
               {cxid{2}, op_code::get_children, jute::encode(read_request{"/zookeeper", true})}});
  auto told = details({.watches = true, .sessions = true});
  ASSERT_EQ(told.watches.size(), 2u);
  EXPECT_EQ(told.watches[0].path, "/");
  EXPECT_THAT(told.watches[0].by, ElementsAre(a, b));
  EXPECT_THAT(told.watches[1].by, ElementsAre(a));
  EXPECT_TRUE(told.leads);
  ASSERT_EQ(told.buckets.size(), 1u);
  EXPECT_THAT(told.buckets[0].sessions, ElementsAre(a, b));
  EXPECT_THAT(told.connections, IsEmpty());
  tell(stop_serving{});
  learn();
  told = details({.sessions = true});
  EXPECT_FALSE(told.leads);
  EXPECT_THAT(told.buckets, IsEmpty());
  EXPECT_THAT(told.sessions, ElementsAre(std::pair{a, 10'000}, std::pair{b, 10'000}));
}

TEST_F(Database, DigestOfEach128thZxidIsKept) {
  learn();
  for (std::uint32_t n = 1; n <= 256; ++n)
    commit({7}, {}, at(2, n), error_txn{error_code::no_node}, op_code::error);
  auto told = details({.digests = true});
  ASSERT_EQ(told.digests.size(), 2u);
  EXPECT_EQ(told.digests[0].first, at(2, 128));
  EXPECT_EQ(told.digests[1].first, at(2, 256));
}

// -- sessions and roles that end ----------------------------------------------------------------

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
