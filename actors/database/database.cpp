// SPDX-License-Identifier: Apache-2.0
#include "actors/database/database.hpp"

#include <algorithm>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/core/mutants.hpp"
#include "actors/core/path.hpp"
#include "actors/database/parts.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/trace/traced.hpp"
#include "messages/in_steps.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace database_parts {

std::int64_t steady_ms(database_ptr self) {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(self->clock().now().time_since_epoch()).count();
}

namespace {

/// One line for each limited znode, however often it is tried.
void log_breaches(database_state& s, std::int64_t now_ms) {
  constexpr std::int64_t silence_ms = 60'000;
  for (const auto& breach : s.planner.take_breaches()) {
    auto [told, is_first] = s.breach_told_ms.try_emplace(breach.path, now_ms);
    if (!is_first && now_ms - told->second < silence_ms) continue;
    told->second = now_ms;
    s.options.context->log.warn("quota_exceeded", {{"path", breach.path},
                                                   {"of", breach.of_bytes ? "bytes" : "count"},
                                                   {"limit", breach.limit},
                                                   {"would_be", breach.would_be},
                                                   {"hard", breach.is_hard}});
  }
}

/// A session that only its server knows may write all the same (LeaderSessionTracker.checkSession),
/// on that server's word. A session that all know is never local again: when it ends its server
/// does not call it local, however late that server hears of the end. Of a server that does not say
/// the number is believed, as in ZooKeeper: else its clients could not write while versions are
/// mixed.
bool is_local_elsewhere(const database_state& s, const write_request& asked, server_id origin) {
  if (!may_have_local(s) || s.live->contains(asked.session)) return false;
  if (mutated(mutant::ended_session_writes))
    return s.local->contains(asked.session) ||
           !core::is_made_by(asked.session, s.options.context->me);
  return asked.known != known_to::all && core::is_made_by(asked.session, origin) &&
         !s.refused.contains(asked.session);
}

}  // namespace

bool takes_long_to_plan(op_code op, std::string_view body) {
  constexpr std::size_t small_bytes = 4096;
  return op == op_code::close_session || (op == op_code::multi && body.size() > small_bytes);
}

bool plan_write(database_ptr self, const write_request& request, server_id owner) {
  auto& s = self->state;
  auto wall = s.options.context->wall_ms();
  auto holder = static_cast<core::session_owner>(owner.value);
  auto verdict = error_code::ok;
  if (request.op == op_code::create_session) {
    jute::reader body{request.body};
    const auto timeout_ms = body.i32();
    if (s.refused.contains(request.session)) {
      verdict = error_code::session_expired;
    } else if (body.ok()) {  // if not, the planner refuses it
      s.live->add(request.session, timeout_ms, steady_ms(self));
      verdict = s.live->set_owner(request.session, holder);
    }
  } else if (is_local_elsewhere(s, request, owner)) {
    if (creates_ephemeral(request.op, request.body, [&s] { s.walks.step(); }))
      verdict = error_code::session_expired;
  } else {
    verdict = s.live->check_owner(request.session, holder);
    if (verdict == error_code::session_moved && request.known != known_to::unsaid) return false;
    s.live->touch(request.session, steady_ms(self));
  }
  auto planned = verdict == error_code::ok ? s.planner.plan(request, wall, s.walks)
                                           : s.planner.refuse(request, verdict, wall);
  log_breaches(s, steady_ms(self));
  if (request.op == op_code::close_session && verdict == error_code::ok)
    s.live->set_closing(request.session);
  if (planned.header.type == op_code::reconfig) s.reconfig = planned.header.id;
  s.to_propose.push_back(make_logged(std::move(planned), [&s] { s.walks.step(); }));
  return true;
}

session_verdict revalidate(database_ptr self, const revalidate_session& m) {
  auto& s = self->state;
  auto owner = static_cast<core::session_owner>(m.owner.value);
  if (s.live->set_owner(m.session, owner) != error_code::ok) {
    if (may_have_local(s) && !s.live->contains(m.session) &&
        !mutated(mutant::refused_session_writes))
      s.refused.add(m.session);
    return {};
  }
  s.live->touch(m.session, steady_ms(self));
  return {true, s.live->timeout_of(m.session).value_or(0), zxid{s.planner.next_zxid().value - 1}};
}

}  // namespace database_parts

namespace {

using namespace database_parts;

/// What planning a txn of one change takes, and the line that tells of it.
constexpr std::size_t steps_of_plan = 16;

void remember_digest(database_state& s, zxid at) {
  constexpr std::uint64_t interval = 128;
  constexpr std::size_t kept_max = 1024;
  if (static_cast<std::uint64_t>(at.value) % interval != 0 || s.tree.fuzzy_until()) return;
  s.digests.push_back(s.tree.last_digest());
  if (s.digests.size() > kept_max) s.digests.pop_front();
}

void stop(database_ptr self) {
  auto& s = self->state;
  s.role = database_state::mode::closed;
  s.leader = nullptr;
  s.upstream = nullptr;
  s.to_propose.clear();
  s.to_forward.clear();
  s.touched.clear();
  s.gate = core::write_gate{s.options.context->memory.writes_max()};
  s.to_close.clear();
  s.planned_bytes = 0;
  if (s.live) free_elsewhere(self, *std::exchange(s.live, {}));
  if (s.local) free_elsewhere(self, *std::exchange(s.local, {}));
  s.planner.begin(s.planner.next_zxid());  // what was planned and not applied is nobody's any more
  s.streams.clear();
  close_all_connections(self);
}

/// Says so to the role, and is silent to clients from here on: what they see must not depend on
/// which server they ask (ZOOKEEPER-3512). A server that has nobody to learn from goes on.
void doubt_tree(database_ptr self, zxid at) {
  auto& s = self->state;
  if (s.differs_at || !s.members || !others_are_a_quorum(*s.members, s.options.context->me)) return;
  s.differs_at = s.suspect_since = at;
  if (s.leader) self->send(s.leader, tree_differs{at});
  if (s.upstream) self->send(s.upstream, tree_differs{at});
  if (!mutated(mutant::wrong_tree_snapshotted)) give_up_snapshot(self, wrong_tree(at));
  stop(self);
}

void apply_one(database_ptr self, const txn_ptr& txn) {
  auto& s = self->state;
  if (txn->id() <= s.tree.last_processed()) return;
  warn_snapshots(s, txn->value);
  auto done = s.tree.apply(txn->value, s.walks);
  remember(self, txn);
  remember_digest(s, txn->id());
  count_as_applied(s, txn->value);
  if (!done.digest_matches) {
    ++s.stats.digest_mismatches;
    s.options.context->log.error("digest_mismatch", {{"zxid", txn->id()},
                                                     {"told", to_hex(done.digest_told)},
                                                     {"ours", to_hex(s.tree.digest())}});
    doubt_tree(self, txn->id());
  }
  const bool leads = s.role == database_state::mode::leading;
  if (leads || s.role == database_state::mode::learning) s.shown.applied(txn->id());
  if (leads) {
    s.planner.applied(txn->id(), s.walks);
    s.planned_bytes -= static_cast<std::int64_t>(txn->bytes.size());
    if (txn->value.header.type == op_code::close_session) s.live->remove(txn->value.header.client);
  }
  if (txn->value.header.type == op_code::reconfig) note_reconfig(self, txn->value);
  answer_applied(self, done);
  // To free thousands of them takes its time, too.
  const auto step = [&s] { s.walks.step(); };
  free_in_steps(done.triggers, step);
  free_in_steps(done.multi, step);
}

/// Plans the ends of sessions that have expired: as many as are not too much on their way at once,
/// since each may be as long as a txn can be.
void close_expired(database_ptr self) {
  auto& s = self->state;
  constexpr std::int64_t on_the_way_max = 2 << 20;
  if (s.planner.outstanding() == 0 && s.to_propose.empty()) s.planned_bytes = 0;
  while (!s.to_close.empty() && s.planned_bytes < on_the_way_max) {
    s.walks.step(steps_of_plan);
    write_request close{s.to_close.front(), {}, op_code::close_session, {}, {}};
    s.to_close.pop_front();
    s.options.context->log.info("session_expired", {{"session", close.session}});
    auto planned = make_logged(s.planner.plan(close, s.options.context->wall_ms(), s.walks),
                               [&s] { s.walks.step(); });
    const bool is_large = planned->bytes.size() > core::write_gate::small_bytes_max;
    s.to_propose.push_back(std::move(planned));
    if (is_large || s.to_propose.size() >= gathered_max) propose_planned(self);
  }
}

/// More than one znode changes, or what is in use below a limit is counted.
bool takes_long(const txn& x) {
  if (x.header.type == op_code::close_session) return true;
  if (const auto* several = std::get_if<multi_txn>(&x.body))
    return several->ops.size() > at_once_max;
  const auto* made = std::get_if<create_txn>(&x.body);
  return made != nullptr && made->path.starts_with(core::quota_path);
}

/// From the first txn on that may take long, the rest is applied in slices. Reads that waited
/// behind a write of their session are answered before anything else is applied.
void apply_from(database_ptr self, const apply_txns& m, std::size_t first) {
  auto& s = self->state;
  for (auto i = first; i < m.txns.size(); ++i) {
    const bool is_much = i - first >= at_once_max || s.watches.count() > at_once_max;
    if (!is_in_slices(s) && (is_much || !s.to_drain.empty() || takes_long(m.txns[i]->value)))
      return in_slices(self, [self, m, i] {
        drain_later(self);
        apply_from(self, m, i);
      });
    s.walks.step();
    apply_one(self, m.txns[i]);
  }
  if (s.to_close.empty()) return end_turn(self);
  const auto go_on = [self] {
    close_expired(self);
    end_turn(self);
  };
  is_in_slices(s) ? go_on() : in_slices(self, go_on);
}

void install(database_ptr self, const install_image& m) {
  auto& s = self->state;
  free_elsewhere(self, std::exchange(s.tree, std::move(m.image->data)));
  s.tree.set_extended_types(s.options.context->config.extended_types);
  s.differs_at.reset();
  s.suspect_since.reset();
  s.shown.replaced(m.committed);
  s.digests.clear();
  remember_only(self, m.recent);
  s.stats.digest_mismatches += m.digest_mismatches;
  s.streams.clear();
  give_up_snapshot(self, "the database was replaced meanwhile");
  s.origins.keep_if([&s](session_id id) { return s.tree.sessions().contains(id); }, s.walks);
  // The same again when the same life reads its files anew: then the numbers go on.
  if (m.session_time_ms > s.ids_from_ms) {
    s.ids_from_ms = m.session_time_ms;
    s.new_ids.emplace(s.options.context->me, m.session_time_ms);
  }
  show_membership(self);
  look_at_memory(self);
}

void begin_leading(database_ptr self, const start_leading& m) {
  auto& s = self->state;
  if (s.differs_at) return self->send(m.leader, tree_differs{*s.differs_at});
  s.suspect_since.reset();
  s.role = database_state::mode::leading;
  s.leader = m.leader;
  s.upstream = nullptr;
  s.exhausted_told = false;
  s.shown.established(m.era, s.tree.last_processed());
  s.planner.begin(zxid::first_of(m.era).next());
  s.live.emplace(s.options.context->config.tick_ms);
  s.refused = {};
  s.live->rearm_all(s.tree.sessions(), steady_ms(self), s.walks);
  begin_local_sessions(self);
  look_at_memory(self);
  s.breach_told_ms.clear();
  const auto& config = s.options.context->config;
  s.expiry =
      core::expiry{{config.container_check_interval_ms, config.container_deletes_per_minute_max,
                    config.container_never_used_ms_max},
                   steady_ms(self)};
  s.reconfig.reset();
  s.synced.clear();
  if (m.members) s.members = m.members;
  show_membership(self);
}

void begin_learning(database_ptr self, const start_learning& m) {
  auto& s = self->state;
  if (s.differs_at) return self->send(m.upstream, tree_differs{*s.differs_at});
  s.suspect_since.reset();
  s.role = database_state::mode::learning;
  s.upstream = m.upstream;
  s.leader = nullptr;
  s.shown.established(m.era, s.tree.last_processed());
  begin_local_sessions(self);
}

bool may_be_shown(const database_state& s) {
  return !s.differs_at && s.shown.may_be_shown(s.tree.last_processed(), s.tree.fuzzy_until());
}

/// Reads alone, and for those who ask for no more, until there is a leader
/// (ReadOnlyZooKeeperServer, which shows what is logged, too).
void begin_read_only(database_ptr self) {
  auto& s = self->state;
  if (s.role != database_state::mode::closed || !may_be_shown(s)) return;
  s.role = database_state::mode::read_only;
  begin_local_sessions(self);
}

/// Stale writes go back to `from`, who passed them on.
void plan_forwarded(database_ptr self, const forwarded_writes& m,
                    const caf::strong_actor_ptr& from) {
  auto& s = self->state;
  if (s.role != database_state::mode::leading) return;
  for (const auto& request : m.requests) {
    s.walks.step();
    if (s.to_propose.size() >= gathered_max) propose_planned(self);
    if (request.op != op_code::sync) {
      if (!plan_write(self, request, m.origin) && from)
        self->send(caf::actor_cast<stale_write_sink>(from),
                   stale_write{request.session, request.cx, request.connection});
      continue;
    }
    propose_planned(self);  // what came before the sync is proposed before it
    self->send(s.leader, sync_behind{{m.origin, request.session, request.cx, request.connection,
                                      m.through}});
  }
  end_turn(self);
}

bool takes_long(const forwarded_writes& m) {
  return m.requests.size() > at_once_max ||
         std::ranges::any_of(
             m.requests, [](const write_request& x) { return takes_long_to_plan(x.op, x.body); });
}

/// An error, not a verdict, from a server that does not lead: "not valid" would tell a client that
/// its session has expired.
caf::result<session_verdict> judge(database_ptr self, const revalidate_session& m) {
  if (self->state.role != database_state::mode::leading)
    return caf::make_error(caf::sec::runtime_error, "this server does not lead");
  return revalidate(self, m);
}

/// Containers that are empty again and overdue TTL znodes.
void expire_znodes(database_ptr self) {
  auto& s = self->state;
  auto wall_ms = s.options.context->wall_ms();
  auto due = s.expiry.due(s.tree, steady_ms(self), wall_ms, s.walks);
  for (const auto& path : due) {
    s.walks.step(steps_of_plan);
    if (s.to_propose.size() >= gathered_max) propose_planned(self);
    if (auto planned = s.planner.plan_expiry(path, wall_ms))
      s.to_propose.push_back(make_logged(std::move(*planned)));
  }
  if (!due.empty())
    s.options.context->log.info("znodes_expired", {{"count", due.size()}, {"first", due.front()}});
}

void expire(database_ptr self) {
  auto& s = self->state;
  if (s.role == database_state::mode::closed) return;
  look_at_memory(self);
  forgive_own_deafness(self);
  expire_local(self);
  if (s.role != database_state::mode::leading) return end_turn(self);
  const auto due = s.live->expire(steady_ms(self), s.walks);
  s.to_close.insert(s.to_close.end(), due.begin(), due.end());
  close_expired(self);
  expire_znodes(self);
  if (!s.exhausted_told && s.planner.next_zxid().counter() > s.options.context->epoch_txns_max) {
    s.exhausted_told = true;
    self->send(s.leader, epoch_exhausted{});
  }
  end_turn(self);
}

void touch(database_ptr self, const touch_sessions& m) {
  if (!self->state.live) return;
  in_slices(self, [self, m] {
    auto& s = self->state;
    for (auto id : m.sessions) {
      s.walks.step();
      s.live->touch(id, steady_ms(self));
    }
  });
}

/// Not all in one message when they are many.
caf::result<touched_sessions> collect(database_ptr self) {
  auto promise = self->make_response_promise<touched_sessions>();
  in_slices(self, [self, promise]() mutable {
    expire(self);
    auto& s = self->state;
    touched_sessions out;
    while (!s.touched.empty() && out.sessions.size() < touched_sessions::at_once_max) {
      s.walks.step();
      out.sessions.push_back(s.touched.extract(s.touched.begin()).value());
    }
    promise.deliver(std::move(out));
  });
  return promise;
}

/// Not pinned, so that it has another thread than who sends to it.
discarding_actor::behavior_type discarder(discarding_actor::pointer) {
  return {[](const discard&) {}};
}

}  // namespace

database_actor::behavior_type database(database_ptr self, database_options options) {
  auto& s = self->state;
  s.options = std::move(options);
  // Of an I/O thread there is one, and this actor is one of it.
  if (io_unit(self->system()) != nullptr)
    turn_record::of_this_thread().tell(
        s.options.context->config.turn_warning_ms, [log = s.options.context->log](const auto& x) {
          log.warn("long_turn", {{"actor", x.actor},
                                 {"message", x.message.empty() ? "a reply" : x.message},
                                 {"ms", static_cast<std::int64_t>(x.ms)},
                                 {"cpu_ms", static_cast<std::int64_t>(x.cpu_ms)},
                                 {"untold", x.untold}});
        });
  s.discarding = self->spawn<caf::linked>(discarder);
  self->set_down_handler([self](const caf::down_msg& down) {
    std::erase_if(self->state.streams,
                  [&down](const auto& x) { return x.second.asked_by == down.source; });
    if (self->state.snapshot_to == down.source) self->state.snapshot.reset();
  });
  const auto& config = s.options.context->config;
  const auto& gauges = s.options.context->gauges;
  s.recent_bytes = {gauges, &shared_gauges::recent_bytes};
  s.gate = core::write_gate{s.options.context->memory.writes_max()};
  s.tree.set_extended_types(config.extended_types);
  s.watches = no_watches(*s.options.context);
  s.planner.set_acl_entries_max(static_cast<std::size_t>(config.client_acl_entries_max));
  s.planner.set_options(
      {config.skip_acl, config.enforce_quota, config.sasl_in_acls, config.planned_txn_bytes_max()});
  s.planner.judge_memberships([self](const reconfig_request& asked, zxid made_by) {
    return judge_reconfig(self, asked, made_by);
  });
  s.new_ids.emplace(s.options.context->me, s.options.context->wall_ms());
  return trace::traced(
      s.options.context->trace, "zk.database",
      [self](const install_image& m) { in_slices(self, [self, m] { install(self, m); }); },
      [self](const start_leading& m) { in_slices(self, [self, m] { begin_leading(self, m); }); },
      [self](const start_learning& m) { begin_learning(self, m); },
      [self](const start_read_only&) { begin_read_only(self); },
      [self](const stop_serving&) {
        in_slices(self, [self] {
          stop(self);
          // The role has heard of it, and the next digest tells again.
          self->state.differs_at.reset();
        });
      },
      [self](const apply_txns& m) { apply_from(self, m, 0); },
      [self](const sync_done& m) { on_sync_done(self, m); },
      [self](forwarded_writes& m) {
        auto from = self->current_sender();
        if (!takes_long(m)) return plan_forwarded(self, m, from);
        in_slices(self, [self, rest = std::move(m), from] { plan_forwarded(self, rest, from); });
      },
      [self](const stale_write& m) { on_stale_write(self, m); },
      [self](const hold_writes& m) { hold_back(self, m.hold); },
      [self](const revalidate_session& m) { return judge(self, m); },
      [self](const touch_sessions& m) { touch(self, m); },
      [self](const collect_touches&) { return collect(self); },
      [self](const expire_sessions&) { in_slices(self, [self] { expire(self); }); },
      [self](const get_last_zxid&) {
        const auto& st = self->state;
        return last_zxid{st.tree.last_processed(), shown_membership(st), st.differs_at.has_value(),
                         may_be_shown(st)};
      },
      [self](const know_membership& m) {
        self->state.members = m.committed;
        show_membership(self);
      },
      [self](const synced_servers& m) { self->state.synced = m.ids; },
      [self](const plan_sync& m) {
        return plan_for(self->state, m, self->state.options.context->config);
      },
      [self](const open_stream&) { return open_new_stream(self); },
      [self](const get_stream_piece& m) { return next_of_stream(self, m.stream); },
      [self](const close_stream& m) { self->state.streams.erase(m.stream); },
      [self](const take_snapshot& m) { begin_snapshot(self, m); },
      [self](const next_piece&) { continue_snapshot(self); },
      [self](const open_session& m) { return on_open_session(self, m); },
      [self](client_requests& m) { on_client_requests(self, m); },
      [self](const client_has_room& m) { on_client_has_room(self, m); },
      [self](const connection_closed& m) {
        const auto id = m.connection;
        if (self->state.watches.count() <= at_once_max) return on_connection_closed(self, id);
        in_slices(self, [self, id] { on_connection_closed(self, id); });
      },
      [self](const get_database_stats&) { return figures(self); },
      [self](const get_database_details& m) { return details(self, m); },
      [self](const reset_statistics& m) { reset(self->state, m); });
}

}  // namespace troupe
