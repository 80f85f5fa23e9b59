// SPDX-License-Identifier: Apache-2.0
/// What the simulated clients saw, in the form in which histories of real ensembles are written,
/// and judged by the same checks (tests/history): those know nothing of the agreed history.
#pragma once

#include <functional>
#include <string>

#include "tests/history/history.hpp"
#include "tests/sim/operations.hpp"

namespace troupe::sim {

/// Requests that were never sent are left out. A client that has several under way, or that never
/// heard of one, is several clients with one session: N0000, N0001, ...
[[nodiscard]] history::history as_clients_saw(const operation_log& log, std::string source);

/// Tells what does not hold. A search that is given up is no failure here: the agreed history,
/// which check_operations goes by, needs none.
void check_as_seen(const operation_log& log, const std::function<void(std::string)>& fail);

}  // namespace troupe::sim
