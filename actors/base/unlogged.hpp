// SPDX-License-Identifier: Apache-2.0
/// What waits for the disk, of which a role sends more for as long as it lasts. A slow disk ends no
/// role, and one that hangs looks like it; but what waits is memory. So a role ends at the bound,
/// the others go on without this server, and it looks for a leader when its disk has taken what
/// waits: nothing is asked of the journal before.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/base/node_context.hpp"

namespace troupe {

/// Why nothing more may be given to the journal; none: it may.
[[nodiscard]] inline std::optional<std::string> too_much_unlogged(const node_context& context) {
  const auto waits = context.gauges->unlogged_bytes.load(std::memory_order_relaxed);
  const auto max = context.memory.unlogged_max();
  if (waits <= max) return std::nullopt;
  return "the disk is too slow: " + std::to_string(waits) + " bytes of txns wait for it, and " +
         std::to_string(max) + " may";
}

/// What is given to the journal counts until it says that it is durable.
inline void count_unlogged(const node_context& context, const std::vector<txn_ptr>& txns) {
  context.gauges->unlogged_bytes.fetch_add(core::held_bytes(txns), std::memory_order_relaxed);
}

}  // namespace troupe
