// SPDX-License-Identifier: Apache-2.0
/// One message as an actor met it: what a trace is made of.
/// Units: `at_ns` by the clock of the sink it went to; comparable within one server only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "messages/ids.hpp"

namespace troupe::trace {

enum class direction : std::uint8_t {
  handled,  // an actor's handler is about to run
  sent,     // said to another server; recorded by the link that carries it
};

[[nodiscard]] constexpr std::string_view to_string(direction x) {
  return x == direction::handled ? "handled" : "sent";
}

struct event {
  std::int64_t at_ns = 0;
  server_id server{};
  direction way = direction::handled;
  std::string_view actor;    // of static storage
  std::string_view message;  // its type's name, of static storage
  std::string fields;  // "key=value key=value", by which traces are joined: session, cxid, zxid
};

}  // namespace troupe::trace
