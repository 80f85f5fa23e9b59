// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/scoreboard.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace troupe::bench {
namespace {

histogram one_of(std::int64_t value) {
  histogram h;
  h.record(value);
  return h;
}

struct ScoreboardTest : testing::Test {
  scoreboard board{2};
  std::vector<std::pair<std::uint32_t, std::uint64_t>> told;  // second, operations

  void wait() {
    board.wait(0, [&](std::uint32_t second, const histogram& latency) {
      told.emplace_back(second, latency.count());
    });
  }
};

TEST_F(ScoreboardTest, SecondIsToldWhenAllWorkersHaveToldIt) {
  board.second_over(0, one_of(5));
  board.second_over(1, one_of(5));
  wait();
  EXPECT_TRUE(told.empty());
  board.second_over(0, one_of(7));
  wait();
  EXPECT_EQ(told, (std::vector<std::pair<std::uint32_t, std::uint64_t>>{{0, 2}}));
}

TEST_F(ScoreboardTest, WorkerThatHasFinishedHoldsNoLaterSecondUp) {
  board.second_over(0, one_of(5));
  board.finished({}, 1);
  board.second_over(0, one_of(5));
  board.second_over(1, one_of(5));
  wait();
  EXPECT_EQ(told, (std::vector<std::pair<std::uint32_t, std::uint64_t>>{{0, 2}, {1, 1}}));
}

TEST_F(ScoreboardTest, FirstFailureIsTheRunsAndStopsAll) {
  EXPECT_FALSE(board.is_stopping());
  board.fail("first");
  board.fail("second");
  EXPECT_TRUE(board.is_stopping());
  EXPECT_EQ(board.failure(), "first");
}

TEST_F(ScoreboardTest, TotalIsTheSumOfAll) {
  board.finished({one_of(5), 1, 2, 3, 40}, 0);
  EXPECT_FALSE(board.all_finished());
  board.finished({one_of(9), 1, 0, 1, 30}, 0);
  EXPECT_TRUE(board.all_finished());
  const auto total = board.total();
  EXPECT_EQ(total.latency.count(), 2u);
  EXPECT_EQ(total.not_sent, 2u);
  EXPECT_EQ(total.losses, 2u);
  EXPECT_EQ(total.lost, 4u);
  EXPECT_EQ(total.last_ns, 40);
}

}  // namespace
}  // namespace troupe::bench
