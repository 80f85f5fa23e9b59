// SPDX-License-Identifier: Apache-2.0
/// Synchronization, the second phase of a term: what a learner lacks of its leader's history, and
/// the word that the epoch is established.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "actors/interfaces/local_message.hpp"
#include "config/membership.hpp"
#include "messages/ids.hpp"
#include "messages/txn.hpp"

namespace troupe {

/// What a learner with `peer_last` lacks of the leader's committed history.
struct plan_sync {
  TROUPE_STAYS_LOCAL;
  zxid peer_last;
  bool needs_snapshot = false;
};

struct sync_source {
  TROUPE_STAYS_LOCAL;
  enum class kind { diff, truncate, truncate_then_diff, diff_from_log, snapshot };
  kind how = kind::snapshot;
  zxid keep_upto;             // truncate*: the last one to keep
  zxid committed;             // where this history ends; the forwarded proposals go on behind it
  std::vector<txn_ptr> txns;  // diff*: in order; diff_from_log: the window, which continues the log
  std::uint64_t log_bytes_max = 0;  // diff_from_log: beyond this much log a snapshot is cheaper
};

/// A learner needs the whole tree: pieces are asked for one by one (see stream_piece).
struct open_stream {
  TROUPE_STAYS_LOCAL;
};

struct stream_opened {
  TROUPE_STAYS_LOCAL;
  std::uint64_t stream = 0;
};

struct get_stream_piece {
  TROUPE_STAYS_LOCAL;
  std::uint64_t stream = 0;
};

struct close_stream {
  TROUPE_STAYS_LOCAL;
  std::uint64_t stream = 0;
};

struct begin_sync {
  TROUPE_STAYS_LOCAL;
  server_id learner;
  zxid peer_last;
  bool needs_snapshot = false;
};

struct learner_synced {  // acked NEWLEADER, with everything up to `upto` on its disk
  TROUPE_STAYS_LOCAL;
  server_id learner;
  zxid upto;
};

/// From the leader: who has its history and acks, itself too. A new membership needs a quorum of
/// them.
struct synced_servers {
  TROUPE_STAYS_LOCAL;
  std::set<server_id> ids;
};

/// The epoch is established: the learner may serve, and these are the servers.
struct leader_serves {
  TROUPE_STAYS_LOCAL;
  membership_ptr members;
};

}  // namespace troupe
