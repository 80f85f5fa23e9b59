// SPDX-License-Identifier: Apache-2.0
#include "actors/core/learner_lag.hpp"

#include <gtest/gtest.h>

namespace troupe::core {
namespace {

constexpr std::int64_t mb = 1'000'000, still_ms = 1'000, held_ms = 10'000;

class LearnerLag : public testing::Test {
 protected:
  static zxid at(std::int64_t n) { return zxid{(std::int64_t{1} << 32) + n}; }
  void forward(int count, std::int64_t bytes = mb) {
    for (; count > 0; --count) lag_.forwarded(at(++last_), bytes, now_ms_);
  }
  void log(std::int64_t upto) { lag_.logged(at(upto), now_ms_); }
  bool holds() { return lag_.holds(now_ms_); }

  learner_lag lag_{{4 * mb, still_ms, held_ms}};
  std::int64_t last_ = 0;
  std::int64_t now_ms_ = 5'000;
};

TEST_F(LearnerLag, CountsWhatIsForwardedAndNotLogged) {
  forward(5);
  log(2);
  EXPECT_EQ(lag_.bytes(), 3 * mb);
  log(1);
  EXPECT_EQ(lag_.bytes(), 3 * mb);
  log(9);
  EXPECT_EQ(lag_.bytes(), 0);
}

TEST_F(LearnerLag, ManySmallOnesAreCountedInSteps) {
  forward(100'000, 100);
  EXPECT_EQ(lag_.bytes(), 10 * mb);
  log(50'000);
  EXPECT_NEAR(static_cast<double>(lag_.bytes()), 5e6, 70'000);
  log(100'000);
  EXPECT_EQ(lag_.bytes(), 0);
}

TEST_F(LearnerLag, HoldsFromTheLimitOnUntilHalfOfIt) {
  forward(4);
  EXPECT_FALSE(holds());
  forward(1);
  EXPECT_TRUE(holds());
  log(2);
  EXPECT_TRUE(holds());
  log(3);
  EXPECT_FALSE(holds());
  forward(2);
  EXPECT_FALSE(holds());
}

TEST_F(LearnerLag, OneThatStandsStillIsNotWaitedForUntilItMoves) {
  forward(6);
  now_ms_ += still_ms;
  EXPECT_TRUE(holds());
  now_ms_ += 1;
  EXPECT_FALSE(holds());
  log(1);
  EXPECT_TRUE(holds());
  now_ms_ += still_ms + 1;
  EXPECT_FALSE(holds());
  lag_.moved(now_ms_);
  EXPECT_TRUE(holds());
}

TEST_F(LearnerLag, OneThatHadNothingToDoDidNotStandStill) {
  now_ms_ += 10 * still_ms;
  forward(6);
  EXPECT_TRUE(holds());
}

TEST_F(LearnerLag, OneThatDoesNotCatchUpIsWaitedForNoMoreUntilItHas) {
  forward(100);
  for (std::int64_t n = 1; n <= 10; ++n) {
    EXPECT_TRUE(holds());
    now_ms_ += still_ms;
    log(n);
  }
  EXPECT_TRUE(holds());
  now_ms_ += 1;
  EXPECT_FALSE(holds());
  log(97);
  EXPECT_FALSE(holds()) << "not yet";
  log(98);
  EXPECT_FALSE(holds());
  forward(3);
  EXPECT_TRUE(holds()) << "it is waited for again";
}

}  // namespace
}  // namespace troupe::core
