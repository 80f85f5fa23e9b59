// SPDX-License-Identifier: Apache-2.0
/// What long walks tell while they go on, so that whoever runs them can let others in between. A
/// walk says step() for each thing that it looked at, or made, or gave up; it may find itself
/// waiting there. What that means is the runner's choice (long_work.hpp): the walk knows no clock.
/// Order: while a walk waits nobody else may read or change what it walks; that is the runner's
/// duty as well, so a walk may hold iterators and views across a step, but no lock.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

namespace troupe::core {

/// Whoever runs walks.
class pacer {
 public:
  void step(std::size_t units) {
    if (units < left_)
      left_ -= units;
    else
      left_ = rest();
  }
  /// Others have their turns now, whatever was allowed.
  void give_way() { left_ = pause(); }

 protected:
  ~pacer() = default;
  /// The units said before are used up. Returns how many there may be until it is asked again.
  [[nodiscard]] virtual std::size_t rest() = 0;
  /// The same, and there is to be a pause.
  [[nodiscard]] virtual std::size_t pause() = 0;
  /// So many units from now on, before rest() is asked.
  void allow(std::size_t units) { left_ = units; }

 private:
  std::size_t left_ = 0;
};

/// A walk's way to its pacer; by default there is none, and it goes through without a stop.
class pace {
 public:
  pace() = default;
  explicit pace(pacer& by) : by_(&by) {}

  void step(std::size_t units = 1) const {
    if (by_ != nullptr) by_->step(units);
  }
  /// After what makes work for many others: theirs is done before this walk makes more of it.
  void give_way() const {
    if (by_ != nullptr) by_->give_way();
  }

 private:
  pacer* by_ = nullptr;
};

/// Ascending. Takes about a step for each comparison, and as many for any order that it begins
/// with: some are orders of addresses, and a replay cuts the work into the same slices.
template <class Range>
void sort_in_steps(Range& all, const pace& at) {
  std::size_t left = all.size() * static_cast<std::size_t>(std::bit_width(all.size()));
  std::sort(all.begin(), all.end(), [&at, &left](const auto& a, const auto& b) {
    if (left > 0) at.step(), --left;
    return a < b;
  });
  for (; left > 0; --left) at.step();
}

/// So many bytes copied take about as long as one thing looked at.
inline constexpr std::size_t bytes_per_step = 256;

}  // namespace troupe::core
