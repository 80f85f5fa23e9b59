// SPDX-License-Identifier: Apache-2.0
/// Which zxid may come next in a log: the one rule that keeps histories free of holes. Asked where
/// proposals are received, where a learner is synced, and where txns are appended.
#pragma once

#include "messages/ids.hpp"

namespace troupe::core {

/// The successor within an epoch, or the first txn of a later one. `last` may be the beginning of
/// an epoch (counter 0); `next`, being a txn, never is.
[[nodiscard]] constexpr bool may_follow(zxid next, zxid last) {
  if (next.in_epoch() == last.in_epoch()) return next.value == last.value + 1;
  return next.in_epoch() > last.in_epoch() && next.counter() == 1;
}

}  // namespace troupe::core
