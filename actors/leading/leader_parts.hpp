// SPDX-License-Identifier: Apache-2.0
/// The leader actor's inner parts: the role itself (leader.cpp), learners that come
/// (leader_joins.cpp), clients' syncs (leader_syncs.cpp),
/// learners that cannot keep up (leader_lag.cpp), its end and what operators see of it
/// (leader_stats.cpp). Nobody else includes this.
#pragma once

#include <string>

#include "actors/interfaces/discovery.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/roles.hpp"
#include "actors/leading/leader.hpp"

namespace troupe::leader_parts {

/// The last word to the peer; said once.
void end_term(leader_ptr self, std::string reason,
              role_ended::trust trusts = role_ended::trust::tree);

/// No quorum is left of servers that agree with this one's tree.
[[nodiscard]] bool is_outvoted(const leader_state& s);

/// A learner has come, and wants to know the epoch.
[[nodiscard]] caf::result<epoch_proposed> on_join(leader_ptr self, const join_epoch& m);
/// The epoch is durable: tells it to all who wait for it.
void answer_joins(leader_ptr self);

/// A sync came: it is answered as soon as core/sync_rounds.hpp says so.
void queue_sync(leader_ptr self, const sync_waiter& waiter);
/// A synced learner answered a ping of that round.
void hear_echo(leader_ptr self, server_id from, std::uint64_t round);
/// These voters prove from now on that this server leads.
void ask_others_for_proof(leader_ptr self, core::quorum voters);
/// The caller has committed what is before it.
void answer_first_sync(leader_ptr self);

/// A learner needs clients to hold back, or not any more: clients of all servers do so as long as
/// one needs it.
void note_lag(leader_ptr self, server_id id, bool lags);

/// What is committed no later leader undoes: that outlives this server's next start. Once serving.
void tell_journal(leader_ptr self);

[[nodiscard]] leader_status status_of(leader_ptr self);

}  // namespace troupe::leader_parts
