// SPDX-License-Identifier: Apache-2.0
/// How long what was synced may stay without a note that it was (storage/sync_mark.hpp). A note
/// takes a sync of its own, so the interval goes with what that costs: one part in a hundred of the
/// disk's time, between a fifth of a second and two seconds. Rot of what is not noted yet is not to
/// be told from a torn batch, so this is what one server may forget if it rots right then.
#pragma once

#include <algorithm>
#include <chrono>

namespace troupe::core {

inline constexpr std::chrono::milliseconds sync_note_interval_min{200};
inline constexpr std::chrono::milliseconds sync_note_interval_max{2'000};

/// `took`: what the last note took.
[[nodiscard]] constexpr std::chrono::nanoseconds sync_note_interval(std::chrono::nanoseconds took) {
  return std::clamp<std::chrono::nanoseconds>(100 * took, sync_note_interval_min,
                                              sync_note_interval_max);
}

}  // namespace troupe::core
