// SPDX-License-Identifier: Apache-2.0
/// The wiring: introduces the actors of one server to each other. The same in production and in
/// simulation; only the links to the other servers and the seams of the context differ.
#pragma once

#include <memory>
#include <string>

#include "actors/base/client_account.hpp"
#include "actors/base/node_context.hpp"
#include "actors/core/session_passwords.hpp"
#include "actors/interfaces/client.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/election.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/links.hpp"
#include "actors/interfaces/peer.hpp"

namespace caf {
class actor_system;
}

namespace troupe {

struct server_handles {
  journal_actor journal;
  database_actor database;
  election_actor election;
  peer_actor peer;
  std::shared_ptr<const core::session_passwords> passwords =
      std::make_shared<core::session_passwords>();  // of clients' sessions
};

/// Spawns the long-lived actors of a server. It reads its data directory and goes looking for a
/// leader at once.
[[nodiscard]] server_handles spawn_server(caf::actor_system& system, context_ptr context,
                                          links_actor links);

/// One client connection's session actor. `address` is the client's host:port.
[[nodiscard]] client_session_actor spawn_client_session(
    caf::actor_system& system, context_ptr context, const server_handles& server, connection_id id,
    std::string address, transport_sink transport, account_ptr account);

/// Ends the server's long-lived actors; their roles end with them.
void end_server(const server_handles& server);

}  // namespace troupe
