// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace troupe::bench {
namespace {

histogram of(const std::vector<std::int64_t>& values) {
  histogram h;
  for (auto v : values) h.record(v);
  return h;
}

TEST(Histogram, NothingRecordedIsZeroEverywhere) {
  const histogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.max(), 0);
  EXPECT_EQ(h.mean(), 0);
  EXPECT_EQ(h.at_percentile(99), 0);
}

TEST(Histogram, SmallValuesAreExact) {
  std::vector<std::int64_t> values;
  for (std::int64_t v = 1; v <= 200; ++v) values.push_back(v);
  const auto h = of(values);
  EXPECT_EQ(h.at_percentile(50), 100);
  EXPECT_EQ(h.at_percentile(99), 198);
  EXPECT_EQ(h.at_percentile(99.9), 200);
  EXPECT_EQ(h.at_percentile(100), 200);
  EXPECT_EQ(h.at_percentile(0), 1);
  EXPECT_DOUBLE_EQ(h.mean(), 100.5);
}

TEST(Histogram, PercentileOfThousandIsTheValueOfThatRankAndNotTheNext) {
  std::vector<std::int64_t> values(999, 7);
  values.push_back(200);
  EXPECT_EQ(of(values).at_percentile(99.9), 7);
  EXPECT_EQ(of(values).at_percentile(99.91), 200);
}

TEST(Histogram, EveryPowerOfTwoAndItsNeighboursStayWithinTheirError) {
  for (int bit = 0; bit < 42; ++bit) {
    for (std::int64_t near : {-1, 0, 1}) {
      const auto v = std::max<std::int64_t>((std::int64_t{1} << bit) + near, 0);
      auto h = of({v, histogram::value_max});
      const auto told = h.at_percentile(50);
      ASSERT_GE(told, v);
      ASSERT_LE(static_cast<double>(told - v), static_cast<double>(v) * 0.008) << v;
    }
  }
}

TEST(Histogram, RandomValuesAgreeWithTheSortedList) {
  std::mt19937_64 chance{7};
  std::lognormal_distribution<double> latency{13, 2};
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20'000; ++i) values.push_back(static_cast<std::int64_t>(latency(chance)));
  const auto h = of(values);
  std::sort(values.begin(), values.end());
  for (double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent * 200 - 1e-6)) - 1;
    const auto exact = static_cast<double>(values[rank]);
    EXPECT_NEAR(static_cast<double>(h.at_percentile(percent)), exact, exact * 0.008) << percent;
  }
  EXPECT_EQ(h.max(), values.back());
}

TEST(Histogram, ValuesBeyondTheRangeKeepTheMaximumExact) {
  const auto huge = std::numeric_limits<std::int64_t>::max();
  const auto h = of({5, huge});
  EXPECT_EQ(h.max(), huge);
  EXPECT_EQ(h.at_percentile(100), huge);
  EXPECT_EQ(h.at_percentile(50), 5);
}

TEST(Histogram, NegativeValueCountsAsZero) {
  const auto h = of({-3});
  EXPECT_EQ(h.count(), 1u);
  EXPECT_EQ(h.at_percentile(100), 0);
}

TEST(Histogram, MergedIsAsIfAllHadBeenRecordedInOne) {
  auto a = of({1, 2, 3'000'000});
  const auto b = of({9, 12'345'678});
  const auto both = of({1, 2, 3'000'000, 9, 12'345'678});
  a.merge(b);
  a.merge(histogram{});
  EXPECT_EQ(a.count(), 5u);
  EXPECT_EQ(a.max(), both.max());
  EXPECT_DOUBLE_EQ(a.mean(), both.mean());
  for (double percent : {20.0, 40.0, 60.0, 80.0, 100.0})
    EXPECT_EQ(a.at_percentile(percent), both.at_percentile(percent));
  histogram empty;
  empty.merge(a);
  EXPECT_EQ(empty.at_percentile(60), 9);
}

}  // namespace
}  // namespace troupe::bench
