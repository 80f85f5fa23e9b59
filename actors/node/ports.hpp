// SPDX-License-Identifier: Apache-2.0
/// Where a server listens: election and peer port for the other servers, client port for clients;
/// and how it moves when a reconfig gives it other ports (QuorumPeer.processReconfig). Connections
/// that are there stay, over whichever port they came.
/// Errors: at the start a text that names the port; later a log line, and the old port is kept.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "actors/base/node_context.hpp"
#include "actors/client/gateway.hpp"
#include "actors/node/server.hpp"

namespace troupe {

class ports {
 public:
  ports(caf::actor_system& system, context_ptr context, server_handles server);

  /// Listens where the config says. Empty, or what cannot be had.
  [[nodiscard]] std::string open();
  [[nodiscard]] std::uint16_t client_port() const { return gateway_.port; }
  [[nodiscard]] const std::string& client_host() const { return *place_.client_address; }

  /// Moves to where this server's line says. Waits for CAF, so not on the I/O thread.
  void follow(const config::server_entry& to);
  /// No new clients; their sockets are closed when what they are owed is out.
  void close();

 private:
  template <class Handle>
  [[nodiscard]] std::string publish(const Handle& actor, const std::string& host,
                                    std::uint16_t port, const char* what);
  template <class Handle>
  void move(const Handle& actor, const config::server_entry& to, std::uint16_t old_port,
            std::uint16_t new_port, const char* what);
  void move_clients(const config::server_entry& to);

  caf::actor_system& system_;
  context_ptr context_;
  server_handles server_;
  running_gateway gateway_;
  config::server_entry place_;  // where we listen, clients' address and port filled in
};

/// Carries a place from the I/O thread, where a reconfig is heard of, to the thread that moves.
class noted_place {
 public:
  void note(const config::server_entry& x) {
    std::lock_guard lock{guard_};
    last_ = x;
  }
  [[nodiscard]] std::optional<config::server_entry> take() {
    std::lock_guard lock{guard_};
    return std::exchange(last_, std::nullopt);
  }

 private:
  std::mutex guard_;
  std::optional<config::server_entry> last_;
};

}  // namespace troupe
