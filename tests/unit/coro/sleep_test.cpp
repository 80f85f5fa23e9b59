// SPDX-License-Identifier: Apache-2.0
#include "actors/coro/sleep.hpp"

#include <gtest/gtest.h>

#include "actors/coro/inbox.hpp"
#include "actors/coro/scope.hpp"
#include "tests/unit/coro/world.hpp"

namespace troupe::coro {
namespace {

using namespace std::chrono_literals;
using test::held;
using test::make_token;
using test::token;
using test::trail;
using test::world;

struct napper_state {
  signal on;
  inbox<int> in;
  scope work;
};
using napper = caf::stateful_actor<napper_state>;
using body = std::function<void(napper*)>;

/// Runs `first`, then for get: `second`; int: push; ok: notify; delete: cancel; close: quit.
caf::behavior napping(napper* self, body first, body second) {
  first(self);
  return {[=](caf::get_atom) { second(self); }, [=](int x) { self->state.in.push(x); },
          [=](caf::ok_atom) { self->state.on.notify(); },
          [=](caf::delete_atom) { self->state.work.cancel(); },
          [=](caf::close_atom) { self->quit(); }};
}

class Sleep : public testing::Test {
 protected:
  void spawn(
      body first, body second = [](napper*) {}) {
    actor_ = world_.system.spawn(napping, std::move(first), std::move(second));
    world_.run();
  }
  template <class... Msg>
  void tell(Msg... msg) {
    caf::anon_send(actor_, msg...);
    world_.run();
  }

  void TearDown() override {  // a timer that still runs would keep the actor alive
    caf::anon_send_exit(actor_, caf::exit_reason::kill);
    world_.run();
  }

  trail seen_;
  token life_ = make_token();
  world world_;
  caf::actor actor_;
};

task<> naps(napper* self, std::chrono::nanoseconds d, trail* to, token) {
  co_await sleep(self, d);
  to->push_back("awake");
}

TEST_F(Sleep, EndsWhenItsTimeHasCome) {
  spawn([this](napper* self) { self->state.work.start(naps(self, 5s, &seen_, life_)); });
  world_.advance(5s - 1ns);
  EXPECT_TRUE(seen_.empty());
  world_.advance(1ns);
  EXPECT_EQ(seen_, trail{"awake"});
  EXPECT_EQ(held(life_), 0);
  EXPECT_FALSE(world_.has_timeout());
}

TEST_F(Sleep, OfZeroOrLessGoesOnInALaterHandlerWithoutTheClock) {
  spawn([this](napper* self) {
    self->state.work.start(naps(self, 0s, &seen_, life_));
    self->state.work.start(naps(self, -1s, &seen_, life_));
    EXPECT_TRUE(seen_.empty());
  });
  EXPECT_FALSE(world_.has_timeout());
  EXPECT_EQ(seen_, (trail{"awake", "awake"}));
}

TEST_F(Sleep, InfiniteEndsOnlyByCancellation) {
  spawn([this](napper* self) { self->state.work.start(naps(self, infinite, &seen_, life_)); });
  EXPECT_FALSE(world_.has_timeout());
  tell(caf::delete_atom::value);
  EXPECT_EQ(held(life_), 0);
  EXPECT_TRUE(seen_.empty());
}

TEST_F(Sleep, CancelledTakesItsTimerAlong) {
  spawn([this](napper* self) { self->state.work.start(naps(self, 5s, &seen_, life_)); });
  EXPECT_TRUE(world_.has_timeout());
  tell(caf::delete_atom::value);
  EXPECT_EQ(held(life_), 0);
  EXPECT_FALSE(world_.has_timeout());
  world_.advance(5s);
  EXPECT_TRUE(seen_.empty());
}

TEST_F(Sleep, TimeoutAlreadyInTheMailboxWhenCancelledIsDropped) {
  spawn([this](napper* self) { self->state.work.start(naps(self, 5s, &seen_, life_)); });
  auto& clock = dynamic_cast<caf::scheduler::test_coordinator&>(world_.system.scheduler());
  caf::anon_send(actor_, caf::delete_atom::value);
  clock.advance_time(5s);  // both wait in the mailbox now, the cancellation first
  world_.run();
  EXPECT_EQ(held(life_), 0);
  EXPECT_TRUE(seen_.empty());
}

TEST_F(Sleep, ActorThatQuitsFreesTheSleepers) {
  spawn([this](napper* self) {
    self->state.work.start(naps(self, 5s, &seen_, life_));
    self->state.work.start(naps(self, infinite, &seen_, life_));
  });
  tell(caf::close_atom::value);
  EXPECT_EQ(held(life_), 0);
  EXPECT_FALSE(world_.has_timeout());
}

task<> quits_after(napper* self, std::chrono::nanoseconds d, token) {
  co_await sleep(self, d);
  self->quit();
}

TEST_F(Sleep, TaskThatQuitsItsActorEndsTheOthers) {
  spawn([this](napper* self) {
    self->state.work.start(naps(self, 5s, &seen_, life_));
    self->state.work.start(quits_after(self, 1s, life_));
  });
  world_.advance(1s);
  EXPECT_EQ(held(life_), 0);
  EXPECT_FALSE(world_.has_timeout());
}

task<> ticks(napper* self, trail* to) {
  for (int i = 0; i < 3; ++i) {
    auto tick = sleep(self, 2s);  // runs while the work below is done
    co_await sleep(self, 1s);
    co_await tick;
    to->push_back("tick");
  }
}

TEST_F(Sleep, StartedBeforeTheWorkKeepsItsPeriod) {
  spawn([this](napper* self) { self->state.work.start(ticks(self, &seen_)); });
  for (int second = 1; second <= 6; ++second) {
    world_.advance(1s);
    EXPECT_EQ(seen_.size(), static_cast<std::size_t>(second / 2)) << second;
  }
  EXPECT_FALSE(world_.has_timeout());
}

task<> waits_for_signal(napper* self, std::chrono::nanoseconds timeout, trail* to, token) {
  for (;;) {
    const bool notified = co_await self->state.on.wait_for(self, timeout);
    to->push_back(notified ? "notified" : "timeout");
  }
}

TEST_F(Sleep, SignalWaitEndsByNotifyOrByTimeout) {
  spawn(
      [this](napper* self) { self->state.work.start(waits_for_signal(self, 3s, &seen_, life_)); });
  world_.advance(2s);
  tell(caf::ok_atom::value);
  EXPECT_EQ(seen_, trail{"notified"});
  world_.advance(2s);
  EXPECT_EQ(seen_.size(), 1U) << "the timeout began anew";
  world_.advance(1s);
  EXPECT_EQ(seen_, (trail{"notified", "timeout"}));
  tell(caf::delete_atom::value);
  EXPECT_EQ(held(life_), 0);
  EXPECT_FALSE(world_.has_timeout());
}

TEST_F(Sleep, SignalWaitThatNeverTimesOutSetsNoTimer) {
  spawn([this](napper* self) {
    self->state.work.start(waits_for_signal(self, infinite, &seen_, life_));
  });
  EXPECT_FALSE(world_.has_timeout());
  tell(caf::ok_atom::value);
  EXPECT_EQ(seen_, trail{"notified"});
}

task<> pulls(napper* self, std::chrono::nanoseconds timeout, trail* to, token) {
  for (;;) {
    auto x = co_await self->state.in.next(self, timeout);
    to->push_back(x ? std::to_string(*x) : "timeout");
    if (!x) co_return;
  }
}

TEST_F(Sleep, InboxYieldsValuesThenTimesOut) {
  spawn([this](napper* self) { self->state.work.start(pulls(self, 3s, &seen_, life_)); });
  tell(1);
  world_.advance(2s);
  tell(2);
  world_.advance(2s);
  EXPECT_EQ(seen_, (trail{"1", "2"}));
  world_.advance(1s);
  EXPECT_EQ(seen_, (trail{"1", "2", "timeout"}));
  EXPECT_EQ(held(life_), 0);
  EXPECT_FALSE(world_.has_timeout());
  tell(3);  // nobody waits any more: queued
  EXPECT_EQ(seen_.size(), 3U);
}

TEST_F(Sleep, InboxWithTimeoutZeroTakesWhatIsThereOrWaiting) {
  spawn([](napper* self) { self->state.in.push(1); },
        [this](napper* self) { self->state.work.start(pulls(self, 0s, &seen_, life_)); });
  caf::anon_send(actor_, caf::get_atom::value);
  caf::anon_send(actor_, 2);
  world_.run();
  EXPECT_EQ(seen_, (trail{"1", "2", "timeout"}));
  EXPECT_FALSE(world_.has_timeout());
}

TEST_F(Sleep, TimeoutAlreadyInTheMailboxLosesToAnEarlierValue) {
  spawn([this](napper* self) { self->state.work.start(pulls(self, 3s, &seen_, life_)); });
  auto& clock = dynamic_cast<caf::scheduler::test_coordinator&>(world_.system.scheduler());
  caf::anon_send(actor_, 7);
  clock.advance_time(3s);
  world_.run();
  EXPECT_EQ(seen_, trail{"7"});
  world_.advance(3s);
  EXPECT_EQ(seen_, (trail{"7", "timeout"}));
}

TEST_F(Sleep, ManyTimedWaitsThatEndEarlyLeaveNothingInTheClock) {
  spawn([this](napper* self) { self->state.work.start(pulls(self, 24h, &seen_, life_)); });
  for (int i = 0; i < 1000; ++i) tell(i);
  EXPECT_EQ(seen_.size(), 1000U);
  auto& clock = dynamic_cast<caf::scheduler::test_coordinator&>(world_.system.scheduler());
  EXPECT_EQ(clock.clock().schedule().size(), 1U) << "only the wait that is under way";
}

TEST_F(Sleep, CancelledInboxWaitTakesItsTimerAlong) {
  spawn([this](napper* self) { self->state.work.start(pulls(self, 3s, &seen_, life_)); });
  tell(caf::delete_atom::value);
  EXPECT_EQ(held(life_), 0);
  EXPECT_FALSE(world_.has_timeout());
  EXPECT_TRUE(seen_.empty());
}

task<> throws_after(napper* self, std::chrono::nanoseconds d, token) {
  co_await sleep(self, d);
  throw std::runtime_error("broken invariant");
}

TEST_F(Sleep, FailedTaskLetsItsOwnerQuitTheActor) {
  spawn([this](napper* self) {
    self->state.work.on_failure([self](std::exception_ptr) {
      self->quit(caf::make_error(caf::exit_reason::unhandled_exception));
    });
    self->state.work.start(naps(self, 5s, &seen_, life_));
    self->state.work.start(throws_after(self, 1s, life_));
  });
  caf::error reason;
  actor_->attach_functor([&](const caf::error& why) { reason = why; });
  world_.advance(1s);
  EXPECT_EQ(reason, caf::exit_reason::unhandled_exception);
  EXPECT_EQ(held(life_), 0);
}

TEST(SleepInRealTime, WakesUnderTheRealScheduler) {
  auto life = make_token();
  caf::actor_system_config config;
  caf::actor_system system{config};
  trail seen;
  {
    auto first = [&](napper* self) {
      self->state.work.start(naps(self, 1ms, &seen, life));
      self->state.work.start(quits_after(self, 2ms, life));
      self->state.work.start(naps(self, 24h, &seen, life));
    };
    system.spawn(napping, body(first), body([](napper*) {}));
    system.await_all_actors_done();
  }
  EXPECT_EQ(seen, trail{"awake"});
  EXPECT_EQ(held(life), 0);
}

}  // namespace
}  // namespace troupe::coro
