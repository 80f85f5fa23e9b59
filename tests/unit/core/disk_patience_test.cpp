// SPDX-License-Identifier: Apache-2.0
#include "actors/core/disk_patience.hpp"

#include <gtest/gtest.h>

namespace troupe::core {
namespace {

TEST(DiskPatience, GrowsToFiveTicks) {
  disk_patience p{2'000};
  for (std::int64_t expected : {500, 1'000, 2'000, 4'000, 8'000, 10'000, 10'000})
    EXPECT_EQ(p.pause_ms(0), expected);
}

TEST(DiskPatience, GoesOnWhereItWasWithADiskThatFailsAgainSoon) {
  disk_patience p{2'000};
  EXPECT_EQ(p.pause_ms(0), 500);
  EXPECT_EQ(p.pause_ms(500), 1'000);
  p.works(1'500);
  EXPECT_EQ(p.pause_ms(61'499), 2'000);
}

TEST(DiskPatience, BeginsAnewWithADiskThatWorkedForLong) {
  disk_patience p{2'000};
  EXPECT_EQ(p.pause_ms(0), 500);
  EXPECT_EQ(p.pause_ms(500), 1'000);
  p.works(1'500);
  EXPECT_EQ(p.pause_ms(61'500), 500);
}

TEST(DiskPatience, IsNeverShorterThanItsBeginning) {
  disk_patience p{10};
  EXPECT_EQ(p.pause_ms(0), 500);
  EXPECT_EQ(p.pause_ms(500), 500);
}

}  // namespace
}  // namespace troupe::core
