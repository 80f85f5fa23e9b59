// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/error_text.hpp"
#include "actors/core/mutants.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/interfaces/discovery.hpp"
#include "actors/interfaces/synchronization.hpp"
#include "actors/leading/learner_handler_parts.hpp"
#include "actors/trace/traced.hpp"
#include "config/membership.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {

using self_ptr = learner_handler_ptr;
using std::chrono::milliseconds;

namespace learner_handler_parts {

milliseconds init_limit(self_ptr self) {
  return milliseconds{self->state.options.context->config.init_limit_ms()};
}

void end(self_ptr self, std::string reason) {
  auto& s = self->state;
  if (std::exchange(s.ended, true)) return;
  self->send(s.options.leader, learner_gone{s.options.id, std::move(reason)});
  self->quit();
}

void send_ping(self_ptr self, const forward_ping& asked) {
  auto& s = self->state;
  wire::Ping ping;
  ping.set_epoch(s.era.value);
  ping.set_round(asked.round);
  ping.set_round_only(asked.round_only);
  ping.set_hold_writes(s.hold_writes);
  if (!s.measured_bytes) {
    s.measured_bytes = s.on_the_way;
    ping.set_number(++s.measured_ping);
  }
  self->send(s.options.learner, ping);
}

void ask_early(self_ptr self) {
  /// Once so large a part of what may be on its way is.
  constexpr std::int64_t ask_at_part = 4;
  auto& s = self->state;
  if (s.ended || s.measured_bytes) return;
  if (s.on_the_way > s.options.context->memory.on_the_way_max() / ask_at_part)
    send_ping(self, {0, true});
}

void note_sent(self_ptr self, std::size_t bytes) {
  self->state.on_the_way += static_cast<std::int64_t>(bytes);
  ask_early(self);
}

bool has_way_for_more(const learner_handler_state& s) {
  return s.on_the_way < s.options.context->memory.on_the_way_max();
}

coro::task<bool> wait_for_way(self_ptr self) {
  auto& s = self->state;
  while (!has_way_for_more(s)) {
    auto waiting = s.credit_or_ack.wait_for(self, init_limit(self));
    if (co_await waiting) continue;
    end(self, "the learner took nothing for initLimit");
    co_return false;
  }
  co_return !s.ended;
}

}  // namespace learner_handler_parts

namespace {

using namespace learner_handler_parts;

std::int64_t now_ms(self_ptr self) {
  return std::chrono::duration_cast<milliseconds>(self->clock().now().time_since_epoch()).count();
}

/// What a message without txns counts as.
constexpr std::size_t small_message_bytes = 32;

/// Empty: nobody may change the servers, so each knows them from its own files.
std::string text_for_learner(self_ptr self, const membership_ptr& members) {
  if (!members || !self->state.options.context->config.reconfig_enabled) return {};
  return config::print(*members);
}

/// Says to the leader whether clients have to hold back for this learner. Observers are not waited
/// for.
void tell_lag(self_ptr self) {
  auto& s = self->state;
  if (s.ended || s.options.observer) return;
  const bool lags = s.lag.holds(now_ms(self));
  if (std::exchange(s.lags, lags) == lags) return;
  self->send(s.options.leader, learner_lags{s.options.id, lags});
}

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

// -- passing on ---------------------------------------------------------------------------------

bool is_long(self_ptr self, const std::vector<txn_ptr>& txns) {
  return txns.front()->bytes.size() > self->state.options.context->message_bytes_max;
}

std::size_t bytes_of(const std::vector<txn_ptr>& txns) {
  std::size_t out = 0;
  for (const auto& txn : txns) out += txn->bytes.size();
  return out;
}
std::size_t bytes_of(const forward_proposals& m) { return bytes_of(m.txns); }
std::size_t bytes_of(const forward_committed& m) { return bytes_of(m.txns); }
std::size_t bytes_of(const forward_commit&) { return small_message_bytes; }
std::size_t bytes_of(const forward_sync_done&) { return small_message_bytes; }

template <class Message>
void send_txns(self_ptr self, const std::vector<txn_ptr>& txns,
               const std::shared_ptr<const Message>& encoded) {
  auto& s = self->state;
  if (encoded) {
    self->send(s.options.learner, *encoded);
  } else {
    Message message;
    message.set_epoch(s.era.value);
    for (const auto& txn : txns) message.add_txns(txn->bytes);
    self->send(s.options.learner, std::move(message));
  }
  s.sent_upto = txns.back()->id();
  note_sent(self, bytes_of(txns));
}

/// A part of the only txn, behind those before. False: it was not the last.
template <class Message>
bool send_next_part(self_ptr self, const txn_ptr& txn) {
  auto& s = self->state;
  s.passed_of_first = send_part<Message>(self, *txn, s.passed_of_first);
  if (s.passed_of_first > 0) return false;
  s.sent_upto = txn->id();
  return true;
}

// Each of these is false when not all of the message was passed on.

bool pass_on(self_ptr self, const forward_proposals& m) {
  if (is_long(self, m.txns)) return send_next_part<wire::Proposal>(self, m.txns.front());
  send_txns(self, m.txns, m.encoded);
  return true;
}
bool pass_on(self_ptr self, const forward_committed& m) {
  if (is_long(self, m.txns)) return send_next_part<wire::Inform>(self, m.txns.front());
  send_txns(self, m.txns, m.encoded);
  return true;
}
bool pass_on(self_ptr self, const forward_commit& m) {
  wire::Commit commit;
  commit.set_epoch(self->state.era.value);
  commit.set_zxid(m.upto.value);
  self->send(self->state.options.learner, commit);
  note_sent(self, bytes_of(m));
  return true;
}
bool pass_on(self_ptr self, const forward_sync_done& m) {
  wire::SyncDone done;
  done.set_session(m.session.value);
  done.set_cxid(m.xid.value);
  done.set_connection(m.connection);
  self->send(self->state.options.learner, done);
  note_sent(self, bytes_of(m));
  return true;
}

template <class M>
void note_forwarded(self_ptr, const M&) {}
void note_forwarded(self_ptr self, const forward_proposals& m) {
  self->state.lag.forwarded(m.txns.back()->id(), static_cast<std::int64_t>(bytes_of(m)),
                            now_ms(self));
  tell_lag(self);
}

/// Of what is held, in its order, as much as a message may hold, or one message.
void pass_on_some(self_ptr self) {
  auto& s = self->state;
  const auto bytes_max =
      s.on_the_way + static_cast<std::int64_t>(s.options.context->message_bytes_max);
  while (!s.held.empty() && has_way_for_more(s) && s.on_the_way < bytes_max)
    if (std::visit([self](const auto& x) { return pass_on(self, x); }, s.held.front()))
      s.held.pop_front();
}

/// Some at a time, and between two of them others have their turns.
coro::task<> pass_on_held(self_ptr self) {
  auto& s = self->state;
  while (!s.ended && s.passing_on && !s.held.empty() && has_way_for_more(s)) {
    pass_on_some(self);
    self->end_round();
    auto others = coro::sleep(self, milliseconds{0});
    co_await others;
    s.at_once_bytes = 0;
  }
  s.passing_held = false;
}

void begin_to_pass_held(self_ptr self) {
  auto& s = self->state;
  if (!s.ended && s.passing_on && !s.held.empty() && has_way_for_more(s) &&
      !std::exchange(s.passing_held, true))
    s.work.start(pass_on_held(self));
}

/// Whoever carries it gets no more within a millisecond than a message may hold, or one message.
bool is_much_at_once(self_ptr self, std::size_t bytes) {
  auto& s = self->state;
  if (const auto now = now_ms(self); std::exchange(s.at_once_ms, now) != now) s.at_once_bytes = 0;
  s.at_once_bytes += bytes;
  return s.at_once_bytes > s.options.context->message_bytes_max;
}

template <class M>
void hold_or_pass_on(self_ptr self, const M& m) {
  auto& s = self->state;
  const auto bytes = bytes_of(m);
  if (s.ended || !has_room_for(self, bytes)) return;
  note_forwarded(self, m);
  const bool is_first = s.held.empty() || mutated(mutant::parts_mixed);
  if (s.passing_on && is_first && has_way_for_more(s) && !is_much_at_once(self, bytes)) {
    (void)pass_on(self, m);  // all of it, for what is long is much
    return;
  }
  s.held.push_back(m);
  begin_to_pass_held(self);
}

/// What comes meanwhile is held behind it. False: the term with the learner has ended.
coro::task<bool> release_held(self_ptr self) {
  auto& s = self->state;
  while (!s.held.empty()) {
    auto way = wait_for_way(self);
    if (!co_await way) co_return false;
    pass_on_some(self);
    self->end_round();
    auto others = coro::sleep(self, milliseconds{0});
    co_await others;
  }
  s.passing_on = true;
  co_return true;
}

// -- discovery ----------------------------------------------------------------------------------

/// The learner's promise to the new epoch, once a quorum has made the leader's epoch known. Null on
/// failure.
coro::task<std::optional<wire::AckEpoch>> agree_on_epoch(self_ptr self) {
  auto& s = self->state;
  auto joining =
      coro::ask<epoch_proposed>(self, s.options.leader, init_limit(self),
                                join_epoch{s.options.id, s.options.observer, s.options.accepted,
                                           s.options.current, s.options.in_doubt});
  auto proposed = co_await joining;
  if (!proposed) {
    end(self, "no epoch to join: " + text_of(proposed.error()));
    co_return std::nullopt;
  }
  s.era = proposed->era;
  if (!proposed->counts) s.options.observer = true;
  wire::LeaderInfo info;
  info.set_leader(s.options.context->me.value);
  info.set_epoch(s.era.value);
  info.set_membership(text_for_learner(self, proposed->members));
  info.set_uncounted(!proposed->counts);
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
                       zxid{promise->seen_version()}, s.options.in_doubt, promise->gives_way()});
  auto confirmed = co_await confirming;
  if (!confirmed) {
    end(self, "the epoch was not confirmed: " + text_of(confirmed.error()));
    co_return std::nullopt;
  }
  co_return std::move(promise);
}

coro::task<> serve_learner(self_ptr self) {
  auto& s = self->state;
  auto agreeing = agree_on_epoch(self);
  auto promise = co_await agreeing;
  if (!promise) co_return;
  auto syncing = bring_up_to_date(self, zxid{promise->last_zxid()}, promise->needs_snapshot());
  if (!co_await syncing) co_return;

  auto releasing = release_held(self);
  if (!co_await releasing) co_return;
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

/// The body of a request that comes in parts, once it is whole. Parts that do not join end the term
/// with the learner.
std::optional<std::string> join(self_ptr self, wire::Forward& m) {
  auto& s = self->state;
  const core::part_place place{m.offset(), m.rest()};
  if (m.requests_size() != 1) {
    end(self, "parts of requests come several at once");
    return std::nullopt;
  }
  auto body = s.arriving.add(std::move(*m.mutable_requests(0)->mutable_body()), place);
  s.arriving_bytes.set(static_cast<std::int64_t>(s.arriving.held_bytes()));
  if (body) return std::move(*body);
  end(self, "the parts of a request do not join: " + body.error());
  return std::nullopt;
}

/// What a later version may say is not that the session is local.
known_to known_to_of(const wire::ForwardedRequest& request) {
  const auto told = request.known_to();
  return told <= 1 ? static_cast<known_to>(told) : known_to::all;
}

void pass_to_database(self_ptr self, wire::Forward& m) {
  if (m.offset() > 0 || m.rest() > 0 || self->state.arriving.is_under_way()) {
    auto body = join(self, m);
    if (!body) return;
    m.mutable_requests(0)->set_body(std::move(*body));
  }
  forwarded_writes writes;
  writes.origin = self->state.options.id;
  writes.through = self->address();
  for (auto& request : *m.mutable_requests()) {
    write_request write;
    write.session = session_id{request.session()};
    write.cx = cxid{request.cxid()};
    write.op = static_cast<op_code>(request.op());
    write.body = std::move(*request.mutable_body());
    write.connection = request.connection();
    write.known = known_to_of(request);
    for (auto& id : *request.mutable_identities())
      write.identities.push_back({std::move(*id.mutable_scheme()), std::move(*id.mutable_id())});
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

void note_arrived(self_ptr self, std::int64_t bytes) {
  auto& s = self->state;
  s.unheard_bytes.add(-bytes);
  s.on_the_way -= bytes;
  if (bytes > 0) s.lag.moved(now_ms(self));
  s.credit_or_ack.notify();
  begin_to_pass_held(self);
  ask_early(self);
  tell_lag(self);
}

void on_pong(self_ptr self, const wire::Pong& m) {
  auto& s = self->state;
  if (s.measured_bytes && m.number() == s.measured_ping)
    note_arrived(self, *std::exchange(s.measured_bytes, std::nullopt));
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
  s.arriving_bytes = {s.options.context->gauges, &shared_gauges::proposed_bytes};
  const auto& config = s.options.context->config;
  s.lag = core::learner_lag{
      {s.options.context->memory.lag_max(), config.tick_ms / 2, config.sync_limit_ms()}};
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
        if (!is_mine(self, m)) return;
        auto& st = self->state;
        self->send(st.options.leader, learner_acked{st.options.id, zxid{m.zxid()}});
        st.lag.logged(zxid{m.zxid()}, now_ms(self));
        tell_lag(self);
      },
      [self](const wire::Pong& m) {
        if (is_mine(self, m)) on_pong(self, m);
      },
      [self](const wire::TreeDiffers& m) {
        if (is_mine(self, m))
          self->send(self->state.options.leader,
                     learner_differs{self->state.options.id, zxid{m.zxid()}});
      },
      [self](wire::Forward& m) {
        if (is_mine(self, m)) pass_to_database(self, m);
      },
      [self](const wire::Revalidate& m) {
        if (is_mine(self, m)) answer_revalidation(self, m);
      },
      [self](const wire::SnapshotCredit& m) {
        if (m.server() != self->state.options.id.value) return;
        self->state.credit = std::min(self->state.credit + m.chunks(), snapshot_credit);
        self->state.lag.moved(now_ms(self));
        self->state.credit_or_ack.notify();
      },
      [self](const forward_proposals& m) { hold_or_pass_on(self, m); },
      [self](const forward_commit& m) { hold_or_pass_on(self, m); },
      [self](const forward_committed& m) { hold_or_pass_on(self, m); },
      [self](const forward_sync_done& m) { hold_or_pass_on(self, m); },
      [self](const forward_ping& m) {
        tell_lag(self);
        if (self->state.synced) send_ping(self, m);
      },
      [self](const hold_writes& m) {
        self->state.hold_writes = m.hold;
        if (self->state.synced) send_ping(self, {0, true});
      },
      [self](const stale_write& m) {
        wire::StaleWrite out;
        out.set_session(m.session.value);
        out.set_cxid(m.xid.value);
        out.set_connection(m.connection);
        self->send(self->state.options.learner, out);
      },
      [self](const leader_serves& m) {
        self->state.may_serve = true;
        self->state.members = m.members;
        self->state.credit_or_ack.notify();
      });
}

}  // namespace troupe
