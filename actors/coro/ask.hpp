// SPDX-License-Identifier: Apache-2.0
/// A request as an expression: `auto reply = co_await pending;` yields caf::expected<Reply>.
/// Order: the request is sent, and its timeout starts, when ask() is called, not when it is
/// awaited; so several may be under way at once. The coroutine goes on inside the handler of the
/// reply. When the frame or the awaitable is gone, the reply is dropped.
/// Errors: caf::sec::request_timeout; request_receiver_down; unexpected_response for a reply of
/// another type; or the error the receiver answered with. A receiver that dies while it owes the
/// reply (it holds a response promise) answers nothing at all: CAF 0.17 does not bounce those, so
/// wait for ever only for receivers that live as long as you.
#pragma once

#include <caf/behavior.hpp>
#include <caf/expected.hpp>
#include <caf/response_type.hpp>
#include <caf/unit.hpp>
#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

#include "actors/coro/pending.hpp"

namespace troupe::coro {

/// A reply that was asked for. Movable; awaited at most once.
template <class Reply>
class [[nodiscard]] pending_reply {
 public:
  using result = caf::expected<Reply>;

  pending_reply(caf::scheduled_actor* self, caf::message_id response, detail::clock_entry timeout)
      : slot_(self, response, timeout, make_handler(ticket_)) {}

  [[nodiscard]] auto operator co_await() noexcept {
    return detail::ticket_awaiter<result>(ticket_);
  }

 private:
  using shared_ticket = std::shared_ptr<detail::ticket<result>>;

  static caf::behavior make_handler(shared_ticket to) {
    auto on_error = [to](caf::error& why) { to->settle(result{std::move(why)}); };
    if constexpr (std::is_void_v<Reply>) {
      return {[to] { to->settle(result{caf::unit}); }, std::move(on_error)};
    } else {
      return {[to](Reply& reply) { to->settle(result{std::move(reply)}); }, std::move(on_error)};
    }
  }

  shared_ticket ticket_ = std::make_shared<detail::ticket<result>>();
  detail::response_slot slot_;
};

namespace detail {

/// Whether a receiver with these signatures answers `Msg...` with `Reply`. A dynamically typed one
/// may.
template <class Reply, class Answer>
struct answers_with : std::is_same<Answer, caf::detail::type_list<Reply>> {};
template <class Reply>
struct answers_with<Reply, caf::message> : std::true_type {};

}  // namespace detail

/// Sends `msg...` to `to` as a request of `self`. A timeout of zero or `infinite` is none.
template <class Reply, class Self, class Handle, class... Msg>
[[nodiscard]] auto ask(Self* self, const Handle& to, std::chrono::nanoseconds timeout,
                       Msg&&... msg) {
  using answer =
      caf::response_type_t<typename Handle::signatures,
                           typename caf::detail::implicit_conversions<std::decay_t<Msg>>::type...>;
  static_assert(detail::answers_with<Reply, answer>::value,
                "the receiver answers this message with another type");
  const auto limit = detail::to_caf(timeout);
  auto sent = self->request(to, limit, std::forward<Msg>(msg)...);
  return pending_reply<Reply>(
      self, sent.id(),
      limit.valid() ? detail::clock_entry::timeout_of_request : detail::clock_entry::none);
}

}  // namespace troupe::coro
