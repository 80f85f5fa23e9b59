// SPDX-License-Identifier: Apache-2.0
/// Clients' writes, syncs and sessions on their way between the server that a client is connected
/// to and the one that leads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/local_message.hpp"
#include "messages/client/requests.hpp"
#include "messages/ids.hpp"

namespace troupe {

/// Who waits for the word that all before a sync request is committed: a connection here, or a
/// learner.
struct sync_waiter {
  std::optional<server_id> learner;  // none: a client of the leading server
  session_id session;
  cxid xid;
  std::uint64_t connection = 0;  // as the server that holds it counts: others only pass it on
  caf::actor_addr through{};     // who speaks for the learner: the answer goes no other way
};

struct sync_behind {  // database -> leader: after all that was proposed so far
  TROUPE_STAYS_LOCAL;
  sync_waiter waiter;
};

struct sync_done {  // -> database of the server that holds the client
  TROUPE_STAYS_LOCAL;
  session_id session;
  cxid xid;
  std::uint64_t connection = 0;
};

struct forward_sync_done {
  TROUPE_STAYS_LOCAL;
  session_id session;
  cxid xid;
  std::uint64_t connection = 0;
};

struct forwarded_writes {
  TROUPE_STAYS_LOCAL;
  server_id origin;
  std::vector<write_request> requests;
  caf::actor_addr through{};  // on the leading server: who speaks for the learner
};

/// A client's write came to the leading server when its session had moved on: it becomes no txn,
/// and the connection that it came over is one that its client has left.
struct stale_write {  // database of the leader -> learner_handler; -> database of the client's
  TROUPE_STAYS_LOCAL;
  session_id session;
  cxid xid;
  std::uint64_t connection = 0;
};

/// Who passed a client's write on.
using stale_write_sink = caf::typed_actor<reacts_to<stale_write>>;

/// Is this session alive; if so `owner` holds it from now on.
struct revalidate_session {
  TROUPE_STAYS_LOCAL;
  session_id session;
  server_id owner;
};

struct session_verdict {
  TROUPE_STAYS_LOCAL;
  bool valid = false;
  std::int32_t timeout_ms = 0;
  zxid planned_upto;  // txns up to here belong to an earlier connection of the session
};

/// Sessions heard of by a learner since it last said so.
struct touch_sessions {
  TROUPE_STAYS_LOCAL;
  std::vector<session_id> sessions;
};

struct collect_touches {
  TROUPE_STAYS_LOCAL;
};

struct touched_sessions {
  TROUPE_STAYS_LOCAL;
  static constexpr std::size_t at_once_max = 4096;  // who got so many asks again
  std::vector<session_id> sessions;
};

/// The leading server's clock for sessions: expire what is due.
struct expire_sessions {
  TROUPE_STAYS_LOCAL;
};

/// Takes clients' writes on their way to the leading server (follower, observer).
using forward_sink = caf::typed_actor<reacts_to<forwarded_writes>,
                                      replies_to<revalidate_session>::with<session_verdict>,
                                      reacts_to<tree_differs>>;

/// Takes the txns that the leading server's database prepared (leader).
using proposal_sink = caf::typed_actor<reacts_to<propose>, reacts_to<sync_behind>,
                                       reacts_to<epoch_exhausted>, reacts_to<tree_differs>>;

}  // namespace troupe
