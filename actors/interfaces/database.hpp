// SPDX-License-Identifier: Apache-2.0
/// The tree with its sessions and watches: what it is told by roles, and asked by clients and
/// operators.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/client.hpp"
#include "actors/interfaces/database_stats.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/local_message.hpp"
#include "actors/interfaces/snapshots.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/interfaces/synchronization.hpp"
#include "config/membership.hpp"
#include "messages/ids.hpp"
#include "messages/txn.hpp"

namespace troupe {

namespace core {
struct image;  // tree, sessions and the last zxid applied to them: what a snapshot holds
}

/// Puts a whole new content into the database (at start, after TRUNC, after SNAP).
struct install_image {
  TROUPE_STAYS_LOCAL;
  std::shared_ptr<core::image> image;
  std::vector<txn_ptr> recent;
  std::uint64_t digest_mismatches = 0;  // found while it was built
  std::int64_t session_time_ms = 0;     // ids of new sessions begin with it; 0: with the wall clock
  zxid committed{};                     // known to be committed up to here, at least
};

struct get_last_zxid {
  TROUPE_STAYS_LOCAL;
};

struct last_zxid {
  TROUPE_STAYS_LOCAL;
  zxid id;
  std::string membership;  // the text of /zookeeper/config
  bool tree_differs = false;
  bool may_be_shown = true;  // all of it is known to be committed
};

/// The servers as this server knows them now; /zookeeper/config shows no older list.
struct know_membership {
  TROUPE_STAYS_LOCAL;
  membership_ptr committed;
};

/// This server leads: prepare writes from `era`'s first zxid on and hand them to `leader`.
struct start_leading {
  TROUPE_STAYS_LOCAL;
  epoch era;
  proposal_sink leader;
  membership_ptr members;  // committed, all of them
};

/// This server learns: writes go to `upstream`.
struct start_learning {
  TROUPE_STAYS_LOCAL;
  epoch era;
  forward_sink upstream;
};

/// No leader, and none for a while: reads alone, for clients that ask for no more.
struct start_read_only {
  TROUPE_STAYS_LOCAL;
};

/// No leader: close all client connections; what was not committed is answered by nobody.
struct stop_serving {
  TROUPE_STAYS_LOCAL;
};

/// What takes long to free, such as a whole tree; whoever gets it is the last to hold it.
struct discard {
  TROUPE_STAYS_LOCAL;
  std::shared_ptr<const void> what;
};

using discarding_actor = caf::typed_actor<reacts_to<discard>>;

/// Owns tree, watches and sessions: prepares writes while leading, applies everywhere, answers
/// reads.
using database_actor = caf::typed_actor<
    // from roles and peer
    reacts_to<install_image>, reacts_to<start_leading>, reacts_to<start_learning>,
    reacts_to<start_read_only>, reacts_to<stop_serving>, reacts_to<apply_txns>,
    reacts_to<sync_done>, reacts_to<forwarded_writes>, reacts_to<stale_write>,
    reacts_to<hold_writes>, replies_to<revalidate_session>::with<session_verdict>,
    reacts_to<touch_sessions>, replies_to<collect_touches>::with<touched_sessions>,
    reacts_to<expire_sessions>, replies_to<get_last_zxid>::with<last_zxid>,
    reacts_to<know_membership>, reacts_to<synced_servers>,
    // synchronization of learners
    replies_to<plan_sync>::with<sync_source>, replies_to<open_stream>::with<stream_opened>,
    replies_to<get_stream_piece>::with<snapshot_piece>, reacts_to<close_stream>,
    // snapshots for the journal
    reacts_to<take_snapshot>, reacts_to<next_piece>,
    // from client sessions
    replies_to<open_session>::with<session_opened>, reacts_to<client_requests>,
    reacts_to<client_has_room>, reacts_to<connection_closed>,
    replies_to<get_database_stats>::with<database_stats>,
    replies_to<get_database_details>::with<database_details>, reacts_to<reset_statistics>>;

}  // namespace troupe
