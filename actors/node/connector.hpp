// SPDX-License-Identifier: Apache-2.0
/// How a socket to another server comes about, and the seam where a test cluster puts a network of
/// its own between the servers.
/// Errors: what the system said ("Connection refused"), or that nothing was said in time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "messages/ids.hpp"

namespace troupe {

struct connect_options {
  std::chrono::milliseconds connect_limit{2'000};  // for all addresses of a name together
  /// What was sent and not acknowledged for so long ends the connection (TCP_USER_TIMEOUT).
  /// Without it a connection to a host that vanished would wait for it for a quarter of an hour.
  std::chrono::milliseconds silence_limit{15'000};
  bool keep_alive = false;  // probes of an idle connection (SO_KEEPALIVE)
};

/// A connected socket, or why there is none.
[[nodiscard]] tl::expected<int, std::string> connect_within(const std::string& host,
                                                            std::uint16_t port,
                                                            const connect_options& options);

/// The same for a server whose id is known. It may wait as long as the options say, and is called
/// by several threads at once, one for each server.
using connector = std::function<tl::expected<int, std::string>(
    server_id to, const std::string& host, std::uint16_t port, const connect_options& options)>;

}  // namespace troupe
