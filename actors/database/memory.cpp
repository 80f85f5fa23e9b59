// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/core/growth.hpp"
#include "actors/database/parts.hpp"

namespace troupe::database_parts {
namespace {

/// A session in the tables of tree, leader and connections.
constexpr std::int64_t session_bytes = 320;
/// The heap is given back at most so often: it is a walk, during which others wait for the heap.
constexpr std::int64_t trim_every_ms = 10'000;

std::int64_t value_of(const std::atomic<std::int64_t>& gauge) {
  return gauge.load(std::memory_order_relaxed);
}

std::int64_t bytes_of_sessions(const database_state& s) {
  const auto sessions = s.tree.sessions().size() + (s.local ? s.local->size() : 0);
  return static_cast<std::int64_t>(sessions) * session_bytes +
         static_cast<std::int64_t>(s.watches.bytes());
}

core::memory_use use_of(const database_state& s) {
  const auto& context = *s.options.context;
  const auto& gauges = *context.gauges;
  return {s.tree.memory_bytes(), bytes_of_sessions(s) + value_of(gauges.connections_bytes),
          value_of(gauges.recent_bytes) + value_of(gauges.proposed_bytes) +
              value_of(gauges.unheard_bytes) + value_of(gauges.unsent_bytes) +
              value_of(gauges.request_bytes),
          context.resident_bytes ? context.resident_bytes() : 0};
}

std::string text_of(core::memory_watch::reason full) {
  using reason = core::memory_watch::reason;
  switch (full) {
    case reason::none:
      return {};
    case reason::tree:
      return "the tree has reached its part of memory.limit";
    case reason::resident:
      return "the process has nearly reached memory.limit";
  }
  return {};
}

void tell(const database_state& s, const core::memory_use& now) {
  const auto& log = s.options.context->log;
  const auto& budget = s.options.context->memory;
  if (s.memory.full() == core::memory_watch::reason::none)
    log.info("memory_has_room", {{"tree_bytes", now.tree}, {"resident", now.resident}});
  else
    log.warn("memory_is_full", {{"reason", text_of(s.memory.full())},
                                {"tree_bytes", now.tree},
                                {"tree_bytes_max", budget.tree_max()},
                                {"resident", now.resident},
                                {"limit", budget.limit()},
                                {"then", "what would make the tree larger is refused"}});
}

void trim_if_worthwhile(database_ptr self, const core::memory_use& now) {
  auto& s = self->state;
  const auto& context = *s.options.context;
  if (!context.trim_heap || !core::is_worth_trimming(context.memory, now)) return;
  const auto now_ms = steady_ms(self);
  if (s.heap_trimmed_ms != 0 && now_ms - s.heap_trimmed_ms < trim_every_ms) return;
  s.heap_trimmed_ms = now_ms;
  context.trim_heap();
}

/// A txn of so many bytes may have thousands of parts.
constexpr std::size_t quickly_freed_bytes = 16 * 1024;

/// One is kept whatever its size: a window says where the history ends.
void forget_oldest(database_ptr self) {
  auto& s = self->state;
  const auto count_max = static_cast<std::size_t>(s.options.context->config.commit_log_count);
  const auto bytes_max = s.options.context->memory.recent_max();
  while (s.recent.size() > count_max ||
         (s.recent.size() > 1 && s.recent_bytes.value() > bytes_max)) {
    auto oldest = std::move(s.recent.front());
    s.recent.pop_front();
    s.recent_bytes.add(-core::held_bytes(*oldest));
    if (oldest->bytes.size() > quickly_freed_bytes) free_elsewhere(self, std::move(oldest));
  }
}

}  // namespace

void remember(database_ptr self, const txn_ptr& txn) {
  auto& s = self->state;
  s.recent.push_back(txn);
  s.recent_bytes.add(core::held_bytes(*txn));
  forget_oldest(self);
}

void remember_only(database_ptr self, const std::vector<txn_ptr>& txns) {
  auto& s = self->state;
  free_elsewhere(self, std::exchange(s.recent, {}));
  s.recent_bytes.set(0);
  for (const auto& txn : txns) remember(self, txn);
}

void look_at_memory(database_ptr self) {
  auto& s = self->state;
  const auto& budget = s.options.context->memory;
  if (!budget.is_limited()) return;
  const auto now = use_of(s);
  if (s.memory.look(budget, now)) tell(s, now);
  trim_if_worthwhile(self, now);
  s.planner.limit_tree(s.memory.tree_max(budget));
}

void judge_by_memory(database_ptr self, database_state::waiting_request& asked) {
  auto& s = self->state;
  const auto& budget = s.options.context->memory;
  if (!budget.is_limited() || s.role == database_state::mode::leading) return;
  if (asked.refusal != error_code::ok || s.tree.memory_bytes() < s.memory.tree_max(budget)) return;
  if (core::growth_of(s.tree, asked.request.op, asked.request.body, s.walks) <= 0) return;
  asked.refusal = core::grows_too_large;
  ++s.refused_writes;
}

bool has_room_for_session(database_ptr self) {
  auto& s = self->state;
  const auto& context = *s.options.context;
  if (bytes_of_sessions(s) + value_of(context.gauges->connections_bytes) <
      context.memory.sessions_max())
    return true;
  ++s.refused_sessions;
  return false;
}

memory_figures memory_of(const database_state& s) {
  const auto& budget = s.options.context->memory;
  const auto now = use_of(s);
  memory_figures out;
  out.tree = now.tree;
  out.sessions = now.sessions;
  out.buffers = now.buffers;
  out.unlogged = value_of(s.options.context->gauges->unlogged_bytes);
  out.resident = now.resident;
  out.refused_writes = s.refused_writes + s.planner.refused_for_memory();
  out.refused_sessions = s.refused_sessions;
  if (!budget.is_limited()) return out;
  out.limit = budget.limit();
  out.tree_max = budget.tree_max();
  out.sessions_max = budget.sessions_max();
  out.buffers_max = budget.buffers_max();
  out.full = text_of(s.memory.full());
  return out;
}

}  // namespace troupe::database_parts
