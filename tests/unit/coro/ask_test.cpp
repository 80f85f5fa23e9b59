// SPDX-License-Identifier: Apache-2.0
#include "actors/coro/ask.hpp"

#include <gtest/gtest.h>

#include <caf/io/all.hpp>
#include <caf/io/network/test_multiplexer.hpp>

#include "actors/coro/scope.hpp"
#include "actors/coro/sleep.hpp"
#include "tests/unit/coro/world.hpp"

namespace troupe::coro {
namespace {

using namespace std::chrono_literals;
using test::held;
using test::make_token;
using test::token;
using test::trail;
using test::world;

/// Where an asking task writes what it saw; outlives the actors of its test.
struct notes {
  trail seen;
};

struct asker_state {
  token life = make_token();
  scope work;
};
using asker = caf::stateful_actor<asker_state>;

// The receivers: one that answers, one that answers when told, one that refuses, one that is mute.
using doubler = caf::typed_actor<caf::replies_to<int>::with<int>>;
doubler::behavior_type double_it() {
  return {[](int x) { return 2 * x; }};
}

caf::behavior untyped_receiver() {
  return {[](int x) { return 2 * x; },
          [](const std::string& x) -> caf::result<std::string> {
            if (x == "refuse") return caf::make_error(caf::sec::invalid_argument, "refused");
            return x + "!";
          },
          [](double) {}};
}

struct slow_state {
  std::vector<caf::typed_response_promise<int>> owed;
};
using slow_actor = caf::typed_actor<caf::replies_to<int>::with<int>, caf::reacts_to<caf::ok_atom>>;
slow_actor::behavior_type slow(slow_actor::stateful_pointer<slow_state> self) {
  return {[=](int) -> caf::typed_response_promise<int> {
            self->state.owed.push_back(self->make_response_promise<int>());
            return self->state.owed.back();
          },
          [=](caf::ok_atom) {
            for (auto& promise : self->state.owed) promise.deliver(1);
            self->state.owed.clear();
          }};
}

template <class Self, class Reply, class Handle, class Msg>
task<> ask_and_note(Self* self, Handle to, std::chrono::nanoseconds timeout, Msg msg, notes* out,
                    token) {
  auto pending = ask<Reply>(self, to, timeout, msg);
  auto reply = co_await pending;
  if (!reply) {
    out->seen.push_back("error " + self->system().render(reply.error()));
  } else if constexpr (std::is_void_v<Reply>) {
    out->seen.push_back("done");
  } else {
    out->seen.push_back(caf::deep_to_string(*reply));
  }
}

/// Spawns an actor that runs one asking task, answers `caf::get_atom` with nothing, and on
/// `caf::delete_atom` cancels its scope.
template <class Reply, class Handle, class Msg>
caf::actor spawn_asker(world& w, Handle to, std::chrono::nanoseconds timeout, Msg msg, notes* out,
                       token life) {
  auto body = [=](asker* self) -> caf::behavior {
    self->state.work.start(ask_and_note<asker, Reply>(self, to, timeout, msg, out, life));
    return {[=](caf::delete_atom) { self->state.work.cancel(); }};
  };
  return w.system.spawn(body);
}

class Ask : public testing::Test {
 protected:
  notes out_;
  token life_ = make_token();
  world world_;
};

TEST_F(Ask, TypedReceiverRepliesWithItsType) {
  auto receiver = world_.system.spawn(double_it);
  auto self = spawn_asker<int>(world_, receiver, 1s, 21, &out_, life_);
  world_.run();
  EXPECT_EQ(out_.seen, trail{"42"});
  EXPECT_EQ(held(life_), 0);
  EXPECT_FALSE(world_.has_timeout()) << "an answered request leaves no timeout behind";
}

TEST_F(Ask, DynamicReceiverRepliesWithValueOrVoid) {
  auto receiver = world_.system.spawn(untyped_receiver);
  auto a = spawn_asker<std::string>(world_, receiver, 1s, std::string("hi"), &out_, life_);
  auto b = spawn_asker<void>(world_, receiver, infinite, 2.5, &out_, life_);
  world_.run();
  EXPECT_EQ(out_.seen, (trail{"\"hi!\"", "done"}));
}

TEST_F(Ask, RefusalIsAnErrorValue) {
  auto receiver = world_.system.spawn(untyped_receiver);
  auto self = spawn_asker<std::string>(world_, receiver, 1s, std::string("refuse"), &out_, life_);
  world_.run();
  ASSERT_EQ(out_.seen.size(), 1U);
  EXPECT_NE(out_.seen[0].find("invalid_argument"), std::string::npos) << out_.seen[0];
}

TEST_F(Ask, ReplyOfAnotherTypeIsAnError) {
  auto receiver = world_.system.spawn(untyped_receiver);
  auto self = spawn_asker<std::string>(world_, receiver, 1s, 5, &out_, life_);
  world_.run();
  ASSERT_EQ(out_.seen.size(), 1U);
  EXPECT_NE(out_.seen[0].find("unexpected_response"), std::string::npos) << out_.seen[0];
}

TEST_F(Ask, NobodyToAskIsAnError) {
  auto self = spawn_asker<int>(world_, doubler{}, 1s, 5, &out_, life_);
  world_.run();
  ASSERT_EQ(out_.seen.size(), 1U);
  EXPECT_NE(out_.seen[0].find("invalid_argument"), std::string::npos) << out_.seen[0];
}

TEST_F(Ask, ReceiverThatIsGoneIsAnError) {
  auto receiver = world_.system.spawn(slow);
  caf::anon_send_exit(receiver, caf::exit_reason::kill);
  world_.run();
  auto self = spawn_asker<int>(world_, receiver, infinite, 5, &out_, life_);
  world_.run();
  EXPECT_EQ(out_.seen.size(), 1U);
}

TEST_F(Ask, NoReplyInTimeIsAnErrorAndTheLateReplyIsDropped) {
  auto receiver = world_.system.spawn(slow);
  auto self = spawn_asker<int>(world_, receiver, 1s, 5, &out_, life_);
  world_.run();
  world_.advance(999ms);
  EXPECT_TRUE(out_.seen.empty());
  world_.advance(1ms);
  ASSERT_EQ(out_.seen.size(), 1U);
  EXPECT_NE(out_.seen[0].find("request_timeout"), std::string::npos) << out_.seen[0];
  caf::anon_send(receiver, caf::ok_atom::value);
  world_.run();
  EXPECT_EQ(out_.seen.size(), 1U);
}

TEST_F(Ask, ZeroAndInfiniteTimeoutsWaitForEver) {
  auto receiver = world_.system.spawn(slow);
  auto a = spawn_asker<int>(world_, receiver, 0s, 5, &out_, life_);
  auto b = spawn_asker<int>(world_, receiver, infinite, 5, &out_, life_);
  world_.run();
  EXPECT_FALSE(world_.has_timeout());
  world_.advance(24h);
  EXPECT_TRUE(out_.seen.empty());
  caf::anon_send(receiver, caf::ok_atom::value);
  world_.run();
  EXPECT_EQ(out_.seen, (trail{"1", "1"}));
}

TEST_F(Ask, CancelledWhileWaitingDropsTheLateReplyAndTheTimeout) {
  auto receiver = world_.system.spawn(slow);
  auto self = spawn_asker<int>(world_, receiver, 1s, 5, &out_, life_);
  world_.run();
  const auto before = held(life_);
  caf::anon_send(self, caf::delete_atom::value);
  world_.run();
  EXPECT_EQ(held(life_), before - 1);
  EXPECT_FALSE(world_.has_timeout());
  caf::anon_send(receiver, caf::ok_atom::value);
  world_.run();
  EXPECT_TRUE(out_.seen.empty());
}

TEST_F(Ask, ActorThatExitsWhileAskingFreesItsTasks) {
  auto receiver = world_.system.spawn(slow);
  auto self = spawn_asker<int>(world_, receiver, 1s, 5, &out_, life_);
  world_.run();
  caf::anon_send_exit(self, caf::exit_reason::user_shutdown);
  self = nullptr;
  world_.run();
  EXPECT_EQ(held(life_), 0);
  EXPECT_FALSE(world_.has_timeout());
  caf::anon_send(receiver, caf::ok_atom::value);
  world_.run();
  EXPECT_TRUE(out_.seen.empty());
}

task<> quits_then_asks(asker* self, slow_actor to, notes* out, token) {
  self->quit();
  out->seen.push_back("quit");
  auto reply = co_await ask<int>(self, to, infinite, 1);
  out->seen.push_back("never");
}

TEST_F(Ask, AfterQuitDoesNotKeepTheActorAlive) {
  auto receiver = world_.system.spawn(slow);
  auto self = world_.system.spawn([&, to = receiver](asker* me) -> caf::behavior {
    return {
        [=, this](caf::get_atom) { me->state.work.start(quits_then_asks(me, to, &out_, life_)); }};
  });
  caf::anon_send(self, caf::get_atom::value);
  world_.run();
  EXPECT_EQ(held(life_), 0) << "the state, and with it the scope, is gone";
  caf::anon_send(receiver, caf::ok_atom::value);
  world_.run();
  EXPECT_EQ(out_.seen, trail{"quit"});
}

task<> asks_two_at_once(asker* self, slow_actor slowly, doubler quickly, notes* out) {
  auto late = ask<int>(self, slowly, 1s, 1);
  auto soon = ask<int>(self, quickly, 1s, 4);
  auto first = co_await late;
  auto second = co_await soon;  // came while the other was awaited
  out->seen.push_back(std::to_string(*first) + " " + std::to_string(*second));
}

TEST_F(Ask, SeveralUnderWayAtOnceKeepTheirReplies) {
  auto slowly = world_.system.spawn(slow);
  auto quickly = world_.system.spawn(double_it);
  auto self = world_.system.spawn([=, this](asker* me) -> caf::behavior {
    me->state.work.start(asks_two_at_once(me, slowly, quickly, &out_));
    return {[](caf::get_atom) {}};
  });
  world_.run();
  EXPECT_TRUE(out_.seen.empty());
  caf::anon_send(slowly, caf::ok_atom::value);
  world_.run();
  EXPECT_EQ(out_.seen, trail{"1 8"});
}

// A typed actor that answers a request by asking another one: the promise is made in the handler.
using relay_actor = caf::typed_actor<caf::replies_to<int>::with<int>>;
struct relay_state {
  static inline const char* name = "test.relay";
  scope work;
};
using relay_pointer = relay_actor::stateful_pointer<relay_state>;

task<> relay_one(relay_pointer self, doubler to, int x, caf::typed_response_promise<int> answer) {
  auto reply = co_await ask<int>(self, to, 1s, x);
  if (!reply) {
    answer.deliver(std::move(reply.error()));
  } else {
    answer.deliver(*reply + 1);
  }
}

relay_actor::behavior_type relay(relay_pointer self, doubler to) {
  return {[=](int x) -> caf::result<int> {
    auto answer = self->make_response_promise<int>();
    self->state.work.start(relay_one(self, to, x, answer));
    return answer;
  }};
}

TEST_F(Ask, TypedStatefulActorAsksToAnswer) {
  auto last = world_.system.spawn(double_it);
  auto middle = world_.system.spawn(relay, last);
  auto self = spawn_asker<int>(world_, middle, 1s, 20, &out_, life_);
  world_.run();
  EXPECT_EQ(out_.seen, trail{"41"});
}

// A broker, on a multiplexer that stands still until it is told to move.
struct broker_state {
  scope work;
};
using test_broker = caf::stateful_actor<broker_state, caf::io::broker>;

task<> broker_asks(test_broker* self, doubler to, notes* out, token) {
  auto reply = co_await ask<int>(self, to, 1s, 8);
  out->seen.push_back(reply ? std::to_string(*reply) : "error");
  co_await sleep(self, 1s);
  out->seen.push_back("slept");
}

TEST(AskFromBroker, RepliesAndTimersReachIt) {
  notes out;
  auto life = make_token();
  test::deterministic config;
  config.load<caf::io::middleman, caf::io::network::test_multiplexer>();
  caf::actor_system system{config};
  auto& clock = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  auto& net = dynamic_cast<caf::io::network::test_multiplexer&>(system.middleman().backend());
  auto settle = [&] {
    while (net.try_exec_runnable() || clock.try_run_once()) {
    }
  };
  net.exec_runnable();  // the BASP broker's own first step
  {
    auto receiver = system.spawn(double_it);
    auto body = [&](test_broker* self) -> caf::behavior {
      self->state.work.start(broker_asks(self, receiver, &out, life));
      return {[=](caf::get_atom) { self->quit(); }};
    };
    auto self = system.middleman().spawn_broker(body);
    settle();
    EXPECT_EQ(out.seen, trail{"16"});
    clock.advance_time(1s);
    settle();
    EXPECT_EQ(out.seen, (trail{"16", "slept"}));
    EXPECT_EQ(held(life), 0);
    caf::anon_send(self, caf::get_atom::value);
    settle();
  }
  settle();
}

}  // namespace
}  // namespace troupe::coro
