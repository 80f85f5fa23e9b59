// SPDX-License-Identifier: Apache-2.0
/// "Something changed": wakes every coroutine that waits. Remembers nothing; a waiter re-checks
/// what it waits for, before and after.
/// Order: waiters run in the order in which they began to wait, inside notify(). One that waits
/// again during it is not woken twice. notify() may end the signal's own life.
#pragma once

#include <chrono>
#include <coroutine>
#include <memory>
#include <utility>

#include "actors/coro/pending.hpp"

namespace troupe::coro {

namespace detail {

/// Waits in a list, or in a list and for a timer: whichever comes first takes it out of both.
/// Derived: enter() puts the waiter into its list. The timer starts with the wait.
class timed_wait : public waiter {
 public:
  timed_wait() = default;
  timed_wait(caf::scheduled_actor* self, std::chrono::nanoseconds timeout)
      : self_(self), timeout_(timeout) {}
  ~timed_wait() { stop_timer(); }

 protected:
  void start_timer() {
    if (!self_ || timeout_ == infinite) return;
    expiry_ = std::make_shared<ticket<expired>>();
    expiry_->waiting = this;
    slot_ = detail::start_timer(self_, timeout_, expiry_);
  }
  void stop_timer() noexcept {
    if (expiry_) expiry_->waiting = nullptr;
    slot_.close();
  }
  [[nodiscard]] bool timed_out() const noexcept { return expiry_ && expiry_->value; }

 private:
  caf::scheduled_actor* self_ = nullptr;
  std::chrono::nanoseconds timeout_ = infinite;
  std::shared_ptr<ticket<expired>> expiry_;
  response_slot slot_;
};

}  // namespace detail

class signal {
 public:
  signal() = default;
  signal(const signal&) = delete;
  signal& operator=(const signal&) = delete;

  void notify() {
    detail::list<detail::waiter> woken;
    woken.take_all(waiting_);
    while (auto* next = woken.pop_front()) next->wake();
  }

  /// Waits for the next notify().
  [[nodiscard]] auto wait() noexcept { return wait_awaiter(*this); }

  /// Waits for the next notify(): true; or for the timeout: false. Zero or less: false after the
  /// messages that already wait, unless one of them notifies.
  template <class Self>
  [[nodiscard]] auto wait_for(Self* self, std::chrono::nanoseconds timeout) {
    return wait_for_awaiter(*this, self, timeout);
  }

 private:
  struct wait_awaiter : detail::timed_wait {
    explicit wait_awaiter(signal& on) noexcept : on_(on) {}
    wait_awaiter(signal& on, caf::scheduled_actor* self, std::chrono::nanoseconds timeout)
        : timed_wait(self, timeout), on_(on) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> at) {
      park(at);
      on_.waiting_.push_back(*this);
      start_timer();
    }
    void await_resume() noexcept { stop_timer(); }

    signal& on_;
  };
  struct wait_for_awaiter : wait_awaiter {
    using wait_awaiter::wait_awaiter;
    [[nodiscard]] bool await_resume() noexcept {
      stop_timer();
      return !timed_out();
    }
  };

  detail::list<detail::waiter> waiting_;
};

}  // namespace troupe::coro
