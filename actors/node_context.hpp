// SPDX-License-Identifier: Apache-2.0
/// What every actor of one server may use without asking: immutable settings, and the seams to
/// clock, disk, log and trace that a simulation replaces. Shared by all actors of the server;
/// nothing in it changes after start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "actors/storage/disk.hpp"
#include "actors/trace/log.hpp"
#include "actors/trace/sink.hpp"
#include "config/node_config.hpp"
#include "messages/txn.hpp"

namespace troupe {

struct node_context {
  config::node_config config;
  server_id me;                           // 1 when standalone
  std::function<std::int64_t()> wall_ms;  // ms since 1970; virtual in simulation
  std::shared_ptr<storage::disk> disk;
  std::shared_ptr<trace::sink> trace;  // may be null
  log::logger log;
  /// Hears of every txn as it becomes committed here, in order. For a simulation's checkers; null
  /// in production.
  std::function<void(const txn_ptr&)> committed;
  std::uint64_t seed = 0;      // for what must differ between servers, as snapshot spread
  bool detach_journal = true;  // off in simulation: one thread runs everything
};
using context_ptr = std::shared_ptr<const node_context>;

}  // namespace troupe
