// SPDX-License-Identifier: Apache-2.0
/// "Next message or timeout": plain handlers push, a coroutine pulls.
/// Order: first in, first out, for values and for waiting coroutines. A push that finds one waiting
/// resumes it inside push(); that coroutine may push, wait again, clear, and end the inbox's life.
/// Invariant: a value is queued only while nobody waits.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "actors/coro/signal.hpp"

namespace troupe::coro {

template <class T>
class inbox {
 public:
  inbox() = default;
  inbox(const inbox&) = delete;
  inbox& operator=(const inbox&) = delete;

  void push(T x) {
    while (auto* first = waiting_.pop_front()) {
      if (first->cancelled()) continue;  // the value is for one who can take it
      first->taken.emplace(std::move(x));
      return first->wake();
    }
    queued_.push_back(std::move(x));
  }

  /// The next value, however long it takes.
  [[nodiscard]] auto next() noexcept { return next_awaiter(*this); }

  /// The next value, or nothing after the timeout. Zero or less: what is queued, else what arrives
  /// with the messages that already wait.
  template <class Self>
  [[nodiscard]] auto next(Self* self, std::chrono::nanoseconds timeout) {
    return next_or_timeout_awaiter(*this, self, timeout);
  }

  /// Forgets the queued values; those who wait go on waiting.
  void clear() noexcept { queued_.clear(); }
  [[nodiscard]] std::size_t size() const noexcept { return queued_.size(); }

 private:
  struct awaiter : detail::timed_wait {
    explicit awaiter(inbox& from) noexcept : from_(from) {}
    awaiter(inbox& from, caf::scheduled_actor* self, std::chrono::nanoseconds timeout)
        : timed_wait(self, timeout), from_(from) {}
    [[nodiscard]] bool await_ready() {
      if (from_.queued_.empty()) return false;
      taken.emplace(std::move(from_.queued_.front()));
      from_.queued_.pop_front();
      return true;
    }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> at) {
      park(at);
      from_.waiting_.push_back(*this);
      start_timer();
    }

    std::optional<T> taken;

   protected:
    using detail::timed_wait::stop_timer;

   private:
    inbox& from_;
  };
  struct next_awaiter : awaiter {
    using awaiter::awaiter;
    [[nodiscard]] T await_resume() { return std::move(*this->taken); }
  };
  struct next_or_timeout_awaiter : awaiter {
    using awaiter::awaiter;
    [[nodiscard]] std::optional<T> await_resume() {
      this->stop_timer();
      return std::move(this->taken);
    }
  };

  detail::list<awaiter> waiting_;
  std::deque<T> queued_;
};

}  // namespace troupe::coro
