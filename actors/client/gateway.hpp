// SPDX-License-Identifier: Apache-2.0
/// Accepts clients' connections and moves their bytes; one session actor per connection decides
/// what they mean. A CAF broker: it lives on the multiplexer's thread.
/// Owns: the listening socket, the connections' sockets and what is not yet written to them.
/// Order: bytes of one connection reach its session, and the session's bytes the socket, in order.
/// Errors: why a port cannot be had is told to whoever starts the gateway. A client that takes
/// its replies too slowly is not asked for more requests; one that lets watch events pile up is cut
/// off with a log line, and so is who holds most when all together hold too much; one that takes
/// nothing at all for the longest session timeout is dropped by the kernel. A connection that is
/// over stays in the books until its last bytes are out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tl/expected.hpp>

#include <caf/actor_system.hpp>
#include <caf/io/connection_handle.hpp>

#include "actors/base/client_account.hpp"
#include "actors/base/node_context.hpp"
#include "actors/base/tcp_listener.hpp"
#include "actors/interfaces/client.hpp"

namespace troupe {

/// Makes the session actor of a new connection; `client_address` is host:port.
using session_factory = std::function<client_session_actor(
    caf::actor_system&, connection_id, std::string client_address, transport_sink, account_ptr)>;

struct client_gateway_options {
  context_ptr context;
  std::string address;     // to listen on: a name or an address
  std::uint16_t port = 0;  // 0: any free one
  session_factory make_session;
  /// Bytes of events that a client may leave unsent; with more it is cut off. For replies see
  /// client_account.hpp.
  std::size_t event_bytes_max = 16 << 20;
};

struct running_gateway {
  transport_sink handle;  // an exit message stops it: no new clients, sockets closed after flush
  std::uint16_t port = 0;
};

/// Listens, then spawns the gateway.
[[nodiscard]] tl::expected<running_gateway, listen_error> start_client_gateway(
    caf::actor_system& sys, client_gateway_options options);

/// New clients come over another address from now on; those who are there stay. On an error the old
/// one is kept. From any thread.
[[nodiscard]] tl::expected<void, listen_error> move_client_gateway(running_gateway& gateway,
                                                                   const std::string& address,
                                                                   std::uint16_t port,
                                                                   const node_context& context);

}  // namespace troupe
