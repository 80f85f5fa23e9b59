// SPDX-License-Identifier: Apache-2.0
/// A client's connection, session and requests: gateway, client session, database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/interfaces/gateway_stats.hpp"
#include "actors/interfaces/local_message.hpp"
#include "actors/interfaces/statistics.hpp"
#include "messages/client/requests.hpp"
#include "messages/ids.hpp"

namespace troupe {

class client_account;

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

/// Takes framed bytes for one client (client_session).
using client_sink = caf::typed_actor<reacts_to<client_output>>;

/// A client asks to be served: by a session made anew (`session` = 0) or taken up again after a
/// reconnect.
struct open_session {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
  session_id session;
  std::int32_t timeout_ms = 0;  // already clamped
  zxid last_zxid_seen;
  std::string address;  // of the client, without port
  client_sink client;
  bool accepts_read_only = false;
  std::shared_ptr<client_account> account = {};  // of the connection; null: made by who needs it
};

/// The client has taken its output, as was asked for.
struct client_has_room {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
};

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

/// One client connection: handshake, framing, four-letter words, close.
using client_session_actor =
    caf::typed_actor<reacts_to<bytes_received>, reacts_to<transport_closed>,
                     reacts_to<output_congested>, reacts_to<client_output>>;

/// Moves bytes between sockets and client sessions (client_gateway; a simulated client in
/// tests/sim).
using transport_sink = caf::typed_actor<reacts_to<send_bytes>, reacts_to<pause_reading>,
                                        replies_to<get_gateway_stats>::with<gateway_stats>,
                                        reacts_to<reset_statistics>>;

}  // namespace troupe
