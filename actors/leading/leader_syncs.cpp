// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/core/mutants.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/leading/leader_parts.hpp"

namespace troupe::leader_parts {
namespace {

void answer(leader_ptr self, const leader_state::waiting_sync& sync) {
  auto& s = self->state;
  if (sync.through)
    self->send(sync.through,
               forward_sync_done{sync.waiter.session, sync.waiter.xid, sync.waiter.connection});
  else
    self->send(s.options.database,
               sync_done{sync.waiter.session, sync.waiter.xid, sync.waiter.connection});
}

/// Does what the rounds say now. Observers prove nothing, so they are not asked.
void go_on(leader_ptr self) {
  auto& s = self->state;
  while (s.rounds.due(s.window.committed())) answer_first_sync(self);
  auto round = s.rounds.take_new_round();
  if (!round) return;
  for (auto& [id, learner] : s.learners)
    if (learner.synced && !learner.observer)
      self->send(learner.handler, forward_ping{*round, true});
}

}  // namespace

/// The answer goes the way the question came: a learner that has come anew since then has closed
/// the connections of its clients, and one that was restarted counts new ones from 1 on, so that an
/// answer to its former life might be taken for one to the present. The question may have waited
/// for the database while the learner came anew.
void queue_sync(leader_ptr self, const sync_waiter& waiter) {
  auto& s = self->state;
  leader_state::waiting_sync sync{waiter, {}};
  if (waiter.learner) {
    auto at = s.learners.find(*waiter.learner);
    if (at == s.learners.end() || at->second.handler.address() != waiter.through) return;
    sync.through = at->second.handler;
  }
  if (mutated(mutant::sync_answered_at_once)) return answer(self, sync);
  s.syncs.push_back(std::move(sync));
  s.rounds.on_sync(s.window.last_proposed());
  go_on(self);
}

/// Who came as an observer proves nothing, whatever it is to become.
void hear_echo(leader_ptr self, server_id from, std::uint64_t round) {
  auto& s = self->state;
  auto at = s.learners.find(from);
  if (at == s.learners.end() || at->second.observer) return;
  s.rounds.on_echo(from, round);
  go_on(self);
}

void ask_others_for_proof(leader_ptr self, core::quorum voters) {
  self->state.rounds.reconfigure(std::move(voters));
  go_on(self);
}

void answer_first_sync(leader_ptr self) {
  auto& s = self->state;
  answer(self, s.syncs.front());
  s.syncs.pop_front();
  s.rounds.pop_front();
}

}  // namespace troupe::leader_parts
