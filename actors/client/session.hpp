// SPDX-License-Identifier: Apache-2.0
/// One client connection: the handshake, the session's order, four-letter words, the end.
/// Owns: the bytes that came and are not yet with the database; the count of unanswered requests.
/// Invariant: no more than unanswered_max() requests, nor more bytes of them than
/// request_bytes_max, are under way, and none is added while the client does not take its replies:
/// so what it can make us hold is bounded. While more than globalOutstandingLimit requests of all
/// clients are under way, or all clients hold more than client.bufferBytesMax, each has at most
/// one. Order: requests go to the database in the order they came, a read of the socket at a time;
/// replies go out in the order the database gives them. Nothing behind the handshake's frame is
/// looked at before the database has opened the session.
/// End: a client that ends its sending has its answers first, the close behind them.
/// Errors: what a client sends wrong ends its connection with one log line, never the actor system.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "actors/base/client_account.hpp"
#include "actors/base/node_context.hpp"
#include "actors/base/pinned.hpp"
#include "actors/core/session_passwords.hpp"
#include "actors/coro/scope.hpp"
#include "actors/coro/signal.hpp"
#include "actors/interfaces/client.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/peer.hpp"
#include "messages/client/frame.hpp"

namespace troupe {

struct client_session_options {
  context_ptr context;
  connection_id id;
  std::string client_address;  // host:port, for log lines
  transport_sink transport;
  database_actor database;
  peer_actor peer;
  account_ptr account = {};  // shared with the transport; null: only session and database count
  std::shared_ptr<const core::session_passwords> passwords =
      std::make_shared<core::session_passwords>();
};

struct client_session_state {
  static inline const char* name = "zk.client_session";

  enum class phase {
    greeting,  // until the first frame or a four-letter word is there
    opening,   // the database is asked to open the session
    live,      // plain handlers move requests and replies
    over,      // the last bytes are with the transport
  };

  client_session_options options;
  phase stage = phase::greeting;
  frame_splitter input;
  session_id session;
  std::size_t unanswered = 0;       // requests the database has and has not answered
  std::size_t under_way_bytes = 0;  // and how long they are
  std::size_t unreported = 0;       // requests taken in that the transport was not yet told of
  bool reading_paused = false;
  bool congested = false;          // the client does not take its replies
  bool database_waits = false;     // for the client to take its replies
  bool input_over = false;         // the client sends no more: it gets what it is owed, no more
  bool close_asked = false;        // the client sent closeSession
  bool known_to_database = false;  // it was asked to open: it must hear when the connection goes
  coro::signal arrived;            // bytes, while a coroutine converses
  coro::scope deadline;            // closes a connection that says nothing
  coro::scope conversation;        // last member: dies first

  client_session_state() = default;
  ~client_session_state();  // its requests are no longer under way
};

using client_session_ptr = pinned_pointer<client_session_actor, client_session_state>;

client_session_actor::behavior_type client_session(client_session_ptr self,
                                                   client_session_options options);

/// Requests one connection may have under way; beyond that they wait, and its socket is left unread
/// until half are answered. A quarter of globalOutstandingLimit, so that no client takes all of it.
[[nodiscard]] std::size_t unanswered_max(const config::node_config& cfg);

/// How long a connection may stay without having said who it is: what nio.sessionlessCnxnTimeout
/// says, or as long as the most patient session may be silent.
[[nodiscard]] std::int32_t silence_max_ms(const config::node_config& cfg);

}  // namespace troupe
