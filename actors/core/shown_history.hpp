// SPDX-License-Identifier: Apache-2.0
/// What of a server's tree clients may be shown while nobody leads, and which clients it is behind.
///
/// Who has no leader cannot ask what is committed. So it shows its tree only as a whole and only
/// where all of it is known to be committed: what a server has logged, or was sent before its
/// leader's epoch was established, may be cut off yet, and a client that has seen it has seen what
/// never was. That a zxid is committed is known from a role whose epoch is established, and stays
/// true for ever: every later leader's history holds it.
///
/// A client that comes back says the last zxid it has seen, and is let in where that is not ahead
/// of the server. A server whose epoch e is established has all that was committed in the epochs
/// before, since e began with it, also while nothing is written in e. So a zxid of an earlier epoch
/// is behind it, whether its txn is in the history or was cut off (a server of an earlier version
/// has shown it, say); with the last txn alone as the measure such a client would be let in by
/// nobody until somebody writes. Nothing goes back for that client but what never was. ZooKeeper's
/// leader sets its last zxid to the beginning of its epoch, its followers do not.
#pragma once

#include <algorithm>
#include <optional>

#include "actors/core/mutants.hpp"
#include "messages/ids.hpp"

namespace troupe::core {

class shown_history {
 public:
  /// The tree is another one. Known to be committed is what is up to `committed`.
  void replaced(zxid committed) {
    committed_ = committed;
    begun_ = {};
  }
  /// The epoch is established, and with it the whole tree, whose last txn is `last`.
  void established(epoch era, zxid last) {
    committed_ = std::max(committed_, last);
    begun_ = zxid::first_of(era);
  }
  /// In an established epoch: applied because it is committed.
  void applied(zxid id) { committed_ = std::max(committed_, id); }

  /// `last`: of the tree. `fuzzy_until`: the tree is a copy that holds a part of what is behind
  /// `last`, up to this txn.
  [[nodiscard]] bool may_be_shown(zxid last, std::optional<zxid> fuzzy_until) const {
    const bool is_whole = !fuzzy_until || mutated(mutant::snapshot_taken_for_committed);
    return (last <= committed_ && is_whole) || mutated(mutant::logged_tail_served);
  }

  /// No client that has seen this or less has seen anything that is not in the tree.
  [[nodiscard]] zxid reaches(zxid last) const {
    return mutated(mutant::client_locked_out_after_epoch) ? last : std::max(last, begun_);
  }

  [[nodiscard]] zxid committed() const { return committed_; }

 private:
  zxid committed_;
  zxid begun_;  // the epoch that was established with the tree as it is; 0: none
};

}  // namespace troupe::core
