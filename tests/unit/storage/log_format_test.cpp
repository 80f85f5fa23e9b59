// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/log_format.hpp"

#include <gtest/gtest.h>

#include "tests/unit/storage/log_samples.hpp"

namespace troupe::storage {
namespace {

TEST(LogName, IsHexWithoutPadding) {
  EXPECT_EQ(log_name({0x1000000a2}), "log.1000000a2");
  EXPECT_EQ(parse_log_name("log.1000000a2"), zxid{0x1000000a2});
  EXPECT_EQ(parse_log_name("log.A"), zxid{10});
}

TEST(LogName, ForeignNamesAreNotTaken) {
  for (const char* name : {"log", "log.", "log.g", "log.5.bak", "log.-5", "log.0x5", "xlog.5",
                           "log.ffffffffffffffffff", "LOG.5", "snapshot.5", "log. 5"})
    EXPECT_FALSE(parse_log_name(name)) << name;
}

// FilePadding.calculateFileSizeWithPadding.
TEST(Padding, FirstEntryExtendsByOneStepBeyondTheHeader) {
  EXPECT_EQ(padded_size(16, 16, 65536), 16u + 65536u);
}
TEST(Padding, NothingHappensWhileMoreThanAPageIsLeft) {
  EXPECT_EQ(padded_size(61455, 65552, 65536), 65552u);
  EXPECT_EQ(padded_size(61456, 65552, 65536), 65552u + 65536u);
}
TEST(Padding, PositionBeyondTheEndIsRoundedDownToAStepAfterIt) {
  EXPECT_EQ(padded_size(70000, 65552, 65536), 2u * 65536u);
}
TEST(Padding, IsOffForZeroAndBelow) {
  EXPECT_EQ(padded_size(16, 16, 0), 16u);
  EXPECT_EQ(padded_size(5000, 16, -1), 16u);
}

TEST(Follows, NextOfTheEpochOrFirstOfALaterOne) {
  EXPECT_TRUE(follows(at(1, 7), at(1, 8)));
  EXPECT_TRUE(follows(at(1, 7), at(2, 1)));
  EXPECT_TRUE(follows(zxid{0}, zxid{1}));
  EXPECT_FALSE(follows(at(1, 7), at(1, 7)));
  EXPECT_FALSE(follows(at(1, 7), at(1, 9)));
  EXPECT_FALSE(follows(at(1, 7), at(2, 2)));
  EXPECT_FALSE(follows(at(2, 1), at(1, 8)));
}
TEST(Follows, CounterNeverRunsOverIntoTheNextEpoch) {
  EXPECT_FALSE(follows(at(1, 0xffffffff), at(2, 0)));
}

}  // namespace
}  // namespace troupe::storage
