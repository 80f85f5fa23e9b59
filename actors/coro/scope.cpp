// SPDX-License-Identifier: Apache-2.0
#include "actors/coro/scope.hpp"

#include <cassert>
#include <memory>
#include <utility>

namespace troupe::coro {

namespace detail {

void fiber::resume(std::coroutine_handle<> at) {
  assert(!running_ && "a running coroutine is not parked anywhere");
  if (cancelled_) return;
  running_ = true;
  for (next_ = at; next_ && !cancelled_;) std::exchange(next_, {}).resume();
  running_ = false;
  if (cancelled_ || top_.done()) retire();
}

void fiber::retire() {
  auto self = std::unique_ptr<fiber>(this);
  unlink();
  // The owner is told before the frame goes: the handler may destroy the scope, and so may what
  // the frame holds.
  if (owner_ && top_.done() && promise_.failure) owner_->fail(std::move(promise_.failure));
}

}  // namespace detail

scope::scope(failure_handler on_failure) : on_failure_(std::move(on_failure)) {}

scope::~scope() {
  for (;;) {
    cancel();
    if (running() == 0) break;
  }
  // What is left is on the call stack and destroys itself when it suspends.
  while (auto* orphan = fibers_.pop_front()) orphan->disown();
}

void scope::on_failure(failure_handler handler) { on_failure_ = std::move(handler); }

void scope::start(task<> work) {
  assert(work && "starting a task that was moved from");
  auto frame = work.release();
  auto* started = new detail::fiber(this, frame, frame.promise());
  fibers_.push_back(*started);
  started->start();
}

void scope::cancel() {
  detail::list<detail::fiber> cancelled;
  cancelled.take_all(fibers_);
  // All are marked before the first frame is destroyed: what a destructor wakes must not run.
  cancelled.for_each([](detail::fiber& x) { x.cancel(); });
  while (auto* x = cancelled.pop_front()) {
    if (x->running()) {
      fibers_.push_back(*x);
    } else {
      delete x;
    }
  }
}

std::size_t scope::running() const {
  std::size_t count = 0;
  fibers_.for_each([&](const detail::fiber& x) { count += x.cancelled() ? 0 : 1; });
  return count;
}

void scope::fail(std::exception_ptr what) {
  if (auto handler = on_failure_) return handler(std::move(what));
  if (!failure_) failure_ = std::move(what);
}

}  // namespace troupe::coro
