// SPDX-License-Identifier: Apache-2.0
#include "actors/core/edit_distance.hpp"

#include <gtest/gtest.h>

namespace troupe::core {
namespace {

TEST(EditDistance, CountsWhatHasToChange) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("start", "start"), 0u);
  EXPECT_EQ(edit_distance("strat", "start"), 2u);
  EXPECT_EQ(edit_distance("stop", ""), 4u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(NearMiss, IsTheNearestOneThatMayBeMeant) {
  const std::vector<std::string> known = {"start", "start-foreground", "stop", "status"};
  EXPECT_EQ(near_miss("strt", known), "start");
  EXPECT_EQ(near_miss("sotp", known), "stop");
  EXPECT_EQ(near_miss("stat", known), "status");
  EXPECT_EQ(near_miss("statsu", known), "status");
  EXPECT_EQ(near_miss("start-forground", known), "start-foreground");
  EXPECT_FALSE(near_miss("frobnicate", known));
  EXPECT_FALSE(near_miss("", known));
  EXPECT_FALSE(near_miss(std::string(1000, 'x'), known));
}

}  // namespace
}  // namespace troupe::core
