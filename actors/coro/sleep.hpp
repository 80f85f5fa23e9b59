// SPDX-License-Identifier: Apache-2.0
/// A timer as an expression.
/// Units: virtual time under caf::scheduler::test_coordinator, else steady time.
#pragma once

#include <chrono>
#include <memory>

#include "actors/coro/pending.hpp"

namespace troupe::coro {

/// A running timer. Movable; awaited at most once; stopped when it is destroyed.
class [[nodiscard]] timer {
 public:
  timer(caf::scheduled_actor* self, std::chrono::nanoseconds delay)
      : slot_(detail::start_timer(self, delay, ticket_)) {}

  [[nodiscard]] auto operator co_await() noexcept { return awaiter(ticket_); }

 private:
  struct awaiter : detail::ticket_awaiter<detail::expired> {
    using ticket_awaiter::ticket_awaiter;
    void await_resume() const noexcept {}
  };

  std::shared_ptr<detail::ticket<detail::expired>> ticket_ =
      std::make_shared<detail::ticket<detail::expired>>();
  detail::response_slot slot_;
};

/// The timer starts when sleep() is called, not when it is awaited: a tick that is started before
/// the work and awaited after it keeps its period. Zero or less: after the messages that already
/// wait. `infinite`: until cancelled.
template <class Self>
[[nodiscard]] timer sleep(Self* self, std::chrono::nanoseconds delay) {
  return timer(self, delay);
}

}  // namespace troupe::coro
