// SPDX-License-Identifier: Apache-2.0
/// Work that may take longer than a turn of the I/O thread should: it is done in slices, on a stack
/// of its own, and between two slices all other actors have their turns. The actor whose work it is
/// handles no message until it is done (pinned.hpp), so nobody sees it half done, and its order is
/// what it would be in one piece.
/// Make it the last member of the actor's state: work that is not done by then is given up, and its
/// destructors may still use what it was about.
/// Units: a step is what core::pace counts. With a clock a slice lasts until its time is over,
/// which is looked at every steps_per_look steps; without one, as in tests and simulation, it is
/// steps_per_slice steps. Work that gives way (core::pace) ends its slice at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "actors/core/pace.hpp"
#include "actors/coro/side_stack.hpp"

namespace troupe {

class long_work final : public core::pacer {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t steps_per_look = 32;
  static constexpr std::size_t steps_per_slice_default = 1024;

  /// Of work that goes by no clock.
  void set_steps_per_slice(std::size_t steps) { steps_per_slice_ = steps; }

  /// Does the first slice. The task's own walks are told by pace_of(*this). What it throws comes
  /// out here or from go_on().
  void begin(std::function<void()> task, std::optional<clock::time_point> until);
  void go_on(std::optional<clock::time_point> until);
  [[nodiscard]] bool is_under_way() const { return stack_ != nullptr; }
  /// Of the work done last, and of all.
  [[nodiscard]] std::size_t slices() const { return slices_; }

 private:
  std::size_t rest() override;
  std::size_t pause() override;
  [[nodiscard]] std::size_t units() const { return until_ ? steps_per_look : steps_per_slice_; }

  std::size_t steps_per_slice_ = steps_per_slice_default;
  std::optional<clock::time_point> until_;
  std::size_t slices_ = 0;
  std::unique_ptr<coro::side_stack> stack_;  // while under way; last member: dies first
};

}  // namespace troupe
