// SPDX-License-Identifier: Apache-2.0
/// How a leader brings one learner to its own history: DIFF, TRUNC or SNAP. The choice of
/// LearnerHandler.syncFollower, as a pure function.
/// A zxid with counter 0 names the beginning of an epoch and no txn: it is in no log, and a learner
/// that reports one is never truncated. Whatever would leave a hole in the learner's log ends in a
/// snapshot.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "messages/ids.hpp"

namespace troupe::core {

/// What the leader's txn log could serve to a learner that is behind the committed window.
struct disk_log {
  std::optional<zxid> at_or_before_peer;  // the last txn on disk that is not after the learner's
  zxid newest;                            // the last txn on disk
  std::uint64_t bytes_needed = 0;         // of the txns after the learner's
  std::uint64_t snapshot_bytes = 0;       // of the newest snapshot
  /// `snapshotSizeFactor`: the log may be this much of a snapshot. Not positive: never.
  double snapshot_size_factor = 0.33;
};

struct sync_input {
  zxid peer_last;       // what the learner logged last
  zxid last_processed;  // what the leader applied last, or the beginning of its epoch
  /// The committed txns in memory, ascending.
  std::span<const zxid> committed;
  std::optional<disk_log> log = std::nullopt;
};

/// Send the committed txns after `after`; none if there are none.
struct send_diff {
  zxid after;
  friend bool operator==(const send_diff&, const send_diff&) = default;
};
/// The learner drops what it has after `to`, and then has all.
struct send_truncate {
  zxid to;
  friend bool operator==(const send_truncate&, const send_truncate&) = default;
};
/// The learner drops what it has after `to`; then the committed txns after `to`.
struct send_truncate_then_diff {
  zxid to;
  friend bool operator==(const send_truncate_then_diff&, const send_truncate_then_diff&) = default;
};
/// Send the txns after `after` from the log on disk, then those of the window that it did not hold.
struct send_diff_from_log {
  zxid after;
  friend bool operator==(const send_diff_from_log&, const send_diff_from_log&) = default;
};
struct send_snapshot {
  friend bool operator==(const send_snapshot&, const send_snapshot&) = default;
};

using sync_plan = std::variant<send_diff, send_truncate, send_truncate_then_diff,
                               send_diff_from_log, send_snapshot>;

[[nodiscard]] sync_plan choose_sync(const sync_input& in);

}  // namespace troupe::core
