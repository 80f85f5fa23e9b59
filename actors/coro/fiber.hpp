// SPDX-License-Identifier: Apache-2.0
/// The inside of task and scope: a fiber is one task of a scope with the chain of children it
/// awaits. Only one frame of a fiber runs at a time, so all resuming goes through it.
/// Owns: the frame of the scope's task (children are owned by the frames that await them).
/// Order: a frame that hands over (to a child, or back to its parent) names the next frame and
/// suspends; resume() is a loop over those names. The stack therefore stays flat at every
/// optimisation level: g++ turns symmetric transfer into tail calls only with -O2, and a loop that
/// awaits thousands of children which finish at once would overflow it under the sanitizers.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "actors/coro/links.hpp"

namespace troupe::coro {

class scope;

namespace detail {

class fiber;

/// What every frame carries, whatever its result.
struct promise_base {
  fiber* in_fiber = nullptr;         // set when the task is awaited or given to a scope
  std::coroutine_handle<> parent{};  // who awaits it; none for a scope's own task
  std::exception_ptr failure{};
};

class fiber : public link {
 public:
  fiber(scope* owner, std::coroutine_handle<> top, promise_base& promise) noexcept
      : owner_(owner), top_(top), promise_(promise) {
    promise_.in_fiber = this;
  }
  ~fiber() { top_.destroy(); }

  /// Runs from `at` until no frame of this fiber can go on. May destroy the fiber, and with it the
  /// caller's awaiter. A cancelled fiber does not run again.
  void resume(std::coroutine_handle<> at);
  void start() { resume(top_); }

  /// Names the frame that goes on when the running one has suspended.
  void hand_over(std::coroutine_handle<> next) noexcept { next_ = next; }

  [[nodiscard]] bool running() const noexcept { return running_; }
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }
  void cancel() noexcept { cancelled_ = true; }
  void disown() noexcept { owner_ = nullptr; }

 private:
  void retire();

  scope* owner_;
  std::coroutine_handle<> top_;
  promise_base& promise_;
  std::coroutine_handle<> next_{};
  bool running_ = false;
  bool cancelled_ = false;
};

/// A place where one coroutine is parked until wake(). Lives in the parked frame, so it unlinks
/// itself from whatever list it waits in when the frame is destroyed.
class waiter : public link {
 public:
  template <class Promise>
  void park(std::coroutine_handle<Promise> at) noexcept {
    in_fiber_ = at.promise().in_fiber;
    at_ = at;
  }

  /// True when waking would be in vain: the task is cancelled, only its frame is still there.
  [[nodiscard]] bool cancelled() const noexcept { return in_fiber_->cancelled(); }

  /// Resumes the parked coroutine inside this call. `*this` may be gone afterwards.
  void wake() {
    unlink();
    in_fiber_->resume(std::exchange(at_, {}));
  }

 private:
  fiber* in_fiber_ = nullptr;
  std::coroutine_handle<> at_{};
};

}  // namespace detail
}  // namespace troupe::coro
