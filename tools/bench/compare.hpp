// SPDX-License-Identifier: Apache-2.0
/// Two targets under the same workloads in turns, and the medians of what was measured. In turns,
/// since a machine's speed drifts: the order A B B A gives both the same share of a slow drift.
/// Units: ns for latencies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/bench/run.hpp"

namespace troupe::bench {

/// 0 and 1 for the first and the second target: 0 1 1 0, `rounds` times.
[[nodiscard]] std::vector<std::size_t> turns(std::uint32_t rounds);

/// The middle one; between the two middle ones for an even number; 0 for none.
[[nodiscard]] double median(std::vector<double> values);

/// What is told of a run, and of the median of several.
struct figures {
  double per_second = 0;
  double p50_ns = 0, p90_ns = 0, p99_ns = 0, p999_ns = 0, max_ns = 0;
};

[[nodiscard]] figures figures_of(const run_result& result);
/// The median of each figure by itself.
[[nodiscard]] figures medians(const std::vector<figures>& runs);
/// Each figure of `a` as a multiple of that of `b`.
[[nodiscard]] figures ratio(const figures& a, const figures& b);

/// One workload on each of the targets; `of[i]` belongs to target i.
struct comparison {
  workload work;
  std::vector<figures> of;
};

}  // namespace troupe::bench
