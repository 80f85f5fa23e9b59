// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/repeats.hpp"

#include <gtest/gtest.h>

namespace troupe::log {
namespace {

int told(repeats& of, std::string_view event, std::string_view about, int times,
         std::int64_t now_ms) {
  int out = 0;
  for (int i = 0; i < times; ++i) out += of.admit(event, about, now_ms).is_told ? 1 : 0;
  return out;
}

TEST(Repeats, OneThingHasItsLinesAndTheRestIsToldWithTheNext) {
  repeats log;
  EXPECT_EQ(told(log, "refused", "10.0.0.1", 1'000, 0), repeats::lines_about_one_max);
  EXPECT_FALSE(log.admit("refused", "10.0.0.1", repeats::window_ms - 1).is_told);
  const auto next = log.admit("refused", "10.0.0.1", repeats::window_ms);
  EXPECT_TRUE(next.is_told);
  EXPECT_EQ(next.suppressed, 991u);
  EXPECT_EQ(log.admit("refused", "10.0.0.1", repeats::window_ms).suppressed, 0u);
}

TEST(Repeats, ThingsAndEventsDoNotTakeEachOthersLines) {
  repeats log;
  (void)told(log, "refused", "10.0.0.1", 100, 0);
  EXPECT_EQ(told(log, "refused", "10.0.0.2", 3, 0), 3);
  EXPECT_EQ(told(log, "silent", "10.0.0.1", 3, 0), 3);
}

TEST(Repeats, ManyThingsTogetherHaveTheEventsLines) {
  repeats log;
  int lines = 0;
  for (int i = 0; i < 5'000; ++i) lines += told(log, "refused", std::to_string(i), 1, 0);
  EXPECT_EQ(lines, repeats::lines_of_event_max);
  const auto next = log.admit("refused", "another", repeats::window_ms);
  EXPECT_TRUE(next.is_told);
  EXPECT_EQ(next.suppressed, 4'900u);
}

TEST(Repeats, TableIsBoundedAndMakesRoomForWhatComesLater) {
  repeats log;
  for (int i = 0; i < 5'000; ++i) (void)log.admit("refused", std::to_string(i), 0);
  EXPECT_EQ(log.size(), repeats::things_max);
  (void)log.admit("refused", std::string(1'000'000, 'x'), repeats::window_ms);
  EXPECT_EQ(log.size(), 1u);
}

}  // namespace
}  // namespace troupe::log
