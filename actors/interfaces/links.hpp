// SPDX-License-Identifier: Apache-2.0
/// How a server reaches the others by id: the middleman in production, a simulated network in
/// tests/sim.
#pragma once

#include <cstdint>
#include <string>

#include <caf/actor_control_block.hpp>

#include "actors/interfaces/local_message.hpp"
#include "messages/ids.hpp"

namespace troupe {

enum class port_kind { election, peer };

/// One try to reach the actor that a server publishes at its election or peer port.
struct dial {
  TROUPE_STAYS_LOCAL;
  server_id to;
  port_kind port = port_kind::election;
  std::string host;          // of its server line as it is now
  std::uint16_t number = 0;  // of the port
};

/// The handle is good until its down message. Errors carry a text for people.
struct linked {
  TROUPE_STAYS_LOCAL;
  server_id to;
  caf::strong_actor_ptr handle;
};

/// How a server reaches the others by id: the middleman in production, a simulated network in
/// tests/sim.
using links_actor = caf::typed_actor<replies_to<dial>::with<linked>>;

}  // namespace troupe
