// SPDX-License-Identifier: Apache-2.0
/// What operators are told of a server in its ensemble: its role, its election, its learners.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/interfaces/stays_local.hpp"
#include "config/membership.hpp"
#include "messages/ids.hpp"
#include "messages/server_state.hpp"

namespace troupe {

struct get_election_status {
  TROUPE_STAYS_LOCAL;
};

struct election_status {
  TROUPE_STAYS_LOCAL;
  election_round_number round;
  struct silent_server {
    server_id id;
    std::string address;  // host:electionPort
    std::string error;
  };
  std::vector<silent_server> unreachable;
  /// A line of our list and of another server's, which are not the same.
  struct differing_list {
    enum class kind {
      refused,       // other quorums could decide by their list
      under_change,  // other voters, but every quorum of either list meets every one of the other
      addresses,     // the same voters, elsewhere
    };
    server_id id;
    std::string ours, theirs;  // empty: that side has no such line
    kind what = kind::refused;
  };
  std::vector<differing_list> differing;
  std::vector<server_id> not_listed_by;  // in whose lists this server has no line
  std::string last_reason;               // why the present leader: candidates, round, how long
};

struct get_server_status {
  TROUPE_STAYS_LOCAL;
};

/// What `status`, srvr and mntr tell of the server as a member of its ensemble.
struct server_status {
  TROUPE_STAYS_LOCAL;
  server_id id;
  server_state state = server_state::looking;
  bool standalone = false;
  bool serving = false;
  bool read_only = false;         // not serving, apart from reads for clients that ask for no more
  std::string phase;              // discovery, synchronization, broadcast; empty while looking
  std::string reason;             // while not serving: why, for people
  std::string disk_fault;         // why the disk cannot be used; empty: it can
  std::uint64_t disk_faults = 0;  // since the start
  std::optional<server_id> leader;
  epoch era;
  election_status election;
  struct learner_line {
    server_id id;
    bool observer = false;
    bool synced = false;
    bool votes = true;
  };
  std::vector<learner_line> learners;  // of a leader
  std::uint64_t voters = 0;
  zxid membership_version;
  membership_ptr members;  // committed; may be null
  std::string reconfig;    // under way: who has it, for people; empty: none
  std::int64_t proposal_bytes_last = -1, proposal_bytes_min = -1,
               proposal_bytes_max = -1;  // of a leader
  std::uint64_t pending_syncs = 0;       // of a leader
  std::int64_t led_ms = 0;               // of a leader: since its epoch is established
};

struct get_leader_status {
  TROUPE_STAYS_LOCAL;
};

struct leader_status {
  TROUPE_STAYS_LOCAL;
  std::vector<server_status::learner_line> learners;
  std::string reconfig;
  std::int64_t proposal_bytes_last = -1, proposal_bytes_min = -1, proposal_bytes_max = -1;
  std::uint64_t pending_syncs = 0;
  std::int64_t led_ms = 0;
};

}  // namespace troupe
