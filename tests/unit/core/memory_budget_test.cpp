// SPDX-License-Identifier: Apache-2.0
#include "actors/core/memory_budget.hpp"

#include <gtest/gtest.h>

namespace troupe::core::testing {
namespace {

constexpr auto mib = memory_budget::mib;
using reason = memory_watch::reason;

TEST(MemoryBudget, WithoutALimitOnlyBuffersHaveBounds) {
  memory_budget none;
  EXPECT_FALSE(none.is_limited());
  EXPECT_GT(none.tree_max(), std::int64_t{1} << 60);
  EXPECT_EQ(none.recent_max(), 64 * mib);
  EXPECT_EQ(none.unheard_max(), 1024 * mib);
}

TEST(MemoryBudget, PartsFitIntoTheLimitAndSoDoTwoTrees) {
  for (auto limit : {64 * mib, 256 * mib, 1024 * mib, 64 * 1024 * mib}) {
    memory_budget all{limit};
    const auto rest = memory_budget::program + limit / 8;
    EXPECT_LE(all.tree_max() + all.sessions_max() + all.buffers_max() + rest, limit);
    EXPECT_LE(2 * all.tree_max() + rest, limit);
    // What a learner misses is read for it, then what came meanwhile is sent: never both at most.
    EXPECT_LE(all.clients_max() + all.unheard_max() + all.recent_max(), all.buffers_max());
    EXPECT_LE(all.clients_max() + all.catch_up_max() + all.lag_max() + all.recent_max(),
              all.buffers_max());
    // All servers' large writes at once do not make a healthy learner lag.
    EXPECT_LE(all.writes_max(), all.lag_max() / 2);
    EXPECT_LE(all.on_the_way_max(), all.lag_max());
    EXPECT_GE(all.tree_max(), limit / 4 - 8 * mib);
    EXPECT_LT(all.resident_max(), limit);
  }
}

TEST(MemoryWatch, WithoutALimitNothingIsEverFull) {
  memory_watch watch;
  EXPECT_FALSE(watch.look({}, {.tree = 1LL << 50, .resident = 1LL << 50}));
  EXPECT_EQ(watch.full(), reason::none);
  EXPECT_FALSE(is_worth_trimming({}, {.resident = 1LL << 50}));
}

TEST(MemoryWatch, ATreeThatFillsItsPartIsToldOnceAndAgainWhenItHasShrunkByAMargin) {
  const memory_budget budget{256 * mib};
  memory_watch watch;
  const auto max = budget.tree_max();
  EXPECT_FALSE(watch.look(budget, {.tree = max / 2}));
  EXPECT_TRUE(watch.look(budget, {.tree = max}));
  EXPECT_EQ(watch.full(), reason::tree);
  EXPECT_EQ(watch.tree_max(budget), max);
  EXPECT_FALSE(watch.look(budget, {.tree = max - max / 50})) << "a little less is still full";
  EXPECT_TRUE(watch.look(budget, {.tree = max - max / 10}));
  EXPECT_EQ(watch.full(), reason::none);
}

TEST(MemoryWatch, NothingMayGrowInAProcessThatIsNearItsLimitWhateverThePartsSay) {
  const memory_budget budget{256 * mib};
  memory_watch watch;
  EXPECT_TRUE(watch.look(budget, {.tree = mib, .resident = 245 * mib}));
  EXPECT_EQ(watch.full(), reason::resident);
  EXPECT_EQ(watch.tree_max(budget), 0);
  EXPECT_FALSE(watch.look(budget, {.tree = mib, .resident = 235 * mib}));
  EXPECT_TRUE(watch.look(budget, {.tree = mib, .resident = 200 * mib}));
  EXPECT_EQ(watch.tree_max(budget), budget.tree_max());
}

TEST(MemoryWatch, ALimitThatNobodyMeasuresIsTheTreesAlone) {
  const memory_budget budget{64 * mib};
  memory_watch watch;
  EXPECT_FALSE(watch.look(budget, {.tree = mib, .resident = 0}));
}

TEST(MemoryWatch, TheHeapIsWorthTrimmingWhenMuchMoreIsResidentThanCounted) {
  const memory_budget budget{256 * mib};
  EXPECT_FALSE(is_worth_trimming(budget, {.tree = 100 * mib, .resident = 140 * mib}));
  EXPECT_TRUE(is_worth_trimming(budget, {.tree = 50 * mib, .resident = 140 * mib}));
}

}  // namespace
}  // namespace troupe::core::testing
