// SPDX-License-Identifier: Apache-2.0
/// The bounds of the log (docs/limits.md), met by one less, exactly and by one more.
#include <gtest/gtest.h>

#include <string>

#include "actors/trace/log.hpp"
#include "actors/trace/repeats.hpp"

namespace troupe::log {
namespace {

class LogBounds : public testing::TestWithParam<int> {
 protected:
  static int over() { return GetParam(); }
  static bool is_over() { return over() > 0; }
};
INSTANTIATE_TEST_SUITE_P(Around, LogBounds, testing::Values(-1, 0, 1));

TEST_P(LogBounds, TextInALine) {
  std::string heard;
  set_observer([&](level, std::string_view line) { heard = line; });
  const std::string text(static_cast<std::size_t>(1'024 + over()), 'p');
  info("x", {{"path", text}});
  set_observer({});
  EXPECT_EQ(heard, "x path=" + (is_over() ? text.substr(1) + "...(1025_bytes)" : text));
}

TEST_P(LogBounds, LinesAboutOneThing) {
  repeats lines;
  for (int i = 1; i < repeats::lines_about_one_max + over(); ++i)
    (void)lines.admit("refused", "one", 0);
  EXPECT_EQ(lines.admit("refused", "one", 0).is_told, !is_over());
}

TEST_P(LogBounds, LinesOfOneEvent) {
  repeats lines;
  for (int i = 1; i < repeats::lines_of_event_max + over(); ++i)
    (void)lines.admit("refused", std::to_string(i), 0);
  EXPECT_EQ(lines.admit("refused", "another", 0).is_told, !is_over());
}

TEST_P(LogBounds, TimeUntilThereAreLinesAgain) {
  repeats lines;
  for (int i = 0; i < 100; ++i) (void)lines.admit("refused", "one", 0);
  EXPECT_EQ(lines.admit("refused", "one", repeats::window_ms + over()).is_told, over() >= 0);
}

TEST_P(LogBounds, ThingsThatAreCountedApart) {
  repeats lines;
  const auto count = static_cast<std::size_t>(static_cast<int>(repeats::things_max) + over());
  for (std::size_t i = 0; i < count; ++i) (void)lines.admit("refused", std::to_string(i), 0);
  EXPECT_EQ(lines.size(), std::min(count, repeats::things_max));
}

}  // namespace
}  // namespace troupe::log
