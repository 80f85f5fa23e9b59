// SPDX-License-Identifier: Apache-2.0
/// What every actor of one server may use without asking: immutable settings, and the seams to
/// clock, disk, log and trace that a simulation replaces. Shared by all actors of the server;
/// nothing in it changes after start but the gauges.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "actors/storage/disk.hpp"
#include "actors/trace/log.hpp"
#include "actors/trace/sink.hpp"
#include "config/node_config.hpp"
#include "messages/txn.hpp"

namespace troupe {

/// The few numbers that the actors of one server change together. All are counted relaxed, and none
/// is more than an estimate by the time it is read.
struct shared_gauges {
  std::atomic<std::int64_t> requests_under_way{0};  // of all clients; see globalOutstandingLimit
  std::atomic<std::int64_t> trace_mask{306};        // ZooKeeper's; what stmk sets, gtmk tells
  // What all clients together make this server hold; each one's part is its client_account.
  std::atomic<std::int64_t> unsent_bytes{0};        // output that they have not taken
  std::atomic<std::int64_t> request_bytes{0};       // requests that are not answered
  std::atomic<std::int64_t> listings_under_way{0};  // long answers to four-letter words
  std::atomic<std::int64_t> clients_cut_off{0};     // for what they made this server hold
};

/// A line of the audit log without its time.
struct audit_line {
  bool is_failure = false;
  std::string text;
};

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
  /// Takes the lines of the audit log; null: none is kept.
  std::function<void(const audit_line&)> audit;
  /// Hears where this server's line says that it listens, when a reconfig has changed it; on the
  /// I/O thread, so it may not wait. Null in simulation.
  std::function<void(const config::server_entry&)> moved;
  /// After so many txns the leader begins a new epoch: a zxid's counter is 32 bits wide, and a
  /// million are kept for what is under way when it is told. Lower in simulation.
  std::uint32_t epoch_txns_max = 0xffffffffU - 1'000'000;
  std::uint64_t seed = 0;      // for what must differ between servers, as snapshot spread
  bool detach_journal = true;  // off in simulation: one thread runs everything
  /// Called once on a thread of an actor whose work may wait, such as a snapshot: from then on the
  /// thread gives way to all others. May be null.
  std::function<void()> give_way;
  std::shared_ptr<shared_gauges> gauges = std::make_shared<shared_gauges>();
};
using context_ptr = std::shared_ptr<const node_context>;

}  // namespace troupe
