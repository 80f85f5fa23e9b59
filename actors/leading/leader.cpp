// SPDX-License-Identifier: Apache-2.0
#include "actors/leading/leader.hpp"

#include <algorithm>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/base/error_text.hpp"
#include "actors/base/unlogged.hpp"
#include "actors/core/epoch_bounds.hpp"
#include "actors/core/mutants.hpp"
#include "actors/core/txn_batches.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/interfaces/synchronization.hpp"
#include "actors/leading/leader_parts.hpp"
#include "actors/trace/traced.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using namespace leader_parts;
using self_ptr = leader_ptr;
using std::chrono::milliseconds;

std::string count_of(const std::set<server_id>& heard, const core::quorum& q) {
  return std::to_string(heard.size()) + " of " + std::to_string(q.size()) + " voters";
}

// -- broadcast ----------------------------------------------------------------------------------

std::vector<txn_ptr> take_outstanding(leader_state& s, core::zxid_range range) {
  auto end = s.outstanding.begin() + static_cast<std::ptrdiff_t>(range.size());
  std::vector<txn_ptr> txns(std::make_move_iterator(s.outstanding.begin()),
                            std::make_move_iterator(end));
  s.outstanding.erase(s.outstanding.begin(), end);
  for (const auto& txn : txns) s.outstanding_bytes.add(-core::held_bytes(*txn));
  return txns;
}

/// What is to be sent on, in messages that are built once for all learners but for what is long.
template <class Forwarded, class Message>
std::vector<Forwarded> for_learners(const leader_state& s, const std::vector<txn_ptr>& txns) {
  const auto bytes_max = s.options.context->message_bytes_max;
  std::vector<Forwarded> out;
  for (auto& batch : core::in_batches(txns, bytes_max)) {
    std::shared_ptr<Message> encoded;
    if (batch.front()->bytes.size() <= bytes_max) {
      encoded = std::make_shared<Message>();
      encoded->set_epoch(s.era.value);
      for (const auto& txn : batch) encoded->add_txns(txn->bytes);
    }
    out.push_back({std::move(batch), std::move(encoded)});
  }
  return out;
}

/// Tells all who learn and the database here that these are committed.
void spread_commit(self_ptr self, core::zxid_range range) {
  auto& s = self->state;
  auto txns = take_outstanding(s, range);
  if (s.options.context->committed)
    for (const auto& txn : txns) s.options.context->committed(txn);
  std::vector<forward_committed> informs;  // made for the first observer
  for (auto& [id, learner] : s.learners) {
    if (!learner.forwarding) continue;
    if (!learner.observer) {
      self->send(learner.handler, forward_commit{range.last});
      continue;
    }
    if (informs.empty()) informs = for_learners<forward_committed, wire::Inform>(s, txns);
    for (const auto& inform : informs) self->send(learner.handler, inform);
  }
  self->send(s.options.database, apply_txns{std::move(txns)});
}

/// Who could be a voter of a new membership now.
void tell_synced(self_ptr self) {
  auto& s = self->state;
  if (!s.serving) return;
  synced_servers out{{s.options.context->me}};
  for (const auto& [id, learner] : s.learners)
    if (learner.synced && !learner.observer) out.ids.insert(id);
  self->send(s.options.database, std::move(out));
}

/// These are the servers from now on, here and in this server's files.
void activate(self_ptr self, membership_ptr list) {
  auto& s = self->state;
  auto me = s.options.context->me;
  s.members = std::move(list);
  s.next = nullptr;
  s.alive.reconfigure(quorum_of(*s.members, me));
  ask_others_for_proof(self, quorum_of(*s.members, me));
  self->send(s.options.journal, store_membership{s.members});
  self->send(s.options.peer, membership_committed{s.members});
  s.options.context->log.info("membership_committed", {{"version", s.members->version},
                                                       {"servers", s.members->servers.size()}});
}

/// Leader.getDesignatedLeader names a successor; here the voters, who all have the commit, find
/// the best of them in one round.
void leave_if_no_voter(self_ptr self) {
  auto& s = self->state;
  if (!s.members->is_voter(s.options.context->me))
    end_term(self, "this server is no voter of the new membership: the voters elect another");
}

void begin_reconfig(self_ptr self, const txn& made_by) {
  auto& s = self->state;
  s.next = membership_made_by(made_by);
  if (!s.next) return end_term(self, "a reconfig without a list of servers");
  auto me = s.options.context->me;
  s.window.reconfigure(quorum_of(*s.next, me));
  auto both = quorum_of(config::membership_view{s.members, s.next}, me);
  s.alive.reconfigure(both);
  ask_others_for_proof(self, std::move(both));
  s.options.context->log.info("reconfig_proposed", {{"zxid", made_by.header.id}});
}

/// A sync is answered between the txns before it and those behind it: its session's own later
/// writes must not be applied first, or their answers would overtake the sync's.
void commit_in_parts(self_ptr self, core::zxid_range rest) {
  auto& s = self->state;
  while (auto upto = s.rounds.due(rest.last)) {
    if (*upto >= rest.first) {
      spread_commit(self, {rest.first, *upto});
      rest.first = upto->next();
    }
    answer_first_sync(self);
  }
  if (rest.first <= rest.last) spread_commit(self, rest);
}

void commit(self_ptr self, std::optional<core::zxid_range> range) {
  auto& s = self->state;
  for (; range && !s.ended; range = s.window.go_on()) {
    commit_in_parts(self, *range);
    if (!s.next || s.next->version > range->last) return;
    activate(self, s.next);
    leave_if_no_voter(self);
  }
}

void propose_all(self_ptr self, const std::vector<txn_ptr>& txns) {
  auto& s = self->state;
  if (s.ended || txns.empty()) return;
  if (auto why = too_much_unlogged(*s.options.context)) return end_term(self, *std::move(why));
  for (const auto& txn : txns) {
    if (!s.window.propose(txn->id()))
      return end_term(
          self, "zxid hole: " + to_string(txn->id()) + " is not " + to_string(s.window.next()));
    auto bytes = static_cast<std::int64_t>(txn->bytes.size());
    s.proposal_bytes_last = bytes;
    s.proposal_bytes_max = std::max(s.proposal_bytes_max, bytes);
    s.proposal_bytes_min = s.proposal_bytes_min < 0 ? bytes : std::min(s.proposal_bytes_min, bytes);
    s.outstanding.push_back(txn);
    s.outstanding_bytes.add(core::held_bytes(*txn));
    if (txn->value.header.type == op_code::reconfig) begin_reconfig(self, txn->value);
    if (s.ended) return;
  }
  count_unlogged(*s.options.context, txns);
  self->send(s.options.journal, append_txns{txns, caf::actor_cast<logged_sink>(self)});
  if (mutated(mutant::own_ack_before_sync)) self->send(self, logged{txns.back()->id()});
  std::vector<forward_proposals> proposals;  // made for the first follower
  for (auto& [id, learner] : s.learners) {
    if (!learner.forwarding || learner.observer) continue;
    if (proposals.empty()) proposals = for_learners<forward_proposals, wire::Proposal>(s, txns);
    for (const auto& each : proposals) self->send(learner.handler, each);
  }
}

// -- learners -----------------------------------------------------------------------------------

void drop_learner(self_ptr self, server_id id, const std::string& reason) {
  auto& s = self->state;
  auto at = s.learners.find(id);
  if (at == s.learners.end()) return;
  s.options.context->log.info("learner_left", {{"peer", id}, {"reason", reason}});
  self->send_exit(at->second.handler, caf::exit_reason::kill);
  s.learners.erase(at);
  note_lag(self, id, false);
  s.window.remove(id);
  s.alive.forget(id);
  tell_synced(self);
}

/// The learner this message is about, if its present handler speaks. A learner that came anew has a
/// new one; what the former one says late is about a conversation that is over.
leader_state::learner_entry* learner_of_sender(self_ptr self, server_id id) {
  auto at = self->state.learners.find(id);
  if (at == self->state.learners.end()) return nullptr;
  auto speaks = caf::actor_cast<caf::actor_addr>(self->current_sender());
  return at->second.handler.address() == speaks ? &at->second : nullptr;
}

void welcome(self_ptr self, const wire::LearnerInfo& hello) {
  auto& s = self->state;
  server_id id{hello.server()};
  if (s.ended || !self->current_sender()) return;
  drop_learner(self, id, "it came anew");
  auto learner = caf::actor_cast<learner_actor>(self->current_sender());
  auto handler = s.options.make_handler(self, caf::actor_cast<leader_actor>(self), learner, hello);
  s.learners[id] = {handler, hello.observer()};
  if (!s.lagging.empty()) self->send(handler, hold_writes{true});
}

/// From this moment on the learner gets every proposal and commit; the plan covers what came
/// before. Both sides of the cut are exact: the database has applied just what this leader
/// committed when it comes to this request.
void start_forwarding(self_ptr self, leader_state::learner_entry& learner) {
  auto& s = self->state;
  learner.forwarding = true;
  if (s.outstanding.empty() || learner.observer || mutated(mutant::discontinuous_proposal)) return;
  // Built by the handler, as it gets to them: they may be many.
  for (auto& batch : core::in_batches({s.outstanding.begin(), s.outstanding.end()},
                                      s.options.context->message_bytes_max))
    self->send(learner.handler, forward_proposals{std::move(batch), nullptr});
}

void learner_is_synced(self_ptr self, const learner_synced& m) {
  auto& s = self->state;
  auto* learner = learner_of_sender(self, m.learner);
  if (learner == nullptr) return;
  learner->synced = true;
  s.alive.heard(m.learner, s.ticks, !learner->observer);
  s.options.context->log.info("learner_synced", {{"peer", m.learner}, {"upto", m.upto}});
  if (!learner->observer) {
    auto upto = std::max(m.upto, zxid::first_of(s.era));
    commit(self, s.window.add_synced(m.learner, upto));
    if (s.handshake.on_new_leader_ack(m.learner, s.handshake.new_leader_zxid()))
      s.progress.notify();
  }
  s.differing.erase(m.learner);
  tell_synced(self);
  if (s.serving) self->send(learner->handler, leader_serves{s.members});
  if (s.rounds.is_under_way() && !learner->observer)
    self->send(learner->handler, forward_ping{s.rounds.round(), true});
}

/// The one server whose tree is not that of the others is wrong, and it may be this one.
void hear_of_difference(self_ptr self, const learner_differs& m) {
  auto& s = self->state;
  if (learner_of_sender(self, m.learner) == nullptr) return;
  s.options.context->log.warn("learner_differs", {{"peer", m.learner}, {"zxid", m.at}});
  s.differing.insert(m.learner);
  if (is_outvoted(s))
    end_term(self,
             "the trees of the other servers are not the one that the digest of txn " +
                 to_string(m.at) + " is of: this server's is wrong",
             role_ended::trust::none_by_others);
}

/// False: who spoke is no synced learner's handler.
bool heard(self_ptr self, server_id id) {
  auto& s = self->state;
  const auto* learner = learner_of_sender(self, id);
  if (learner == nullptr || !learner->synced) return false;
  s.alive.heard(id, s.ticks, !learner->observer);
  return true;
}

// -- the term -----------------------------------------------------------------------------------

/// Waits until `reached` or initLimit; false in the latter case.
coro::task<bool> wait_for_quorum(self_ptr self, std::function<bool()> reached) {
  auto& s = self->state;
  auto deadline = self->clock().now() + milliseconds{s.options.context->config.init_limit_ms()};
  while (!reached()) {
    auto left = deadline - self->clock().now();
    if (left <= std::chrono::nanoseconds::zero()) co_return false;
    auto waiting = s.progress.wait_for(self, left);
    co_await waiting;
    if (s.ended) co_return false;
  }
  co_return true;
}

/// Phase 1, discovery: a new epoch that a quorum promises to keep.
coro::task<bool> establish_epoch(self_ptr self) {
  auto& s = self->state;
  auto me = s.options.context->me;
  if (s.options.accepted >= core::epoch_max) {
    s.options.context->log.error("epochs_used_up", {{"accepted", s.options.accepted}});
    end_term(self, "no epoch is left behind " + std::to_string(s.options.accepted.value));
    co_return false;
  }
  if (s.handshake.on_follower_info(me, s.options.accepted)) s.progress.notify();
  std::function<bool()> proposed = [&s] { return s.handshake.proposed().has_value(); };
  auto hearing = wait_for_quorum(self, proposed);
  if (!co_await hearing) {
    end_term(self, "no quorum of followers came within initLimit (" +
                       count_of(s.handshake.heard(), s.electors) + ")");
    co_return false;
  }
  s.era = *s.handshake.proposed();
  auto storing = coro::ask<stored>(self, s.options.journal, coro::infinite,
                                   store_epoch{epoch_kind::accepted, s.era});
  auto done = co_await storing;
  if (!done) {
    end_term(self, "cannot keep the new epoch: " + text_of(done.error()));
    co_return false;
  }
  s.epoch_is_durable = true;
  answer_joins(self);

  if (s.handshake.on_ack_epoch(me, s.options.current, s.options.last) ==
      core::epoch_handshake::ack_outcome::confirmed)
    s.progress.notify();
  std::function<bool()> confirmed = [&s] { return s.handshake.is_confirmed(); };
  auto promising = wait_for_quorum(self, confirmed);
  if (!co_await promising) {
    end_term(self, "no quorum promised epoch " + std::to_string(s.era.value) + " (" +
                       count_of(s.handshake.heard(), s.electors) + ")");
    co_return false;
  }
  // What was seen is committed before anything is proposed.
  s.window = core::proposals{quorum_of(*s.options.members->seen, me), zxid::first_of(s.era)};
  if (s.window.add_synced(me, zxid::first_of(s.era))) co_return false;  // nothing is proposed yet
  for (auto& waiting : std::exchange(s.awaiting_confirmation, {}))
    waiting.deliver(epoch_confirmed{});
  co_return true;
}

/// Phase 2, synchronization: a quorum has this leader's history on disk, and this server has
/// entered the epoch.
coro::task<bool> synchronize(self_ptr self) {
  auto& s = self->state;
  if (s.handshake.on_new_leader_ack(s.options.context->me, s.handshake.new_leader_zxid()))
    s.progress.notify();
  std::function<bool()> established = [&s] { return s.handshake.is_established(); };
  auto syncing = wait_for_quorum(self, established);
  if (!co_await syncing) {
    end_term(self, "no quorum was synchronized within initLimit (" +
                       count_of(s.handshake.heard(), s.electors) + ")");
    co_return false;
  }
  auto storing = coro::ask<stored>(self, s.options.journal, coro::infinite,
                                   store_epoch{epoch_kind::current, s.era});
  auto done = co_await storing;
  if (!done) {
    end_term(self, "cannot enter the new epoch: " + text_of(done.error()));
    co_return false;
  }
  co_return true;
}

/// The established epoch has committed this server's whole history, and with it the last seen
/// membership. One that was never established gets the epoch for its version, so that it is newer
/// than what other servers' files may say (Leader.lead, ZOOKEEPER-1783).
void settle_membership(self_ptr self) {
  auto& s = self->state;
  if (!s.options.context->config.reconfig_enabled) return;
  auto seen = s.options.members->seen;
  if (!seen->was_established() && !seen->servers.empty())
    seen = config::established_in(s.era, *seen);
  if (seen->version > s.members->version) activate(self, std::move(seen));
}

/// Phase 3 is handlers; this is its clock: pings each half tick, and leave when a quorum is no
/// longer heard.
coro::task<> keep_time(self_ptr self) {
  auto& s = self->state;
  const auto& config = s.options.context->config;
  for (bool whole_tick = false;; whole_tick = !whole_tick) {
    auto pause = coro::sleep(self, milliseconds{config.tick_ms} / 2);
    co_await pause;
    if (whole_tick) ++s.ticks;
    for (auto& [id, learner] : s.learners)
      self->send(learner.handler, forward_ping{s.rounds.round()});
    if (!s.serving) continue;
    self->send(s.options.database, expire_sessions{});
    tell_journal(self);
    if (!whole_tick) continue;
    for (auto id : s.alive.silent(s.ticks, config.sync_limit_ticks))
      drop_learner(self, id, "silent for syncLimit");
    if (!s.alive.synced_quorum(s.ticks, config.sync_limit_ticks))
      co_return end_term(self, "a quorum of followers is no longer heard");
  }
}

coro::task<> lead(self_ptr self) {
  auto& s = self->state;
  auto establishing = establish_epoch(self);
  if (!co_await establishing) co_return;
  s.work.start(keep_time(self));
  auto syncing = synchronize(self);
  if (!co_await syncing) co_return;
  settle_membership(self);
  s.serving = true;
  s.serving_since = self->clock().now();
  self->send(s.options.database,
             start_leading{s.era, caf::actor_cast<proposal_sink>(self), s.members});
  self->send(s.options.peer, role_established{s.era});
  for (auto& [id, learner] : s.learners)
    if (learner.synced) self->send(learner.handler, leader_serves{s.members});
  tell_synced(self);
  s.options.context->log.info("leading", {{"epoch", s.era}, {"last", s.options.last}});
  leave_if_no_voter(self);
}

caf::result<epoch_confirmed> on_promise(self_ptr self, const learner_promised& m) {
  auto& s = self->state;
  auto promise = self->make_response_promise<epoch_confirmed>();
  auto current = m.counts ? std::optional{m.current} : std::nullopt;
  const auto list = s.options.members->seen->version;
  const bool holds_list = m.committed_list >= list || m.seen_list == list;
  switch (s.handshake.on_ack_epoch(m.learner, current, m.last,
                                   {holds_list, m.in_doubt, m.gives_way})) {
    case core::epoch_handshake::ack_outcome::learner_ahead:
      end_term(self, "server " + std::to_string(m.learner.value) + " has a more recent history");
      return promise.deliver(caf::make_error(caf::sec::runtime_error));
    case core::epoch_handshake::ack_outcome::confirmed:
      s.progress.notify();
      break;
    case core::epoch_handshake::ack_outcome::waiting:
      break;
  }
  // The window exists only once establish_epoch has gone on behind the confirmation.
  if (s.handshake.is_confirmed() && s.window.next() > zxid::first_of(s.era))
    return promise.deliver(epoch_confirmed{});
  s.awaiting_confirmation.push_back(promise);
  return promise;
}

caf::result<sync_source> on_begin_sync(self_ptr self, const begin_sync& m) {
  auto& s = self->state;
  auto* learner = learner_of_sender(self, m.learner);
  if (learner == nullptr) return caf::make_error(caf::sec::invalid_argument);
  start_forwarding(self, *learner);
  return self->delegate(s.options.database, plan_sync{m.peer_last, m.needs_snapshot});
}

}  // namespace

leader_actor::behavior_type leader(self_ptr self, leader_options options) {
  auto& s = self->state;
  s.options = std::move(options);
  s.outstanding_bytes = {s.options.context->gauges, &shared_gauges::proposed_bytes};
  auto me = s.options.context->me;
  s.members = s.options.members->committed;
  s.electors = quorum_of(*s.options.members, me);
  s.handshake = core::epoch_handshake{me, s.electors, s.options.current, s.options.last};
  s.alive = core::liveness{me, quorum_of(*s.options.members->seen, me)};
  s.rounds = core::sync_rounds{me, quorum_of(*s.options.members->seen, me)};
  s.work.on_failure([self](std::exception_ptr) { end_term(self, "internal error"); });
  s.work.start(lead(self));
  return trace::traced(
      s.options.context->trace, "zk.leader",
      [self](const wire::LearnerInfo& m) { welcome(self, m); },
      [self](const propose& m) { propose_all(self, m.txns); },
      [self](const sync_behind& m) { queue_sync(self, m.waiter); },
      [self](const epoch_exhausted&) {
        end_term(self, "the zxids of this epoch are used up: a new epoch is needed");
      },
      [self](const logged& m) {
        commit(self, self->state.window.on_ack(self->state.options.context->me, m.upto));
      },
      [self](const join_epoch& m) { return on_join(self, m); },
      [self](const learner_promised& m) { return on_promise(self, m); },
      [self](const begin_sync& m) { return on_begin_sync(self, m); },
      [self](const learner_synced& m) { learner_is_synced(self, m); },
      [self](const learner_acked& m) {
        if (heard(self, m.learner)) commit(self, self->state.window.on_ack(m.learner, m.upto));
      },
      [self](const learner_heard& m) {
        if (heard(self, m.learner)) hear_echo(self, m.learner, m.round);
      },
      [self](const learner_differs& m) { hear_of_difference(self, m); },
      [self](const tree_differs& m) {
        end_term(self,
                 "the tree of this server is not the one that the digest of txn " +
                     to_string(m.at) + " is of",
                 role_ended::trust::none_by_digest);
      },
      [self](const learner_lags& m) {
        if (learner_of_sender(self, m.learner) != nullptr) note_lag(self, m.learner, m.lags);
      },
      [self](const learner_gone& m) {
        if (learner_of_sender(self, m.learner) != nullptr) drop_learner(self, m.learner, m.reason);
      },
      [self](const get_leader_status&) { return status_of(self); },
      [self](const reset_statistics& m) {
        auto& st = self->state;
        if (m.server) st.proposal_bytes_last = st.proposal_bytes_min = st.proposal_bytes_max = -1;
      });
}

}  // namespace troupe
