// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/core/election_words.hpp"
#include "actors/core/mutants.hpp"
#include "actors/election/parts.hpp"
#include "messages/trace_fields.hpp"

namespace troupe::election_parts {
namespace {

/// The end of a log of which something was lost.
constexpr zxid lost_log{-1};

/// Whether the sender holds a list that is not known to be committed. Who is behind with the
/// committed one, or has lost what it logged, proves nothing of any list.
void note_pending_list(self_ptr self, const wire::Notification& n) {
  auto& s = self->state;
  const bool is_present = n.membership_version() == s.own->committed->version.value;
  if (is_present && zxid{n.own_zxid()} != lost_log)
    s.pending.note({n.from()}, {{n.own_epoch()}, {n.own_zxid()}, {n.seen_version()}});
  else
    s.pending.forget({n.from()});
}

std::set<server_id> reached_by(self_ptr self) {
  std::set<server_id> out{context_of(self).me};
  for (const auto& [id, l] : self->state.links)
    if (l.dialled) out.insert(id);
  return out;
}

void tell_pending_list(self_ptr self) {
  auto& s = self->state;
  if (std::exchange(s.told_pending, true)) return;
  const auto me = context_of(self).me;
  const auto reached = reached_by(self);
  log_of(self).warn("leader_needs_both_lists",
                    {{"version", s.members->seen->version},
                     {"present", core::reach_text(quorum_of(*s.members->committed, me), reached)},
                     {"next", core::reach_text(quorum_of(*s.members->seen, me), reached)}});
}

}  // namespace

void begin_pending_lists(self_ptr self) {
  auto& s = self->state;
  s.pending.clear();
  s.gives_way = s.told_pending = false;
  if (s.history.last == lost_log) return;
  s.pending.note(context_of(self).me, {s.history.current, s.history.last,
                                       s.own->is_settled() ? zxid{} : s.own->seen->version});
}

std::optional<core::quorum> note_server_list(self_ptr self, const wire::Notification& n) {
  auto& s = self->state;
  const server_id from{n.from()};
  const bool may_change = context_of(self).config.reconfig_enabled;
  if (may_change && n.membership_version() != s.round.mine().membership_version.value) {
    s.lists.forget(from);
    return std::nullopt;
  }
  return s.lists.note(
      {from, n.server_list(), self->clock().now(), context_of(self).me, !may_change}, log_of(self));
}

bool hear_lists(self_ptr self, const wire::Notification& n) {
  auto& s = self->state;
  const server_id from{n.from()};
  if (!s.links.contains(from)) return false;  // who claims our id, or is one too many
  note_pending_list(self, n);
  const auto committed = s.members->committed->version;
  if (n.membership_version() > committed.value) {
    auto newer = with_known_addresses(read_membership(n.membership()), *s.members->committed,
                                      context_of(self).me);
    if (!newer || newer->version <= committed) return false;
    hear(self, std::move(newer));
    return true;
  }
  const bool lends = n.membership_version() == committed.value && !n.seen().empty();
  if (s.lender == from && !lends) hear(self, election_state::list_seen{from, nullptr});
  // Of a shorter log: what it holds will be cut off, unless it is here, too.
  const bool is_ahead = std::pair{epoch{n.own_epoch()}, zxid{n.own_zxid()}} >
                        std::pair{s.history.current, s.history.last};
  if (is_ahead && lends && n.seen_version() > s.members->seen->version.value)
    if (auto list = with_known_addresses(read_membership(n.seen()), *s.members->committed,
                                         context_of(self).me);
        list && list->version > s.members->seen->version)
      hear(self, election_state::list_seen{from, std::move(list)});
  return false;
}

core::standing standing_of(const look_for_leader& own) {
  return own.has_led ? core::standing::once_heard : core::standing::at_once;
}

/// Who is a voter only of a list that another has seen could not lead: its own leader role would go
/// by the lists that it knows itself. Nor does one stand that gives way.
void elect_by(self_ptr self, const look_for_leader& own, std::optional<server_id> by,
              const membership_ptr& list) {
  auto& s = self->state;
  s.lender = by;
  if (by && s.links.at(*by).caller) self->monitor(s.links.at(*by).caller);
  const auto known = s.gives_way ? config::with_seen(*s.own, s.own->committed) : s.own;
  follow_members(self, list ? config::with_seen(*known, list) : known);
  const auto me = context_of(self).me;
  const bool may_lead = !s.gives_way && quorum_of(*s.own, me).is_voter(me);
  perform(self, s.round.start(own.last, own.current,
                              may_lead ? standing_of(own) : core::standing::for_others));
}

void weigh_pending_list(self_ptr self, const look_for_leader& own) {
  auto& s = self->state;
  if (!s.round.is_looking()) return;
  const auto searched_ms = since(self, s.search_began).count();
  if (!s.members->is_settled() && searched_ms >= core::stand_by_list_ms) tell_pending_list(self);
  if (s.own->is_settled()) return;
  const auto list = s.own->seen->version;
  const auto present = quorum_of(*s.own->committed, context_of(self).me);
  const bool gives_way = s.pending.should_give_way(list, present, searched_ms);
  if (std::exchange(s.gives_way, gives_way) == gives_way) return;
  log_of(self).info(gives_way ? "list_given_up" : "list_stood_by",
                    {{"version", list}, {"without", core::servers_text(s.pending.without(list))}});
  elect_by(self, own, std::nullopt, nullptr);
}

bool should_give_way_to_leader(self_ptr self) {
  auto& s = self->state;
  const auto me = context_of(self).me;
  if (!context_of(self).config.reconfig_enabled)
    return s.round.ensemble().is_voter(me) && !s.round.may_be_elected(me) &&
           !mutated(mutant::longer_log_of_an_unlisted_blocks);
  return !s.own->is_settled() &&
         s.pending.is_disproved(s.own->seen->version, quorum_of(*s.own->committed, me));
}

std::string pending_list_text(self_ptr self, const std::set<server_id>& reachable) {
  auto& s = self->state;
  const auto me = context_of(self).me;
  const auto& view = s.own->is_settled() ? *s.members : *s.own;
  if (!s.round.is_looking() || view.is_settled()) return {};
  return core::text_of(s.pending, {view.seen->version, quorum_of(*view.committed, me),
                                   quorum_of(*view.seen, me), reachable});
}

}  // namespace troupe::election_parts
