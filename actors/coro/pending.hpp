// SPDX-License-Identifier: Apache-2.0
/// The inside of ask, sleep and every timeout: one response an actor waits for, and the ticket that
/// its handler holds.
/// Why tickets: CAF keeps the handler, a scope may destroy the frame first; so the handler never
/// knows the frame. Why a timer is a response too: a request that is sent to nobody times out in
/// the actor's own mailbox, under the real clock and under the test coordinator's virtual one, and
/// needs no message in the actor's interface. Like every timeout of CAF's clock, one that runs
/// keeps its actor alive: an actor is ended by quit or an exit message, not by being forgotten.
#pragma once

#include <caf/behavior.hpp>
#include <caf/duration.hpp>
#include <caf/message_id.hpp>
#include <caf/scheduled_actor.hpp>
#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "actors/coro/fiber.hpp"

namespace troupe::coro {

/// A timeout that never comes.
inline constexpr std::chrono::nanoseconds infinite = std::chrono::nanoseconds::max();

namespace detail {

/// Where a response and the coroutine that wants it meet, whichever comes first.
template <class Value>
struct ticket {
  std::optional<Value> value;
  waiter* waiting = nullptr;

  /// Resumes the waiting coroutine inside this call.
  void settle(Value x) {
    if (value) return;
    value.emplace(std::move(x));
    if (waiting) std::exchange(waiting, nullptr)->wake();
  }
};

/// Parks a coroutine on a ticket. Lives in the frame; outlives neither it nor the wait.
template <class Value>
class ticket_awaiter {
 public:
  explicit ticket_awaiter(std::shared_ptr<ticket<Value>> wanted) noexcept
      : ticket_(std::move(wanted)) {}
  ticket_awaiter(const ticket_awaiter&) = delete;
  ticket_awaiter& operator=(const ticket_awaiter&) = delete;
  ~ticket_awaiter() {
    if (ticket_->waiting == &here_) ticket_->waiting = nullptr;
  }

  [[nodiscard]] bool await_ready() const noexcept { return ticket_->value.has_value(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> at) noexcept {
    here_.park(at);
    ticket_->waiting = &here_;
  }
  Value await_resume() { return std::move(*ticket_->value); }

 private:
  std::shared_ptr<ticket<Value>> ticket_;
  waiter here_;
};

/// What the actor clock holds for a response.
enum class clock_entry {
  none,
  timeout_of_request,  // stays in the clock when the reply comes
  the_response_itself,
};

/// Keeps a response handler registered with its actor; takes it away, with its clock entry, when it
/// dies, so that waits which ended otherwise leave nothing behind. Must not outlive the actor.
class response_slot {
 public:
  response_slot() = default;
  /// An actor that is about to die is given no handler: CAF would keep it alive for the response.
  response_slot(caf::scheduled_actor* self, caf::message_id response, clock_entry timeout,
                caf::behavior handler);
  response_slot(response_slot&& other) noexcept
      : self_(std::exchange(other.self_, nullptr)), id_(other.id_), timeout_(other.timeout_) {}
  response_slot& operator=(response_slot&& other) noexcept {
    std::swap(self_, other.self_);
    std::swap(id_, other.id_);
    std::swap(timeout_, other.timeout_);
    return *this;
  }
  ~response_slot() { close(); }

  void close() noexcept;

 private:
  caf::scheduled_actor* self_ = nullptr;
  caf::message_id id_{};
  clock_entry timeout_ = clock_entry::none;
};

struct expired {};

/// Settles the ticket inside the actor's own handler after `delay`: with a delay of zero or less
/// after the messages that already wait, without the clock; with `infinite` never.
[[nodiscard]] response_slot start_timer(caf::scheduled_actor* self, std::chrono::nanoseconds delay,
                                        std::shared_ptr<ticket<expired>> on_expiry);

/// CAF's form of a timeout; zero or less and `infinite` mean none.
[[nodiscard]] inline caf::duration to_caf(std::chrono::nanoseconds timeout) {
  if (timeout <= timeout.zero() || timeout == infinite) return caf::infinite;
  return caf::duration{timeout};
}

}  // namespace detail
}  // namespace troupe::coro
