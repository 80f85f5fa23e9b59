// SPDX-License-Identifier: Apache-2.0
/// What the database tells of itself to operators: the figures of srvr, stat, mntr and cons, and
/// the details of dump, the watch words and hash.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/turn_figures.hpp"
#include "actors/interfaces/stays_local.hpp"
#include "messages/client/requests.hpp"
#include "messages/ids.hpp"

namespace troupe {

/// What this server holds in memory, by part, in bytes (core/memory_budget.hpp).
struct memory_figures {
  std::int64_t limit = 0;  // 0: none, and then there is no _max
  std::int64_t tree = 0, tree_max = 0;
  std::int64_t sessions = 0, sessions_max = 0;  // with connections and watches
  std::int64_t buffers = 0, buffers_max = 0;
  std::int64_t unlogged = 0;  // of txns that wait for the disk, some of which are in buffers, too
  std::int64_t resident = 0;
  std::uint64_t refused_writes = 0, refused_sessions = 0;  // since the start
  std::string full;  // why nothing may grow, for people; empty: it may
};

struct get_database_stats {
  TROUPE_STAYS_LOCAL;
};

/// Figures of the database for srvr, stat and mntr.
struct database_stats {
  TROUPE_STAYS_LOCAL;
  bool serving = false;
  zxid last;
  // Met limits, since the start: watches not set, replies cut short.
  std::uint64_t watches_refused = 0, replies_refused = 0;
  std::uint64_t watch_bytes = 0;
  std::uint64_t znodes = 0, watches = 0, watched_paths = 0, ephemerals = 0, sessions = 0;
  std::uint64_t local_sessions = 0;  // known to this server alone
  std::uint64_t data_bytes = 0;
  memory_figures memory;
  std::uint64_t requests_received = 0, replies_sent = 0, events_sent = 0, outstanding = 0;
  std::uint64_t digest_mismatches = 0;  // since the start; more than 0: this replica has drifted
  double latency_ms_average = 0;
  std::int64_t latency_ms_min = 0, latency_ms_max = 0;
  std::int64_t reply_bytes_last = -1, reply_bytes_min = -1, reply_bytes_max = -1;  // -1: no reply
  turn_figures turns;  // of the I/O thread
};

/// What one connection's requests came to, since its begin or the last reset (ServerCnxn).
struct request_figures {
  op_code last_op = op_code::error;  // valid when count > 0
  std::int64_t last_cxid = -1;       // of a request that is no ping, auth or setWatches
  zxid last_zxid{-1};
  std::int64_t last_reply_ms = 0;  // clock of the process
  std::int64_t latency_ms_last = 0, latency_ms_min = 0, latency_ms_max = 0, latency_ms_sum = 0;
  std::int64_t count = 0;
};

struct get_database_details {
  TROUPE_STAYS_LOCAL;
  bool connections = false, watches = false, sessions = false, digests = false;
};

/// What the words that look closer are made of; all of it costs as much as there is.
struct database_details {
  TROUPE_STAYS_LOCAL;
  struct connection_line {
    connection_id id;
    session_id session;
    std::int32_t timeout_ms = 0;
    std::uint64_t queued = 0;  // requests under way
    request_figures figures;
  };
  std::vector<connection_line> connections;
  struct watched_path {
    std::string path;
    std::vector<session_id> by;
  };
  std::deque<watched_path> watches;  // ascending; a vector that grows moves all that it has
  struct session_bucket {
    std::int64_t expires_in_ms = 0;
    std::vector<session_id> sessions;
  };
  bool leads = false;
  bool has_local = false;                     // sessions that only this server knows are told apart
  std::vector<session_bucket> local_buckets;  // the next to expire first
  std::vector<session_bucket> buckets;        // of a leader, the next to expire first
  std::vector<std::pair<session_id, std::int32_t>> sessions;  // of a learner, with timeout_ms
  std::vector<std::pair<session_id, std::vector<std::string>>> ephemerals;
  std::vector<std::pair<zxid, std::int64_t>> digests;
};

}  // namespace troupe
