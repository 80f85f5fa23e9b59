// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/census.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <type_traits>

#include "actors/client/session.hpp"
#include "actors/database/database.hpp"
#include "actors/election/election.hpp"
#include "actors/journal/journal.hpp"
#include "actors/leading/leader.hpp"
#include "actors/leading/learner_handler.hpp"
#include "actors/learning/learner.hpp"
#include "actors/peer/peer.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using census = census_taker::census;

// -- what each actor keeps ------------------------------------------------------------------------

/// Whoever works on a message has what it is about; at rest there is nothing of this kind.
const std::string under_way = "under way: ";

std::size_t one_if(bool is_there) { return is_there ? 1 : 0; }
std::size_t bytes_of(const gauge_part& part) { return static_cast<std::size_t>(part.value()); }

census tables_of(const database_state& s) {
  census out{
      {"connections", s.connections.size()},
      {"sessions of connections", s.by_session.size()},
      {"touched", s.touched.size()},
      {"watches", s.watches.count()},
      {"watched paths", s.watches.path_count()},
      {"bytes of watches", s.watches.bytes()},
      {"watchers", s.watches.watcher_count()},
      {"origins of sessions", s.origins.count("10.0.0.1")},
      {"local sessions", s.local ? s.local->size() : 0},
      {"live sessions", s.live ? s.live->size() : 0},
      {"sessions", s.tree.sessions().size()},
      {under_way + "opening", s.opening.size()},
      {under_way + "reopening", s.reopening.size()},
      {under_way + "abandoned", s.abandoned.size()},
      {under_way + "with output", s.with_output.size()},
      {under_way + "to forward", s.to_forward.size()},
      {under_way + "to propose", s.to_propose.size()},
      {under_way + "to drain", s.to_drain.size()},
      {under_way + "streams", s.streams.size()},
      {under_way + "snapshots", one_if(s.snapshot != nullptr)},
      {under_way + "reconfigs", one_if(s.reconfig && s.role == database_state::mode::leading)},
      {under_way + "planned changes", s.planner.outstanding()},
      {under_way + "orphans", s.orphans.size()},
      {under_way + "left behind", s.left_behind.size()}};
  for (const auto& [id, c] : s.connections) {
    out[under_way + "requests"] += c.queue.size() + c.reads + c.under_way + c.held;
    out[under_way + "output"] += c.output.frames.size() + one_if(c.waits_for_room);
    out["watches by watcher"] += s.watches.held_by(id.value).count;
  }
  if (s.live)
    for (const auto& [deadline_ms, bucket] : s.live->buckets())
      out["sessions with a deadline"] += bucket.size();
  for (const auto& [table, size] : core::testing::tables_of(s.tree)) out["tree " + table] = size;
  return out;
}

census tables_of(const leader_state& s) {
  census out{{"learners", s.learners.size()},
             {under_way + "outstanding", s.outstanding.size()},
             {under_way + "window", s.window.outstanding()},
             {under_way + "outstanding bytes", bytes_of(s.outstanding_bytes)},
             {under_way + "syncs", s.syncs.size()},
             {under_way + "syncs in rounds", s.rounds.size()},
             {under_way + "other trees", s.differing.size()},
             {under_way + "waiting for the epoch", s.awaiting_epoch.size()},
             {under_way + "waiting for its confirmation", s.awaiting_confirmation.size()}};
  for (const auto& [id, learner] : s.learners)
    out["learners that are served"] += one_if(learner.synced && learner.forwarding);
  return out;
}

census tables_of(const learner_handler_state& s) {
  return {{under_way + "held", s.held.size()},
          {under_way + "bytes unheard of", bytes_of(s.unheard_bytes)},
          {under_way + "promises", s.promises.size()}};
}

census tables_of(const learner_state& s) {
  return {{under_way + "uncommitted", s.uncommitted.size()},
          {under_way + "window", s.window.outstanding()},
          {under_way + "uncommitted bytes", bytes_of(s.uncommitted_bytes)},
          {under_way + "synced early", s.synced_early.size()},
          {under_way + "snapshots", one_if(s.incoming != nullptr)},
          {under_way + "revalidations", s.revalidations.size()},
          {under_way + "turns", s.turns.size()}};
}

census tables_of(const election_state& s) {
  return {{"links", s.links.size()},
          {under_way + "heard", s.heard.size()},
          {under_way + "logs told", s.pending.size()}};
}

census tables_of(const peer_state& s) { return {{under_way + "endings", s.endings.size()}}; }

census tables_of(const journal_state& s) {
  return {{under_way + "waiting", s.waiting.size()},
          {under_way + "flushes", one_if(s.flush_queued)},
          {under_way + "snapshots", one_if(s.scribe != nullptr)},
          {under_way + "snapshots of others", one_if(s.incoming.has_value())}};
}

census tables_of(const client_session_state& s) {
  return {{under_way + "unanswered", s.unanswered}, {under_way + "bytes", s.under_way_bytes}};
}

template <class Pointer>
auto state_of(const caf::abstract_actor& actor) {
  auto* known = dynamic_cast<const std::remove_pointer_t<Pointer>*>(&actor);
  return known != nullptr ? &known->state : nullptr;
}

template <class Pointer>
bool add(const caf::abstract_actor& actor, const std::string& name, census& to) {
  const auto* state = state_of<Pointer>(actor);
  if (state == nullptr) return false;
  for (const auto& [table, size] : tables_of(*state)) to[name + " " + table] += size;
  ++to[name];
  return true;
}

bool add_any(const caf::abstract_actor& actor, census& to) {
  using handler = pinned_pointer<learner_handler_actor, learner_handler_state>;
  using elector = pinned_pointer<election_actor, election_state>;
  return add<database_ptr>(actor, "zk.database", to) || add<leader_ptr>(actor, "zk.leader", to) ||
         add<learner_ptr>(actor, "zk.learner", to) || add<peer_ptr>(actor, "zk.peer", to) ||
         add<handler>(actor, "zk.learner_handler", to) || add<elector>(actor, "zk.election", to) ||
         add<journal_ptr>(actor, "zk.journal", to) ||
         add<client_session_ptr>(actor, "zk.client_session", to);
}

std::size_t count(const census& in, const std::string& table) {
  auto at = in.find(table);
  return at == in.end() ? 0 : at->second;
}

}  // namespace

// -- taking it ------------------------------------------------------------------------------------

census_taker::census_taker(world& w) : w_(w) {
  // The world's last breath is after this object's.
  w_.clock().add_spy(
      [seen = seen_](realm where, const caf::abstract_actor& actor, caf::mailbox_element*) {
        auto& known = (*seen)[where][actor.id()];
        if (!known) known = caf::actor_cast<caf::weak_actor_ptr>(actor.ctrl());
      });
}

/// Of the present life: its realm is the newest in which a database is that server's.
template <class Visit>
void census_taker::for_each_actor(server_id who, Visit visit) const {
  for (auto at = seen_->rbegin(); at != seen_->rend(); ++at) {
    std::vector<caf::strong_actor_ptr> alive;
    bool is_its = false;
    for (const auto& [id, weak] : at->second) {
      auto actor = weak.lock();
      if (!actor || actor->get()->getf(caf::abstract_actor::is_terminated_flag)) continue;
      if (const auto* s = state_of<database_ptr>(*actor->get()))
        is_its = s->options.context->me == who;
      alive.push_back(std::move(actor));
    }
    if (!is_its) continue;
    for (const auto& actor : alive) visit(*actor->get());
    return;
  }
}

census census_taker::of(server_id who) const {
  census out;
  for_each_actor(who, [&out](const caf::abstract_actor& actor) { add_any(actor, out); });
  return out;
}

void census_taker::expect(server_id who, const census& in, const std::string& table,
                          std::size_t size) {
  if (count(in, table) == size || !told_.insert(table).second) return;
  w_.fail("census: server " + std::to_string(who.value) + " has " +
          std::to_string(count(in, table)) + " in " + table + ", and " + std::to_string(size) +
          " are warranted");
}

void census_taker::expect_up_to(server_id who, const census& in, const std::string& table,
                                std::size_t most) {
  if (count(in, table) > most) expect(who, in, table, most);
}

/// What is kept beside the znodes is what a walk through them finds.
void census_taker::check_tree(server_id who, const census& now) {
  for_each_actor(who, [&](const caf::abstract_actor& actor) {
    const auto* s = state_of<database_ptr>(actor);
    if (s == nullptr) return;
    for (const auto& [table, size] : core::testing::recount_tables(s->tree))
      expect(who, now, "zk.database tree " + table, size);
    for (auto owner : s->tree.ephemeral_owners())
      if (!s->tree.sessions().contains(owner))
        w_.fail("census: server " + std::to_string(who.value) +
                " has ephemerals of a session that is over: " + to_string(owner));
  });
}

void census_taker::check_clients(server_id who, const census& now) {
  const auto open = count(now, "zk.client_session");
  expect(who, now, "zk.database connections", open);
  expect(who, now, "zk.database sessions of connections", open);
  expect_up_to(who, now, "zk.database watchers", open);
  // As ZooKeeper counts, a persistent watch is two.
  expect_up_to(who, now, "zk.database watches", 2 * count(now, "zk.database watches by watcher"));
  expect_up_to(who, now, "zk.database watched paths",
               2 * count(now, "zk.database watches by watcher"));
  const auto sessions = count(now, "zk.database sessions");
  const bool leads = w_.leader() == who;
  expect(who, now, "zk.database live sessions", leads ? sessions : 0);
  expect(who, now, "zk.database sessions with a deadline", leads ? sessions : 0);
  expect_up_to(who, now, "zk.database origins of sessions",
               sessions + count(now, "zk.database local sessions"));
}

void census_taker::check_at_rest(server_id who) {
  const auto now = of(who);
  for (const auto& [table, size] : now)
    if (table.find(under_way) != table.npos) expect(who, now, table, 0);
  for (const auto* one : {"zk.database", "zk.journal", "zk.peer", "zk.election"})
    expect(who, now, one, 1);
  const bool leads = w_.leader() == who;
  const auto others = w_.servers().size() - 1;
  expect(who, now, "zk.leader", leads ? 1 : 0);
  expect(who, now, "zk.learner", leads ? 0 : 1);
  expect(who, now, "zk.learner_handler", leads ? others : 0);
  expect(who, now, "zk.leader learners", leads ? others : 0);
  expect(who, now, "zk.leader learners that are served", leads ? others : 0);
  expect_up_to(who, now, "zk.election links", others);
  check_tree(who, now);
  check_clients(who, now);
}

void census_taker::check_without_clients(server_id who) {
  const auto now = of(who);
  for (const auto* table :
       {"zk.client_session", "zk.database connections", "zk.database touched",
        "zk.database watches", "zk.database watched paths", "zk.database bytes of watches",
        "zk.database watchers", "zk.database origins of sessions", "zk.database local sessions",
        "zk.database live sessions", "zk.database tree ephemerals"})
    expect(who, now, table, 0);
  for_each_actor(who, [&](const caf::abstract_actor& actor) {
    const auto* s = state_of<database_ptr>(actor);
    if (s == nullptr) return;
    const auto& all = *s->options.context->gauges;
    const census gauges{
        {"requests under way", static_cast<std::size_t>(all.requests_under_way.load())},
        {"unsent bytes", static_cast<std::size_t>(all.unsent_bytes.load())},
        {"request bytes", static_cast<std::size_t>(all.request_bytes.load())},
        {"proposed bytes", static_cast<std::size_t>(all.proposed_bytes.load())},
        {"unheard bytes", static_cast<std::size_t>(all.unheard_bytes.load())},
        {"listings", static_cast<std::size_t>(all.listings_under_way.load())}};
    for (const auto& [gauge, value] : gauges) expect(who, gauges, gauge, 0);
  });
}

bool census_taker::have_sessions_ended() const {
  return w_.client_side().open_count() == 0 &&
         std::ranges::all_of(w_.servers(), [this](server_id who) {
           const auto now = of(who);
           return count(now, "zk.database sessions") == 0 &&
                  count(now, "zk.database local sessions") == 0;
         });
}

/// Behind the last write nothing waits for another one: acks and pings have told all by then. A
/// session that expires meanwhile is a write, too.
void census_taker::come_to_rest() {
  constexpr int tries_max = 24;
  for (int i = 0; i < tries_max; ++i) {
    const auto before = w_.history().agreed().size();
    w_.run_for(5s);
    if (w_.history().agreed().size() == before) return;
  }
}

void census_taker::check() {
  come_to_rest();
  if (!w_.all_serve()) return;  // an epoch may have come to its end
  for (auto who : w_.servers()) check_at_rest(who);
}

void census_taker::check_that_nothing_is_left() {
  for (std::size_t i = 0; i < w_.client_count(); ++i)
    i % 2 == 0 ? w_.client_at(i).close() : w_.client_at(i).vanish();
  if (!w_.run_until(300s, [this] { return w_.all_serve() && have_sessions_ended(); }))
    return w_.fail("census: sessions of clients that are gone, or their connections, do not end");
  come_to_rest();
  if (!w_.all_serve()) return;
  for (auto who : w_.servers()) {
    check_at_rest(who);
    check_without_clients(who);
  }
}

}  // namespace troupe::sim
