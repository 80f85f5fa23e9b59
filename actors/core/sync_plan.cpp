// SPDX-License-Identifier: Apache-2.0
#include "actors/core/sync_plan.hpp"

#include <algorithm>

#include "actors/core/mutants.hpp"
#include "actors/core/zxid_order.hpp"

namespace troupe::core {
namespace {

using zxids = std::span<const zxid>;

bool is_begin_of_epoch(zxid id) { return id.counter() == 0; }

bool has_no_hole(zxids ids) {
  return std::adjacent_find(ids.begin(), ids.end(),
                            [](zxid a, zxid b) { return !may_follow(b, a); }) == ids.end();
}

/// `peer` lies within the window, whose first txn is not after it.
sync_plan plan_within(zxids window, zxid peer) {
  const auto after = std::upper_bound(window.begin(), window.end(), peer);
  const zxid before = *std::prev(after);
  if (!has_no_hole({std::prev(after), window.end()})) return send_snapshot{};
  if (before == peer || is_begin_of_epoch(peer)) return send_diff{peer};
  // The learner logged what was never committed: it led, or followed who led, when that leadership
  // ended. All logs hold a prefix of what one leader proposed, so it has `before` if that is of the
  // same epoch. ZooKeeper sends a snapshot here, for it will not truncate once a later epoch began.
  if (mutated(mutant::diff_over_divergence)) return send_diff{before};
  if (before.in_epoch() != peer.in_epoch()) return send_snapshot{};
  return send_truncate_then_diff{before};
}

/// `peer` is older than the window, which begins at `window_min`.
sync_plan plan_from_log(const disk_log& log, zxid peer, zxid window_min) {
  if (log.snapshot_size_factor <= 0) return send_snapshot{};
  const auto bytes_max = static_cast<double>(log.snapshot_bytes) * log.snapshot_size_factor;
  if (static_cast<double>(log.bytes_needed) > bytes_max) return send_snapshot{};
  // Without a txn that the learner has, nothing says that the log holds the very next one.
  if (!log.at_or_before_peer) return send_snapshot{};
  if (*log.at_or_before_peer != peer && !is_begin_of_epoch(peer)) return send_snapshot{};
  if (log.newest < window_min && !may_follow(window_min, log.newest)) return send_snapshot{};
  return send_diff_from_log{peer};
}

}  // namespace

sync_plan choose_sync(const sync_input& in) {
  const zxid peer = in.peer_last;
  const zxid min = in.committed.empty() ? in.last_processed : in.committed.front();
  const zxid max = in.committed.empty() ? in.last_processed : in.committed.back();

  if (peer == in.last_processed) return send_diff{peer};
  if (peer > max) {
    if (mutated(mutant::diff_over_divergence)) return send_diff{max};
    if (is_begin_of_epoch(peer)) return send_snapshot{};
    return send_truncate{max};
  }
  if (peer >= min) return plan_within(in.committed, peer);
  return in.log ? plan_from_log(*in.log, peer, min) : sync_plan{send_snapshot{}};
}

}  // namespace troupe::core
