// SPDX-License-Identifier: Apache-2.0
/// Servers that break one rule of the protocol, to prove that the checkers see it. Made of doubles
/// around the production actors: a disk that lies, messages forged or swapped on their way. The
/// actors themselves know nothing of it.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace troupe::sim {

enum class breakage {
  none,
  ack_before_sync,      // the disk says "synced" and is not: acks run ahead of durability
  skip_quorum,          // the leader hears acks of learners that did not ack
  commit_out_of_order,  // a database applies two commits in the wrong order
  forget_epoch_file,    // a crash takes acceptedEpoch and currentEpoch along
  skip_old_quorum,      // a reconfig that was logged is taken for committed: the new voters alone
};

struct named_breakage {
  std::string_view name;
  breakage what;
};
inline constexpr std::array<named_breakage, 5> breakages{{
    {"ack-before-sync", breakage::ack_before_sync},
    {"skip-quorum", breakage::skip_quorum},
    {"commit-out-of-order", breakage::commit_out_of_order},
    {"forget-epoch-file", breakage::forget_epoch_file},
    {"skip-old-quorum", breakage::skip_old_quorum},
}};

[[nodiscard]] inline std::optional<breakage> breakage_of(std::string_view name) {
  for (const auto& each : breakages)
    if (each.name == name) return each.what;
  return std::nullopt;
}

}  // namespace troupe::sim
