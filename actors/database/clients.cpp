// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/core/mutants.hpp"
#include "actors/core/replies.hpp"
#include "actors/database/parts.hpp"

namespace troupe::database_parts {
namespace {

using state = database_state;

constexpr std::size_t request_header_bytes = 8;
/// Answers of one connection that are gathered in one turn.
constexpr std::size_t output_bytes_at_once = 128 * 1024;
constexpr std::size_t drained_at_once_max = 16;

// -- requests -----------------------------------------------------------------------------------

void answer_login(database_ptr self, connection_id id, state::connection& c,
                  const state::waiting_request& asked) {
  reply(self, id, c, asked, zxid{}, asked.proved.err, asked.proved.body);
  if (asked.proved.err != error_code::ok) close_after_output(self->state, id, c);
}

/// A reply is held twice while it is made, and with memory.limit there is not much for all clients;
/// but whatever a znode can hold can be read.
core::reply_limits limits_of_replies(const node_context& context) {
  constexpr std::size_t beside_data = 1024;
  const auto& config = context.config;
  const auto of_all = static_cast<std::size_t>(context.memory.clients_max());
  const auto longest = static_cast<std::size_t>(config.jute_buffer_bytes_max) + beside_data;
  const auto least = std::min(config.reply_bytes_max(), longest);
  return {std::max(least, std::min(config.reply_bytes_max(), of_all / 2)),
          std::max(least, std::min(config.multi_read_bytes_max(), of_all / 8))};
}

void answer_read(database_ptr self, connection_id id, state::connection& c,
                 const state::waiting_request& asked) {
  auto& s = self->state;
  const auto& config = s.options.context->config;
  core::asker who{c.shown, c.session, config.skip_acl, limits_of_replies(*s.options.context)};
  auto answer = core::answer_read(asked.request.op, asked.request.body, who, s.tree, s.walks);
  if (answer.is_cut) {
    ++s.stats.replies_refused;
    if (asked.request.op == op_code::multi_read)
      log_limit(self, c, "multiRead", static_cast<std::int64_t>(who.limits.multi_read_bytes_max));
    else
      log_limit(self, c, "client.replyBytesMax", static_cast<std::int64_t>(who.limits.bytes_max));
  }
  if (answer.watch) {
    if (!may_watch(self, id, c, answer.watch->kind, answer.watch->path))
      return reply(self, id, c, asked, s.tree.last_processed(), error_code::bad_arguments, {});
    s.watches.add(answer.watch->kind, answer.watch->path, id.value);
    bound_watches(self);
  }
  reply(self, id, c, asked, s.tree.last_processed(), answer.err, answer.body);
}

/// Whatever needs no leader.
void answer_here(database_ptr self, connection_id id, state::connection& c,
                 const state::waiting_request& asked) {
  auto& s = self->state;
  auto at = s.tree.last_processed();
  if (asked.for_audit) audit_refusal(self, *asked.for_audit);
  if (asked.refusal != error_code::ok) return reply(self, id, c, asked, at, asked.refusal, {});
  switch (asked.request.op) {
    case op_code::ping: {  // by the xid of pings, whatever it was asked by
      state::waiting_request pong{asked.request, asked.received};
      pong.request.xid = cxid{special_xid::ping};
      pong.bytes = asked.bytes;
      return reply(self, id, c, pong, at, error_code::ok, {});
    }
    case op_code::auth:
    case op_code::sasl:
      return answer_login(self, id, c, asked);
    case op_code::close_session:  // of a session that only this server knows
      reply(self, id, c, asked, at, error_code::ok, {});
      return end_local(self, c.session);
    case op_code::set_watches:
    case op_code::set_watches2:
      return set_watches(self, id, c, asked);
    case op_code::exists:
    case op_code::get_data:
    case op_code::get_children:
    case op_code::get_children2:
    case op_code::get_acl:
    case op_code::get_ephemerals:
    case op_code::get_all_children_number:
    case op_code::multi_read:
    case op_code::who_am_i:
      return answer_read(self, id, c, asked);
    case op_code::add_watch:
    case op_code::check_watches:
    case op_code::remove_watches:
      return answer_watch_op(self, id, c, asked);
    default:
      s.options.context->log.repeated(
          log::level::info, c.shown.front().id, "unknown_operation",
          {{"session", c.session}, {"op", static_cast<std::int32_t>(asked.request.op)}});
      reply(self, id, c, asked, zxid{-1}, error_code::unimplemented, {});
      close_after_output(s, id, c);
  }
}

/// Whether its client has to take some of its output before it is answered any more. What comes
/// next may be as long as a reply can be.
bool is_full(const state::connection& c) {
  return c.account->unsent() + static_cast<std::int64_t>(c.output.frames.size()) >
         c.account->output_max();
}

void enqueue_read(state& s, state::connection& c, state::waiting_request asked) {
  asked.is_long = asked.refusal == error_code::ok &&
                  core::may_be_long(asked.request.op, asked.request.body, s.tree);
  c.queue.push_back(std::move(asked));
  ++c.reads;
}

/// Answers what waited behind a write that is done, up to the next one, or until the client has to
/// take its output first. When that is much it waits for the end of the turn, to be done in slices;
/// what comes meanwhile waits behind it.
void drain(database_ptr self, connection_id id, state::connection& c) {
  auto& s = self->state;
  if (!is_in_slices(s) && c.queue.size() > drained_at_once_max) return s.to_drain.push_back(id);
  while (!c.queue.empty() && is_answered_here(c.queue.front())) {
    if (is_full(c) && c.under_way == 0) {
      if (!std::exchange(c.waits_for_room, true)) c.output.wants_room = true;
      return note_output(s, id, c);
    }
    s.walks.step(steps_of_output);
    auto next = std::move(c.queue.front());
    c.queue.pop_front();
    --c.reads;
    answer_here(self, id, c, next);
  }
  submit_held(self, id, c);
}

void take(database_ptr self, connection_id id, state::connection& c, client_request&& taken) {
  auto& s = self->state;
  ++s.stats.requests_received;
  if (c.is_rejected || (c.is_ending && !mutated(mutant::ended_session_writes))) return;
  // A close may wait for a write before it; what is behind it must not pass it, or make a local
  // session one of all servers, which would go on.
  c.is_ending = taken.op == op_code::close_session;
  state::waiting_request asked{std::move(taken), self->clock().now()};
  const auto& request = asked.request;
  asked.bytes = request.body.size() + request_header_bytes;
  if (logs_in(request.op)) {
    auto proved = log_in(self, c, request);
    if (!proved) return close_after_output(s, id, c);
    asked.proved = *std::move(proved);
  } else if (!c.is_admitted) {
    reply(self, id, c, asked, zxid{}, error_code::session_closed_require_sasl_auth, {});
    return close_after_output(s, id, c);
  }
  if (request.op == op_code::ping) return answer_here(self, id, c, asked);  // waits for nobody
  judge_locally(self, c, asked);
  judge_by_memory(self, asked);
  // A server that only serves reads tells of nothing (ReadOnlyRequestProcessor).
  if (asked.refusal != error_code::not_read_only) note_for_audit(self, c, asked, request);
  if (is_answered_here(asked)) {
    if ((c.queue.empty() && !is_full(c)) || mutated(mutant::read_overtakes_write))
      return answer_here(self, id, c, asked);
    enqueue_read(s, c, std::move(asked));
    if (c.queue.size() == 1) drain(self, id, c);
    return;
  }
  if (request.op == op_code::multi)
    asked.with_stat = create2_positions(request.body, [&s] { s.walks.step(); });
  submit_or_hold(self, id, c, std::move(asked));
}

/// The write or sync at the front is done.
state::waiting_request take_front(state& s, state::connection& c) {
  auto asked = std::move(c.queue.front());
  c.queue.pop_front();
  --c.under_way;
  s.gate.small_is_done(asked.weight);
  return asked;
}

/// The client's own write is done.
void answer_write(database_ptr self, const core::applied& done) {
  auto& s = self->state;
  if (auto left = s.left_behind.find(done.header.client); left != s.left_behind.end()) {
    if (--left->second == 0) s.left_behind.erase(left);
    return audit_orphan(self, done);
  }
  auto at = s.by_session.find(done.header.client);
  if (at == s.by_session.end()) return audit_orphan(self, done);
  auto id = at->second;
  auto& c = s.connections.at(id);
  // Some clients number their requests anew on each connection, so the number alone says nothing.
  if (done.header.id <= c.since) return audit_orphan(self, done);
  if (c.under_way == 0 || c.queue.front().request.op == op_code::sync ||
      c.queue.front().request.xid != done.header.cx)
    return;
  auto asked = take_front(s, c);
  if (asked.for_audit) audit(self, *asked.for_audit, done);
  auto answer = core::reply_to_write(done, asked.with_stat, s.walks);
  if (answer.err == error_code::session_moved || answer.err == error_code::session_expired)
    return close_after_output(s, id, c);
  reply(self, id, c, asked, done.header.id, answer.err, answer.body);
  drain(self, id, c);
}

}  // namespace

namespace {

/// Its cost is known by what it asks for only, or by what is there.
bool takes_long(const client_request& asked) {
  switch (asked.op) {
    case op_code::set_watches:
    case op_code::set_watches2:
    case op_code::get_children:
    case op_code::get_children2:
    case op_code::get_ephemerals:
    case op_code::get_all_children_number:
    case op_code::multi_read:
      return true;
    default:
      return takes_long_to_plan(asked.op, asked.body);
  }
}

/// From the first request on that may take long, or when there are many, or their answers large,
/// the rest is taken in slices.
void take_from(database_ptr self, client_requests& m, std::size_t first) {
  auto& s = self->state;
  auto at = s.connections.find(m.connection);
  if (at == s.connections.end()) return;
  auto& c = at->second;
  const auto end = m.requests.size();
  for (auto i = first; i < end && !c.output.close; ++i) {
    const bool is_much = i - first >= at_once_max || c.output.frames.size() > output_bytes_at_once;
    if (!is_in_slices(s) && (is_much || takes_long(m.requests[i])))
      return in_slices(self,
                       [self, rest = std::move(m), i]() mutable { take_from(self, rest, i); });
    s.walks.step(steps_of_output);
    take(self, m.connection, c, std::move(m.requests[i]));
    if (s.to_propose.size() >= gathered_max) propose_planned(self);
  }
  end_turn(self);
}

}  // namespace

void on_client_requests(database_ptr self, client_requests& m) {
  auto& s = self->state;
  auto at = s.connections.find(m.connection);
  if (at == s.connections.end()) return;
  hear(self, at->second.session);
  take_from(self, m, 0);
}

void drain_later(database_ptr self) {
  auto& s = self->state;
  for (auto id : std::exchange(s.to_drain, {})) {
    auto at = s.connections.find(id);
    if (at != s.connections.end() && !at->second.output.close) drain(self, id, at->second);
  }
}

void on_client_has_room(database_ptr self, const client_has_room& m) {
  auto at = self->state.connections.find(m.connection);
  if (at == self->state.connections.end()) return;
  at->second.waits_for_room = false;
  drain(self, m.connection, at->second);
  end_turn(self);
}

void on_sync_done(database_ptr self, const sync_done& m) {
  auto& s = self->state;
  auto at = s.by_session.find(m.session);
  if (at == s.by_session.end()) return;
  auto& c = s.connections.at(at->second);
  // An answer may be late for a connection before this one, whose client counts its requests anew.
  if (m.connection != at->second.value) return;
  if (c.under_way == 0 || c.queue.front().request.op != op_code::sync ||
      c.queue.front().request.xid != m.xid)
    return;
  auto asked = take_front(s, c);
  jute::reader path{asked.request.body};  // any path, even null, is answered as it came
  path.bytes();
  auto length = asked.request.body.size() - path.rest().size();
  reply(self, at->second, c, asked, s.tree.last_processed(),
        path.ok() ? error_code::ok : error_code::marshalling_error,
        std::string_view{asked.request.body}.substr(0, length));
  drain(self, at->second, c);
  end_turn(self);
}

namespace {

/// A session whose becoming one of all was refused is none any more, and no close of it comes.
void forget_if_over(state& s, const core::applied& done) {
  const auto session = done.header.client;
  if (done.header.type != op_code::error || s.tree.sessions().contains(session)) return;
  const bool is_alive = (s.local && s.local->contains(session)) || s.opening.contains(session);
  if (!is_alive) s.origins.end(session);
}

}  // namespace

void answer_applied(database_ptr self, const core::applied& done) {
  auto& s = self->state;
  if (mutated(mutant::event_behind_reply)) answer_write(self, done);
  auto may_read = [&s](core::watcher_key watcher, const core::acl_list& acl) {
    auto at = s.connections.find(connection_id{watcher});
    return at != s.connections.end() && (s.options.context->config.skip_acl ||
                                         core::is_allowed(acl, permission::read, at->second.shown));
  };
  for (const auto& trigger : done.triggers) {
    if (mutated(mutant::watch_lost_in_multi) && done.header.type == op_code::multi &&
        &trigger != &done.triggers.front())
      break;
    const bool all_may =
        !trigger.acl || core::is_allowed(*trigger.acl, permission::read, core::identities{});
    s.walks.step();
    send_events(
        self, s.watches.trigger(trigger, all_may ? core::watches::read_check{} : may_read, s.walks),
        done.header.id);
  }
  if (done.header.type == op_code::create_session) {
    auto known = s.tree.sessions().find(done.header.client);
    if (known != s.tree.sessions().end())
      session_created(self, done.header.client, known->second, done.header.id);
  } else if (done.header.type == op_code::close_session) {
    audit_end_of_session(self, done);
    session_closed(self, done);
  } else {
    answer_write(self, done);
    forget_if_over(s, done);
  }
}

}  // namespace troupe::database_parts
