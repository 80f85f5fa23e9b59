// SPDX-License-Identifier: Apache-2.0
/// When a server tries a disk again that has failed: soon at first, then each time after twice as
/// long, up to a limit. A disk that fails again soon after it worked goes on where it was, so that
/// one which comes and goes makes a server leave its ensemble ever more rarely. Units: milliseconds
/// of the caller's clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace troupe::core {

class disk_patience {
 public:
  static constexpr std::int64_t first_ms = 500;
  /// A disk that has worked for so many of the longest pauses is taken for a good one.
  static constexpr std::int64_t proof_pauses = 6;

  disk_patience() = default;
  explicit disk_patience(std::int64_t tick_ms) : longest_ms_(std::max(first_ms, 5 * tick_ms)) {}

  /// The disk has failed: how long to leave it alone.
  [[nodiscard]] std::int64_t pause_ms(std::int64_t now_ms) {
    if (works_since_ms_ && now_ms - *works_since_ms_ >= proof_pauses * longest_ms_)
      next_ms_ = first_ms;
    works_since_ms_.reset();
    auto pause = next_ms_;
    next_ms_ = std::min(2 * next_ms_, longest_ms_);
    return pause;
  }

  void works(std::int64_t now_ms) { works_since_ms_ = now_ms; }

 private:
  std::int64_t longest_ms_ = first_ms;
  std::int64_t next_ms_ = first_ms;
  std::optional<std::int64_t> works_since_ms_;
};

}  // namespace troupe::core
