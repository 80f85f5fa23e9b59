// SPDX-License-Identifier: Apache-2.0
/// In which order a leader brings a learner to its own history: TRUNC, or DIFF, or TRUNC and then
/// DIFF, or SNAP; then what was proposed meanwhile; then NEWLEADER, once; then more of what is
/// proposed, and UPTODATE, once (ZAB paper, phase 2; Learner.syncWithLeader takes any order).
/// Invariant: what was out of order was not taken; the conversation ends there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::core {

/// What the leader says; proposal: also a commit, and an INFORM to an observer.
enum class sync_step {
  truncate,
  diff,
  snapshot,
  last_of_snapshot,
  proposal,
  new_leader,
  up_to_date
};

class sync_order {
 public:
  /// None: it is in order. Else which message it is, and behind which it must not come.
  [[nodiscard]] std::optional<std::string> take(sync_step step);

 private:
  enum class stage { begun, cut, diff, snapshot, whole, proposals, announced, over };

  /// Where the conversation is behind it; none: it may not come now.
  [[nodiscard]] std::optional<stage> behind(sync_step step) const;

  stage at_ = stage::begun;
};

}  // namespace troupe::core
