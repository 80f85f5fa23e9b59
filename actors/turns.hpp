// SPDX-License-Identifier: Apache-2.0
/// How long actors keep the I/O thread at a time, since it serves everybody: what the person on
/// call looks at when clients, or the other servers, were kept waiting. One record a thread; only
/// pinned actors (pinned.hpp) write it, on the I/O thread. Units: milliseconds of a steady clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include "messages/turn_figures.hpp"

namespace troupe {

/// A turn that took longer than it may.
struct long_turn {
  std::string_view actor, message;
  double ms = 0;
  std::uint64_t untold = 0;  // others like it since the last one that was told of
};

class turn_record {
 public:
  using clock = std::chrono::steady_clock;
  using teller = std::function<void(const long_turn&)>;

  [[nodiscard]] static turn_record& of_this_thread();

  /// From now on turns of at least `told_ms` are told of, but no more often than once a second; 0:
  /// none is.
  void tell(std::int64_t told_ms, teller to);
  void note(std::string_view actor, std::string_view message, clock::duration took,
            clock::time_point now);
  [[nodiscard]] const turn_figures& figures() const { return figures_; }
  void reset() { figures_ = {}; }

 private:
  turn_figures figures_;
  std::int64_t told_ms_ = 0;
  teller to_;
  clock::time_point told_at_{};
  std::uint64_t untold_ = 0;
};

}  // namespace troupe
