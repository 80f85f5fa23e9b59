// SPDX-License-Identifier: Apache-2.0
#include "actors/coro/side_stack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/coro/world.hpp"

namespace troupe::coro::test {
namespace {

TEST(SideStack, GoesOnWhereItPausedHoweverDeepInCalls) {
  trail seen;
  side_stack* here = nullptr;
  std::function<void(int)> descend = [&](int depth) {
    if (depth > 0) return descend(depth - 1);
    seen.push_back("deep");
    here->pause();
    seen.push_back("deep still");
  };
  side_stack work{[&] {
    descend(20);
    seen.push_back("end");
  }};
  here = &work;
  EXPECT_TRUE(work.run());
  seen.push_back("outside");
  EXPECT_FALSE(work.run());
  EXPECT_EQ(seen, (trail{"deep", "outside", "deep still", "end"}));
}

TEST(SideStack, PausesWithinAnAlgorithmOfTheLibrary) {
  std::vector<int> numbers(500);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(i * 7919 % 500);
  side_stack* here = nullptr;
  side_stack work{[&] {
    std::sort(numbers.begin(), numbers.end(), [&](int a, int b) {
      here->pause();
      return a < b;
    });
  }};
  here = &work;
  int pauses = 0;
  while (work.run()) ++pauses;
  EXPECT_GT(pauses, 500);
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
}

TEST(SideStack, ThatIsGivenUpUnwindsWhatItHolds) {
  auto held_there = make_token();
  {
    side_stack* here = nullptr;
    side_stack work{[&here, &held_there] {
      auto copy = held_there;
      for (;;) here->pause();
    }};
    here = &work;
    EXPECT_TRUE(work.run());
    EXPECT_EQ(held(held_there), 1);
  }
  EXPECT_EQ(held(held_there), 0);
}

TEST(SideStack, ThrowsOutsideWhatItsFunctionThrows) {
  side_stack* here = nullptr;
  side_stack work{[&here] {
    here->pause();
    throw std::runtime_error("in there");
  }};
  here = &work;
  EXPECT_TRUE(work.run());
  EXPECT_THROW((void)work.run(), std::runtime_error);
}

TEST(SideStack, ThatNeverRanHoldsNothing) {
  side_stack work{[] { FAIL(); }};
}

TEST(SideStack, ManyAtATimeEachHaveTheirOwn) {
  constexpr int count = 20;
  std::vector<std::unique_ptr<side_stack>> all;
  std::vector<int> sums(count);
  for (int i = 0; i < count; ++i)
    all.push_back(std::make_unique<side_stack>([i, &all, &sums] {
      for (int k = 0; k < 10; ++k) {
        sums[static_cast<std::size_t>(i)] += i;
        all[static_cast<std::size_t>(i)]->pause();
      }
    }));
  for (int round = 0; round < 10; ++round)
    for (auto& each : all) EXPECT_TRUE(each->run());
  for (auto& each : all) EXPECT_FALSE(each->run());
  for (int i = 0; i < count; ++i) EXPECT_EQ(sums[static_cast<std::size_t>(i)], 10 * i);
}

}  // namespace
}  // namespace troupe::coro::test
