// SPDX-License-Identifier: Apache-2.0
#include "actors/coro/pending.hpp"

#include <caf/actor_clock.hpp>
#include <caf/error.hpp>
#include <caf/sec.hpp>

namespace troupe::coro::detail {

namespace {

/// CAF takes a response handler away only when the response comes. An actor whose waits mostly end
/// otherwise (a queue with a timeout) would collect dead handlers, which CAF searches linearly; so
/// this reaches for the table, which is protected.
struct response_table : caf::scheduled_actor {
  /// True if the response had not come yet.
  static bool forget(caf::scheduled_actor& self, caf::message_id response) {
    return (self.*(&response_table::multiplexed_responses_)).erase(response) > 0;
  }
};

[[nodiscard]] bool is_about_to_die(const caf::scheduled_actor& self) {
  return self.getf(caf::abstract_actor::is_shutting_down_flag);
}

}  // namespace

response_slot::response_slot(caf::scheduled_actor* self, caf::message_id response,
                             clock_entry timeout, caf::behavior handler) {
  if (is_about_to_die(*self)) return;
  self->add_multiplexed_response_handler(response, std::move(handler));
  self_ = self;
  id_ = response;
  timeout_ = timeout;
}

void response_slot::close() noexcept {
  auto* self = std::exchange(self_, nullptr);
  if (!self || is_about_to_die(*self)) return;  // its cleanup drops all handlers and timeouts
  const bool was_waiting = response_table::forget(*self, id_);
  const bool in_clock = timeout_ == clock_entry::timeout_of_request ||
                        (timeout_ == clock_entry::the_response_itself && was_waiting);
  if (in_clock) self->clock().cancel_request_timeout(self, id_);
}

response_slot start_timer(caf::scheduled_actor* self, std::chrono::nanoseconds delay,
                          std::shared_ptr<ticket<expired>> on_expiry) {
  auto request = self->new_request_id(caf::message_priority::normal);
  auto expire = [timer = std::move(on_expiry)](caf::error&) { timer->settle({}); };
  const bool in_clock = delay > delay.zero() && delay != infinite;
  response_slot slot{self, request.response_id(),
                     in_clock ? clock_entry::the_response_itself : clock_entry::none,
                     caf::behavior{std::move(expire)}};
  if (is_about_to_die(*self)) return slot;
  if (delay <= delay.zero()) {
    self->eq_impl(request.response_id(), self->ctrl(), self->context(),
                  caf::make_error(caf::sec::request_timeout));
  } else if (in_clock) {
    self->request_response_timeout(to_caf(delay), request);
  }
  return slot;
}

}  // namespace troupe::coro::detail
