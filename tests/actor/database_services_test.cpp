// SPDX-License-Identifier: Apache-2.0
/// What the database does for clients besides reads and writes: watches that last, containers, who
/// is let in, and what is counted of them.
#include "actors/interfaces/statistics.hpp"
#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class DatabaseServices : public Database {};

// -- operations -----------------------------------------------------------------------------------

TEST_F(DatabaseServices, LastingWatchHearsOfEveryChangeUntilItIsRemoved) {
  lead();
  open_new(conn_a, "a");
  open_new(conn_b, "b");
  auto about = [](int xid, op_code op, std::int32_t number) {
    return client_request{
        cxid{xid}, op, jute::encode(add_watch_request{"/x", static_cast<add_watch_mode>(number)})};
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

TEST_F(DatabaseServices, OperationsThatAreNotForClientsAreUnknownAndEndTheConnection) {
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

TEST_F(DatabaseServices, LeaderDeletesContainersThatAreEmptyAgain) {
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

TEST_F(DatabaseServices, OnlyTheLeaderDeletesContainers) {
  learn();
  tell(expire_sessions{});
  advance(2min);
  tell(expire_sessions{});
  EXPECT_THAT(planned_, IsEmpty());
  EXPECT_THAT(upstream_heard_.forwarded, IsEmpty());
}

// -- who may come, and what is counted ------------------------------------------------------------

/// AuthenticationHelper.enforceAuthentication.
TEST_F(DatabaseServices, WhoHasNotShownAnEnforcedSchemeIsTurnedAwayAtTheFirstRequest) {
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

/// ZooKeeper takes any number, and each write carries all of them to the leading server.
TEST_F(DatabaseServices, WhoShowsMoreIdentitiesThanAreHeldFailsToLogIn) {
  lead();
  open_new(conn_a, "a");
  const auto auth = [](std::size_t n) {
    return client_request{
        cxid{special_xid::auth}, op_code::auth,
        jute::encode(auth_request{0, "digest", "user" + std::to_string(n) + ":secret"})};
  };
  for (int twice = 0; twice < 2; ++twice)
    for (std::size_t n = 1; n < core::identities_max; ++n) ask(conn_a, {auth(n)});
  EXPECT_THAT(on.news(), testing::Each("a: xid -4 err 0")) << "the same again takes no room";
  ask(conn_a, {auth(core::identities_max), get(1, "/")});
  EXPECT_THAT(on.news(), ElementsAre("a: xid -4 err -115", "a: closed"));
}

TEST_F(DatabaseServices, LeaderThatShallNotServeOpensNoSessionAndItsFollowersDo) {
  context->config.leader_serves = false;
  lead();
  EXPECT_EQ(*open(conn_a, {}, "a"), "not serving");
  tell(stop_serving{});
  learn();
  open(conn_a, {}, "a");
  EXPECT_EQ(upstream_heard_.forwarded.size(), 1u);
}

TEST_F(DatabaseServices, FiguresOfAConnectionFollowItsRequestsAndBeginAnewAfterAReset) {
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

TEST_F(DatabaseServices, DetailsNameWatchersSessionsAndEphemerals) {
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

TEST_F(DatabaseServices, DigestOfEach128thZxidIsKept) {
  learn();
  for (std::uint32_t n = 1; n <= 256; ++n)
    commit({7}, {}, at(2, n), error_txn{error_code::no_node}, op_code::error);
  auto told = details({.digests = true});
  ASSERT_EQ(told.digests.size(), 2u);
  EXPECT_EQ(told.digests[0].first, at(2, 128));
  EXPECT_EQ(told.digests[1].first, at(2, 256));
}

}  // namespace
}  // namespace troupe::test
