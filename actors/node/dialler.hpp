// SPDX-License-Identifier: Apache-2.0
/// Connects to another server's port without holding up anybody else. CAF's own middleman actor
/// dials with a blocking connect, one at a time: one host that swallows packets would delay every
/// other dial by minutes. Each dialler has a thread of its own, to be used for one host.
/// Errors: what the system said ("Connection refused"), or that nothing was said in time.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <tl/expected.hpp>

namespace troupe {

struct dialler_options {
  std::chrono::milliseconds connect_limit{2'000};  // for all addresses of a name together
  /// What was sent and not acknowledged for so long ends the connection (TCP_USER_TIMEOUT).
  /// Without it a connection to a host that vanished would wait for it for a quarter of an hour.
  std::chrono::milliseconds silence_limit{15'000};
  bool keep_alive = false;  // probes of an idle connection (SO_KEEPALIVE)
};

/// A connected socket, or why there is none.
[[nodiscard]] tl::expected<int, std::string> connect_within(const std::string& host,
                                                            std::uint16_t port,
                                                            const dialler_options& options);

/// Answers CAF's connect_atom as its own middleman actor does. Ends by an exit message, but not
/// before the connect under way is over.
[[nodiscard]] caf::io::middleman_actor spawn_dialler(caf::actor_system& system,
                                                     dialler_options options);

}  // namespace troupe
