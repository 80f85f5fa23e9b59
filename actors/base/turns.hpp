// SPDX-License-Identifier: Apache-2.0
/// How long actors keep the I/O thread at a time, since it serves everybody: what the person on
/// call looks at when clients, or the other servers, were kept waiting. By the clock a turn also
/// takes what the machine lets the thread wait for a processor; its processor time is what it took
/// itself. One record a thread; written by pinned actors (pinned.hpp), the client gateway as things
/// happen at its sockets, and the loop (io_loop.hpp), on the I/O thread. Units: milliseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "actors/base/turn_figures.hpp"

namespace troupe {

/// A turn, or a round of them, that took longer than it may.
struct long_turn {
  std::string_view actor, message;
  double ms = 0, cpu_ms = 0;
  std::uint64_t untold = 0;  // others like it since the last one that was told of
};

class turn_record {
 public:
  using clock = std::chrono::steady_clock;
  using teller = std::function<void(const long_turn&)>;

  /// The processor time of this thread at a moment. To ask for it takes longer than most turns, so
  /// one answer does for all that begins within stamp_age_max: figures are too high by that, never
  /// too low.
  struct stamp_t {
    clock::time_point at{};
    std::chrono::nanoseconds cpu{0};
  };
  static constexpr std::chrono::microseconds stamp_age_max{250};
  /// What is shorter is nothing to keep books of.
  static constexpr std::chrono::milliseconds noted_min{1};

  [[nodiscard]] static turn_record& of_this_thread();
  /// Replaced in tests.
  std::function<std::chrono::nanoseconds()> cpu_now;

  turn_record();

  /// From now on turns of at least `told_ms` are told of, but no more often than once a second; 0:
  /// none is.
  void tell(std::int64_t told_ms, teller to);
  [[nodiscard]] stamp_t stamp(clock::time_point now) {
    if (now - last_.at > stamp_age_max) last_ = {now, cpu_now()};
    return {now, last_.cpu};
  }
  /// A turn that began at `since` is over.
  void note_turn(std::string_view actor, std::string_view message, const stamp_t& since,
                 clock::time_point now) {
    if (now - since.at >= noted_min) note_long(actor, message, since, now);
  }
  /// A round; what the thread waited for in it, for sockets or for a processor, does not count.
  void note_round(const stamp_t& since, clock::time_point now) {
    if (now - since.at >= noted_min) note_long_round(since, now);
  }
  /// A slice of long work was done, or as much was begun for others; whether so since this was
  /// last asked.
  void note_slice() { had_slice_ = true; }
  [[nodiscard]] bool take_slice() { return std::exchange(had_slice_, false); }
  [[nodiscard]] const turn_figures& figures() const { return figures_; }
  void reset() { figures_ = {}; }

 private:
  void note_long(std::string_view actor, std::string_view message, const stamp_t& since,
                 clock::time_point now);
  void note_long_round(const stamp_t& since, clock::time_point now);
  double cpu_ms_since(const stamp_t& since, clock::time_point now);
  void tell_of(const long_turn& x, clock::time_point now);

  turn_figures figures_;
  stamp_t last_;
  std::int64_t told_ms_ = 0;
  teller to_;
  clock::time_point told_at_{};
  std::uint64_t untold_ = 0;
  bool had_slice_ = false;
  bool is_explained_ = false;  // a turn of this round was long
};

}  // namespace troupe
