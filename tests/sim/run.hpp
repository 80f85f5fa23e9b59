// SPDX-License-Identifier: Apache-2.0
/// One seed from beginning to end: an ensemble and its faults drawn from it, chaos, heal, audit.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/core/mutants.hpp"
#include "tests/history/history.hpp"
#include "tests/sim/breakage.hpp"
#include "tests/sim/rng.hpp"

namespace troupe::sim {

/// What a life goes without, of what its seed would give it. See shrink.hpp.
struct reductions {
  std::set<unsigned> faults;      // by their numbers
  std::optional<duration> chaos;  // not longer than this
  std::optional<int> clients;     // not more
  bool observers = false, spares = false, list_changes = false, survivors = false;
};

struct run_options {
  std::uint64_t seed = 1;
  reductions without;
  std::optional<int> voters;  // else 3 or 5 by seed
  bool reconfigs = false;     // the servers change, and some stay dead for good
  breakage broken = breakage::none;
  mutant planted = mutant::none;  // only in a build that holds them
  std::function<void(std::string_view)> trace;
  std::function<void(const history::history&)> as_seen;  // hears what the clients saw
};

struct run_result {
  std::vector<std::string> failures;
  duration virtual_time{0};
  std::uint64_t jobs = 0;
  std::uint64_t hash = 0;
  std::size_t txns = 0;      // agreed
  std::size_t answered = 0;  // operations
  std::size_t leaders = 0;   // established
  unsigned faults = 0;
  duration chaos{0};
};

[[nodiscard]] run_result run_seed(const run_options& options);

}  // namespace troupe::sim
