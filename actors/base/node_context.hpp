// SPDX-License-Identifier: Apache-2.0
/// What every actor of one server may use without asking: immutable settings, and the seams to
/// clock, disk, log and trace that a simulation replaces. Shared by all actors of the server;
/// nothing in it changes after start but the gauges.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "actors/core/file_budget.hpp"
#include "actors/core/memory_budget.hpp"
#include "actors/trace/log.hpp"
#include "actors/trace/sink.hpp"
#include "config/node_config.hpp"
#include "messages/txn.hpp"

namespace troupe::storage {
class disk;
}

namespace troupe {

/// The few numbers that the actors of one server change together. All are counted relaxed, and none
/// is more than an estimate by the time it is read.
struct shared_gauges {
  std::atomic<std::int64_t> requests_under_way{0};  // of all clients; see globalOutstandingLimit
  std::atomic<std::int64_t> trace_mask{306};        // ZooKeeper's; what stmk sets, gtmk tells
  // What all clients together make this server hold; each one's part is its client_account.
  std::atomic<std::int64_t> unsent_bytes{0};        // output that they have not taken
  std::atomic<std::int64_t> request_bytes{0};       // requests that are not answered
  std::atomic<std::int64_t> arrived_bytes{0};       // of these, on their way to sessions
  std::atomic<std::int64_t> listings_under_way{0};  // long answers to four-letter words
  std::atomic<std::int64_t> clients_cut_off{0};     // for what they made this server hold
  // Bytes, as memory_budget divides them.
  std::atomic<std::int64_t> connections_bytes{0};  // of the gateway
  std::atomic<std::int64_t> recent_bytes{0};       // of txns kept for learners
  std::atomic<std::int64_t> proposed_bytes{0};     // of txns that are not committed yet
  std::atomic<std::int64_t> unheard_bytes{0};      // on their way to learners
  /// Of txns that the journal was asked to log and has not synced: roles add, the journal takes
  /// away. They outlive the role whose they are, which may be over while the disk hangs.
  std::atomic<std::int64_t> unlogged_bytes{0};
};

/// A line of the audit log without its time.
struct audit_line {
  bool is_failure = false;
  std::string text;
};

/// One actor's part of a gauge; it goes with the actor.
class gauge_part {
 public:
  gauge_part() = default;
  gauge_part(std::shared_ptr<shared_gauges> all, std::atomic<std::int64_t> shared_gauges::*which)
      : all_(std::move(all)), which_(which) {}
  gauge_part(gauge_part&& other) noexcept { *this = std::move(other); }
  gauge_part& operator=(gauge_part&& other) noexcept {
    std::swap(all_, other.all_);
    std::swap(which_, other.which_);
    std::swap(value_, other.value_);
    return *this;
  }
  ~gauge_part() { set(0); }

  void set(std::int64_t value) { add(value - value_); }
  void add(std::int64_t more) {
    if (!all_ || more == 0) return;
    value_ += more;
    (all_.get()->*which_).fetch_add(more, std::memory_order_relaxed);
  }
  [[nodiscard]] std::int64_t value() const { return value_; }

 private:
  std::shared_ptr<shared_gauges> all_;
  std::atomic<std::int64_t> shared_gauges::*which_ = nullptr;
  std::int64_t value_ = 0;
};

struct node_context {
  config::node_config config;
  server_id me;                           // 1 when standalone
  std::function<std::int64_t()> wall_ms;  // ms since 1970; virtual in simulation
  std::shared_ptr<storage::disk> disk;    // the journal's: nobody else needs to know what it is
  /// Bytes of all files below a directory. Walks it, so never on the I/O thread. Null: 0.
  std::function<std::int64_t(const std::string&)> bytes_below;
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
  core::file_budget files;     // which descriptors clients may have
  core::memory_budget memory;  // memory.limit, or the cgroup's
  /// Bytes of this process in the machine's memory now; null: nobody looks (simulation).
  std::function<std::int64_t()> resident_bytes;
  /// Gives what the heap holds and nobody uses back to the system, later and elsewhere. May be
  /// null.
  std::function<void()> trim_heap;
  /// Of long work where no clock limits a slice (long_work.hpp): fewer make more slices.
  std::size_t steps_per_slice = 1024;
  /// Of txns or requests in one message to another server; what is longer goes in parts
  /// (core/parts.hpp). Lower in simulation.
  std::size_t message_bytes_max = 128 * 1024;
  std::uint64_t seed = 0;      // for what must differ between servers, as snapshot spread
  bool detach_journal = true;  // off in simulation: one thread runs everything
  /// Called once on a thread of an actor whose work may wait, such as a snapshot: from then on the
  /// thread has a lower priority than all others. May be null.
  std::function<void()> lower_priority;
  std::shared_ptr<shared_gauges> gauges = std::make_shared<shared_gauges>();

  /// What all clients together may make this server hold: by their keys, and by memory.limit.
  [[nodiscard]] std::int64_t client_buffer_bytes_max() const {
    return std::min(config.client_buffer_bytes_max, memory.clients_max());
  }
  [[nodiscard]] std::int64_t watch_bytes_max() const {
    return std::min(config.client_watch_bytes_max, memory.watches_max());
  }
};
using context_ptr = std::shared_ptr<const node_context>;

}  // namespace troupe
