// SPDX-License-Identifier: Apache-2.0
#include "actors/learning/learner.hpp"

#include <algorithm>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/error_text.hpp"
#include "actors/core/epoch_handshake.hpp"
#include "actors/core/mutants.hpp"
#include "actors/core/sync_order.hpp"
#include "actors/core/sync_plan.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/interfaces/snapshots.hpp"
#include "actors/learning/parts.hpp"
#include "actors/trace/traced.hpp"
#include "config/membership.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using namespace learner_parts;
using std::chrono::milliseconds;

template <class M>
bool is_from_my_leader(learner_ptr self, const M& m) {
  auto& s = self->state;
  return s.handler && self->current_sender() == caf::actor_cast<caf::strong_actor_ptr>(s.handler) &&
         m.epoch() == s.era.value;
}

bool acks_txns(const learner_state& s) { return !s.options.observer && !s.uncounted; }

// -- discovery ----------------------------------------------------------------------------------

/// Phase 1: promises the leader's epoch. acceptedEpoch is durable before ACKEPOCH leaves.
coro::task<bool> promise_epoch(learner_ptr self) {
  auto& s = self->state;
  wire::AckEpoch ack;
  ack.set_server(my_number(self));
  ack.set_epoch(s.era.value);
  ack.set_current_epoch(s.options.current.value);
  ack.set_last_zxid(s.options.last.value);
  ack.set_needs_snapshot(s.options.needs_snapshot);
  ack.set_membership_version(s.members->committed->version.value);
  ack.set_seen_version(s.members->seen->version.value);
  ack.set_gives_way(s.options.gives_way);
  const core::epoch_marks mine{s.options.accepted, s.options.current};
  switch (core::judge_leader_info(mine, s.era, !s.uncounted)) {
    case core::leader_info_verdict::refuse:
      end_term(self, "promised epoch " + std::to_string(s.options.accepted.value) +
                         " to a later leader than that of epoch " + std::to_string(s.era.value));
      co_return false;
    case core::leader_info_verdict::accept_uncounted:
      s.options.context->log.warn("follows_uncounted",
                                  {{"epoch", s.era}, {"accepted", s.options.accepted}});
      break;
    case core::leader_info_verdict::accept_same:
      break;
    case core::leader_info_verdict::accept_and_persist: {
      if (mutated(mutant::promise_not_stored)) {
        s.options.accepted = s.era;
        ack.set_counts(true);
        break;
      }
      auto storing = coro::ask<stored>(self, s.options.journal, coro::infinite,
                                       store_epoch{epoch_kind::accepted, s.era});
      auto done = co_await storing;
      if (!done) {
        end_term(self, "cannot keep a promise: " + text_of(done.error()));
        co_return false;
      }
      s.options.accepted = s.era;
      ack.set_counts(s.options.promises);
    }
  }
  self->send(s.handler, ack);
  co_return true;
}

// -- synchronization ----------------------------------------------------------------------------

coro::task<bool> truncate(learner_ptr self, zxid keep_upto) {
  auto& s = self->state;
  auto cutting =
      coro::ask<loaded_data>(self, s.options.journal, coro::infinite, truncate_log{keep_upto});
  auto left = co_await cutting;
  if (!left) {
    end_term(self, "cannot truncate the log: " + text_of(left.error()), role_ended::trust::no_cut);
    co_return false;
  }
  s.options.context->log.info("log_truncated",
                              {{"keep_upto", keep_upto}, {"last", left->last_logged}});
  note_replaced(self, left->image->data);
  if (!mutated(mutant::cut_leaves_database))
    self->send(s.options.database, install_image{left->image, std::move(left->recent),
                                                 left->digest_mismatches, 0, left->committed});
  s.window = core::pending{left->last_logged};
  s.logged_upto = left->last_logged;
  s.uncommitted.clear();
  s.uncommitted_bytes.set(0);
  co_return true;
}

/// One piece of the leader's tree: to disk and through the decoder. With the last one the database
/// changes over.
coro::task<bool> take_snapshot_piece(learner_ptr self, wire::SnapshotChunk chunk) {
  auto& s = self->state;
  bool first = s.incoming == nullptr;
  if (first) s.incoming = std::make_unique<core::snapshot_decoder>();
  bool well_formed = s.incoming->feed(chunk.data());
  zxid as_of{chunk.zxid()};
  if (well_formed && !(first && chunk.data().empty() && chunk.last())) {
    auto writing = coro::ask<stored>(self, s.options.journal, coro::infinite,
                                     install_piece{as_of, chunk.data(), first, chunk.last()});
    auto written = co_await writing;
    if (!written) {
      end_term(self, "cannot store the leader's snapshot: " + text_of(written.error()));
      co_return false;
    }
  }
  if (well_formed && !chunk.last()) {
    wire::SnapshotCredit credit;
    credit.set_server(my_number(self));
    credit.set_chunks(1);
    self->send(s.handler, credit);
    co_return true;
  }
  auto decoded = s.incoming->finish();
  s.incoming.reset();
  if (!decoded) {
    end_term(self, "the leader's snapshot is damaged: " + decoded.error());
    co_return false;
  }
  auto image = std::make_shared<core::image>(std::move(*decoded));
  image->data.set_last_processed(as_of);
  const auto& log = s.options.context->log;
  bool as_told = !image->digest || image->data.expect_digest(*image->digest);
  if (!as_told)
    log.error("digest_mismatch", {{"zxid", as_of},
                                  {"told", to_hex(image->digest->value)},
                                  {"ours", to_hex(image->data.digest())},
                                  {"found", "in_the_leaders_snapshot"}});
  log.info("snapshot_installed", {{"zxid", as_of}});
  note_replaced(self, image->data);
  self->send(s.options.database, install_image{std::move(image), {}, as_told ? 0U : 1U});
  s.window = core::pending{as_of};
  s.uncommitted.clear();
  s.uncommitted_bytes.set(0);
  co_return true;
}

/// NEWLEADER: everything that came before it is made durable, then the epoch, then the ack goes
/// out.
coro::task<bool> accept_new_leader(learner_ptr self, wire::NewLeader announced) {
  auto& s = self->state;
  if (mutated(mutant::new_leader_acked_before_history)) {
    wire::AckNewLeader early;
    early.set_server(my_number(self));
    early.set_epoch(announced.epoch());
    self->send(s.handler, early);
  }
  if (mutated(mutant::epoch_before_history)) {
    auto early = coro::ask<stored>(self, s.options.journal, coro::infinite,
                                   store_epoch{epoch_kind::current, s.era});
    if (!co_await early) co_return false;
  }
  auto flushing = coro::ask<log_range>(self, s.options.journal, coro::infinite,
                                       read_log{s.window.last_received(), 0});
  auto flushed = co_await flushing;
  if (!flushed) {
    end_term(self, "cannot log the leader's history: " + text_of(flushed.error()));
    co_return false;
  }
  auto storing = coro::ask<stored>(self, s.options.journal, coro::infinite,
                                   store_epoch{epoch_kind::current, s.era});
  auto done = co_await storing;
  if (!done) {
    end_term(self, "cannot enter the epoch: " + text_of(done.error()));
    co_return false;
  }
  s.options.current = s.era;
  wire::AckNewLeader ack;
  ack.set_server(my_number(self));
  ack.set_epoch(announced.epoch());
  self->send(s.handler, ack);
  s.acking = true;
  if (s.logged_upto.in_epoch() == s.era && acks_txns(s)) {
    wire::Ack logged_so_far;
    logged_so_far.set_server(my_number(self));
    logged_so_far.set_epoch(s.era.value);
    logged_so_far.set_zxid(s.logged_upto.value);
    self->send(s.handler, logged_so_far);
  }
  co_return true;
}

bool is_answer_to_a_hello(const leader_message& turn) {
  return std::holds_alternative<wire::LeaderInfo>(turn.what) ||
         std::holds_alternative<wire::NotLeading>(turn.what);
}

core::sync_step step_of(const leader_message& turn) {
  using core::sync_step;
  if (std::holds_alternative<wire::Truncate>(turn.what)) return sync_step::truncate;
  if (const auto* chunk = std::get_if<wire::SnapshotChunk>(&turn.what))
    return chunk->last() ? sync_step::last_of_snapshot : sync_step::snapshot;
  if (std::holds_alternative<wire::NewLeader>(turn.what)) return sync_step::new_leader;
  if (std::holds_alternative<wire::UpToDate>(turn.what)) return sync_step::up_to_date;
  const auto* txns = std::get_if<received_txns>(&turn.what);
  const bool is_history = txns != nullptr && txns->what == received_txns::kind::history;
  return is_history ? sync_step::diff : sync_step::proposal;
}

/// Phase 2: becomes equal to the leader. True when the leader says UPTODATE.
coro::task<bool> synchronize(learner_ptr self) {
  auto& s = self->state;
  core::sync_order order;
  for (;;) {
    auto coming = s.turns.next(self, init_limit(self));
    auto turn = co_await coming;
    if (s.ended) co_return false;
    if (!turn) {
      end_term(self, "synchronization made no progress for initLimit");
      co_return false;
    }
    if (is_answer_to_a_hello(*turn)) continue;  // to one before the one that was taken in
    if (auto wrong = order.take(step_of(*turn))) {
      end_term(self, "the leader sent " + *wrong);
      co_return false;
    }
    if (auto* cut = std::get_if<wire::Truncate>(&turn->what)) {
      auto cutting = truncate(self, zxid{cut->zxid()});
      if (!co_await cutting) co_return false;
    } else if (auto* txns = std::get_if<received_txns>(&turn->what)) {
      take_in_as_meant(self, std::move(*txns));
    } else if (auto* chunk = std::get_if<wire::SnapshotChunk>(&turn->what)) {
      auto taking = take_snapshot_piece(self, std::move(*chunk));
      if (!co_await taking) co_return false;
    } else if (auto* commit = std::get_if<wire::Commit>(&turn->what)) {
      commit_upto(self, zxid{commit->zxid()});
    } else if (auto* announced = std::get_if<wire::NewLeader>(&turn->what)) {
      auto accepting = accept_new_leader(self, std::move(*announced));
      if (!co_await accepting) co_return false;
    } else if (auto* established = std::get_if<wire::UpToDate>(&turn->what)) {
      hear_membership(self, established->membership());
      co_return !s.ended;
    }
    if (s.ended) co_return false;
  }
}

// -- the term -----------------------------------------------------------------------------------

coro::task<> watch_leader(learner_ptr self) {
  auto& s = self->state;
  milliseconds limit{s.options.context->config.sync_limit_ms()};
  for (;;) {
    auto pause = coro::sleep(self, milliseconds{s.options.context->config.tick_ms} / 2);
    co_await pause;
    if (self->clock().now() - s.heard > limit) {
      end_term(self, "the leader was silent for syncLimit");
      co_return;
    }
  }
}

/// What is committed here no later leader undoes: that outlives this server's next start.
void tell_journal(learner_ptr self) {
  auto& s = self->state;
  const auto committed = s.window.last_committed();
  if (committed <= std::exchange(s.told_committed, committed)) return;
  self->send(s.options.journal, known_committed{committed});
}

coro::task<> learn(learner_ptr self) {
  auto& s = self->state;
  auto finding = find_leader(self);
  if (!co_await finding || s.ended) co_return;
  s.options.context->log.info("discovery", {{"leader", s.options.leader}, {"epoch", s.era}});
  auto promising = promise_epoch(self);
  if (!co_await promising) co_return;
  auto syncing = synchronize(self);
  if (!co_await syncing) co_return;

  s.broadcasting = true;
  s.heard = self->clock().now();
  tell_committed(self, std::exchange(s.synced_early, {}));
  self->send(s.options.database, start_learning{s.era, caf::actor_cast<forward_sink>(self)});
  self->send(s.options.peer, role_established{s.era});
  tell_journal(self);
  s.options.context->log.info("serving", {{"leader", s.options.leader}, {"epoch", s.era}});
  auto watching = watch_leader(self);
  co_await watching;
}

// -- broadcast ----------------------------------------------------------------------------------

void on_logged(learner_ptr self, zxid upto) {
  auto& s = self->state;
  s.logged_upto = std::max(s.logged_upto, upto);
  if (!s.acking || !acks_txns(s) || upto.in_epoch() != s.era) return;
  wire::Ack ack;
  ack.set_server(my_number(self));
  ack.set_epoch(s.era.value);
  ack.set_zxid(upto.value);
  self->send(s.handler, ack);
}

wire::Pong make_pong(learner_ptr self) {
  wire::Pong pong;
  pong.set_server(my_number(self));
  pong.set_epoch(self->state.era.value);
  return pong;
}

/// Whose clients were heard, as the database says it: of thousands it tells in parts.
void collect(learner_ptr self) {
  self->request(self->state.options.database, caf::infinite, collect_touches{})
      .then([self](const touched_sessions& touched) {
        self->state.collecting = touched.sessions.size() >= touched_sessions::at_once_max;
        if (touched.sessions.empty()) return;
        auto pong = make_pong(self);
        for (auto id : touched.sessions) pong.add_touched()->set_session(id.value);
        self->send(self->state.handler, pong);
        if (self->state.collecting) collect(self);
      });
}

/// The answer waits for nobody: a database in a long turn is no reason for an election. Whose
/// clients were heard follows when the database says so, once a tick's half.
void on_ping(learner_ptr self, const wire::Ping& ping) {
  auto& s = self->state;
  s.heard = self->clock().now();
  auto at_once = make_pong(self);
  at_once.set_number(ping.number());
  at_once.set_round(ping.round());
  self->send(s.handler, at_once);
  if (std::exchange(s.writes_held, ping.hold_writes()) != ping.hold_writes())
    self->send(s.options.database, hold_writes{s.writes_held});
  if (ping.round_only()) return;
  if (s.broadcasting) tell_journal(self);
  if (!std::exchange(s.collecting, true)) collect(self);
}

/// A message of the conversation. The first LeaderInfo or NotLeading comes from whom nobody knows
/// yet.
template <class M>
void hear(learner_ptr self, const M& m) {
  auto& s = self->state;
  if (s.ended) return;
  if constexpr (std::same_as<M, wire::LeaderInfo> || std::same_as<M, wire::NotLeading>) {
    if (s.handler) return;
  } else {
    if (!is_from_my_leader(self, m)) return;
    s.heard = self->clock().now();
  }
  s.turns.push({m, self->current_sender()});
}

/// The end of the leader's side of the conversation, as a person says it.
std::string why_lost(const caf::error& why) {
  return why ? text_of(why) : "it has stopped, or leads no more";
}

template <class M>
void hear(learner_ptr self, received_txns::kind what, M& m) {
  auto& s = self->state;
  if (s.ended || !is_from_my_leader(self, m)) return;
  if (!s.broadcasting) s.heard = self->clock().now();
  hear_txns(self, what, std::move(*m.mutable_txns()), {m.offset(), m.rest()});
}

}  // namespace

learner_actor::behavior_type make_learner(learner_ptr self, learner_options options) {
  auto& s = self->state;
  s.window = core::pending{options.last};
  s.members = options.members;
  s.options = std::move(options);
  s.uncommitted_bytes = {s.options.context->gauges, &shared_gauges::proposed_bytes};
  s.arriving_bytes = {s.options.context->gauges, &shared_gauges::proposed_bytes};
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& st = self->state;
    if (st.handler && down.source == caf::actor_cast<caf::actor_addr>(st.handler))
      end_term(self, "lost the leader: " + why_lost(down.reason));
  });
  s.work.on_failure([self](std::exception_ptr) { end_term(self, "internal error"); });
  s.work.start(learn(self));
  return trace::traced(
      s.options.context->trace, s.options.observer ? "zk.observer" : "zk.follower",
      [self](const wire::NotLeading& m) { hear(self, m); },
      [self](const wire::LeaderInfo& m) { hear(self, m); },
      [self](const wire::Truncate& m) { hear(self, m); },
      [self](wire::SyncTxns& m) { hear(self, received_txns::kind::history, m); },
      [self](const wire::SnapshotChunk& m) { hear(self, m); },
      [self](const wire::NewLeader& m) { hear(self, m); },
      [self](const wire::UpToDate& m) { hear(self, m); },
      [self](wire::Proposal& m) { hear(self, received_txns::kind::proposed, m); },
      [self](const wire::Commit& m) {
        if (!self->state.broadcasting) return hear(self, m);
        if (is_from_my_leader(self, m)) commit_upto(self, zxid{m.zxid()});
      },
      [self](wire::Inform& m) { hear(self, received_txns::kind::informed, m); },
      [self](const wire::SyncDone& m) {
        if (self->current_sender() != caf::actor_cast<caf::strong_actor_ptr>(self->state.handler))
          return;
        self->send(self->state.options.database,
                   sync_done{session_id{m.session()}, cxid{m.cxid()}, m.connection()});
      },
      [self](const wire::StaleWrite& m) {
        if (self->current_sender() != caf::actor_cast<caf::strong_actor_ptr>(self->state.handler))
          return;
        self->send(self->state.options.database,
                   stale_write{session_id{m.session()}, cxid{m.cxid()}, m.connection()});
      },
      [self](const wire::Ping& m) {
        if (is_from_my_leader(self, m)) on_ping(self, m);
      },
      [self](const wire::Revalidated& m) {
        auto at = self->state.revalidations.find(m.ticket());
        if (at == self->state.revalidations.end()) return;
        at->second.deliver(session_verdict{m.valid(), m.timeout_ms(), zxid{m.planned_upto()}});
        self->state.revalidations.erase(at);
      },
      [self](const logged& m) { on_logged(self, m.upto); },
      [self](forwarded_writes& m) { forward_writes(self, m); },
      [self](const revalidate_session& m) -> caf::result<session_verdict> {
        return ask_leader_for(self, m.session);
      },
      [self](const tree_differs& m) { on_tree_differs(self, m); });
}

}  // namespace troupe
