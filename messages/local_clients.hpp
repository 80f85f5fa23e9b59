// SPDX-License-Identifier: Apache-2.0
/// The messages about clients that never leave a process: between gateway, session and database.
/// Ownership: a message owns what it holds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages/client/records.hpp"
#include "messages/client/requests.hpp"
#include "messages/ids.hpp"

namespace troupe {

/// Names one client connection of one server. Never used twice in a process.
using connection_id = scalar<struct connection_id_tag, std::uint64_t>;

/// Marks a struct as one that stays in its process; sinks.hpp tells CAF.
#define TROUPE_STAYS_LOCAL static constexpr bool stays_local = true

// -- client_session <-> database ----------------------------------------------------------------

struct session_opened {
  TROUPE_STAYS_LOCAL;
  enum class outcome {
    open,     // serve it
    expired,  // no such session: answer zeros and close
    behind,   // the client has seen a later zxid than this server: close without a word
    not_serving,
    no_memory,           // for one more session
    too_many,            // its address has as many sessions as it may
    too_many_unclaimed,  // that were asked for by clients which left meanwhile
  };
  outcome result = outcome::not_serving;
  session_id session;
  std::int32_t timeout_ms = 0;
  bool read_only = false;  // reads are all that is served
};

struct client_request {
  cxid xid;
  op_code op = op_code::notification;
  std::string body;
};
/// What one read of a socket brought, in its order.
struct client_requests {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
  std::vector<client_request> requests;
};
/// Framed bytes for a client: replies and watch events in the order the client must see them.
struct client_output {
  TROUPE_STAYS_LOCAL;
  std::string frames;
  std::uint32_t replies = 0;  // how many of the frames answer a request
  bool close = false;  // after the bytes: the session is over, or the client broke the protocol
  std::uint32_t events = 0;       // how many of the frames tell of a watch
  std::size_t event_bytes = 0;    // and how long they are
  std::size_t request_bytes = 0;  // of the requests that are answered by this
  bool wants_room = false;        // more of its requests wait until the client has taken its output
};
/// The connection is gone; its watches and waiting requests go with it. The session lives on.
struct connection_closed {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
};

// -- client_gateway <-> client_session ----------------------------------------------------------

struct bytes_received {
  TROUPE_STAYS_LOCAL;
  std::string bytes;
};
/// The client closed or reset its connection.
struct transport_closed {
  TROUPE_STAYS_LOCAL;
};
struct send_bytes {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
  std::string bytes;
  bool close = false;  // once the bytes are out
  // Taken in and given since the last one, for `stat`.
  std::uint32_t requests = 0, replies = 0, events = 0;
  std::size_t event_bytes = 0;
  bool wants_room = false;  // output_congested{false} is wanted once the client has taken its bytes
};
/// Stop or go on reading a connection's socket (globalOutstandingLimit).
struct pause_reading {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
  bool paused = false;
};
/// More waits to be written to the client than it takes: no further requests of it until it has
/// caught up.
struct output_congested {
  TROUPE_STAYS_LOCAL;
  bool congested = false;
};
struct get_gateway_stats {
  TROUPE_STAYS_LOCAL;
  std::size_t connections_max = 0;       // lines of so many, one each
  std::optional<connection_id> after{};  // of those made later than this one
};
/// Figures of connections and of the process for srvr, stat, cons, dump and mntr.
struct gateway_stats {
  TROUPE_STAYS_LOCAL;
  struct connection_line {
    connection_id id;
    std::string client_address;
    std::uint64_t requests = 0, replies = 0, events = 0;
    bool is_read = true;         // false: no more of its requests are wanted now
    std::int64_t since_ms = 0;   // wall clock
    std::int64_t silent_ms = 0;  // since its last bytes
  };
  std::vector<connection_line> connections;  // if asked for, in the order of their making
  std::uint64_t connection_count = 0;
  std::int64_t up_ms = 0;
  std::int64_t open_files = 0, open_files_max = 0;
  // What clients make this server hold, in bytes, and how many were cut off for that.
  std::int64_t unsent_bytes = 0, request_bytes = 0, cut_off = 0;
  std::uint64_t refused_for_files = 0, refused_for_memory = 0;  // connections
};
/// Figures begin anew: crst and srst. Everybody who keeps such figures is told.
struct reset_statistics {
  TROUPE_STAYS_LOCAL;
  bool server = false, connections = false;
};

}  // namespace troupe
