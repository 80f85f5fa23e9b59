// SPDX-License-Identifier: Apache-2.0
/// What the database does in slices: others have their turns meanwhile, and nobody sees it half
/// done.
#include <algorithm>
#include <caf/scheduler/test_coordinator.hpp>

#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::Contains;
using testing::SizeIs;

struct counted {
  int messages = 0, events = 0;
};

client_sink::behavior_type counting_client(client_sink::pointer, counted* all) {
  return {[all](const client_output& x) {
    ++all->messages;
    all->events += static_cast<int>(x.events);
  }};
}

class DatabaseTurns : public Database {
 protected:
  DatabaseTurns() { context->steps_per_slice = 16; }

  /// The turns that the database takes to handle this and to answer what comes behind it. All
  /// others have theirs between any two of these.
  template <class M>
  int turns_during(M m) {
    auto& all = dynamic_cast<caf::scheduler::test_coordinator&>(system().scheduler());
    const auto id = caf::actor_cast<caf::strong_actor_ptr>(database_)->id();
    const auto is_databases = [id](caf::resumable* job) {
      const auto* actor = dynamic_cast<caf::abstract_actor*>(job);
      return actor != nullptr && actor->id() == id;
    };
    bool answered = false;
    caf::anon_send(database_, std::move(m));
    system().spawn([&](caf::event_based_actor* self) {
      self->request(database_, caf::infinite, get_database_stats{})
          .then([&](const database_stats& x) {
            behind_ = x;
            answered = true;
          });
    });
    int turns = 0;
    while (!all.jobs.empty()) {
      auto other = std::find_if_not(all.jobs.begin(), all.jobs.end(), is_databases);
      if (other != all.jobs.end()) std::iter_swap(all.jobs.begin(), other);
      if (is_databases(all.jobs.front())) ++turns;
      all.run_once();
    }
    EXPECT_TRUE(answered);
    return turns;
  }
  void create_many(connection_id by, const std::string& prefix, int number, int flags) {
    for (int i = 0; i < number; i += 50) {
      std::vector<client_request> some;
      for (int k = i; k < i + 50; ++k)
        some.push_back(create(k + 1, prefix + std::to_string(k), flags));
      ask(by, std::move(some));
      commit();
    }
  }

  database_stats behind_;
};

TEST_F(DatabaseTurns, AShortChangeTakesOne) {
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {create(1, "/x")});
  EXPECT_LT(turns_during(apply_txns{std::exchange(planned_, {})}), 4);
}

TEST_F(DatabaseTurns, EndOfASessionWithManyEphemeralsTakesMany) {
  lead();
  auto session = open_new(conn_a, "a");
  create_many(conn_a, "/e", 200, 1);
  EXPECT_EQ(stats().ephemerals, 200u);
  EXPECT_GT(turns_during(client_requests{conn_a, {{cxid{500}, op_code::close_session, {}}}}), 50)
      << "to plan it";
  ASSERT_THAT(planned_, SizeIs(1));
  EXPECT_EQ(planned_.front()->value.header.client, session);
  EXPECT_GT(turns_during(apply_txns{std::exchange(planned_, {})}), 50) << "to apply it";
  EXPECT_EQ(behind_.ephemerals, 0u) << "who asked in the middle was answered at its end";
  EXPECT_EQ(behind_.sessions, 0u);
}

TEST_F(DatabaseTurns, AChangeThatManyWatchTakesMany) {
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {create(1, "/x")});
  commit();
  for (std::uint64_t n = 10; n < 110; ++n) {
    open_new(connection_id{n}, "w" + std::to_string(n));
    ask(connection_id{n}, {get(1, "/x", true)});
  }
  on.news();
  ask(conn_a, {{cxid{2}, op_code::remove, jute::encode(delete_request{"/x", -1})}});
  EXPECT_GT(turns_during(apply_txns{std::exchange(planned_, {})}), 20);
  auto news = on.news();
  for (std::uint64_t n = 10; n < 110; ++n)
    EXPECT_THAT(news, Contains("w" + std::to_string(n) + ": event /x"));
}

TEST_F(DatabaseTurns, OthersComeBetweenOutputsForManyClientsHoweverLittleTheyTake) {
  context->steps_per_slice = 1'000'000;
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {create(1, "/x")});
  commit();
  constexpr std::uint64_t clients = 320, at_once = 32;
  for (std::uint64_t n = 10; n < 10 + clients; ++n) {
    open_new(connection_id{n}, "w" + std::to_string(n));
    ask(connection_id{n}, {get(1, "/x", true)});
  }
  on.news();
  ask(conn_a, {{cxid{2}, op_code::remove, jute::encode(delete_request{"/x", -1})}});
  EXPECT_GE(turns_during(apply_txns{std::exchange(planned_, {})}),
            static_cast<int>(clients / at_once));
  EXPECT_THAT(on.news(), SizeIs(clients + 1));
}

TEST_F(DatabaseTurns, AConnectionThatTheServerClosesLosesManyWatchesInMany) {
  lead();
  for (int number : {40, 400}) {
    const connection_id id{static_cast<std::uint64_t>(number)};
    open_new(id, "w" + std::to_string(number));
    for (int i = 0; i < number; ++i)
      ask(id, {{cxid{i + 1}, op_code::exists,
                jute::encode(read_request{"/x" + std::to_string(i), true})}});
    EXPECT_EQ(stats().watches, static_cast<std::uint64_t>(number));
    on.news();
    const auto turns = turns_during(client_requests{id, {{cxid{1'000}, op_code{9'999}, {}}}});
    EXPECT_EQ(behind_.watches, 0u) << "who asked in the middle was answered at its end";
    if (number < 64) {
      EXPECT_LT(turns, 4);
    } else {
      EXPECT_GT(turns, 20);
    }
  }
}

TEST_F(DatabaseTurns, ClientsThatHearOfManyChangesAtOnceHaveThemInFewMessages) {
  constexpr int clients = 300, changes = 10;
  lead();
  open_new(conn_a, "a");
  create_many(conn_a, "/x", 50, 0);
  counted all;
  auto listening = keep(system().spawn(counting_client, &all));
  for (int n = 0; n < clients; ++n) {
    const connection_id id{static_cast<std::uint64_t>(10 + n)};
    auto account = std::make_shared<client_account>(*context);
    system().spawn([&, id, account](caf::event_based_actor* self) {
      self->request(database_, caf::infinite,
                    open_session{id, {}, 10'000, {}, "127.0.0.1", listening, false, account})
          .then([](const session_opened&) {});
    });
    run();
    commit();
    std::vector<client_request> watched;
    for (int i = 0; i < changes; ++i) watched.push_back(get(i + 1, "/x" + std::to_string(i), true));
    ask(id, std::move(watched));
  }
  std::string body;
  jute::writer ops{body};
  for (int i = 0; i < changes; ++i)
    ops(multi_header{op_code::remove, false, -1}, delete_request{"/x" + std::to_string(i), -1});
  ops(multi_header{op_code::error, true, -1});
  ask(conn_a, {{cxid{900}, op_code::multi, std::move(body)}});
  all = {};
  commit();
  EXPECT_EQ(all.events, clients * changes);
  EXPECT_EQ(all.messages, clients);
}

TEST_F(DatabaseTurns, ALongMultiIsReadAndWrittenInSlicesToo) {
  lead();
  open_new(conn_a, "a");
  std::string body;
  jute::writer ops{body};
  for (int i = 0; i < 1000; ++i) {
    create_request one;
    one.path = "/m" + std::to_string(i);
    one.acl = std::vector<acl_entry>{{permission::all, {"world", "anyone"}}};
    ops(multi_header{op_code::create, false, -1}, one);
  }
  ops(multi_header{op_code::error, true, -1});
  // 8 steps of each to plan it; and to read it, to free what was read, and what undoes it, and to
  // write the txn.
  EXPECT_GT(turns_during(client_requests{conn_a, {{cxid{2}, op_code::multi, std::move(body)}}}),
            11 * 1000 / 16);
  ASSERT_THAT(planned_, SizeIs(1));
}

TEST_F(DatabaseTurns, ReadsBehindAWriteTakeManyWhenTheyAreMany) {
  lead();
  open_new(conn_a, "a");
  std::vector<client_request> all{create(1, "/x")};
  for (int i = 0; i < 200; ++i) all.push_back(get(i + 2, "/x"));
  ask(conn_a, std::move(all));
  on.news();
  EXPECT_GT(turns_during(apply_txns{std::exchange(planned_, {})}), 20);
  auto news = on.news();
  ASSERT_EQ(news.size(), 201u);
  for (int i = 0; i < 201; ++i) EXPECT_EQ(news[i], "a: xid " + std::to_string(i + 1) + " err 0");
}

TEST_F(DatabaseTurns, ManySessionsExpireInManyAndAllAreProposed) {
  lead();
  constexpr std::int64_t count = 600;
  std::vector<txn_ptr> made;
  for (std::int64_t n = 1; n <= count; ++n)
    made.push_back(
        make_logged({{session_id{n}, {}, zxid{0x100000000 + n}, 1, op_code::create_session},
                     create_session_txn{1'000},
                     {}}));
  tell(apply_txns{std::move(made)});
  EXPECT_GT(turns_during(start_leading{epoch{2}, leader_}), 20) << "to count their time anew";
  advance(10s);
  tell(expire_sessions{});  // the clock stood still for so long that they are forgiven once
  advance(1s);
  tell(expire_sessions{});
  advance(1s);
  EXPECT_GT(turns_during(expire_sessions{}), 20);
  EXPECT_THAT(planned_, SizeIs(count));
}

TEST_F(DatabaseTurns, WhatOperatorsAskForTakesManyWhenItIsLong) {
  lead();
  open_new(conn_a, "a");
  create_many(conn_a, "/e", 200, 1);
  EXPECT_GT(turns_during(get_database_details{.sessions = true}), 5);
}

}  // namespace
}  // namespace troupe::test
