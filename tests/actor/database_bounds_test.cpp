// SPDX-License-Identifier: Apache-2.0
/// Each bound that the database keeps (docs/limits.md), met by one less, exactly and by one more.
#include <type_traits>

#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// By how much what is asked for is more than the bound: -1, 0 or 1.
class DatabaseBounds : public Database, public testing::WithParamInterface<int> {
 protected:
  static int over() { return GetParam(); }
  static bool is_over() { return over() > 0; }
  database_state& state() {
    auto* actor = caf::actor_cast<caf::abstract_actor*>(database_);
    return dynamic_cast<std::remove_pointer_t<database_ptr>&>(*actor).state;
  }
};
INSTANTIATE_TEST_SUITE_P(Around, DatabaseBounds, testing::Values(-1, 0, 1));

// -- what a client holds --------------------------------------------------------------------------

TEST_P(DatabaseBounds, OutputThatAClientHasNotTaken) {
  lead();
  open_new(conn_a, "a");
  on.news();
  accounts_.at(conn_a)->add_output(static_cast<std::size_t>(unsent_bytes_max + over()));
  ask(conn_a, {get(1, "/")});
  EXPECT_THAT(on.news(), ElementsAre(is_over() ? "a: wants room" : "a: xid 1 err 0"));
}

TEST_P(DatabaseBounds, OutputThatAClientHasNotTakenWhileAllHoldTooMuch) {
  lead();
  open_new(conn_a, "a");
  on.news();
  context->gauges->unsent_bytes = context->config.client_buffer_bytes_max;
  accounts_.at(conn_a)->add_output(static_cast<std::size_t>(unsent_bytes_relieved + over()));
  ask(conn_a, {get(1, "/")});
  EXPECT_THAT(on.news(), ElementsAre(is_over() ? "a: wants room" : "a: xid 1 err 0"));
  context->gauges->unsent_bytes -= context->config.client_buffer_bytes_max;
}

TEST_P(DatabaseBounds, WhatAllClientsHoldTogether) {
  node_context all;
  const client_account one{all};
  all.gauges->unsent_bytes = 1'000;
  all.gauges->request_bytes = all.client_buffer_bytes_max() - 1'000 + over();
  EXPECT_EQ(one.is_short(), is_over());
}

TEST_P(DatabaseBounds, ListingsAtOnce) {
  node_context all;
  client_account one{all};
  all.gauges->listings_under_way = 4 + over();
  EXPECT_EQ(one.begin_listing(4), over() < 0);
  EXPECT_EQ(all.gauges->listings_under_way, over() < 0 ? 4 : 4 + over());
}

TEST_P(DatabaseBounds, WhatAllWatchesTake) {
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {get(1, "/", true)});
  const auto one = static_cast<std::int64_t>(state().watches.bytes());
  open_new(conn_b, "b");
  context->config.client_watch_bytes_max = 2 * one - over();
  on.news();
  ask(conn_b, {{cxid{1}, op_code::add_watch, jute::encode(add_watch_request{"/"})}});
  const auto two = static_cast<std::int64_t>(state().watches.bytes());
  ASSERT_EQ(two, is_over() ? one : 2 * one);
  EXPECT_THAT(on.news(), SizeIs(is_over() ? 2 : 1));
  EXPECT_EQ(context->gauges->clients_cut_off, is_over() ? 1 : 0);
}

TEST_P(DatabaseBounds, SaslToken) {
  lead();
  open_new(conn_a, "a");
  on.news();
  const std::string token(static_cast<std::size_t>(8 * 1024 + over()), 't');
  ask(conn_a, {{cxid{1}, op_code::sasl, jute::encode(sasl_token{token})}});
  if (is_over())
    EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err -115", "a: closed"));
  else
    EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err 0")) << "there are no users here";
}

// -- sessions -------------------------------------------------------------------------------------

TEST_P(DatabaseBounds, MemoryOfSessionsAndConnections) {
  context->memory = core::memory_budget{core::memory_budget::limit_min};
  lead();
  open_new(conn_a, "a");
  const auto own = stats().memory.sessions;
  ASSERT_GT(own, 0);
  context->gauges->connections_bytes = context->memory.sessions_max() - own + over();
  EXPECT_EQ(*open(conn_b, {}, "b"), over() < 0 ? "nothing" : "no memory");
  EXPECT_EQ(stats().memory.refused_sessions, over() < 0 ? 0U : 1U);
}

TEST_P(DatabaseBounds, SessionsOfOneAddress) {
  context->config.connections_per_address_max = 1;  // so a hundred sessions
  lead();
  const auto count = static_cast<std::uint64_t>(99 + over());
  for (std::uint64_t n = 1; n <= count; ++n) open_new(connection_id{n}, "c");
  EXPECT_EQ(*open(connection_id{500}, {}, "one more"), over() > 0 ? "too many" : "nothing");
}

TEST_P(DatabaseBounds, SessionsUnderWayWhoseClientsHaveLeft) {
  learn();
  for (std::uint64_t n = 1; n <= static_cast<std::uint64_t>(999 + over()); ++n) {
    open(connection_id{n}, {}, "c");
    tell(connection_closed{connection_id{n}});
  }
  EXPECT_EQ(*open(connection_id{5'000}, {}, "one more"),
            over() > 0 ? "too many unclaimed" : "nothing");
}

TEST_P(DatabaseBounds, SessionsHeardOfInOneMessage) {
  learn();
  const std::int64_t count = static_cast<std::int64_t>(touched_sessions::at_once_max) + over();
  for (std::int64_t n = 1; n <= count; ++n) state().touched.insert(session_id{n});
  EXPECT_THAT(answer_to<touched_sessions>(collect_touches{}).sessions,
              SizeIs(std::min(static_cast<std::size_t>(count), touched_sessions::at_once_max)));
  EXPECT_THAT(answer_to<touched_sessions>(collect_touches{}).sessions, SizeIs(is_over() ? 1 : 0));
}

/// The top byte of an id is its server's number, whose top bit is a sign to some.
TEST_F(Database, ServerWithAHighNumberKnowsItsOwnSessionsFromOthersLocalOnes) {
  context->me = server_id{200};
  context->config.local_sessions = true;
  lead();
  const auto of_server = [](std::uint64_t n) {
    return session_id{static_cast<std::int64_t>(n << 56 | 77)};
  };
  const auto body = create(1, "/x").body;
  constexpr auto local = known_to::its_server;
  tell(forwarded_writes{{2},
                        {{of_server(200), cxid{1}, op_code::create, body, {}, 0, local},
                         {of_server(2), cxid{1}, op_code::create, body, {}, 0, local}}});
  ASSERT_THAT(planned_, SizeIs(2));
  EXPECT_EQ(std::get<error_txn>(planned_[0]->value.body).err, error_code::session_expired);
  EXPECT_EQ(planned_[1]->value.header.type, op_code::create);
}

// -- txns -----------------------------------------------------------------------------------------

TEST_P(DatabaseBounds, NumberOfTxnsKeptForLearners) {
  context->config.commit_log_count = 5;
  for (std::int64_t n = 1; n <= 5 + over(); ++n) session_exists({n}, at(1, n));
  EXPECT_THAT(state().recent, SizeIs(over() < 0 ? 4 : 5));
  EXPECT_EQ(state().recent.front()->id(), at(1, is_over() ? 2 : 1));
}

TEST_P(DatabaseBounds, BytesOfTxnsKeptForLearners) {
  context->memory = core::memory_budget{core::memory_budget::limit_min};
  const auto of_size = [](std::int64_t n, std::size_t bytes) {
    return make_logged({{session_id{1}, cxid{1}, storage::at(1, n), 1, op_code::create},
                        create_txn{"/x", std::string(bytes, 'x'), {}, false, 1},
                        {}});
  };
  // held_bytes() counts each byte twice, so an even bound is met exactly, or missed by two.
  const auto max = context->memory.recent_max();
  const auto none = core::held_bytes(*of_size(1, 0));
  const auto first = core::held_bytes(*of_size(1, 1'000));
  ASSERT_EQ((max - first - none) % 2, 0);
  const auto second = static_cast<std::size_t>((max - first - none) / 2 + over());
  tell(apply_txns{{of_size(1, 1'000), of_size(2, second)}});
  EXPECT_EQ(state().recent_bytes.value(), is_over() ? max + 2 - first : max + 2 * over());
  EXPECT_THAT(state().recent, SizeIs(is_over() ? 1 : 2));
}

/// Two servers that told each other so would lead no more than a moment each.
proposal_sink::behavior_type exhausted_leader(proposal_sink::pointer, int* told) {
  return {[](const propose&) {}, [](const sync_behind&) {},
          [=](const epoch_exhausted&) { ++*told; }, [](const tree_differs&) {}};
}

TEST_P(DatabaseBounds, TxnsOfOneEpoch) {
  context->epoch_txns_max = 10;
  int told = 0;
  const auto leader = keep(system().spawn(exhausted_leader, &told));
  tell(start_leading{epoch{2}, leader});
  // The next one would be the tenth, the eleventh or the twelfth.
  while (state().planner.next_zxid().counter() < static_cast<std::uint32_t>(10 + over()))
    open(connection_id{state().planner.next_zxid().counter()}, {}, "c");
  for (int i = 0; i < 3; ++i) tell(expire_sessions{});
  EXPECT_EQ(told, is_over() ? 1 : 0) << "once";
}

// -- turns ----------------------------------------------------------------------------------------

TEST_P(DatabaseBounds, RequestsOfOneReadThatAreTakenAtOnce) {
  context->steps_per_slice = 1;
  lead();
  open_new(conn_a, "a");
  std::vector<client_request> reads;
  for (int i = 0; i < 64 + over(); ++i) reads.push_back(get(i + 1, "/"));
  const auto slices = state().work.slices();
  ask(conn_a, std::move(reads));
  EXPECT_EQ(state().work.slices() != slices, is_over());
}

TEST_P(DatabaseBounds, TxnsThatAreAppliedAtOnce) {
  context->steps_per_slice = 1;
  learn();
  std::vector<txn_ptr> txns;
  for (std::int64_t n = 1; n <= 64 + over(); ++n) txns.push_back(storage::sample_txn(at(1, n)));
  const auto slices = state().work.slices();
  tell(apply_txns{std::move(txns)});
  EXPECT_EQ(state().work.slices() != slices, is_over());
}

}  // namespace
}  // namespace troupe::test
