// SPDX-License-Identifier: Apache-2.0
/// Wraps a behavior's handlers so that each message leaves an event before it is handled:
///
///   return traced(trace, "zk.leader", [=](const ack& x) {...}, [=](get) -> result<state> {...});
///
/// as the behavior of a dynamically typed actor or broker, or of a typed one. For a typed actor the
/// handlers stand in the order of its interface; in any other order say
/// `traced(...).as<behavior_type>()`. A null sink costs one branch a message.
/// A message shows its fields if its namespace has `std::string trace_fields(const Message&)`
/// (log::text_of helps); else only its type's name.
#pragma once

#include <caf/behavior.hpp>
#include <caf/deduce_mpi.hpp>
#include <caf/typed_behavior.hpp>
#include <concepts>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "actors/trace/sink.hpp"
#include "actors/trace/type_name.hpp"

namespace troupe::trace {

template <class Message>
concept has_trace_fields = requires(const Message& x) {
  { trace_fields(x) } -> std::convertible_to<std::string>;
};

namespace detail {

template <class Part>
void append_fields(std::string& text, const Part& part) {
  if constexpr (has_trace_fields<Part>) {
    if (!text.empty()) text += ' ';
    text += trace_fields(part);
  }
}

/// A handler with the signature of the one it wraps: CAF deduces types from it.
template <class Handler, class Signature>
class traced_handler;

template <class Handler, class Result, class... Args>
class traced_handler<Handler, Result(Args...)> {
 public:
  traced_handler(std::shared_ptr<sink> to, const char* actor, Handler handle)
      : to_(std::move(to)), actor_(actor), handle_(std::move(handle)) {}

  Result operator()(Args... args) {
    handled_last = type_name<std::decay_t<Args>...>();
    if (to_) note(args...);
    return handle_(std::forward<Args>(args)...);
  }

 private:
  void note(const std::decay_t<Args>&... parts) const {
    std::string fields;
    (append_fields(fields, parts), ...);
    to_->record(direction::handled, actor_, type_name<std::decay_t<Args>...>(), std::move(fields));
  }

  std::shared_ptr<sink> to_;
  const char* actor_;
  Handler handle_;
};

/// What CAF accepts beside functions (a catch-all, a receive timeout) passes unwrapped.
template <class Handler>
[[nodiscard]] auto wrap(const std::shared_ptr<sink>& to, const char* actor, Handler handle) {
  if constexpr (caf::detail::is_callable<Handler>::value) {
    using signature = typename caf::detail::get_callable_trait<Handler>::fun_sig;
    return traced_handler<Handler, signature>(to, actor, std::move(handle));
  } else {
    return handle;
  }
}

}  // namespace detail

/// Becomes a behavior where it is returned. Its conversions are no templates, since only so they
/// win against the constructors of CAF's behaviors, which take anything.
template <class... Handlers>
class traced_behavior {
 public:
  using typed = caf::typed_behavior<caf::deduce_mpi_t<Handlers>...>;

  explicit traced_behavior(Handlers... handlers) : handlers_(std::move(handlers)...) {}

  operator caf::behavior() && { return std::move(*this).template as<caf::behavior>(); }
  operator typed() && { return std::move(*this).template as<typed>(); }

  template <class Behavior>
  [[nodiscard]] Behavior as() && {
    return std::apply([](auto&... x) { return Behavior(std::move(x)...); }, handlers_);
  }

 private:
  std::tuple<Handlers...> handlers_;
};

/// `actor` is a literal. The handlers are plain callables, as a behavior takes them.
template <class... Handlers>
[[nodiscard]] auto traced(std::shared_ptr<sink> to, const char* actor, Handlers... handlers) {
  return traced_behavior(detail::wrap(to, actor, std::move(handlers))...);
}

}  // namespace troupe::trace
