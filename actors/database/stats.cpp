// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "actors/base/caf.hpp"
#include "actors/base/turns.hpp"
#include "actors/database/parts.hpp"

namespace troupe::database_parts {
namespace {

void add_connections(const database_state& s, database_details& out) {
  for (const auto& [id, c] : s.connections) {
    s.walks.step(2);
    auto session = s.tree.sessions().find(c.session);
    out.connections.push_back({id, c.session,
                               session == s.tree.sessions().end() ? 0 : session->second,
                               c.queue.size(), c.figures});
  }
}

void add_watches(const database_state& s, database_details& out) {
  auto by_path = s.watches.by_path(s.walks);
  while (!by_path.empty()) {  // freed as it goes, since that takes its time too
    auto first = by_path.extract(by_path.begin());
    auto& line = out.watches.emplace_back();
    line.path = std::move(first.key());
    s.walks.step(4 + first.mapped().size());
    for (auto watcher : first.mapped())
      if (auto at = s.connections.find(connection_id{watcher}); at != s.connections.end())
        line.by.push_back(at->second.session);
    std::ranges::sort(line.by);
  }
}

auto buckets_of(const core::sessions& all, std::int64_t now_ms, const core::pace& walks) {
  std::vector<database_details::session_bucket> out;
  for (const auto& [deadline_ms, sessions] : all.buckets()) {
    auto& bucket = out.emplace_back();
    bucket.expires_in_ms = deadline_ms - now_ms;
    for (auto id : sessions) {
      walks.step();
      bucket.sessions.push_back(id);
    }
  }
  return out;
}

void add_sessions(const database_state& s, std::int64_t now_ms, database_details& out) {
  out.has_local = may_have_local(s);
  if (out.has_local) out.local_buckets = buckets_of(*s.local, now_ms, s.walks);
  if (s.live) {
    out.buckets = buckets_of(*s.live, now_ms, s.walks);
  } else {
    for (const auto& session : s.tree.sessions()) {
      s.walks.step();
      out.sessions.push_back(session);
    }
  }
  for (auto owner : s.tree.ephemeral_owners())
    out.ephemerals.emplace_back(owner, s.tree.ephemerals(owner, s.walks));
}

database_stats gather(const database_state& s) {
  auto out = s.stats;
  out.serving = s.role != database_state::mode::closed;
  out.last = s.tree.last_processed();
  // As ZooKeeper's leader says it: its epoch shows before its first txn.
  if (s.role == database_state::mode::leading)
    out.last = std::max(out.last, zxid::first_of(s.planner.next_zxid().in_epoch()));
  out.znodes = s.tree.node_count();
  out.watches = s.watches.count();
  out.watched_paths = s.watches.path_count();
  out.watch_bytes = s.watches.bytes();
  out.ephemerals = s.tree.ephemeral_count();
  out.sessions = s.tree.sessions().size();
  out.local_sessions = s.local ? s.local->size() : 0;
  out.data_bytes = static_cast<std::uint64_t>(s.tree.approximate_data_size());
  out.memory = memory_of(s);
  for (const auto& [id, client] : s.connections) {
    s.walks.step();
    out.outstanding += client.queue.size();
  }
  if (s.latency_count > 0)
    out.latency_ms_average = s.latency_sum_ms / static_cast<double>(s.latency_count);
  out.turns = turn_record::of_this_thread().figures();
  return out;
}

database_details gather(database_ptr self, const get_database_details& asked) {
  const auto& s = self->state;
  database_details out;
  out.leads = s.role == database_state::mode::leading;
  if (asked.connections) add_connections(s, out);
  if (asked.watches) add_watches(s, out);
  if (asked.sessions) add_sessions(s, steady_ms(self), out);
  if (asked.digests)
    for (const auto& x : s.digests) out.digests.emplace_back(x.at, x.value);
  return out;
}

}  // namespace

caf::result<database_stats> figures(database_ptr self) {
  if (self->state.connections.size() <= at_once_max) return gather(self->state);
  auto promise = self->make_response_promise<database_stats>();
  in_slices(self, [self, promise]() mutable { promise.deliver(gather(self->state)); });
  return promise;
}

caf::result<database_details> details(database_ptr self, const get_database_details& asked) {
  auto promise = self->make_response_promise<database_details>();
  in_slices(self, [self, asked, promise]() mutable { promise.deliver(gather(self, asked)); });
  return promise;
}

void reset(database_state& s, const reset_statistics& what) {
  if (what.server) {
    turn_record::of_this_thread().reset();
    s.stats = {};
    s.latency_count = 0;
    s.latency_sum_ms = 0;
  }
  if (what.connections)
    for (auto& [id, c] : s.connections) c.figures = {};
}

}  // namespace troupe::database_parts
