// SPDX-License-Identifier: Apache-2.0
#include "actors/coro/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "actors/coro/scope.hpp"
#include "actors/coro/signal.hpp"
#include "tests/unit/coro/world.hpp"

namespace troupe::coro {
namespace {

using test::held;
using test::make_token;
using test::token;
using test::trail;

task<> note(trail* to, std::string what) {
  to->push_back(std::move(what));
  co_return;
}

task<int> add(int x, int y) { co_return x + y; }

task<std::unique_ptr<int>> boxed(int x) { co_return std::make_unique<int>(x); }

task<> wait_for_signal(signal* on, token, trail* to) {
  to->push_back("waits");
  co_await on->wait();
  to->push_back("woken");
}

task<int> value_after(signal* on, token, int x) {
  co_await on->wait();
  co_return x;
}

task<> sum_of_children(signal* on, token mine, trail* to) {
  auto first = value_after(on, mine, 1);
  auto x = co_await first;
  auto y = co_await value_after(on, mine, 2);  // unnamed works too
  to->push_back(std::to_string(x + y));
}

TEST(Task, NotStartedRunsNothingAndFreesItsFrame) {
  auto mine = make_token();
  trail seen;
  signal on;
  {
    auto t = wait_for_signal(&on, mine, &seen);
    EXPECT_EQ(held(mine), 1);
  }
  EXPECT_EQ(held(mine), 0);
  EXPECT_TRUE(seen.empty());
}

TEST(Task, MovedKeepsOneOwner) {
  auto mine = make_token();
  trail seen;
  signal on;
  auto t = wait_for_signal(&on, mine, &seen);
  auto u = std::move(t);
  EXPECT_FALSE(t);
  EXPECT_TRUE(u);
  EXPECT_EQ(held(mine), 1);
  u = wait_for_signal(&on, mine, &seen);
  EXPECT_EQ(held(mine), 1) << "assignment destroys the frame that was there";
}

task<> use_values(trail* to) {
  auto sum = co_await add(2, 3);
  auto box = co_await boxed(7);
  to->push_back(std::to_string(sum) + " " + std::to_string(*box));
}

TEST(Task, ChildThatFinishesAtOnceYieldsItsValue) {
  trail seen;
  scope work;
  work.start(use_values(&seen));
  EXPECT_EQ(seen, trail{"5 7"});
  EXPECT_EQ(work.running(), 0U);
}

TEST(Task, ChildrenThatWaitResumeTheirParent) {
  auto mine = make_token();
  trail seen;
  signal on;
  scope work;
  work.start(sum_of_children(&on, mine, &seen));
  EXPECT_EQ(held(mine), 2) << "parent and first child";
  on.notify();
  EXPECT_TRUE(seen.empty());
  on.notify();
  EXPECT_EQ(seen, trail{"3"});
  EXPECT_EQ(held(mine), 0);
}

task<> many_children(int count, int* sum) {
  for (int i = 0; i < count; ++i) *sum += co_await add(i, 0) >= 0 ? 1 : 0;
}

TEST(Task, LoopOverChildrenThatFinishAtOnceDoesNotGrowTheStack) {
  int sum = 0;
  scope work;
  work.start(many_children(300'000, &sum));
  EXPECT_EQ(sum, 300'000);
}

task<int> deep(int depth) {
  if (depth == 0) co_return 0;
  auto below = deep(depth - 1);
  co_return 1 + co_await below;
}

task<> go_deep(int depth, int* reached) { *reached = co_await deep(depth); }

TEST(Task, DeepChainOfChildrenReturns) {
  int reached = 0;
  scope work;
  work.start(go_deep(2'000, &reached));
  EXPECT_EQ(reached, 2'000);
}

task<int> fails_after(signal* on, token) {
  co_await on->wait();
  throw std::runtime_error("torn page");
}

task<> catches(signal* on, token mine, trail* to) {
  std::string what;
  try {
    co_await fails_after(on, mine);
  } catch (const std::runtime_error& e) {
    what = e.what();
  }
  to->push_back(what);
}

TEST(Task, ExceptionOfAChildReachesTheParentThatAwaitsIt) {
  auto mine = make_token();
  trail seen;
  signal on;
  scope work;
  work.start(catches(&on, mine, &seen));
  on.notify();
  EXPECT_EQ(seen, trail{"torn page"});
  EXPECT_EQ(held(mine), 0);
  EXPECT_EQ(work.failure(), nullptr);
}

TEST(Task, OfVoidAwaitsInOrder) {
  trail seen;
  scope work;
  work.start(note(&seen, "a"));
  work.start(note(&seen, "b"));
  EXPECT_EQ(seen, (trail{"a", "b"}));
}

}  // namespace
}  // namespace troupe::coro
