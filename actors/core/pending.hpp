// SPDX-License-Identifier: Apache-2.0
/// The follower's window: proposals received from the leader and not yet committed
/// (FollowerZooKeeperServer's pendingTxns).
/// Invariant: what is received has no hole (ZOOKEEPER-4925: a follower that took one lost data),
/// and is committed in the order it was received.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "messages/ids.hpp"

namespace troupe::core {

class pending {
 public:
  enum class receipt {
    fresh,      // log it
    duplicate,  // seen before: ignore it
    hole,       // something before it is missing: leave this leader and sync again
  };

  pending() = default;
  /// `last` is what this server holds already, logged and applied.
  explicit pending(zxid last) : last_received_(last), last_committed_(last) {}

  /// The next one is last_received() + 1 in its epoch, or the first txn of a later epoch.
  [[nodiscard]] receipt on_proposal(zxid id);

  /// Everything received up to `upto` is committed: returns it, to be applied in this order.
  /// Nothing for what was committed before. An error for what was not received: this server and its
  /// leader do not share a history.
  [[nodiscard]] tl::expected<std::vector<zxid>, std::string> on_commit(zxid upto);

  [[nodiscard]] zxid last_received() const { return last_received_; }
  [[nodiscard]] zxid last_committed() const { return last_committed_; }
  [[nodiscard]] std::size_t outstanding() const { return waiting_.size(); }

 private:
  std::deque<zxid> waiting_;  // ascending, all in (last_committed_, last_received_]
  zxid last_received_;
  zxid last_committed_;
};

}  // namespace troupe::core
