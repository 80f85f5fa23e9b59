// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/core/mutants.hpp"
#include "actors/database/parts.hpp"

namespace troupe::database_parts {
namespace {

using state = database_state;

/// What the end of a connection or of a session takes, with the line that tells of it.
constexpr std::size_t steps_of_end = 16;

/// The connection a session has here is over: its client came back on another.
void cut_off_older(database_ptr self, session_id session) {
  auto& s = self->state;
  auto older = s.by_session.find(session);
  if (older == s.by_session.end()) return;
  auto id = older->second;
  self->send(s.connections.at(id).client, client_output{.close = true});
  on_connection_closed(self, id);
}

/// The session's connection is this one from now on.
void register_connection(database_ptr self, const open_session& asked, session_id session,
                         zxid since) {
  auto& s = self->state;
  cut_off_older(self, session);
  state::connection c;
  c.client = asked.client;
  c.session = session;
  c.since = since;
  c.shown = {{"ip", asked.address}};
  c.account = asked.account ? asked.account : std::make_shared<client_account>(*s.options.context);
  c.is_admitted = has_shown_enough(c, s.options.context->config);
  ++s.stats.requests_received;
  ++s.stats.replies_sent;
  s.connections.emplace(asked.connection, std::move(c));
  s.by_session[session] = asked.connection;
}

void create_for_all(database_ptr self, session_id id, std::int32_t timeout_ms) {
  auto& s = self->state;
  std::string body;
  jute::writer{body}.i32(timeout_ms);
  write_request create{id, {}, op_code::create_session, std::move(body), {}};
  if (s.role == state::mode::learning)
    s.to_forward.push_back(std::move(create));
  else
    plan_write(self, create, s.options.context->me);
}

/// Its client left before it was made, and nobody has heard of its id: it would only wait for its
/// timeout, at all servers.
void close_unknown(database_ptr self, session_id id) {
  auto& s = self->state;
  write_request close{id, {}, op_code::close_session, {}, {}};
  if (s.role == state::mode::learning)
    s.to_forward.push_back(std::move(close));
  else
    plan_write(self, close, s.options.context->me);
}

void open_local(database_ptr self, const open_session& asked, session_id id, bool is_new,
                caf::typed_response_promise<session_opened> promise) {
  auto& s = self->state;
  auto now = self->clock().now();
  if (is_new) s.local->add(id, asked.timeout_ms, steady_ms(self));
  s.local->touch(id, steady_ms(self));
  register_connection(self, asked, id, {});
  count_answer(s, s.connections.at(asked.connection), {{cxid{}, op_code::create_session, {}}, now},
               s.tree.last_processed(), now);
  promise.deliver(session_opened{session_opened::outcome::open, id, *s.local->timeout_of(id),
                                 s.role == state::mode::read_only});
}

/// Sessions that are under way to a client which has left; more wait until these are made and
/// closed.
constexpr std::size_t abandoned_max = 1'000;

void open_new(database_ptr self, const open_session& asked,
              caf::typed_response_promise<session_opened> promise) {
  auto& s = self->state;
  const auto of_address_max = s.options.context->config.sessions_per_address_max();
  using outcome = session_opened::outcome;
  if (s.abandoned.size() >= abandoned_max)
    return void(promise.deliver(session_opened{outcome::too_many_unclaimed}));
  if (of_address_max > 0 && s.origins.count(asked.address) >= of_address_max)
    return void(promise.deliver(session_opened{outcome::too_many}));
  auto id = s.new_ids->next();
  s.origins.begin(id, asked.address);
  if (may_have_local(s)) return open_local(self, asked, id, true, std::move(promise));
  s.opening.emplace(id, state::opening_session{asked, std::move(promise), self->clock().now()});
  create_for_all(self, id, asked.timeout_ms);
  end_turn(self);
}

/// Nothing to do when the client has left, or the role that asked is over.
void finish_reopening(database_ptr self, connection_id id,
                      const std::optional<session_verdict>& verdict) {
  auto& s = self->state;
  auto at = s.reopening.find(id);
  if (at == s.reopening.end()) return;
  auto opening = std::move(at->second);
  s.reopening.erase(at);
  using outcome = session_opened::outcome;
  session_opened answer;
  if (mutated(mutant::session_made_anew) && verdict && !verdict->valid &&
      opening.asked.session.value != 0) {
    const auto anew = opening.asked;
    s.opening.insert_or_assign(anew.session, std::move(opening));
    create_for_all(self, anew.session, anew.timeout_ms);
    return end_turn(self);
  }
  if (verdict && verdict->valid) {
    const auto& asked = opening.asked;
    register_connection(self, asked, asked.session, verdict->planned_upto);
    answer = {outcome::open, asked.session, verdict->timeout_ms};
  } else if (verdict) {
    answer.result = outcome::expired;
  }
  opening.promise.deliver(std::move(answer));
}

void reopen(database_ptr self, const open_session& asked,
            caf::typed_response_promise<session_opened> promise) {
  auto& s = self->state;
  auto id = asked.connection;
  if (s.local->contains(asked.session))
    return open_local(self, asked, asked.session, false, std::move(promise));
  if (s.role == state::mode::read_only) {
    // Whether a session of all servers lives, only a leader knows: its client looks for another
    // server rather than believe in locks that may be gone.
    const bool is_of_all = s.tree.sessions().contains(asked.session);
    promise.deliver(session_opened{is_of_all ? session_opened::outcome::not_serving
                                             : session_opened::outcome::expired});
    return;
  }
  // Before the leader is asked: what still comes over the older connection must not be taken for
  // the new one's, whose session this server will own (ZooKeeperServer.processConnectRequest).
  cut_off_older(self, asked.session);
  s.reopening.insert_or_assign(
      id, state::opening_session{asked, std::move(promise), self->clock().now()});
  auto question = revalidate_session{asked.session, s.options.context->me};
  if (s.role == state::mode::leading) return finish_reopening(self, id, revalidate(self, question));
  self->request(s.upstream, caf::infinite, question)
      .then([self, id](const session_verdict& verdict) { finish_reopening(self, id, verdict); },
            [self, id](const caf::error&) { finish_reopening(self, id, std::nullopt); });
}

}  // namespace

caf::result<session_opened> on_open_session(database_ptr self, const open_session& m) {
  auto& s = self->state;
  using outcome = session_opened::outcome;
  if (s.role == state::mode::closed || (s.role == state::mode::read_only && !m.accepts_read_only))
    return session_opened{outcome::not_serving, {}, 0};
  const auto& config = s.options.context->config;
  if (s.role == state::mode::leading && !config.leader_serves && !config.is_standalone())
    return session_opened{outcome::not_serving, {}, 0};
  if (m.last_zxid_seen > s.shown.reaches(s.tree.last_processed()) &&
      !mutated(mutant::client_shown_the_past))
    return session_opened{outcome::behind, {}, 0};
  if (m.session == session_id{} && !has_room_for_session(self))
    return session_opened{outcome::no_memory, {}, 0};
  auto promise = self->make_response_promise<session_opened>();
  if (m.session == session_id{})
    open_new(self, m, promise);
  else
    reopen(self, m, promise);
  return promise;
}

void session_created(database_ptr self, session_id id, std::int32_t timeout_ms, zxid by) {
  auto& s = self->state;
  if (s.abandoned.erase(id) > 0) return close_unknown(self, id);
  auto at = s.opening.find(id);
  if (at == s.opening.end()) return;
  auto opened = std::move(at->second);
  s.opening.erase(at);
  register_connection(self, opened.asked, id, {});
  auto& c = s.connections.at(opened.asked.connection);
  auto now = self->clock().now();
  count_answer(s, c, {{cxid{}, op_code::create_session, {}}, opened.since}, by, now);
  opened.promise.deliver(session_opened{session_opened::outcome::open, id, timeout_ms});
}

/// Ends the connection of a session that was closed or has expired; its own close is answered
/// first.
void session_closed(database_ptr self, const core::applied& done) {
  auto& s = self->state;
  s.origins.end(done.header.client);
  s.left_behind.erase(done.header.client);
  auto at = s.by_session.find(done.header.client);
  if (at == s.by_session.end()) return;
  auto id = at->second;
  auto& c = s.connections.at(id);
  if (c.under_way > 0 && c.queue.front().request.op == op_code::close_session &&
      c.queue.front().request.xid == done.header.cx)
    reply(self, id, c, c.queue.front(), done.header.id, error_code::ok, {});
  close_after_output(s, id, c);
  s.orphans.erase(done.header.client);  // no txn of an ended session comes any more
}

void on_connection_closed(database_ptr self, connection_id id) {
  auto& s = self->state;
  s.watches.remove_watcher(id.value, s.walks);
  s.reopening.erase(id);
  std::erase_if(s.opening, [&s, id](const auto& x) {
    const bool is_left = x.second.asked.connection == id;
    if (is_left) s.abandoned.insert(x.first);
    return is_left;
  });
  auto at = s.connections.find(id);
  if (at == s.connections.end()) return;
  leave_gate(s, id, at->second);
  abandon_queue(s, at->second);
  auto by = s.by_session.find(at->second.session);
  if (by != s.by_session.end() && by->second == id) s.by_session.erase(by);
  s.connections.erase(at);
}

void close_all_connections(database_ptr self) {
  auto& s = self->state;
  for (; !s.connections.empty(); s.connections.erase(s.connections.begin())) {
    s.walks.step(steps_of_end);
    self->send(s.connections.begin()->second.client, client_output{.close = true});
  }
  for (auto& [id, opening] : s.opening)
    opening.promise.deliver(session_opened{session_opened::outcome::not_serving, {}, 0});
  for (auto& [id, reopening] : s.reopening)
    reopening.promise.deliver(session_opened{session_opened::outcome::not_serving, {}, 0});
  s.opening.clear();
  s.abandoned.clear();
  s.origins.keep_if([&s](session_id id) { return s.tree.sessions().contains(id); }, s.walks);
  s.reopening.clear();
  s.orphans.clear();
  s.left_behind.clear();
  s.by_session.clear();
  s.with_output.clear();
  s.to_drain.clear();
  s.to_end.clear();
  free_elsewhere(self, std::exchange(s.watches, no_watches(*s.options.context)));
}

bool may_have_local(const state& s) {
  const auto& config = s.options.context->config;
  return s.role == state::mode::read_only ||
         (s.local && config.local_sessions && !config.is_standalone());
}

void hear(database_ptr self, session_id session) {
  auto& s = self->state;
  if (s.local && s.local->touch(session, steady_ms(self))) return;
  if (s.role == state::mode::learning) s.touched.insert(session);
  if (s.live) s.live->touch(session, steady_ms(self));
}

void begin_local_sessions(database_ptr self) {
  auto& s = self->state;
  s.local.emplace(s.options.context->config.tick_ms);
  s.expired_at_ms = steady_ms(self);
}

void judge_locally(database_ptr self, const state::connection& c, state::waiting_request& asked) {
  auto& s = self->state;
  const auto& request = asked.request;
  asked.is_local = request.op == op_code::close_session && s.local->contains(c.session);
  if (asked.is_local) return;
  if (s.role == state::mode::read_only) {
    if (is_write(request.op) || request.op == op_code::sync)
      asked.refusal = error_code::not_read_only;
    return;
  }
  if (!s.local->contains(c.session) ||
      !creates_ephemeral(request.op, request.body, [&s] { s.walks.step(); }))
    return;
  if (!s.options.context->config.local_sessions_upgrading) {
    asked.refusal = error_code::ephemeral_on_local_session;
    return;
  }
  auto timeout_ms = s.local->timeout_of(c.session).value_or(0);
  s.options.context->log.info("session_upgraded", {{"session", c.session}});
  s.local->remove(c.session);
  create_for_all(self, c.session, timeout_ms);
  hear(self, c.session);
}

void end_local(database_ptr self, session_id session) {
  auto& s = self->state;
  s.local->remove(session);
  s.origins.end(session);
  auto at = s.by_session.find(session);
  if (at != s.by_session.end()) close_after_output(s, at->second, s.connections.at(at->second));
  s.orphans.erase(session);
  s.left_behind.erase(session);
}

void forgive_own_deafness(database_ptr self) {
  auto& s = self->state;
  auto now_ms = steady_ms(self);
  std::int64_t tick_ms = s.options.context->config.tick_ms;
  if (now_ms - std::exchange(s.expired_at_ms, now_ms) <= tick_ms + tick_ms / 2) return;
  if (s.live) s.live->touch_all(now_ms, s.walks);
  s.local->touch_all(now_ms, s.walks);
}

void expire_local(database_ptr self) {
  auto& s = self->state;
  for (auto id : s.local->expire(steady_ms(self), s.walks)) {
    s.walks.step(steps_of_end);
    s.options.context->log.info("session_expired", {{"session", id}});
    end_local(self, id);
  }
}

}  // namespace troupe::database_parts
