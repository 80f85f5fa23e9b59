// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/shrink.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

/// A life of 40 faults in 40 seconds that fails when all of `needed` came and `clients` asked.
try_life life(std::set<unsigned> needed, int clients, std::string how = "lost 1 write") {
  return [=](const reductions& without) {
    run_result r;
    r.chaos = std::min<duration>(without.chaos.value_or(40s), 40s);
    r.faults = static_cast<unsigned>(r.chaos / 1s);
    bool all = std::all_of(needed.begin(), needed.end(), [&](unsigned n) {
      return n < r.faults && without.faults.count(n) == 0;
    });
    if (all && without.clients.value_or(4) >= clients) r.failures.push_back(how);
    return r;
  };
}

std::function<bool()> at_most(unsigned calls) {
  return [calls, made = 0U]() mutable { return made++ < calls; };
}

shrunk shrink_quietly(const try_life& attempt, unsigned calls = 10'000) {
  return shrink(attempt, at_most(calls), [](const reductions&, const run_result&) {});
}

TEST(Shrink, LifeThatPassesIsToldAsPassing) {
  auto left = shrink_quietly(life({50}, 0));
  EXPECT_TRUE(left.result.failures.empty());
  EXPECT_EQ(left.runs, 1U);
}

TEST(Shrink, OnlyTheFaultsThatAreNeededAreLeft) {
  auto left = shrink_quietly(life({3, 11, 12}, 2));
  ASSERT_FALSE(left.result.failures.empty());
  std::set<unsigned> kept;
  for (unsigned i = 0; i < left.result.faults; ++i)
    if (left.without.faults.count(i) == 0) kept.insert(i);
  EXPECT_EQ(kept, (std::set<unsigned>{3, 11, 12}));
  EXPECT_EQ(left.without.clients, 2);
  EXPECT_TRUE(left.without.observers);
  EXPECT_LT(left.result.chaos, 15s);
}

TEST(Shrink, AnotherKindOfFailureIsNotTakenForThisOne) {
  auto attempt = [](const reductions& without) {
    run_result r;
    r.chaos = 1s;
    r.faults = 2;
    r.failures.push_back(without.faults.empty() ? "lost 1 write" : "hung after 3 s");
    return r;
  };
  EXPECT_TRUE(shrink_quietly(attempt).without.faults.empty());
}

TEST(Shrink, EndsWhenItMayNotGoOn) {
  auto left = shrink_quietly(life({3}, 1), 5);
  EXPECT_FALSE(left.result.failures.empty());
  EXPECT_LE(left.runs, 6U);
}

TEST(Shrink, OptionsRepeatTheLife) {
  reductions without;
  EXPECT_EQ(options_text(without), "");
  without.faults = {0, 1, 2, 7, 9, 10};
  without.chaos = 12'500ms;
  without.clients = 1;
  without.observers = true;
  EXPECT_EQ(options_text(without),
            " --chaos 12.500000 --without-faults 0-2,7,9-10 --clients 1 --no-observers");
  EXPECT_EQ(parse_numbers("0-2,7,9-10"), without.faults);
}

TEST(Shrink, ListOfNumbersThatIsNoneIsRefused) {
  EXPECT_EQ(parse_numbers(""), std::set<unsigned>{});
  for (const auto* text : {"x", "1-", "3-1", "1,,2", "1;2", "-1", "0-4294967295"})
    EXPECT_FALSE(parse_numbers(text)) << text;
}

}  // namespace
}  // namespace troupe::sim
