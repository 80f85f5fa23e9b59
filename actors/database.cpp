// SPDX-License-Identifier: Apache-2.0
#include "actors/database.hpp"

#include <algorithm>
#include <utility>

#include "actors/caf.hpp"
#include "actors/database_parts.hpp"
#include "actors/trace/traced.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace database_parts {

std::int64_t steady_ms(database_ptr self) {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(self->clock().now().time_since_epoch()).count();
}

void plan_write(database_ptr self, const write_request& request, server_id owner) {
  auto& s = self->state;
  auto wall = s.options.context->wall_ms();
  auto holder = static_cast<core::session_owner>(owner.value);
  auto verdict = error_code::ok;
  if (request.op == op_code::create_session) {
    jute::reader body{request.body};
    s.live->add(request.session, body.i32(), steady_ms(self));
    verdict = s.live->set_owner(request.session, holder);
  } else {
    verdict = s.live->check_owner(request.session, holder);
    s.live->touch(request.session, steady_ms(self));
  }
  auto planned = verdict == error_code::ok ? s.planner.plan(request, wall)
                                           : s.planner.refuse(request, verdict, wall);
  if (request.op == op_code::close_session && verdict == error_code::ok)
    s.live->set_closing(request.session);
  if (planned.header.type == op_code::reconfig) s.reconfig = planned.header.id;
  s.to_propose.push_back(make_logged(std::move(planned)));
}

session_verdict revalidate(database_ptr self, const revalidate_session& m) {
  auto& s = self->state;
  auto owner = static_cast<core::session_owner>(m.owner.value);
  if (s.live->set_owner(m.session, owner) != error_code::ok) return {};
  s.live->touch(m.session, steady_ms(self));
  return {true, s.live->timeout_of(m.session).value_or(0), zxid{s.planner.next_zxid().value - 1}};
}

}  // namespace database_parts

namespace {

using namespace database_parts;

/// A zxid's counter is 32 bits wide; this many are kept for what is under way when the leader is
/// told.
constexpr std::uint32_t counter_reserve = 1'000'000;

void remember(database_state& s, const txn_ptr& txn) {
  s.recent.push_back(txn);
  auto max = static_cast<std::size_t>(s.options.context->config.commit_log_count);
  while (s.recent.size() > max) s.recent.pop_front();
}

void apply_one(database_ptr self, const txn_ptr& txn) {
  auto& s = self->state;
  if (txn->id() <= s.tree.last_processed()) return;
  auto done = s.tree.apply(txn->value);
  remember(s, txn);
  if (!done.digest_matches) s.options.context->log.error("digest_mismatch", {{"zxid", txn->id()}});
  if (s.role == database_state::mode::leading) {
    s.planner.applied(txn->id());
    if (txn->value.header.type == op_code::close_session) s.live->remove(txn->value.header.client);
  }
  if (txn->value.header.type == op_code::reconfig) note_reconfig(self, txn->value);
  answer_applied(self, done);
}

void install(database_ptr self, const install_image& m) {
  auto& s = self->state;
  s.tree = std::move(m.image->data);
  s.recent.assign(m.recent.begin(), m.recent.end());
  s.streams.clear();
  s.snapshot.reset();
  show_membership(self);
}

void begin_leading(database_ptr self, const start_leading& m) {
  auto& s = self->state;
  s.role = database_state::mode::leading;
  s.leader = m.leader;
  s.upstream = nullptr;
  s.exhausted_told = false;
  s.planner.begin(zxid::first_of(m.era).next());
  s.live.emplace(s.options.context->config.tick_ms);
  s.live->rearm_all(s.tree.sessions(), steady_ms(self));
  s.expired_at_ms = steady_ms(self);
  s.reconfig.reset();
  s.synced.clear();
  if (m.members) s.members = m.members;
  show_membership(self);
}

void begin_learning(database_ptr self, const start_learning& m) {
  auto& s = self->state;
  s.role = database_state::mode::learning;
  s.upstream = m.upstream;
  s.leader = nullptr;
  s.touched.clear();
}

void stop(database_ptr self) {
  auto& s = self->state;
  s.role = database_state::mode::closed;
  s.leader = nullptr;
  s.upstream = nullptr;
  s.to_propose.clear();
  s.to_forward.clear();
  s.live.reset();
  s.streams.clear();
  close_all_connections(self);
}

void plan_forwarded(database_ptr self, const forwarded_writes& m) {
  auto& s = self->state;
  if (s.role != database_state::mode::leading) return;
  for (const auto& request : m.requests) {
    if (request.op != op_code::sync) {
      plan_write(self, request, m.origin);
      continue;
    }
    propose_planned(self);  // what came before the sync is proposed before it
    self->send(s.leader, sync_behind{{m.origin, request.session, request.cx}});
  }
  end_turn(self);
}

/// An error, not a verdict, from a server that does not lead: "not valid" would tell a client that
/// its session has expired.
caf::result<session_verdict> judge(database_ptr self, const revalidate_session& m) {
  if (self->state.role != database_state::mode::leading)
    return caf::make_error(caf::sec::runtime_error, "this server does not lead");
  return revalidate(self, m);
}

/// What clients sent while this server could hear nobody (it was stopped, or a turn took long) may
/// still wait to be read, here or on the way: that time is not theirs.
void forgive_own_deafness(database_ptr self) {
  auto& s = self->state;
  auto now_ms = steady_ms(self);
  std::int64_t tick_ms = s.options.context->config.tick_ms;
  if (now_ms - std::exchange(s.expired_at_ms, now_ms) > tick_ms + tick_ms / 2)
    s.live->touch_all(now_ms);
}

void expire(database_ptr self) {
  auto& s = self->state;
  if (s.role != database_state::mode::leading) return;
  forgive_own_deafness(self);
  for (auto id : s.live->expire(steady_ms(self))) {
    s.options.context->log.info("session_expired", {{"session", id}});
    write_request close{id, {}, op_code::close_session, {}, {}};
    s.to_propose.push_back(make_logged(s.planner.plan(close, s.options.context->wall_ms())));
  }
  if (!s.exhausted_told && s.planner.next_zxid().counter() > 0xffffffffU - counter_reserve) {
    s.exhausted_told = true;
    self->send(s.leader, epoch_exhausted{});
  }
  end_turn(self);
}

database_stats figures(const database_state& s) {
  auto out = s.stats;
  out.serving = s.role != database_state::mode::closed;
  out.last = s.tree.last_processed();
  // As ZooKeeper's leader says it: its epoch shows before its first txn.
  if (s.role == database_state::mode::leading)
    out.last = std::max(out.last, zxid::first_of(s.planner.next_zxid().in_epoch()));
  out.znodes = s.tree.node_count();
  out.watches = s.watches.count();
  out.watched_paths = s.watches.path_count();
  out.ephemerals = s.tree.ephemeral_count();
  out.sessions = s.tree.sessions().size();
  out.data_bytes = static_cast<std::uint64_t>(s.tree.approximate_data_size());
  for (const auto& [id, client] : s.connections) out.outstanding += client.queue.size();
  if (s.latency_count > 0)
    out.latency_ms_average = s.latency_sum_ms / static_cast<double>(s.latency_count);
  return out;
}

}  // namespace

database_actor::behavior_type database(database_ptr self, database_options options) {
  auto& s = self->state;
  s.options = std::move(options);
  self->set_down_handler([self](const caf::down_msg& down) {
    std::erase_if(self->state.streams,
                  [&down](const auto& x) { return x.second.asked_by == down.source; });
  });
  s.planner.judge_memberships([self](const reconfig_request& asked, zxid made_by) {
    return judge_reconfig(self, asked, made_by);
  });
  s.new_ids.emplace(s.options.context->me, s.options.context->wall_ms());
  return trace::traced(
      s.options.context->trace, "zk.database", [self](const install_image& m) { install(self, m); },
      [self](const start_leading& m) { begin_leading(self, m); },
      [self](const start_learning& m) { begin_learning(self, m); },
      [self](const stop_serving&) { stop(self); },
      [self](const apply_txns& m) {
        for (const auto& txn : m.txns) apply_one(self, txn);
        end_turn(self);
      },
      [self](const sync_done& m) { on_sync_done(self, m); },
      [self](const forwarded_writes& m) { plan_forwarded(self, m); },
      [self](const revalidate_session& m) { return judge(self, m); },
      [self](const touch_sessions& m) {
        if (self->state.live)
          for (auto id : m.sessions) self->state.live->touch(id, steady_ms(self));
      },
      [self](const collect_touches&) {
        auto heard = std::exchange(self->state.touched, {});
        return touched_sessions{{heard.begin(), heard.end()}};
      },
      [self](const expire_sessions&) { expire(self); },
      [self](const get_last_zxid&) {
        return last_zxid{self->state.tree.last_processed(), shown_membership(self->state)};
      },
      [self](const know_membership& m) {
        self->state.members = m.committed;
        show_membership(self);
      },
      [self](const synced_servers& m) { self->state.synced = m.ids; },
      [self](const plan_sync& m) {
        return plan_for(self->state, m.peer_last, self->state.options.context->config);
      },
      [self](const open_stream&) { return open_new_stream(self); },
      [self](const get_stream_piece& m) { return next_of_stream(self, m.stream); },
      [self](const close_stream& m) { self->state.streams.erase(m.stream); },
      [self](const take_snapshot& m) { begin_snapshot(self, m); },
      [self](const next_piece&) { continue_snapshot(self); },
      [self](const open_session& m) { return on_open_session(self, m); },
      [self](const client_requests& m) { on_client_requests(self, m); },
      [self](const connection_closed& m) { on_connection_closed(self, m.connection); },
      [self](const get_database_stats&) { return figures(self->state); });
}

}  // namespace troupe
