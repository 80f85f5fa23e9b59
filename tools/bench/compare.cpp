// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/compare.hpp"

#include <algorithm>

namespace troupe::bench {
namespace {

constexpr double figures::*all[] = {&figures::per_second, &figures::p50_ns,  &figures::p90_ns,
                                    &figures::p99_ns,     &figures::p999_ns, &figures::max_ns};

}  // namespace

std::vector<std::size_t> turns(std::uint32_t rounds) {
  std::vector<std::size_t> order;
  for (std::uint32_t i = 0; i < rounds; ++i) order.insert(order.end(), {0, 1, 1, 0});
  return order;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

figures figures_of(const run_result& result) {
  const auto at = [&](double percent) {
    return static_cast<double>(result.latency.at_percentile(percent));
  };
  return {result.per_second(),
          at(50),
          at(90),
          at(99),
          at(99.9),
          static_cast<double>(result.latency.max())};
}

figures medians(const std::vector<figures>& runs) {
  figures out;
  for (auto figure : all) {
    std::vector<double> values;
    for (const auto& run : runs) values.push_back(run.*figure);
    out.*figure = median(std::move(values));
  }
  return out;
}

figures ratio(const figures& a, const figures& b) {
  figures out;
  for (auto figure : all) out.*figure = b.*figure > 0 ? a.*figure / (b.*figure) : 0;
  return out;
}

}  // namespace troupe::bench
