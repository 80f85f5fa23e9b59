// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/core/path.hpp"
#include "actors/learning/parts.hpp"
#include "messages/trace_fields.hpp"

namespace troupe::learner_parts {
namespace {

/// As this server reaches them.
config::membership_ptr known_here(learner_ptr self, const config::membership_ptr& told) {
  return with_known_addresses(told, *self->state.members->committed,
                              self->state.options.context->me);
}

bool may_change(learner_ptr self) { return self->state.options.context->config.reconfig_enabled; }

/// Into the files before anything that is logged later, then to the peer. False: known already.
bool keep(learner_ptr self, config::membership_ptr list) {
  auto& s = self->state;
  if (list->version <= s.members->committed->version) return false;
  s.members = config::with_committed(*s.members, list);
  self->send(s.options.journal, store_membership{list});
  self->send(s.options.peer, membership_committed{list});
  s.options.context->log.info("membership_committed",
                              {{"version", list->version}, {"servers", list->servers.size()}});
  return true;
}

void leave_if_role_differs(learner_ptr self) {
  auto& s = self->state;
  if (s.members->is_observer(s.options.context->me) != s.options.observer)
    end_term(self, s.options.observer ? "a reconfig made this server a participant"
                                      : "a reconfig made this server an observer");
}

/// A list of another ensemble, which the leader's directory was copied from, is none to elect by.
void see(learner_ptr self, config::membership_ptr list) {
  auto& members = self->state.members;
  if (members->committed->was_established() && list->version > members->seen->version)
    members = config::with_seen(*members, std::move(list));
}

}  // namespace

void hear_membership(learner_ptr self, const std::string& text) {
  if (text.empty() || !may_change(self)) return;
  auto list = known_here(self, read_membership(text));
  if (!list) return end_term(self, "the leader names servers that are no ensemble");
  if (keep(self, std::move(list))) leave_if_role_differs(self);
}

void note_logged(learner_ptr self, const txn& x) {
  auto list = may_change(self) ? known_here(self, membership_made_by(x)) : nullptr;
  if (!list) return;
  auto& members = self->state.members;
  // Only a leader whose epoch is established proposes one in it; its UPTODATE is on the way to us.
  if (!members->committed->was_established() && list->version.in_epoch() == self->state.era)
    keep(self, config::established_in(self->state.era, *members->committed));
  if (!members->is_settled() && list->version > members->seen->version) keep(self, members->seen);
  see(self, std::move(list));
}

void note_committed(learner_ptr self, const txn& x) {
  auto list = may_change(self) ? known_here(self, membership_made_by(x)) : nullptr;
  if (!list) return;
  if (keep(self, std::move(list))) leave_if_role_differs(self);
}

void note_replaced(learner_ptr self, const core::tree& content) {
  auto& s = self->state;
  // What was seen may have been cut off.
  s.members = config::with_seen(*s.members, s.members->committed);
  const auto* node = may_change(self) ? content.find(core::config_path) : nullptr;
  if (node == nullptr || node->data.view().empty()) return;
  if (auto list = known_here(self, read_membership(node->data.view()))) see(self, std::move(list));
}

}  // namespace troupe::learner_parts
