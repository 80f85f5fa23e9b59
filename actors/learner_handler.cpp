// SPDX-License-Identifier: Apache-2.0
#include "actors/learner_handler.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/caf.hpp"
#include "actors/core/mutants.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/error_text.hpp"
#include "actors/trace/traced.hpp"
#include "config/membership.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using self_ptr = pinned_pointer<learner_handler_actor, learner_handler_state>;
using std::chrono::milliseconds;

/// Snapshot pieces under way to a learner at a time. BASP has no back-pressure of its own.
constexpr std::uint32_t snapshot_credit = 4;
/// Bytes of txns in one message while synchronizing.
constexpr std::size_t sync_batch_bytes = 512 * 1024;
/// What a message without txns counts as.
constexpr std::size_t small_message_bytes = 32;
/// Once so large a part of what may be unheard of is on its way, the learner is asked at once
/// whether it has arrived, not at the next half tick: much traffic alone is no lag.
constexpr std::int64_t ask_at_part = 4;

milliseconds init_limit(self_ptr self) {
  return milliseconds{self->state.options.context->config.init_limit_ms()};
}

void end(self_ptr self, std::string reason) {
  auto& s = self->state;
  if (std::exchange(s.ended, true)) return;
  self->send(s.options.leader, learner_gone{s.options.id, std::move(reason)});
  self->quit();
}

/// Empty: nobody may change the servers, so each knows them from its own files.
std::string text_for_learner(self_ptr self, const membership_ptr& members) {
  if (!members || !self->state.options.context->config.reconfig_enabled) return {};
  return config::print(*members);
}

void send_ping(self_ptr self, const forward_ping& asked);

/// Notes that so much more waits for the learner. False, and the term with it ends, when it is too
/// much: nobody else bounds what is held here, or what BASP has not got rid of.
bool has_room_for(self_ptr self, std::size_t bytes) {
  auto& s = self->state;
  const auto max = s.options.context->memory.unheard_max();
  s.unheard_bytes.add(static_cast<std::int64_t>(bytes));
  if (s.unheard_bytes.value() <= max) return true;
  end(self, "it is behind by more than " + std::to_string(max >> 20) + " MiB");
  return false;
}

void ask_early(self_ptr self) {
  auto& s = self->state;
  if (!s.synced || s.ended || s.measured_bytes) return;
  if (s.unheard_bytes.value() > s.options.context->memory.unheard_max() / ask_at_part)
    send_ping(self, {0, true});
}

// -- passing on ---------------------------------------------------------------------------------

void pass_on(self_ptr self, const forward_proposals& m) {
  self->send(self->state.options.learner, *m.encoded);
  self->state.sent_upto = m.txns.back()->id();
}
void pass_on(self_ptr self, const forward_commit& m) {
  wire::Commit commit;
  commit.set_epoch(self->state.era.value);
  commit.set_zxid(m.upto.value);
  self->send(self->state.options.learner, commit);
}
void pass_on(self_ptr self, const forward_committed& m) {
  self->send(self->state.options.learner, *m.encoded);
  self->state.sent_upto = m.txns.back()->id();
}
void pass_on(self_ptr self, const forward_sync_done& m) {
  wire::SyncDone done;
  done.set_session(m.session.value);
  done.set_cxid(m.xid.value);
  done.set_connection(m.connection);
  self->send(self->state.options.learner, done);
}

std::size_t bytes_of(const forward_proposals& m) { return m.encoded->ByteSizeLong(); }
std::size_t bytes_of(const forward_committed& m) { return m.encoded->ByteSizeLong(); }
std::size_t bytes_of(const forward_commit&) { return small_message_bytes; }
std::size_t bytes_of(const forward_sync_done&) { return small_message_bytes; }

template <class M>
void hold_or_pass_on(self_ptr self, const M& m) {
  auto& s = self->state;
  if (s.ended || !has_room_for(self, bytes_of(m))) return;
  if (!s.passing_on) return s.held.push_back(m);
  pass_on(self, m);
  ask_early(self);
}

/// What comes meanwhile is held behind it.
coro::task<> release_held(self_ptr self) {
  auto& s = self->state;
  for (std::size_t bytes = 0; !s.held.empty();) {
    const auto next = std::move(s.held.front());
    s.held.pop_front();
    bytes += std::visit([](const auto& x) { return bytes_of(x); }, next);
    std::visit([self](const auto& x) { pass_on(self, x); }, next);
    if (bytes < sync_batch_bytes) continue;
    bytes = 0;
    auto others = coro::sleep(self, milliseconds{0});
    co_await others;
  }
  s.passing_on = true;
}

// -- discovery ----------------------------------------------------------------------------------

/// The learner's promise to the new epoch, once a quorum has made the leader's epoch known. Null on
/// failure.
coro::task<std::optional<wire::AckEpoch>> agree_on_epoch(self_ptr self) {
  auto& s = self->state;
  auto joining =
      coro::ask<epoch_proposed>(self, s.options.leader, init_limit(self),
                                join_epoch{s.options.id, s.options.observer, s.options.accepted});
  auto proposed = co_await joining;
  if (!proposed) {
    end(self, "no epoch to join: " + text_of(proposed.error()));
    co_return std::nullopt;
  }
  s.era = proposed->era;
  wire::LeaderInfo info;
  info.set_leader(s.options.context->me.value);
  info.set_epoch(s.era.value);
  info.set_membership(text_for_learner(self, proposed->members));
  self->send(s.options.learner, info);

  auto promising = s.promises.next(self, init_limit(self));
  auto promise = co_await promising;
  if (!promise) {
    end(self, "no ACKEPOCH within initLimit");
    co_return std::nullopt;
  }
  auto confirming = coro::ask<epoch_confirmed>(
      self, s.options.leader, init_limit(self),
      learner_promised{s.options.id, promise->counts(), epoch{promise->current_epoch()},
                       zxid{promise->last_zxid()}, zxid{promise->membership_version()},
                       zxid{promise->seen_version()}});
  auto confirmed = co_await confirming;
  if (!confirmed) {
    end(self, "the epoch was not confirmed: " + text_of(confirmed.error()));
    co_return std::nullopt;
  }
  co_return std::move(promise);
}

// -- synchronization ----------------------------------------------------------------------------

/// A message for each batch, and others have their turns between two of them.
coro::task<> send_txns(self_ptr self, std::vector<txn_ptr> txns) {
  auto& s = self->state;
  for (std::size_t next = 0; next < txns.size();) {
    wire::SyncTxns batch;
    batch.set_epoch(s.era.value);
    for (std::size_t bytes = 0; next < txns.size() && bytes < sync_batch_bytes; ++next) {
      batch.add_txns(txns[next]->bytes);
      bytes += txns[next]->bytes.size();
    }
    s.sent_upto = txns[next - 1]->id();
    self->send(s.options.learner, batch);
    if (next == txns.size()) break;
    auto others = coro::sleep(self, milliseconds{0});
    co_await others;
  }
}

/// Streams the tree, piece by piece as the learner gives credit.
coro::task<bool> send_snapshot(self_ptr self) {
  auto& s = self->state;
  auto opening =
      coro::ask<stream_opened>(self, s.options.database, init_limit(self), open_stream{});
  auto stream = co_await opening;
  if (!stream) {
    end(self, "no snapshot to send: " + text_of(stream.error()));
    co_return false;
  }
  s.credit = snapshot_credit;
  for (bool last = false; !last;) {
    while (s.credit == 0) {
      auto waiting = s.credit_or_ack.wait_for(self, init_limit(self));
      if (!co_await waiting) {
        self->send(s.options.database, close_stream{stream->stream});
        end(self, "the learner took no snapshot piece for initLimit");
        co_return false;
      }
    }
    --s.credit;
    auto cutting = coro::ask<snapshot_piece>(self, s.options.database, init_limit(self),
                                             get_stream_piece{stream->stream});
    auto piece = co_await cutting;
    if (!piece) {
      end(self, "the snapshot broke off: " + text_of(piece.error()));
      co_return false;
    }
    last = piece->last;
    wire::SnapshotChunk chunk;
    chunk.set_epoch(s.era.value);
    chunk.set_zxid(piece->as_of.value);
    chunk.set_data(std::move(piece->bytes));
    chunk.set_last(last);
    s.sent_upto = piece->as_of;
    self->send(s.options.learner, chunk);
  }
  co_return true;
}

/// DIFF from further back than the window in memory; false when the log does not reach back, true
/// when sent.
coro::task<bool> send_from_log(self_ptr self, zxid peer_last, std::uint64_t bytes_max,
                               std::vector<txn_ptr> window) {
  auto& s = self->state;
  auto reading = coro::ask<log_range>(self, s.options.journal, init_limit(self),
                                      read_log{peer_last, bytes_max});
  auto range = co_await reading;
  if (!range || (!range->holds_after && !mutated(mutant::log_diff_unproved))) co_return false;
  // The log may end behind the committed window's end: what is not committed comes as a proposal
  // later.
  auto window_begins = window.empty() ? zxid{} : window.front()->id();
  std::vector<txn_ptr> older;
  for (auto& txn : range->txns)
    if (txn->id() < window_begins) older.push_back(std::move(txn));
  bool reaches_window =
      range->complete || (!range->txns.empty() && older.size() < range->txns.size());
  if (window.empty() || !reaches_window) co_return false;
  auto sending_older = send_txns(self, std::move(older));
  co_await sending_older;
  auto sending_window = send_txns(self, std::move(window));
  co_await sending_window;
  co_return true;
}

/// Brings the learner to the leader's committed history. From `begin_sync` on the leader forwards
/// to this handler.
coro::task<bool> bring_up_to_date(self_ptr self, zxid peer_last, bool needs_snapshot) {
  auto& s = self->state;
  auto planning = coro::ask<sync_source>(self, s.options.leader, init_limit(self),
                                         begin_sync{s.options.id, peer_last, needs_snapshot});
  auto plan = co_await planning;
  if (!plan) {
    end(self, "no sync plan: " + text_of(plan.error()));
    co_return false;
  }
  using how = sync_source::kind;
  static constexpr std::string_view names[] = {"diff", "trunc", "trunc+diff", "diff_from_log",
                                               "snap"};
  s.options.context->log.info("learner_sync", {{"peer", s.options.id},
                                               {"how", names[static_cast<int>(plan->how)]},
                                               {"from", peer_last},
                                               {"to", plan->committed}});
  s.sent_upto = peer_last;
  if (plan->how == how::truncate || plan->how == how::truncate_then_diff) {
    wire::Truncate cut;
    cut.set_epoch(s.era.value);
    cut.set_zxid(plan->keep_upto.value);
    self->send(s.options.learner, cut);
    s.sent_upto = plan->keep_upto;
  }
  bool snapshot = plan->how == how::snapshot;
  if (plan->how == how::diff_from_log) {
    auto from_log = send_from_log(self, peer_last, plan->log_bytes_max, plan->txns);
    snapshot = !co_await from_log;
  } else {
    auto sending = send_txns(self, std::move(plan->txns));
    co_await sending;
  }
  if (!snapshot) co_return true;
  auto sending = send_snapshot(self);
  co_return co_await sending;
}

coro::task<> serve_learner(self_ptr self) {
  auto& s = self->state;
  auto agreeing = agree_on_epoch(self);
  auto promise = co_await agreeing;
  if (!promise) co_return;
  auto syncing = bring_up_to_date(self, zxid{promise->last_zxid()}, promise->needs_snapshot());
  if (!co_await syncing) co_return;

  auto releasing = release_held(self);
  co_await releasing;
  wire::NewLeader announced;
  announced.set_epoch(s.era.value);
  announced.set_last_zxid(s.sent_upto.value);
  zxid history_end = s.sent_upto;
  self->send(s.options.learner, announced);
  while (!s.acked_new_leader) {
    auto waiting = s.credit_or_ack.wait_for(self, init_limit(self));
    if (!co_await waiting) co_return end(self, "no ack of NEWLEADER within initLimit");
  }
  s.synced = true;
  self->send(s.options.leader, learner_synced{s.options.id, history_end});
  while (!s.may_serve) {
    auto waiting = s.credit_or_ack.wait();
    co_await waiting;
  }
  wire::UpToDate up_to_date;
  up_to_date.set_epoch(s.era.value);
  up_to_date.set_membership(text_for_learner(self, s.members));
  self->send(s.options.learner, up_to_date);
}

// -- broadcast ----------------------------------------------------------------------------------

template <class M>
bool is_mine(self_ptr self, const M& m) {
  const auto& s = self->state;
  return m.server() == s.options.id.value && m.epoch() == s.era.value;
}

void pass_to_database(self_ptr self, const wire::Forward& m) {
  forwarded_writes writes;
  writes.origin = self->state.options.id;
  for (const auto& request : m.requests()) {
    write_request write;
    write.session = session_id{request.session()};
    write.cx = cxid{request.cxid()};
    write.op = static_cast<op_code>(request.op());
    write.body = request.body();
    write.connection = request.connection();
    for (const auto& id : request.identities()) write.identities.push_back({id.scheme(), id.id()});
    writes.requests.push_back(std::move(write));
  }
  self->send(self->state.options.database, std::move(writes));
}

void answer_revalidation(self_ptr self, const wire::Revalidate& m) {
  session_id session{m.session()};
  auto ticket = m.ticket();
  self->request(self->state.options.database, caf::infinite,
                revalidate_session{session, self->state.options.id})
      .then(
          [self, session, ticket](const session_verdict& verdict) {
            wire::Revalidated answer;
            answer.set_session(session.value);
            answer.set_ticket(ticket);
            answer.set_valid(verdict.valid);
            answer.set_timeout_ms(verdict.timeout_ms);
            answer.set_planned_upto(verdict.planned_upto.value);
            self->send(self->state.options.learner, answer);
          },
          [](const caf::error&) {});  // it leads no longer, and so the learner will learn
}

/// A ping goes behind all that was sent, so its pong tells that this has arrived. One at a time is
/// measured.
void send_ping(self_ptr self, const forward_ping& asked) {
  auto& s = self->state;
  wire::Ping ping;
  ping.set_epoch(s.era.value);
  ping.set_round(asked.round);
  ping.set_round_only(asked.round_only);
  if (!s.measured_bytes) {
    s.measured_bytes = s.unheard_bytes.value();
    ping.set_number(++s.measured_ping);
  }
  self->send(s.options.learner, ping);
}

void on_pong(self_ptr self, const wire::Pong& m) {
  auto& s = self->state;
  if (s.measured_bytes && m.number() == s.measured_ping) {
    s.unheard_bytes.add(-*std::exchange(s.measured_bytes, std::nullopt));
  }
  self->send(self->state.options.leader, learner_heard{self->state.options.id, m.round()});
  touch_sessions touches;
  for (const auto& touched : m.touched()) touches.sessions.push_back(session_id{touched.session()});
  if (!touches.sessions.empty()) self->send(self->state.options.database, std::move(touches));
}

}  // namespace

learner_handler_actor::behavior_type learner_handler(self_ptr self,
                                                     learner_handler_options options) {
  auto& s = self->state;
  s.options = std::move(options);
  s.unheard_bytes = {s.options.context->gauges, &shared_gauges::unheard_bytes};
  self->monitor(s.options.learner);
  self->monitor(s.options.leader);
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& st = self->state;
    if (down.source == caf::actor_cast<caf::actor_addr>(st.options.leader)) return self->quit();
    end(self, "connection lost: " + text_of(down.reason));
  });
  s.work.on_failure([self](std::exception_ptr) { end(self, "internal error"); });
  s.work.start(serve_learner(self));
  return trace::traced(
      s.options.context->trace, "zk.learner_handler",
      [self](const wire::AckEpoch& m) {
        if (is_mine(self, m)) self->state.promises.push(m);
      },
      [self](const wire::AckNewLeader& m) {
        if (!is_mine(self, m)) return;
        self->state.acked_new_leader = true;
        self->state.credit_or_ack.notify();
      },
      [self](const wire::Ack& m) {
        if (is_mine(self, m))
          self->send(self->state.options.leader,
                     learner_acked{self->state.options.id, zxid{m.zxid()}});
      },
      [self](const wire::Pong& m) {
        if (is_mine(self, m)) on_pong(self, m);
      },
      [self](const wire::TreeDiffers& m) {
        if (is_mine(self, m))
          self->send(self->state.options.leader,
                     learner_differs{self->state.options.id, zxid{m.zxid()}});
      },
      [self](const wire::Forward& m) {
        if (is_mine(self, m)) pass_to_database(self, m);
      },
      [self](const wire::Revalidate& m) {
        if (is_mine(self, m)) answer_revalidation(self, m);
      },
      [self](const wire::SnapshotCredit& m) {
        if (m.server() != self->state.options.id.value) return;
        self->state.credit = std::min(self->state.credit + m.chunks(), snapshot_credit);
        self->state.credit_or_ack.notify();
      },
      [self](const forward_proposals& m) { hold_or_pass_on(self, m); },
      [self](const forward_commit& m) { hold_or_pass_on(self, m); },
      [self](const forward_committed& m) { hold_or_pass_on(self, m); },
      [self](const forward_sync_done& m) { hold_or_pass_on(self, m); },
      [self](const forward_ping& m) {
        if (!self->state.synced) return;
        send_ping(self, m);
      },
      [self](const leader_serves& m) {
        self->state.may_serve = true;
        self->state.members = m.members;
        self->state.credit_or_ack.notify();
      });
}

}  // namespace troupe
