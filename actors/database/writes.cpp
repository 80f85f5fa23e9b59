// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/database/parts.hpp"

namespace troupe::database_parts {
namespace {

using state = database_state;

bool goes_to_the_leader(op_code op) { return is_write(op) || op == op_code::sync; }

/// Not for a client to ask; ZooKeeper's leader refuses it when it looks for the timeout in it.
bool is_cut_create_session(const client_request& x) {
  return x.op == op_code::create_session && x.body.size() < sizeof(std::int32_t);
}

/// So many reads, of short answers, wait for writes before them while a write goes on past them:
/// these are answered whether their client takes its output or not.
constexpr std::size_t reads_passed_max = 32;

/// Whether a write behind all of the queue can be on its way already.
bool may_pass(const state::connection& c) {
  if (c.held > 0) return false;
  if (c.reads == 0) return true;
  return !c.waits_for_room && c.reads <= reads_passed_max &&
         std::ranges::none_of(c.queue, [](const auto& x) { return x.is_long; });
}

void pass_to_leader(database_ptr self, connection_id id, const state::connection& c,
                    client_request& request) {
  auto& s = self->state;
  write_request write{c.session, request.xid, request.op, {}, c.shown, id.value};
  if (s.local->contains(c.session)) write.known = known_to::its_server;
  if (request.op == op_code::sync)
    write.body = request.body;
  else
    write.body = std::exchange(request.body, {});
  if (s.role == state::mode::learning) {
    s.to_forward.push_back(std::move(write));
  } else if (request.op == op_code::sync) {
    propose_planned(self);  // what came before the sync is proposed before it
    self->send(s.leader, sync_behind{{std::nullopt, c.session, request.xid, id.value}});
  } else if (!plan_write(self, write, s.options.context->me)) {
    self->send(self, stale_write{c.session, request.xid, id.value});  // c is in use meanwhile
  }
}

/// The body of a write is with the leading server from here on; that of a sync is its answer.
void submit(database_ptr self, connection_id id, state::connection& c,
            state::waiting_request& asked) {
  self->state.gate.went(c.session, asked.request.xid, asked.weight);
  pass_to_leader(self, id, c, asked.request);
  ++c.under_way;
}

/// A sync is no write, and waits for none but its own connection's.
std::int64_t weight_of(const state& s, const state::connection& c, const client_request& asked) {
  if (asked.op == op_code::sync) return 0;
  const auto ephemerals =
      asked.op == op_code::close_session ? s.tree.ephemeral_count(c.session) : std::size_t{0};
  const auto max = s.options.context->config.planned_txn_bytes_max();
  return core::weight_of(asked.op, asked.body.size(), c.shown, ephemerals,
                         static_cast<std::int64_t>(max));
}

}  // namespace

bool is_answered_here(const state::waiting_request& asked) {
  return asked.is_local || asked.refusal != error_code::ok ||
         (!goes_to_the_leader(asked.request.op) && !is_cut_create_session(asked.request));
}

void submit_or_hold(database_ptr self, connection_id id, state::connection& c,
                    state::waiting_request asked) {
  auto& s = self->state;
  asked.weight = weight_of(s, c, asked.request);
  if (may_pass(c) && s.gate.may_go(id, asked.weight)) {
    submit(self, id, c, asked);
  } else {
    asked.is_held = true;
    ++c.held;
  }
  c.queue.push_back(std::move(asked));
}

void submit_held(database_ptr self, connection_id id, state::connection& c) {
  auto& s = self->state;
  std::size_t reads = 0;
  for (auto at = c.queue.begin(); c.held > 0 && at != c.queue.end(); ++at) {
    if (is_answered_here(*at)) {
      if (at->is_long || ++reads > reads_passed_max) return;
    } else if (at->is_held) {
      if (!s.gate.may_go(id, at->weight)) return;
      at->is_held = false;
      --c.held;
      submit(self, id, c, *at);
    }
  }
}

void let_writes_go(database_ptr self) {
  auto& s = self->state;
  while (const auto id = s.gate.next()) {
    s.walks.step(steps_of_output);
    const auto at = s.connections.find(*id);
    if (at != s.connections.end()) submit_held(self, *id, at->second);
    s.gate.end_turn();
    if (s.to_propose.size() >= gathered_max) propose_planned(self);
  }
}

void hold_back(database_ptr self, bool hold) {
  self->state.gate.hold(hold);
  end_turn(self);
}

void count_as_applied(state& s, const txn& done) {
  s.gate.applied(done.header.client, done.header.cx);
  if (done.header.type == op_code::close_session) s.gate.end_of(done.header.client);
}

/// What is planned before it and not applied yet stays without an answer: its client is elsewhere.
void on_stale_write(database_ptr self, const stale_write& m) {
  auto& s = self->state;
  s.gate.applied(m.session, m.xid);  // it never will be
  const auto at = s.connections.find(connection_id{m.connection});
  if (at == s.connections.end() || at->second.session != m.session)
    return audit_stale_orphan(self, m);
  auto& c = at->second;
  if (c.output.close) return;
  for (auto& each : c.queue)
    if (each.request.xid == m.xid && each.for_audit && !each.is_held)
      audit_refusal(self, *std::exchange(each.for_audit, nullptr));
  close_after_output(s, connection_id{m.connection}, c);
  end_turn(self);
}

void leave_gate(state& s, connection_id id, const state::connection& c) {
  s.gate.leave(id);
  for (const auto& each : c.queue)
    if (!each.is_held) s.gate.small_is_done(each.weight);
}

}  // namespace troupe::database_parts
