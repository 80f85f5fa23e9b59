// SPDX-License-Identifier: Apache-2.0
/// What the client gateway keeps of its connections, and what it says to itself. Nobody else than
/// gateway.cpp includes this.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include "actors/base/client_account.hpp"
#include "actors/base/pinned.hpp"
#include "actors/client/gateway.hpp"
#include "actors/client/socket.hpp"
#include "actors/core/last_bytes.hpp"
#include "actors/core/outbox.hpp"
#include "actors/interfaces/client.hpp"

namespace troupe::client_gateway_parts {

/// From the gateway to itself, a turn of the multiplexer later.
struct apply_pause {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
};

/// From the gateway to itself: does its client still take what it is owed?
struct check_last_bytes {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
};

/// From the gateway to itself: the client has had the time to end its side as well.
struct end_linger {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
};

/// From the gateway to itself, once a tick.
struct check_what_all_hold {
  TROUPE_STAYS_LOCAL;
};

/// From whoever moves the gateway: listen here instead.
struct accept_at {
  TROUPE_STAYS_LOCAL;
  int listening_fd = -1;
};

/// From the doorman: there was no descriptor for a connection.
struct short_of_files {
  TROUPE_STAYS_LOCAL;
  int code = 0;  // an errno
  bool was_closed = false;
};
struct listen_again {
  TROUPE_STAYS_LOCAL;
};

using caf::io::connection_handle;

/// A read's size follows the client's appetite: most send some hundred bytes at a time, and a
/// buffer is held for every connection, and cleared for every read.
inline constexpr std::size_t read_bytes_min = client_socket::quiet_bytes;
inline constexpr std::size_t read_bytes_max = 64 * 1024;

/// What CAF has of a client's output at once. Its two buffers keep the room they once needed for
/// as long as the connection lives.
inline constexpr std::size_t being_written_max = 64 * 1024;

/// Of a client that does nothing: its actor, its broker's buffers, its places in all books.
inline constexpr std::int64_t connection_bytes = 16 << 10;

/// When not even the spare descriptor helps, clients wait so long in the system's queue.
inline constexpr std::chrono::milliseconds accept_retry_pause{100};
/// Of connections refused for want of descriptors or memory one line tells, at most so often.
inline constexpr std::chrono::seconds refusals_told_every{1};

/// A connection that has all its bytes is read on for so long, and what comes is thrown away: a
/// socket that is closed with input unread resets the connection, and the client may lose what the
/// server said last. At most so many at once; one more, and the oldest goes.
inline constexpr std::chrono::seconds linger_max{2};
inline constexpr std::size_t lingering_max = 64;

struct client {
  connection_handle socket;
  client_socket_ptr wire;
  client_session_actor session;
  account_ptr account;
  std::string host, address;  // address = host:port
  std::int64_t since_wall_ms = 0;
  caf::actor_clock::time_point heard;
  std::uint64_t requests = 0, replies = 0, events = 0;
  std::size_t read_bytes = read_bytes_min;
  core::outbox output;
  std::size_t being_written = 0;  // and with CAF
  std::size_t event_bytes = 0;    // of what is unsent, at most
  bool congested = false;
  bool pause_wanted = false, paused = false, pause_in_flight = false;
  bool input_ended = false;               // the client sends no more, and may wait for answers
  bool closing = false;                   // without a session: it is here for its unsent bytes
  std::uint64_t handed_bytes = 0;         // for it to take, since it is here
  std::optional<core::last_bytes> watch;  // once its sending has ended, or it is being closed

  [[nodiscard]] std::size_t unsent() const { return output.size() + being_written; }
  /// And what its own machine has not acknowledged.
  [[nodiscard]] std::size_t untaken() const { return output.size() + wire->untaken(); }
};

/// A connection that is no client's any more: all is sent, and the end of it is not yet seen.
struct departed_client {
  client_socket_ptr wire;
  std::uint64_t handed_bytes = 0;
  core::last_bytes watch;
};

struct client_gateway_state {
  static inline const char* name = "zk.client_gateway";
  client_gateway_options options;
  std::map<connection_id, client> clients;
  std::map<connection_handle, connection_id> by_socket;
  std::map<connection_handle, client_socket_ptr> accepted;  // until its handle is heard of
  std::map<connection_id, departed_client> lingering;
  std::map<caf::actor_addr, connection_id> by_session;
  std::map<std::string, std::uint32_t> per_host;
  gauge_part connections_bytes;
  connection_id last_id;
  std::int64_t started_wall_ms = 0;
  caf::io::accept_handle listening;
  bool was_short = false;  // a tick ago all clients held more than they may
  std::uint64_t refused_for_files = 0, refused_for_memory = 0;
  std::uint64_t untold_refusals = 0;  // since the last line about them
  std::optional<caf::actor_clock::time_point> refusals_told;
};
/// A broker, and short turns with it (pinned.hpp).
using gateway_ptr = caf::stateful_actor<client_gateway_state, pinned<caf::io::broker>>*;

/// A handler that CAF calls from its loop, as something happens at a socket: it is no part of a
/// turn of the gateway's, and counts as one by itself.
template <class Message>
auto as_turn(gateway_ptr self, void (*handler)(gateway_ptr, const Message&)) {
  return [self, handler](const Message& x) {
    auto& record = turn_record::of_this_thread();
    const auto began = record.stamp(turn_record::clock::now());
    handler(self, x);
    record.note_turn(client_gateway_state::name, trace::handled_last, began,
                     turn_record::clock::now());
  };
}

/// CAF names a connection by its descriptor (default_multiplexer.hpp, conn_hdl_from_socket).
inline int descriptor_of(connection_handle socket) { return static_cast<int>(socket.id()); }

inline const config::node_config& config_of(gateway_ptr self) {
  return self->state.options.context->config;
}
inline const log::logger& log_of(gateway_ptr self) { return self->state.options.context->log; }

inline client* find(gateway_ptr self, connection_id id) {
  auto at = self->state.clients.find(id);
  return at == self->state.clients.end() ? nullptr : &at->second;
}

inline std::int64_t now_ms(gateway_ptr self) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             self->clock().now().time_since_epoch())
      .count();
}

}  // namespace troupe::client_gateway_parts
