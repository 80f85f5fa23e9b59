// SPDX-License-Identifier: Apache-2.0
/// A vote for a leader, and the order of votes: (epoch, zxid, server id). The order is what makes
/// an elected leader hold every committed txn: whoever votes for it says "it has no less than I
/// have".
#pragma once

#include <tuple>

#include "actors/core/mutants.hpp"
#include "actors/core/quorum.hpp"
#include "messages/ids.hpp"
#include "messages/server_state.hpp"

namespace troupe::core {

/// A state that came from another server may be anything.
[[nodiscard]] constexpr bool is_known(server_state s) {
  return s >= server_state::looking && s <= server_state::observing;
}

struct vote {
  server_id leader;
  zxid last;                    // the leader's last logged zxid
  epoch peer_epoch;             // the leader's current epoch
  election_round_number round;  // the round this vote was cast in
  friend bool operator==(const vote&, const vote&) = default;
};

/// FastLeaderElection.totalOrderPredicate. The round takes no part: it is compared before.
[[nodiscard]] inline bool is_better(const vote& candidate, const vote& current, const quorum& q) {
  if (mutated(mutant::shorter_log_leads))
    return q.weight_of(candidate.leader) != 0 && candidate.leader > current.leader;
  return q.weight_of(candidate.leader) != 0 &&
         std::tie(candidate.peer_epoch, candidate.last, candidate.leader) >
             std::tie(current.peer_epoch, current.last, current.leader);
}

/// A vote as heard from somebody in a certain state.
struct cast_vote {
  vote what;
  server_state by = server_state::looking;
};

/// Do two votes support the same leadership? Those cast while looking agree on every field; between
/// settled servers zxid and round are left out, for they may have settled in different rounds
/// (ZOOKEEPER-1805).
[[nodiscard]] inline bool agree(const cast_vote& a, const cast_vote& b) {
  if (a.by == server_state::looking || b.by == server_state::looking) return a.what == b.what;
  return a.what.leader == b.what.leader && a.what.peer_epoch == b.what.peer_epoch;
}

}  // namespace troupe::core
