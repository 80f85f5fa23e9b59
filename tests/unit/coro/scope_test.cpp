// SPDX-License-Identifier: Apache-2.0
#include "actors/coro/scope.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "actors/coro/signal.hpp"
#include "tests/unit/coro/world.hpp"

namespace troupe::coro {
namespace {

using test::held;
using test::make_token;
using test::token;
using test::trail;

task<> waits(signal* on, token, trail* to) {
  co_await on->wait();
  to->push_back("woken");
}

task<> waits_in_child(signal* on, token mine, trail* to) {
  auto child = waits(on, mine, to);
  co_await child;
  to->push_back("parent");
}

task<> fails(token, std::string what) {
  throw std::runtime_error(what);
  co_return;
}

[[nodiscard]] std::string text_of(std::exception_ptr what) {
  try {
    std::rethrow_exception(what);
  } catch (const std::exception& e) {
    return e.what();
  }
}

TEST(Scope, DestroyedFreesWaitingFramesAndTheirChildren) {
  auto mine = make_token();
  trail seen;
  signal on;
  {
    scope work;
    work.start(waits(&on, mine, &seen));
    work.start(waits_in_child(&on, mine, &seen));
    EXPECT_EQ(work.running(), 2U);
    EXPECT_EQ(held(mine), 3);
  }
  EXPECT_EQ(held(mine), 0);
  on.notify();
  EXPECT_TRUE(seen.empty());
}

TEST(Scope, CancelledThenUsedAgainRunsOnlyTheNewTask) {
  auto mine = make_token();
  trail seen;
  signal on;
  scope work;
  work.start(waits(&on, mine, &seen));
  work.cancel();
  EXPECT_EQ(work.running(), 0U);
  EXPECT_EQ(held(mine), 0);
  work.start(waits(&on, mine, &seen));
  on.notify();
  EXPECT_EQ(seen, trail{"woken"});
  work.cancel();  // after all have finished: nothing left to do
}

TEST(Scope, SignalDestroyedFirstLeavesTheWaiterToTheScope) {
  auto mine = make_token();
  trail seen;
  scope work;
  {
    signal on;
    work.start(waits(&on, mine, &seen));
  }
  EXPECT_EQ(held(mine), 1);
  work.cancel();
  EXPECT_EQ(held(mine), 0);
}

task<> cancels_own_scope(scope* work, signal* on, token, trail* to) {
  work->cancel();
  to->push_back("still runs");
  co_await on->wait();
  to->push_back("never");
}

TEST(Scope, CancelledByItsOwnTaskEndsThatTaskAtItsNextSuspension) {
  auto mine = make_token();
  trail seen;
  signal on;
  scope work;
  work.start(waits(&on, mine, &seen));
  work.start(cancels_own_scope(&work, &on, mine, &seen));
  EXPECT_EQ(held(mine), 0);
  EXPECT_EQ(work.running(), 0U);
  on.notify();
  EXPECT_EQ(seen, trail{"still runs"});
}

task<> cancels_and_awaits_child(scope* work, token mine, trail* to) {
  work->cancel();
  signal nobody;
  to->push_back("before");
  co_await waits(&nobody, mine, to);
  to->push_back("never");
}

TEST(Scope, CancelledByItsOwnTaskDoesNotEnterAnotherChild) {
  auto mine = make_token();
  trail seen;
  scope work;
  work.start(cancels_and_awaits_child(&work, mine, &seen));
  EXPECT_EQ(seen, trail{"before"});
  EXPECT_EQ(held(mine), 0);
}

task<> replaces_itself(scope* work, signal* on, token mine, trail* to) {
  work->cancel();
  work->start(waits(on, mine, to));
  to->push_back("replaced");
  co_return;
}

TEST(Scope, TaskStartedAfterCancelByTheSameTaskSurvives) {
  auto mine = make_token();
  trail seen;
  signal on;
  scope work;
  work.start(replaces_itself(&work, &on, mine, &seen));
  EXPECT_EQ(work.running(), 1U);
  on.notify();
  EXPECT_EQ(seen, (trail{"replaced", "woken"}));
  EXPECT_EQ(held(mine), 0);
}

task<> wakes_then_notes(signal* on, token, trail* to) {
  on->notify();
  to->push_back("waker goes on");
  co_return;
}

task<> cancels_when_woken(signal* on, scope* work, token, trail* to) {
  co_await on->wait();
  work->cancel();
  to->push_back("cancelled");
}

TEST(Scope, CancelledByATaskThatAnotherOfItsTasksWokeHarmsNeither) {
  auto mine = make_token();
  trail seen;
  signal on;
  scope work;
  work.start(cancels_when_woken(&on, &work, mine, &seen));
  work.start(wakes_then_notes(&on, mine, &seen));
  EXPECT_EQ(seen, (trail{"cancelled", "waker goes on"}));
  EXPECT_EQ(held(mine), 0);
  EXPECT_EQ(work.running(), 0U);
}

task<> destroys_scope(std::optional<scope>* work, signal* on, token, trail* to) {
  work->reset();
  to->push_back("still runs");
  co_await on->wait();
  to->push_back("never");
}

TEST(Scope, DestroyedByItsOwnTaskFreesThatTaskAtItsNextSuspension) {
  auto mine = make_token();
  trail seen;
  signal on;
  std::optional<scope> work(std::in_place);
  work->start(waits(&on, mine, &seen));
  work->start(destroys_scope(&work, &on, mine, &seen));
  EXPECT_EQ(held(mine), 0);
  EXPECT_EQ(seen, trail{"still runs"});
}

struct notifies_when_destroyed {
  explicit notifies_when_destroyed(signal* x) : on(x) {}
  notifies_when_destroyed(const notifies_when_destroyed&) = delete;
  ~notifies_when_destroyed() { on->notify(); }
  signal* on;
};

task<> notifies_at_death(signal* on, token) {
  signal never;
  notifies_when_destroyed guard(on);
  co_await never.wait();
}

TEST(Scope, DestructorOfACancelledFrameWakesNoOtherCancelledOne) {
  auto mine = make_token();
  trail seen;
  signal on;
  scope work;
  work.start(notifies_at_death(&on, mine));
  work.start(waits(&on, mine, &seen));
  work.cancel();
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(held(mine), 0);
}

task<> wakes_own_child_at_death(signal* on, token mine, trail* to) {
  auto child = waits(on, mine, to);
  notifies_when_destroyed guard(on);  // dies before the child that waits for it
  co_await child;
}

TEST(Scope, DestructorOfACancelledFrameDoesNotWakeItsOwnChild) {
  auto mine = make_token();
  trail seen;
  signal on;
  scope work;
  work.start(wakes_own_child_at_death(&on, mine, &seen));
  work.cancel();
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(held(mine), 0);
}

TEST(Scope, FailureOfATaskIsHandedToTheHandler) {
  auto mine = make_token();
  trail seen;
  scope work([&](std::exception_ptr what) { seen.push_back(text_of(what)); });
  work.start(fails(mine, "disk full"));
  EXPECT_EQ(seen, trail{"disk full"});
  EXPECT_EQ(held(mine), 0);
  EXPECT_EQ(work.running(), 0U);
  EXPECT_EQ(work.failure(), nullptr);
}

TEST(Scope, FailureWithoutHandlerIsKept) {
  auto mine = make_token();
  scope work;
  work.start(fails(mine, "first"));
  work.start(fails(mine, "second"));
  ASSERT_NE(work.failure(), nullptr);
  EXPECT_EQ(text_of(work.failure()), "first");
}

TEST(Scope, FailureHandlerMayDestroyTheScope) {
  auto mine = make_token();
  trail seen;
  signal on;
  std::optional<scope> work(std::in_place);
  work->on_failure([&](std::exception_ptr) { work.reset(); });
  work->start(waits(&on, mine, &seen));
  work->start(fails(mine, "broken"));
  EXPECT_FALSE(work.has_value());
  EXPECT_EQ(held(mine), 0);
}

TEST(Scope, FailureHandlerThatThrowsReachesWhoeverResumedTheTask) {
  auto mine = make_token();
  scope work([](std::exception_ptr what) { std::rethrow_exception(what); });
  EXPECT_THROW(work.start(fails(mine, "broken")), std::runtime_error);
  EXPECT_EQ(held(mine), 0);
}

}  // namespace
}  // namespace troupe::coro
