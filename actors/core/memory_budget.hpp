// SPDX-License-Identifier: Apache-2.0
/// What a server may hold in memory, by a limit on its resident size, and what may still grow near
/// it. A txn that is committed cannot be refused by whoever is to apply it. So a request that would
/// make the tree larger is refused before it is proposed: by the leading server for its own tree,
/// and by the server that the client asks for its own.
///
/// The parts. The program and its threads take a fixed amount, and an eighth of the limit is for
/// what the allocator wastes. Half of the rest is the tree's; a quarter is for sessions and
/// watches, a quarter for what is on its way (buffers). The tree may have no more, for there are
/// two of them for a moment: while a snapshot, a cut log or a repaired disk is read, the former
/// tree is still there. Nobody is served meanwhile, so the second tree has the room of sessions
/// and buffers.
///
/// Units: bytes. Without a limit every part is as large as it likes, but for the buffers' bounds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "messages/txn.hpp"

namespace troupe::core {

class memory_budget {
 public:
  static constexpr std::int64_t mib = std::int64_t{1} << 20;
  /// Program, libraries, stacks: measured, and rounded up.
  static constexpr std::int64_t program = 24 * mib;
  /// Less than this serves nobody.
  static constexpr std::int64_t limit_min = 64 * mib;

  /// No limit.
  memory_budget() = default;
  explicit memory_budget(std::int64_t limit) : limit_(std::max(limit, limit_min)) {}

  [[nodiscard]] bool is_limited() const { return limit_ > 0; }
  [[nodiscard]] std::int64_t limit() const { return limit_; }

  [[nodiscard]] std::int64_t tree_max() const { return part(2); }
  [[nodiscard]] std::int64_t sessions_max() const { return part(4); }
  [[nodiscard]] std::int64_t buffers_max() const { return part(4); }
  /// Of what sessions and watches may have.
  [[nodiscard]] std::int64_t watches_max() const { return sessions_max() / 2; }

  /// A resident size from which on nothing may grow, whatever the parts say: they are a model.
  [[nodiscard]] std::int64_t resident_max() const {
    return is_limited() ? limit_ - limit_ / 16 : unlimited;
  }

  // Of the buffers. Together they may be more than all, since not all are full at once.

  /// Of clients: requests that are not answered, and output that is not taken.
  [[nodiscard]] std::int64_t clients_max() const { return buffers_max() / 2; }
  /// Committed txns kept for learners that come back. An older one gets the log or a snapshot.
  [[nodiscard]] std::int64_t recent_max() const { return std::min(64 * mib, buffers_max() / 8); }
  /// For one learner, not known to have arrived; one and the same txn for all of them. Without a
  /// limit: far more than a healthy learner ever lags, far less than makes the leader's host swap.
  [[nodiscard]] std::int64_t unheard_max() const {
    return std::min(1024 * mib, buffers_max() / 8 * 3);
  }
  /// Not on a voter's disk: from here on clients hold back large writes, so that it catches up.
  [[nodiscard]] std::int64_t lag_max() const { return unheard_max() / 4; }
  /// Given to the journal and not on the disk: a sync that does not return would let them grow
  /// without end. What came last may go beyond it.
  [[nodiscard]] std::int64_t unlogged_max() const { return unheard_max(); }
  /// Of what is not known to have arrived, handed to the network, which copies it more than once.
  [[nodiscard]] std::int64_t on_the_way_max() const { return std::min(8 * mib, unheard_max() / 8); }
  /// Large writes of this server's clients that are not applied yet; a single one may be larger.
  [[nodiscard]] std::int64_t writes_max() const { return std::min(4 * mib, buffers_max() / 32); }
  /// Of the log read at once for a learner; beyond it a snapshot is streamed, which is more.
  [[nodiscard]] std::int64_t catch_up_max() const { return buffers_max() / 4; }

 private:
  static constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();
  [[nodiscard]] std::int64_t part(std::int64_t nth) const {
    return is_limited() ? (limit_ - program - limit_ / 8) / nth : unlimited;
  }

  std::int64_t limit_ = 0;
};

/// What a txn takes: its bytes, and what they were decoded to, which is about as much.
[[nodiscard]] inline std::int64_t held_bytes(const logged_txn& x) {
  return static_cast<std::int64_t>(2 * x.bytes.size() + sizeof x);
}
[[nodiscard]] inline std::int64_t held_bytes(const std::vector<txn_ptr>& all) {
  std::int64_t out = 0;
  for (const auto& x : all) out += held_bytes(*x);
  return out;
}

/// Bytes by part, as they are.
struct memory_use {
  std::int64_t tree = 0;
  std::int64_t sessions = 0;  // with connections and watches
  std::int64_t buffers = 0;
  std::int64_t resident = 0;  // 0: not known
};

/// Whether a server's tree may grow now, looked at from time to time. Invariant: what is refused at
/// one look and not at the next has gone down by a margin, so the state does not flutter.
class memory_watch {
 public:
  enum class reason { none, tree, resident };

  /// Why nothing may grow; none: it may.
  [[nodiscard]] reason full() const { return full_; }
  /// How large the tree may become.
  [[nodiscard]] std::int64_t tree_max(const memory_budget& budget) const {
    return full_ == reason::resident ? 0 : budget.tree_max();
  }

  /// True: full() is another than before.
  bool look(const memory_budget& budget, const memory_use& now) {
    const auto before = full_;
    full_ = judge(budget, now);
    return full_ != before;
  }

 private:
  [[nodiscard]] reason judge(const memory_budget& budget, const memory_use& now) const {
    if (!budget.is_limited()) return reason::none;
    const auto is_over = [](std::int64_t use, std::int64_t max, bool was) {
      return use >= (was ? max - max / 20 : max);
    };
    if (is_over(now.resident, budget.resident_max(), full_ == reason::resident))
      return reason::resident;
    // The last hundredth is where requests of any size begin to be refused.
    const auto tree_max = budget.tree_max() - budget.tree_max() / 100;
    return is_over(now.tree, tree_max, full_ == reason::tree) ? reason::tree : reason::none;
  }

  reason full_ = reason::none;
};

/// The heap holds much that nobody uses: it is worth giving back.
[[nodiscard]] inline bool is_worth_trimming(const memory_budget& budget, const memory_use& now) {
  const auto counted = now.tree + now.sessions + now.buffers + memory_budget::program;
  return budget.is_limited() && now.resident - counted > budget.limit() / 8;
}

}  // namespace troupe::core
