// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/leading/leader_parts.hpp"
#include "messages/trace_fields.hpp"

namespace troupe::leader_parts {
namespace {

using std::chrono::milliseconds;

/// Who has the reconfig that is under way, for people; empty: there is none.
std::string progress_of_reconfig(const leader_state& s) {
  auto proposed = s.window.reconfig();
  if (!proposed) return {};
  std::string out = "version " + to_string(*proposed) + " is on";
  for (auto id : s.window.holders_of(*proposed)) out += " server." + std::to_string(id.value);
  return out + "; a quorum of the old and one of the new voters is needed";
}

}  // namespace

void end_term(leader_ptr self, std::string reason, role_ended::trust trusts) {
  auto& s = self->state;
  if (std::exchange(s.ended, true)) return;
  s.options.context->log.info("leading_ended", {{"epoch", s.era}, {"reason", reason}});
  self->send(s.options.peer, role_ended{std::move(reason), trusts});
  self->quit();
}

bool is_outvoted(const leader_state& s) {
  const auto all = quorum_of(*s.members, s.options.context->me);
  auto agreeing = all.voters();
  for (auto id : s.differing) agreeing.erase(id);
  return !all.has_quorum(agreeing);
}

void tell_journal(leader_ptr self) {
  auto& s = self->state;
  const auto committed = s.window.committed();
  if (committed <= std::exchange(s.told_committed, committed)) return;
  self->send(s.options.journal, known_committed{committed});
}

leader_status status_of(leader_ptr self) {
  const auto& s = self->state;
  leader_status out;
  for (const auto& [id, learner] : s.learners)
    out.learners.push_back({id, learner.observer, learner.synced, s.members->is_voter(id)});
  out.reconfig = progress_of_reconfig(s);
  out.proposal_bytes_last = s.proposal_bytes_last;
  out.proposal_bytes_min = s.proposal_bytes_min;
  out.proposal_bytes_max = s.proposal_bytes_max;
  out.pending_syncs = s.syncs.size();
  if (s.serving)
    out.led_ms =
        std::chrono::duration_cast<milliseconds>(self->clock().now() - s.serving_since).count();
  return out;
}

}  // namespace troupe::leader_parts
