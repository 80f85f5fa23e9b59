// SPDX-License-Identifier: Apache-2.0
/// The only source of chance in a simulation: one seed, the same numbers on every machine
/// (splitmix64; the standard's distributions may differ between libraries). Each part of the world
/// draws from a fork of its own, so that one more draw in one part does not shift all others.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace troupe::sim {

/// Virtual time and lengths of it; the simulation starts near 0.
using duration = std::chrono::microseconds;

class rng {
 public:
  explicit rng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    auto x = state_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }

  /// 0 <= result < bound. `bound` is not 0.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

  /// Both ends may come up.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  duration between(duration low, duration high) {
    return duration{between(low.count(), high.count())};
  }

  /// True in `percent` of 100 cases, to the thousandth.
  bool chance(double percent) { return static_cast<double>(next() % 100'000) < percent * 1'000; }

  /// A stream of its own; `label` tells the forks of one parent apart.
  [[nodiscard]] rng fork(std::uint64_t label) const {
    rng child{state_ ^ (label * 0xd6e8feb86659fd93U)};
    child.next();
    return child;
  }

 private:
  std::uint64_t state_;
};

}  // namespace troupe::sim
