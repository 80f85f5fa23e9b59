// SPDX-License-Identifier: Apache-2.0
/// Looks for a shorter life that still fails: less time under faults, fewer faults, fewer clients,
/// no observers. Greedy (delta debugging, Zeller 1999): each step is one run of the reduced life,
/// and what still fails in the same way is kept. The result need not be the least there is, since
/// leaving out one thing also changes the order of all that comes after.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "tests/sim/run.hpp"

namespace troupe::sim {

struct shrunk {
  reductions without;
  run_result result;  // of the life that is left; no failures: the whole life did not fail
  unsigned runs = 0;
};

/// Runs one reduced life and says what came of it.
using try_life = std::function<run_result(const reductions&)>;
/// Hears of each life that is shorter than those before and fails.
using on_shorter = std::function<void(const reductions&, const run_result&)>;

/// Begins with the whole life and goes on until nothing more can go, or until `may_go_on` says no.
[[nodiscard]] shrunk shrink(const try_life& attempt, const std::function<bool()>& may_go_on,
                            const on_shorter& tell);

/// The options of sim-swarm that repeat such a life; empty when nothing was left out.
[[nodiscard]] std::string options_text(const reductions& without);
/// Numbers as "1-3,7"; the inverse of what options_text writes. Empty when it is malformed.
[[nodiscard]] std::optional<std::set<unsigned>> parse_numbers(const std::string& text);

}  // namespace troupe::sim
