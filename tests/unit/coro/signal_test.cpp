// SPDX-License-Identifier: Apache-2.0
#include "actors/coro/signal.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "actors/coro/inbox.hpp"
#include "actors/coro/scope.hpp"
#include "tests/unit/coro/world.hpp"

namespace troupe::coro {
namespace {

using test::held;
using test::make_token;
using test::token;
using test::trail;

task<> waits_as(signal* on, std::string name, trail* to) {
  co_await on->wait();
  to->push_back(name);
}

TEST(Signal, NotifyWakesAllInTheOrderInWhichTheyWaited) {
  trail seen;
  signal on;
  scope work;
  for (auto name : {"a", "b", "c"}) work.start(waits_as(&on, name, &seen));
  on.notify();
  EXPECT_EQ(seen, (trail{"a", "b", "c"}));
}

TEST(Signal, NotifyWithoutWaiterIsForgotten) {
  trail seen;
  signal on;
  scope work;
  on.notify();
  work.start(waits_as(&on, "a", &seen));
  EXPECT_TRUE(seen.empty());
}

task<> counts_wakes(signal* on, int* wakes) {
  for (;;) {
    co_await on->wait();
    ++*wakes;
  }
}

TEST(Signal, WaiterThatWaitsAgainIsWokenOnceANotify) {
  int wakes = 0;
  signal on;
  scope work;
  work.start(counts_wakes(&on, &wakes));
  on.notify();
  EXPECT_EQ(wakes, 1);
  on.notify();
  EXPECT_EQ(wakes, 2);
}

task<> notifies_again(signal* on, trail* to) {
  co_await on->wait();
  to->push_back("first");
  on->notify();  // nested: the rest wait in the outer notify, which still owes them a wake
  to->push_back("first done");
}

TEST(Signal, NotifyFromAWokenWaiterLosesNobody) {
  trail seen;
  signal on;
  scope work;
  work.start(notifies_again(&on, &seen));
  work.start(waits_as(&on, "second", &seen));
  on.notify();
  EXPECT_EQ(seen, (trail{"first", "first done", "second"}));
}

task<> cancels_other(signal* on, scope* other) {
  co_await on->wait();
  other->cancel();
}

TEST(Signal, WaiterCancelledByAnEarlierOneIsNotWoken) {
  trail seen;
  signal on;
  scope work;
  scope other;
  work.start(cancels_other(&on, &other));
  other.start(waits_as(&on, "b", &seen));
  on.notify();
  EXPECT_TRUE(seen.empty());
}

task<> destroys_signal(std::unique_ptr<signal>* on, trail* to) {
  co_await (*on)->wait();
  on->reset();
  to->push_back("signal gone");
}

TEST(Signal, DestroyedByAWaiterStillWakesTheOthers) {
  trail seen;
  auto on = std::make_unique<signal>();
  scope work;
  work.start(destroys_signal(&on, &seen));
  work.start(waits_as(on.get(), "b", &seen));
  on->notify();
  EXPECT_EQ(seen, (trail{"signal gone", "b"}));
}

task<> pulls(inbox<int>* from, token, trail* to) {
  for (;;) {
    auto x = co_await from->next();
    to->push_back(std::to_string(x));
  }
}

TEST(Inbox, ValuesPushedWhileNobodyWaitsComeInOrder) {
  trail seen;
  inbox<int> in;
  for (int i = 1; i <= 3; ++i) in.push(i);
  EXPECT_EQ(in.size(), 3U);
  scope work;
  work.start(pulls(&in, make_token(), &seen));
  EXPECT_EQ(seen, (trail{"1", "2", "3"}));
  EXPECT_EQ(in.size(), 0U);
}

TEST(Inbox, PushResumesTheWaiterAtOnce) {
  trail seen;
  inbox<int> in;
  scope work;
  work.start(pulls(&in, make_token(), &seen));
  in.push(4);
  EXPECT_EQ(seen, trail{"4"});
  in.push(5);
  EXPECT_EQ(seen, (trail{"4", "5"}));
}

TEST(Inbox, CancelledWaiterLeavesTheValueQueued) {
  auto mine = make_token();
  trail seen;
  inbox<int> in;
  scope work;
  work.start(pulls(&in, mine, &seen));
  work.cancel();
  EXPECT_EQ(held(mine), 0);
  in.push(1);
  EXPECT_EQ(in.size(), 1U);
  in.clear();
  EXPECT_EQ(in.size(), 0U);
}

task<> pulls_and_pushes(inbox<int>* from, trail* to) {
  for (;;) {
    auto x = co_await from->next();
    to->push_back(std::to_string(x));
    if (x < 3) {
      from->push(x + 1);
      to->push_back("pushed");
    }
  }
}

TEST(Inbox, WaiterThatPushesToItsOwnInboxReadsThatNext) {
  trail seen;
  inbox<int> in;
  scope work;
  work.start(pulls_and_pushes(&in, &seen));
  in.push(1);
  EXPECT_EQ(seen, (trail{"1", "pushed", "2", "pushed", "3"}));
}

task<> pulls_once(inbox<std::unique_ptr<int>>* from, std::string name, trail* to) {
  auto x = co_await from->next();
  to->push_back(name + std::to_string(*x));
}

TEST(Inbox, WaitersTakeTurnsAndValuesMayBeMoveOnly) {
  trail seen;
  inbox<std::unique_ptr<int>> in;
  scope work;
  work.start(pulls_once(&in, "a", &seen));
  work.start(pulls_once(&in, "b", &seen));
  in.push(std::make_unique<int>(1));
  in.push(std::make_unique<int>(2));
  EXPECT_EQ(seen, (trail{"a1", "b2"}));
}

struct pushes_when_destroyed {
  pushes_when_destroyed(inbox<int>* x, int y) : to(x), value(y) {}
  pushes_when_destroyed(const pushes_when_destroyed&) = delete;
  ~pushes_when_destroyed() { to->push(value); }
  inbox<int>* to;
  int value;
};

task<> pushes_at_death(inbox<int>* to) {
  signal never;
  pushes_when_destroyed guard(to, 9);
  co_await never.wait();
}

TEST(Inbox, ValueIsNotGivenToAWaiterThatIsBeingCancelled) {
  trail seen;
  inbox<int> in;
  scope work;
  work.start(pushes_at_death(&in));
  work.start(pulls(&in, make_token(), &seen));
  work.cancel();
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(in.size(), 1U);
}

}  // namespace
}  // namespace troupe::coro
