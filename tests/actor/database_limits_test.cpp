// SPDX-License-Identifier: Apache-2.0
/// What one connection, or all together, can make the database hold.
#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using storage::at;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using words = std::vector<std::string>;

class DatabaseLimits : public Database {
 protected:
  DatabaseLimits() {
    commit({7}, {}, at(1, 1), create_txn{"/big", std::string(300'000, 'x'), {}, false, 1},
           op_code::create);
    lead();
    open_new(conn_a, "a");
    on.news();
  }
  /// The client has taken all its output.
  void take_all(connection_id of) {
    accounts_.at(of)->take_output(static_cast<std::size_t>(accounts_.at(of)->unsent()));
    tell(client_has_room{of});
  }
  std::vector<client_request> gets(int first, int count) {
    std::vector<client_request> out;
    for (int i = 0; i < count; ++i) out.push_back(get(first + i, "/big"));
    return out;
  }
  static words replies(const std::string& name, int first, int count) {
    words out;
    for (int i = 0; i < count; ++i)
      out.push_back(name + ": xid " + std::to_string(first + i) + " err 0");
    return out;
  }
  void limit(const std::function<void(config::node_config&)>& change) {
    change(context->config);
    tell(stop_serving{});  // what begins anew goes by it
    tell(start_leading{epoch{3}, leader_});
    open_new(conn_a, "a");
    on.news();
  }
};

// -- output that is not taken --------------------------------------------------------------------

TEST_F(DatabaseLimits, ReadsWaitWhileTheirClientTakesNoOutput) {
  ask(conn_a, gets(1, 10));
  auto first = replies("a", 1, 4);  // the fourth is the one beyond 1 MiB
  first.push_back("a: wants room");
  EXPECT_EQ(on.news(), first);
  EXPECT_LT(accounts_.at(conn_a)->unsent(), unsent_bytes_max + 301'000);
  EXPECT_EQ(stats().outstanding, 6u);
  ask(conn_a, gets(11, 2));
  EXPECT_THAT(on.news(), IsEmpty());  // neither more, nor asked for again
  take_all(conn_a);
  auto second = replies("a", 5, 4);
  second.push_back("a: wants room");
  EXPECT_EQ(on.news(), second);
  take_all(conn_a);
  EXPECT_EQ(on.news(), replies("a", 9, 4));
  EXPECT_EQ(stats().outstanding, 0u);
}

TEST_F(DatabaseLimits, PingsWaitForNobody) {
  ask(conn_a, gets(1, 6));
  on.news();
  ask(conn_a, {{cxid{-2}, op_code::ping, {}}});
  EXPECT_THAT(on.news(), ElementsAre("a: xid -2 err 0"));
}

TEST_F(DatabaseLimits, AWriteWaitsForTheReadsBeforeItThatWait) {
  auto requests = gets(1, 6);
  requests.push_back(create(7, "/w"));
  requests.push_back(create(8, "/w/x"));
  requests.push_back(get(9, "/w/x"));
  ask(conn_a, requests);
  on.news();
  EXPECT_THAT(planned_, IsEmpty());  // no read may show what was asked after it
  take_all(conn_a);
  EXPECT_EQ(on.news(), replies("a", 5, 2));
  EXPECT_THAT(planned_, SizeIs(2));
  commit();
  EXPECT_EQ(on.news(), replies("a", 7, 3));
}

TEST_F(DatabaseLimits, AWriteGoesPastReadsOfShortAnswersButNotPastLongOnes) {
  ask(conn_a, {create(1, "/v"), get(2, "/v"), create(3, "/v/w"), get(4, "/big"), create(5, "/x"),
               create(6, "/y")});
  EXPECT_THAT(planned_, SizeIs(2));
  commit();
  EXPECT_EQ(on.news(), replies("a", 1, 4));
  EXPECT_THAT(planned_, SizeIs(2));
  commit();
  EXPECT_EQ(on.news(), replies("a", 5, 2));
}

TEST_F(DatabaseLimits, ShortAnswersWithAWriteBehindThemAreGivenWhetherTheyAreTakenOrNot) {
  ask(conn_a, {create(1, "/v"), get(2, "/"), create(3, "/w"), get(4, "/")});
  accounts_.at(conn_a)->add_output(unsent_bytes_max + 1);
  commit();
  EXPECT_EQ(on.news(),
            (words{"a: xid 1 err 0", "a: xid 2 err 0", "a: xid 3 err 0", "a: wants room"}));
  take_all(conn_a);
  EXPECT_EQ(on.news(), replies("a", 4, 1));
}

TEST_F(DatabaseLimits, NoMoreThanSomeReadsArePassedByAWrite) {
  std::vector<client_request> requests{create(1, "/v")};
  for (int i = 0; i < 100; ++i) {
    requests.push_back(get(2 + 2 * i, "/"));
    requests.push_back(create(3 + 2 * i, "/v/" + std::to_string(i)));
  }
  ask(conn_a, requests);
  EXPECT_THAT(planned_, SizeIs(1 + 32));
  for (int i = 0; i < 10 && !planned_.empty(); ++i) commit();
  EXPECT_EQ(on.news(), replies("a", 1, 201));
}

TEST_F(DatabaseLimits, AnEndThatIsAskedForIsToldBehindAllReads) {
  auto requests = gets(1, 6);
  requests.push_back({cxid{7}, op_code::close_session, {}});
  ask(conn_a, requests);
  on.news();
  EXPECT_THAT(planned_, IsEmpty());
  take_all(conn_a);
  commit();
  auto rest = replies("a", 5, 3);
  rest.push_back("a: closed");
  EXPECT_EQ(on.news(), rest);
}

TEST_F(DatabaseLimits, WhenAllHoldTooMuchEachHasOneReplyAtATime) {
  open_new(conn_b, "b");
  on.news();
  ask(conn_a, gets(1, 2));
  EXPECT_EQ(on.news(), replies("a", 1, 2));
  context->gauges->unsent_bytes += context->config.client_buffer_bytes_max;
  ask(conn_b, gets(1, 3));
  EXPECT_EQ(on.news(), (words{"b: xid 1 err 0", "b: wants room"}));
  ask(conn_a, gets(3, 1));
  EXPECT_EQ(on.news(), (words{"a: wants room"}));
  context->gauges->unsent_bytes -= context->config.client_buffer_bytes_max;
  tell(client_has_room{conn_b});
  EXPECT_EQ(on.news(), replies("b", 2, 2));
}

TEST_F(DatabaseLimits, WhatAConnectionHeldIsCountedNoMoreWhenItIsGone) {
  ask(conn_a, gets(1, 6));
  EXPECT_GT(context->gauges->unsent_bytes, 0);
  tell(connection_closed{conn_a});
  accounts_.clear();
  EXPECT_EQ(context->gauges->unsent_bytes, 0);
}

// -- replies, watches ----------------------------------------------------------------------------

TEST_F(DatabaseLimits, AReplyThatIsTooLongIsAnErrorAndCounted) {
  context->config.client_reply_bytes_max = 100'000;
  ask(conn_a, {get(1, "/big"), get(2, "/")});
  EXPECT_EQ(on.news(), (words{"a: xid 1 err -8", "a: xid 2 err 0"}));
  EXPECT_EQ(stats().replies_refused, 1u);
}

TEST_F(DatabaseLimits, AWatchTooManyIsAnErrorAndIsNotSet) {
  limit([](auto& config) { config.client_watches_max = 2; });
  ask(conn_a, {get(1, "/", true), get(2, "/big", true), get(3, "/zookeeper", true)});
  EXPECT_EQ(on.news(), (words{"a: xid 1 err 0", "a: xid 2 err 0", "a: xid 3 err -8"}));
  EXPECT_EQ(stats().watches, 2u);
  EXPECT_EQ(stats().watches_refused, 1u);
  ask(conn_a, {get(4, "/zookeeper")});
  EXPECT_EQ(on.news(), replies("a", 4, 1));
}

TEST_F(DatabaseLimits, WhoseFormerWatchesAreTooManyIsCutOffRatherThanDeceived) {
  limit([](auto& config) { config.client_watches_max = 2; });
  set_watches_request former{.relative_zxid = at(9, 9), .data = {"/", "/big"}, .exist = {"/x"}};
  ask(conn_a, {{cxid{-8}, op_code::set_watches, jute::encode(former)}, get(1, "/")});
  EXPECT_EQ(on.news(), (words{"a: closed"}));
  EXPECT_EQ(stats().watches, 0u);
}

TEST_F(DatabaseLimits, WhenAllWatchesTakeTooMuchTheirGreatestHolderGoes) {
  limit([](auto& config) { config.client_watch_bytes_max = 4'000; });
  open_new(conn_b, "b");
  on.news();
  for (int i = 0; i < 5; ++i)  // a may have 1000 bytes of them, and so may the others
    ask(conn_a,
        {{cxid{i}, op_code::add_watch, jute::encode(add_watch_request{"/a" + std::to_string(i)})}});
  context->config.client_watch_bytes_max = 1'000;
  on.news();
  ask(conn_b, {get(1, "/", true), get(2, "/big", true)});
  EXPECT_THAT(on.news_of("a"), ElementsAre("a: closed"));
  EXPECT_EQ(context->gauges->clients_cut_off, 1);
  EXPECT_EQ(stats().watches, 2u);
}

// -- sessions ------------------------------------------------------------------------------------

TEST_F(DatabaseLimits, ASessionWhoseClientLeftBeforeItWasMadeIsClosedAtOnce) {
  auto outcome = open(conn_b, {}, "b");
  tell(connection_closed{conn_b});
  ASSERT_THAT(planned_, SizeIs(1));
  commit();
  EXPECT_EQ(*outcome, "nothing");
  ASSERT_THAT(planned_, SizeIs(1));
  EXPECT_EQ(planned_.front()->value.header.type, op_code::close_session);
  commit();
  EXPECT_EQ(stats().sessions, 1u);  // of a
}

TEST_F(DatabaseLimits, AnAddressHasNoMoreSessionsThanItMay) {
  context->config.connections_per_address_max = 1;  // so a hundred sessions
  std::uint64_t next = 10;
  for (; next < 109; ++next) open_new(connection_id{next}, "x");
  EXPECT_EQ(*open(connection_id{next}, {}, "y"), "too many");
  ask(conn_a, {{cxid{1}, op_code::close_session, {}}});
  commit();
  open_new(connection_id{next + 1}, "z");
}

// -- what answers give back
// ------------------------------------------------------------------------

TEST_F(DatabaseLimits, EveryAnswerGivesBackWhatItsRequestTook) {
  const connection_id id{77};
  std::size_t given_back = 0;
  auto counting = [&given_back](client_sink::pointer) -> client_sink::behavior_type {
    return {[&given_back](const client_output& m) { given_back += m.request_bytes; }};
  };
  auto client = keep(system().spawn(counting));
  auto account = std::make_shared<client_account>(*context);
  system().spawn([&](caf::event_based_actor* self) {
    self->request(database_, caf::infinite,
                  open_session{id, {}, 10'000, {}, "127.0.0.1", client, false, account})
        .then([](const session_opened&) {});
  });
  run();
  commit();
  const std::string some(100, 's');  // malformed for most: errors give back too
  std::size_t asked = 0;
  for (const auto op : {op_code::ping, op_code::get_data, op_code::set_watches, op_code::add_watch,
                        op_code::remove_watches, op_code::create, op_code::who_am_i, op_code::multi,
                        op_code::multi_read, op_code::get_ephemerals}) {
    const auto xid = op == op_code::ping ? -2 : 5;
    for (const auto& body : {some, std::string{}}) {
      ask(id, {{cxid{xid}, op, body}});
      commit();
      asked += body.size() + 8;  // and the request's header
      EXPECT_EQ(given_back, asked) << "op " << static_cast<int>(op);
    }
  }
}

}  // namespace
}  // namespace troupe::test
