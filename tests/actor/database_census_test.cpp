// SPDX-License-Identifier: Apache-2.0
/// What the database keeps, and that it goes: with the connection, with the session, with the role.
/// Whoever may not read a znode hears nothing of it either.
#include "tests/actor/database_fixture.hpp"

#include <map>
#include <type_traits>

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using census = std::map<std::string, std::size_t>;

class DatabaseCensus : public Database {
 protected:
  const database_state& state() {
    auto* actor = caf::actor_cast<caf::abstract_actor*>(database_);
    return dynamic_cast<std::remove_pointer_t<database_ptr>&>(*actor).state;
  }
  /// Whatever is kept for clients and of work under way; what is empty is left out.
  census kept() {
    const auto& s = state();
    census out{{"connections", s.connections.size()},
               {"by session", s.by_session.size()},
               {"opening", s.opening.size()},
               {"reopening", s.reopening.size()},
               {"abandoned", s.abandoned.size()},
               {"touched", s.touched.size()},
               {"with output", s.with_output.size()},
               {"to forward", s.to_forward.size()},
               {"to propose", s.to_propose.size()},
               {"to drain", s.to_drain.size()},
               {"orphans", s.orphans.size()},
               {"writes that wait", s.gate.waiting()},
               {"bytes of writes under way", static_cast<std::size_t>(s.gate.under_way())},
               {"to close", s.to_close.size()},
               {"streams", s.streams.size()},
               {"snapshots", s.snapshot ? 1U : 0U},
               {"origins", s.origins.count("127.0.0.1")},
               {"watches", s.watches.count()},
               {"watched paths", s.watches.path_count()},
               {"watchers", s.watches.watcher_count()},
               {"live", s.live ? s.live->size() : 0},
               {"deadlines", s.live ? s.live->buckets().size() : 0},
               {"local", s.local ? s.local->size() : 0},
               {"planned", s.planner.outstanding()}};
    std::erase_if(out, [](const auto& table) { return table.second == 0; });
    return out;
  }
  static client_request close(int xid) { return {cxid{xid}, op_code::close_session, {}}; }
  static client_request lasting(int xid, const std::string& path, add_watch_mode mode) {
    return {cxid{xid}, op_code::add_watch, jute::encode(add_watch_request{path, mode})};
  }
  /// Watches of every kind.
  void watch_all(connection_id id) {
    ask(id, {get(1, "/", true),
             {cxid{2}, op_code::get_children, jute::encode(read_request{"/", true})},
             {cxid{3}, op_code::exists, jute::encode(read_request{"/missing", true})},
             lasting(4, "/", add_watch_mode::persistent),
             lasting(5, "/", add_watch_mode::persistent_recursive)});
    on.news();
  }
  static client_request create_for(int xid, const std::string& path, core::acl_list acl,
                                   std::string data = "secret") {
    return {cxid{xid}, op_code::create,
            jute::encode(create_request{path, jute::buffer{std::move(data)}, std::move(acl), 0})};
  }
  /// Nobody is heard until every session's time is over.
  void expire_all() {
    for (int i = 0; i < 14; ++i) {
      advance(1s);
      tell(expire_sessions{});
    }
    commit();
  }
  using acl_list = core::acl_list;
  static client_request auth(const std::string& who) {
    return {cxid{special_xid::auth}, op_code::auth,
            jute::encode(auth_request{0, "digest", who + ":secret"})};
  }
};

TEST_F(DatabaseCensus, WatchesOfAConnectionEndWithIt) {
  lead();
  open_new(conn_a, "a");
  const auto before = kept();
  open_new(conn_b, "b");
  watch_all(conn_b);
  EXPECT_EQ(state().watches.watcher_count(), 1u);
  tell(connection_closed{conn_b});
  EXPECT_EQ(state().watches.count(), 0u);
  EXPECT_EQ(state().watches.watcher_count(), 0u);
  EXPECT_EQ(state().connections.size(), before.at("connections"));
}

TEST_F(DatabaseCensus, LeaderForgetsASessionThatClosed) {
  lead();
  for (std::uint64_t i = 1; i <= 3; ++i) open_new(connection_id{i}, "c");
  EXPECT_EQ(state().live->size(), 3u);
  for (std::uint64_t i = 1; i <= 3; ++i) ask(connection_id{i}, {close(9)});
  commit();
  EXPECT_EQ(kept(), census{});
}

TEST_F(DatabaseCensus, NothingIsLeftOfASessionThatExpires) {
  lead();
  open_new(conn_a, "a");
  watch_all(conn_a);
  ask(conn_a, {create(7, "/e", create_flag::ephemeral)});
  commit();
  expire_all();
  EXPECT_EQ(kept(), census{});
  EXPECT_EQ(state().tree.sessions().size(), 0u);
  EXPECT_THAT(state().tree.ephemeral_owners(), IsEmpty());
}

TEST_F(DatabaseCensus, NothingIsLeftOfClientsThatLeaveBeforeTheirSessionsAreMade) {
  lead();
  for (std::uint64_t i = 1; i <= 4; ++i) {
    open(connection_id{i}, {}, "c");
    if (i % 2 == 0) tell(connection_closed{connection_id{i}});
  }
  commit();  // the sessions are made, and those of nobody are to be closed
  commit();
  EXPECT_EQ(kept().at("connections"), 2u);
  EXPECT_EQ(kept().at("live"), 2u);
  for (std::uint64_t i : {1, 3}) ask(connection_id{i}, {close(9)});
  commit();
  EXPECT_EQ(kept(), census{});
}

TEST_F(DatabaseCensus, NothingIsLeftWithALearnerEither) {
  learn();
  session_exists({7}, at(1, 1));
  open(conn_a, {7}, "a");
  upstream_heard_.verdicts.release();
  run();
  watch_all(conn_a);
  ask(conn_a, {create(8, "/x"), get(9, "/x"), close(10)});
  EXPECT_EQ(upstream_heard_.forwarded.size(), 2u);
  commit({7}, cxid{8}, at(2, 1), create_txn{"/x", {}, *core::open_acl(), false, 1},
         op_code::create);
  commit({7}, cxid{10}, at(2, 2), close_session_txn{}, op_code::close_session);
  answer_to<touched_sessions>(collect_touches{});
  EXPECT_EQ(kept(), census{});
}

/// What was never sent to the leader comes back as no txn: nobody would ever take it out again.
TEST_F(DatabaseCensus, WritesThatWereHeldWhenTheirSessionEndedAreNotWaitedFor) {
  context->audit = [](const audit_line&) {};
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {create_for(1, "/big", *core::open_acl(), std::string(300'000, 'x'))});
  commit();
  std::vector<client_request> much;
  for (int i = 0; i < 10; ++i) much.push_back(get(3 + i, "/big"));
  much.push_back(create(50, "/y"));  // behind reads that wait until the client takes its output
  ask(conn_a, much);
  EXPECT_EQ(state().connections.begin()->second.held, 1u);
  expire_all();
  EXPECT_EQ(kept(), census{});
  context->audit = nullptr;
}

client_sink::behavior_type count_bytes(client_sink::pointer, std::size_t* given_back) {
  return {[given_back](const client_output& m) { *given_back += m.request_bytes; }};
}

/// What a connection's requests take is counted until they are answered, whatever they are.
TEST_F(DatabaseCensus, EveryAnswerGivesBackTheBytesOfItsRequest) {
  lead();
  std::size_t given_back = 0;
  const auto client = keep(system().spawn(count_bytes, &given_back));
  system().spawn([&, this](caf::event_based_actor* self) {
    self->request(database_, caf::infinite,
                  open_session{conn_a, {}, 10'000, {}, "127.0.0.1", client})
        .then([](const session_opened&) {});
  });
  run();
  commit();
  const client_request all[] = {
      {cxid{special_xid::ping}, op_code::ping, {}},
      auth("ann"),
      create(3, "/x"),
      create(4, "/x"),
      get(5, "/x", true),
      {cxid{6}, op_code::exists, jute::encode(read_request{"/missing", true})},
      {cxid{7}, op_code::get_children2, jute::encode(read_request{"/", true})},
      {cxid{8}, op_code::who_am_i, {}},
      {cxid{9}, op_code::get_data, "no request"},
      lasting(10, "/x", add_watch_mode::persistent),
      {cxid{special_xid::set_watches}, op_code::set_watches,
       jute::encode(set_watches_request{zxid{0}, {"/gone"}, {}, {}})},
      {cxid{12}, op_code::sync, jute::encode(path_request{"/"})},
      close(13)};
  constexpr std::size_t header_bytes = 8;
  std::size_t asked = 0;
  for (const auto& request : all) {
    given_back = 0;
    ask(conn_a, {request});
    if (request.op == op_code::sync)
      tell(sync_done{state().connections.begin()->second.session, request.xid, conn_a.value});
    commit();
    EXPECT_EQ(given_back, header_bytes + request.body.size())
        << "operation " << static_cast<int>(request.op);
    asked += given_back;
  }
  EXPECT_GT(asked, 0u);
}

/// Its client was told elsewhere that it is over, and no close of it comes.
TEST_F(DatabaseCensus, SessionThatMayNotBecomeOneOfAllIsForgotten) {
  context->config.servers.resize(3);
  for (std::int64_t n : {1, 2, 3}) context->config.servers[n - 1].id = {n};
  context->config.local_sessions = context->config.local_sessions_upgrading = true;
  learn();
  open(conn_a, {}, "a");
  const auto session = opened_;
  ask(conn_a, {create(1, "/e", 1)});
  tell(connection_closed{conn_a});
  EXPECT_EQ(kept()["origins"], 1u);
  commit(session, cxid{0}, at(2, 1), error_txn{error_code::session_expired}, op_code::error);
  commit(session, cxid{1}, at(2, 2), error_txn{error_code::session_expired}, op_code::error);
  (void)answer_to<touched_sessions>(collect_touches{});
  EXPECT_EQ(kept(), census{});
}

TEST_F(DatabaseCensus, SnapshotThatNobodyWritesAnyMoreIsForgotten) {
  context->steps_per_slice = 1;  // a piece is 256 bytes
  lead();
  auto scribe = system().spawn([](snapshot_sink::pointer) -> snapshot_sink::behavior_type {
    return {[](const snapshot_piece&) {}, [](const snapshot_given_up&) {}};
  });
  tell(take_snapshot{scribe});
  EXPECT_EQ(kept()["snapshots"], 1u);
  caf::anon_send_exit(scribe, caf::exit_reason::user_shutdown);
  run();
  EXPECT_EQ(kept()["snapshots"], 0u);
}

// -- changes of role ----------------------------------------------------------------------------

TEST_F(DatabaseCensus, NothingOfARoleOutlivesIt) {
  lead();
  open_new(conn_a, "a");
  watch_all(conn_a);
  open(conn_b, {}, "b");
  open(connection_id{3}, {77}, "c");
  ask(conn_a, {create(6, "/x"), get(7, "/x")});
  auto stream = answer_to<stream_opened>(open_stream{});
  EXPECT_GT(stream.stream, 0u);
  EXPECT_GT(state().planner.outstanding(), 0u);
  tell(stop_serving{});
  EXPECT_EQ(kept(), (census{{"origins", 1}})) << "of the session that lives on";
  EXPECT_FALSE(state().leader);
  EXPECT_FALSE(state().upstream);
  EXPECT_FALSE(state().live);
  EXPECT_FALSE(state().local);
  learn();
  open(conn_a, {7}, "a");
  tell(forwarded_writes{server_id{2}, {}});  // for whoever led here
  tell(stop_serving{});
  EXPECT_EQ(kept(), (census{{"origins", 1}})) << "of the session that lives on";
  EXPECT_FALSE(state().upstream);
}

TEST_F(DatabaseCensus, ALeadershipBeginsWithoutAnythingOfTheLastOne) {
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {create(1, "/x")});
  tell(synced_servers{{server_id{2}}});
  tell(stop_serving{});
  planned_.clear();
  tell(start_leading{epoch{4}, leader_});
  EXPECT_EQ(state().live->size(), state().tree.sessions().size());
  EXPECT_EQ(state().planner.outstanding(), 0u);
  EXPECT_EQ(state().planner.next_zxid(), at(4, 1));
  EXPECT_THAT(state().synced, IsEmpty());
  EXPECT_FALSE(state().reconfig);
  EXPECT_FALSE(state().exhausted_told);
  EXPECT_THAT(state().breach_told_ms, IsEmpty());
  open_new(conn_b, "b");
  ask(conn_b, {get(1, "/x")});
  EXPECT_THAT(on.news_of("b"), ElementsAre("b: xid 1 err -101")) << "it was not committed";
}

TEST_F(DatabaseCensus, WhatALearnerHeardBelongsToThatTerm) {
  learn();
  session_exists({7}, at(1, 1));
  open(conn_a, {7}, "a");
  upstream_heard_.verdicts.release();
  run();
  ask(conn_a, {get(1, "/")});
  EXPECT_THAT(state().touched, ElementsAre(session_id{7}));
  tell(stop_serving{});
  learn();
  EXPECT_THAT(state().touched, IsEmpty());
}

// -- who may not read ---------------------------------------------------------------------------

class DatabaseReaders : public DatabaseCensus {
 protected:
  DatabaseReaders() {
    lead();
    open_new(conn_a, "ann");
    open_new(conn_b, "bob");
    ask(conn_a, {auth("ann")});
    ask(conn_b, {auth("bob")});
    ask(conn_a, {create_for(1, "/open", *core::open_acl())});
    commit();
    on.news();
  }
  /// Ann's alone from now on.
  void close_to_bob(const std::string& path) {
    const acl_list anns{{permission::all, {"auth", ""}}};
    ask(conn_a, {{cxid{90}, op_code::set_acl, jute::encode(set_acl_request{path, anns, -1})}});
    commit();
    on.news();
  }
  static client_request set(int xid, const std::string& path) {
    return {cxid{xid}, op_code::set_data,
            jute::encode(set_data_request{path, jute::buffer{"x"}, -1})};
  }
};

TEST_F(DatabaseReaders, EventOfAZnodeThatTheyMayNotReadReachesNobody) {
  for (auto id : {conn_a, conn_b})
    ask(id, {get(1, "/open", true),
             {cxid{2}, op_code::get_children, jute::encode(read_request{"/open", true})},
             lasting(3, "/open", add_watch_mode::persistent_recursive)});
  close_to_bob("/open");
  ask(conn_a, {set(4, "/open"), create_for(5, "/open/x", {{permission::all, {"auth", ""}}})});
  commit();
  const auto heard = on.news();
  EXPECT_THAT(heard, testing::Contains("ann: event /open"));
  EXPECT_THAT(heard, testing::Contains("ann: event /open/x"));
  EXPECT_THAT(heard, testing::Not(testing::Contains(testing::StartsWith("bob"))));
}

TEST_F(DatabaseReaders, WatchesSetAgainTellOfNothingThatTheirClientMayNotRead) {
  close_to_bob("/open");
  set_watches_request all{
      .relative_zxid = {}, .data = {"/open", "/gone"}, .exist = {"/open"}, .child = {"/open"}};
  const client_request again{cxid{special_xid::set_watches}, op_code::set_watches,
                             jute::encode(all)};
  ask(conn_b, {again});
  EXPECT_THAT(on.news(), ElementsAre("bob: event /gone of no txn", "bob: xid -8 err 0"));
  ask(conn_a, {again});
  EXPECT_THAT(on.news_of("ann"), testing::SizeIs(5));
  context->config.skip_acl = true;
  ask(conn_b, {again});
  EXPECT_THAT(on.news_of("bob"), testing::SizeIs(5)) << "where nobody is kept from anything";
}

TEST_F(DatabaseReaders, RefusedReadsWatchNothing) {
  close_to_bob("/open");
  ask(conn_b, {get(1, "/open", true),
               {cxid{2}, op_code::get_children2, jute::encode(read_request{"/open", true})},
               {cxid{3}, op_code::exists, jute::encode(read_request{"/open", true})}});
  EXPECT_THAT(on.news(),
              ElementsAre("bob: xid 1 err -102", "bob: xid 2 err -102", "bob: xid 3 err -102"));
  EXPECT_EQ(state().watches.count(), 0u);
}

TEST_F(DatabaseReaders, AuditSaysOfARefusedWriteThatItWasRefusedAndNothingElse) {
  close_to_bob("/open");
  std::vector<std::string> lines;
  context->audit = [&lines](const audit_line& x) { lines.push_back(x.text); };
  ask(conn_b, {set(1, "/open")});
  commit();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], testing::EndsWith("operation=setData\tznode=/open\tresult=failure"));
  EXPECT_THAT(lines[0], testing::Not(testing::HasSubstr("secret")));
  context->audit = nullptr;
}

}  // namespace
}  // namespace troupe::test
