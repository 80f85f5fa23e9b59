// SPDX-License-Identifier: Apache-2.0
/// The election actor's inner parts: votes, links and words (election.cpp), and what is heard and
/// done about lists of servers that are not the same everywhere (lists.cpp). Nobody else
/// includes this.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "actors/election/election.hpp"
#include "actors/interfaces/election.hpp"

namespace troupe::election_parts {

using self_ptr = election_ptr;

inline const node_context& context_of(self_ptr self) { return *self->state.options.context; }
inline const log::logger& log_of(self_ptr self) { return context_of(self).log; }
inline std::chrono::milliseconds since(self_ptr self, std::chrono::steady_clock::time_point then) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(self->clock().now() - then);
}

/// Sends, and sets the timer. Who leads, if that is known now, is for the search to tell.
void perform(self_ptr self, const core::election_effects& fx);
/// To the search that is under way, else to the round.
void hear(self_ptr self, election_state::event what);
/// The quorums and the links are those of this list from now on.
void follow_members(self_ptr self, const view_ptr& members);

/// The sender's list, if it is not ours.
[[nodiscard]] std::optional<core::quorum> note_server_list(self_ptr self,
                                                           const wire::Notification& n);
/// What a looking server learns of the servers from another's words. True: they say no more to it.
[[nodiscard]] bool hear_lists(self_ptr self, const wire::Notification& n);

[[nodiscard]] core::standing standing_of(const look_for_leader& own);
/// Elects by the list that `by` has seen, too; `list` null: no longer.
void elect_by(self_ptr self, const look_for_leader& own, std::optional<server_id> by,
              const membership_ptr& list);
/// A search begins: nothing is known but this server's own log.
void begin_pending_lists(self_ptr self);
/// The search has heard something, or nothing for a while: should this server give way to those who
/// do not hold the list that it has logged?
void weigh_pending_list(self_ptr self, const look_for_leader& own);
/// Should this server's log be ahead of the leader's, it could not lead all the same: the list that
/// it holds beyond the committed one is known not to be committed, or another's file lacks it.
[[nodiscard]] bool should_give_way_to_leader(self_ptr self);
/// What keeps a leader from being elected; empty: no list does. `reachable` includes this server.
[[nodiscard]] std::string pending_list_text(self_ptr self, const std::set<server_id>& reachable);

}  // namespace troupe::election_parts
