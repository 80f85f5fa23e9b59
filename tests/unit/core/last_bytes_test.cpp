// SPDX-License-Identifier: Apache-2.0
#include "actors/core/last_bytes.hpp"

#include <gtest/gtest.h>

namespace troupe::core {
namespace {

constexpr std::int64_t stall_ms = 40'000;

TEST(LastBytes, ClientThatTakesNothingIsGivenUpAfterTheStall) {
  last_bytes wait{stall_ms, 1'000};
  EXPECT_FALSE(wait.is_given_up(0, 10, 40'999));
  EXPECT_TRUE(wait.is_given_up(0, 10, 41'000));
}

TEST(LastBytes, ClientThatTakesSomeOfItIsWaitedFor) {
  last_bytes wait{stall_ms, 0};
  EXPECT_FALSE(wait.is_given_up(1, 9, 39'000));
  EXPECT_FALSE(wait.is_given_up(2, 8, 78'000));
  EXPECT_FALSE(wait.is_given_up(2, 8, 117'999));
  EXPECT_TRUE(wait.is_given_up(2, 8, 118'000));
}

TEST(LastBytes, ClientThatHasTakenAllIsOwedByUs) {
  last_bytes wait{stall_ms, 0};
  EXPECT_FALSE(wait.is_given_up(0, 0, 1'000'000));
  EXPECT_FALSE(wait.is_given_up(0, 5, 1'039'999 - 1'000'000));  // answered, not yet taken
}

TEST(LastBytes, ClientThatTakesItByDropsIsGivenUpInTheEnd) {
  last_bytes wait{stall_ms, 0};
  std::int64_t now_ms = 0;
  for (std::uint64_t taken = 1; now_ms < last_bytes::total_ms_max - 10'000; ++taken)
    ASSERT_FALSE(wait.is_given_up(taken, 1'000, now_ms += 10'000)) << now_ms;
  EXPECT_TRUE(wait.is_given_up(1'000, 1'000, now_ms + 10'000));
}

TEST(LastBytes, StallLongerThanTheWholeCountsAlone) {
  last_bytes wait{3 * last_bytes::total_ms_max, 0};
  EXPECT_FALSE(wait.is_given_up(1, 1, 2 * last_bytes::total_ms_max));
}

}  // namespace
}  // namespace troupe::core
