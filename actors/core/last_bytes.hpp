// SPDX-License-Identifier: Apache-2.0
/// How long a connection that is about to end is waited for, while its client has yet to take what
/// it was sent: as long as it takes some of it within every `stall_ms_max`, and no longer than
/// `total_ms_max` in all. Units: milliseconds of the caller's clock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace troupe::core {

class last_bytes {
 public:
  /// Enough for some tens of megabytes over a slow line.
  static constexpr std::int64_t total_ms_max = 10 * 60 * 1000;

  last_bytes(std::int64_t stall_ms_max, std::int64_t now_ms)
      : stall_ms_max_(stall_ms_max), since_ms_(now_ms), moved_ms_(now_ms) {}

  /// What has been taken since the connection began, and how much of what was sent is left. True:
  /// cut it off.
  [[nodiscard]] bool is_given_up(std::uint64_t taken, std::uint64_t left, std::int64_t now_ms) {
    if (left == 0 || taken > taken_) moved_ms_ = now_ms;
    taken_ = std::max(taken_, taken);
    return left > 0 && (now_ms - moved_ms_ >= stall_ms_max_ ||
                        now_ms - since_ms_ >= std::max(total_ms_max, stall_ms_max_));
  }

  [[nodiscard]] std::int64_t check_ms() const {
    return std::max<std::int64_t>(stall_ms_max_ / 4, 1);
  }

 private:
  std::int64_t stall_ms_max_;
  std::int64_t since_ms_, moved_ms_;
  std::uint64_t taken_ = 0;
};

}  // namespace troupe::core
