// SPDX-License-Identifier: Apache-2.0
/// Connects to another server's port without holding up anybody else. CAF's own middleman actor
/// dials with a blocking connect, one at a time: one host that swallows packets would delay every
/// other dial by minutes. Each dialler has a thread of its own, to be used for one host.
/// Errors: what the system said ("Connection refused"), or that nothing was said in time.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "actors/node/connector.hpp"

namespace troupe {

/// What a dialler does to get its socket.
struct dialler_options : connect_options {
  /// Instead of connect_within, when it is not empty.
  std::function<tl::expected<int, std::string>(const std::string& host, std::uint16_t port,
                                               const connect_options& options)>
      connect;
};

/// Answers CAF's connect_atom as its own middleman actor does. Ends by an exit message, but not
/// before the connect under way is over.
[[nodiscard]] caf::io::middleman_actor spawn_dialler(caf::actor_system& system,
                                                     dialler_options options);

}  // namespace troupe
