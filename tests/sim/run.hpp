// SPDX-License-Identifier: Apache-2.0
/// One seed from beginning to end: an ensemble and its faults drawn from it, chaos, heal, audit.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/core/mutants.hpp"
#include "tests/sim/breakage.hpp"
#include "tests/sim/rng.hpp"

namespace troupe::sim {

struct run_options {
  std::uint64_t seed = 1;
  std::optional<int> voters;  // else 3 or 5 by seed
  breakage broken = breakage::none;
  mutant planted = mutant::none;  // only in a build that holds them
  std::function<void(std::string_view)> trace;
};

struct run_result {
  std::vector<std::string> failures;
  duration virtual_time{0};
  std::uint64_t jobs = 0;
  std::uint64_t hash = 0;
  std::size_t txns = 0;      // agreed
  std::size_t answered = 0;  // operations
  std::size_t leaders = 0;   // established
};

[[nodiscard]] run_result run_seed(const run_options& options);

}  // namespace troupe::sim
