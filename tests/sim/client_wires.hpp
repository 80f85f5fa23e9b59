// SPDX-License-Identifier: Apache-2.0
/// Connections between simulated clients and client_session actors: bytes both ways, in order,
/// late, and cut into other pieces than they were sent in. Takes client_gateway's place.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "actors/base/client_account.hpp"
#include "actors/interfaces/client.hpp"
#include "tests/sim/scheduler.hpp"

namespace troupe::sim {

/// Who listens at the client's end.
class connection_hearer {
 public:
  virtual ~connection_hearer() = default;
  virtual void on_bytes(connection_id from, std::string_view bytes) = 0;
  /// By the server, or by a fault on the way.
  virtual void on_closed(connection_id which) = 0;
};

class client_wires {
 public:
  client_wires(scheduler& on, rng chance) : on_(on), chance_(chance) {}

  /// Makes the actor that talks to a connection, in the server's own realm.
  using session_spawner = std::function<client_session_actor(connection_id, std::string address,
                                                             transport_sink, account_ptr)>;

  void start(server_id who, realm where, context_ptr context, session_spawner spawn);
  /// The server's process is gone: its connections break.
  void stop(server_id who);

  /// Nullopt: refused, nobody listens there.
  [[nodiscard]] std::optional<connection_id> connect(server_id to, connection_hearer* from);
  void send(connection_id via, std::string bytes);
  void close(connection_id which);
  /// A fault: either end learns that the connection broke.
  void break_one(std::size_t pick);
  [[nodiscard]] std::size_t open_count() const { return connections_.size(); }

  void shutdown();

 private:
  struct server {
    realm where = 0;
    context_ptr context;
    session_spawner spawn;
    transport_sink transport;
  };
  struct connection {
    server_id to;
    connection_hearer* client = nullptr;
    client_session_actor session;
    account_ptr account;
    duration last_due_up{0}, last_due_down{0};
    bool closing = false;  // the server has said its last
  };

  void on_server_bytes(const send_bytes& m);
  [[nodiscard]] transport_sink spawn_transport();
  [[nodiscard]] duration next_due(duration& last_due);
  void end(connection_id which, bool tell_client, bool tell_server);

  scheduler& on_;
  rng chance_;
  std::map<server_id, server> servers_;
  std::map<connection_id, connection> connections_;
  std::uint64_t made_ = 0;
};

}  // namespace troupe::sim
