// SPDX-License-Identifier: Apache-2.0
#include "actors/base/turns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::ElementsAre;

class Turns : public testing::Test {
 protected:
  Turns() {
    record_.cpu_now = [this] { return std::chrono::nanoseconds{cpu_}; };
    record_.tell(10, [this](const long_turn& x) {
      told_.push_back(std::string{x.actor} + ' ' + std::string{x.message} + ' ' +
                      std::to_string(static_cast<int>(x.ms)) + ' ' +
                      std::to_string(static_cast<int>(x.cpu_ms)) + ' ' + std::to_string(x.untold));
    });
  }
  static turn_record::clock::time_point at(microseconds since) {
    return turn_record::clock::time_point{std::chrono::seconds{1'000} + since};
  }
  /// It begins at `at_ms`, and has the processor for `cpu_ms` of `ms`.
  void turn(int ms, int cpu_ms, int at_ms) {
    const auto since = record_.stamp(at(milliseconds{at_ms}));
    cpu_ += milliseconds{cpu_ms};
    record_.note_turn("zk.database", "apply_txns", since, at(milliseconds{at_ms + ms}));
  }
  void round(int ms, int cpu_ms, int at_ms) {
    const auto since = record_.stamp(at(milliseconds{at_ms}));
    cpu_ += milliseconds{cpu_ms};
    record_.note_round(since, at(milliseconds{at_ms + ms}));
  }

  turn_record record_;
  std::chrono::nanoseconds cpu_{0};
  std::vector<std::string> told_;
};

TEST_F(Turns, AreCountedByHowLongTheyTook) {
  int at_ms = 0;
  for (int ms : {1, 4, 5, 12, 60}) turn(ms, 1, at_ms += 100);
  EXPECT_EQ(record_.figures().by_clock.ms_max, 60.0);
  EXPECT_THAT(record_.figures().by_clock.counts, ElementsAre(3u, 2u, 1u, 1u));
  record_.reset();
  EXPECT_EQ(record_.figures().by_clock.ms_max, 0.0);
  EXPECT_THAT(record_.figures().by_clock.counts, ElementsAre(0u, 0u, 0u, 0u));
}

TEST_F(Turns, OfAThreadThatWaitedForAProcessorAreShortByTheProcessorsTime) {
  turn(60, 3, 0);
  turn(12, 12, 100);
  EXPECT_EQ(record_.figures().by_clock.ms_max, 60.0);
  EXPECT_EQ(record_.figures().cpu.ms_max, 12.0);
  EXPECT_THAT(record_.figures().cpu.counts, ElementsAre(1u, 1u, 0u, 0u));
}

TEST_F(Turns, AskForTheProcessorsTimeOnceInAWhile) {
  int asked = 0;
  record_.cpu_now = [&asked] {
    ++asked;
    return std::chrono::nanoseconds{0};
  };
  for (int i = 0; i <= 1000; ++i) (void)record_.stamp(at(microseconds{i}));
  EXPECT_EQ(asked, 4);
}

TEST_F(Turns, ThatAreLongAreToldOfOnceASecond) {
  turn(9, 9, 0);
  turn(10, 2, 100);
  turn(30, 1, 500);
  turn(40, 1, 1'000);
  turn(50, 30, 1'100);
  EXPECT_THAT(told_,
              ElementsAre("zk.database apply_txns 10 2 0", "zk.database apply_txns 50 30 2"));
}

TEST_F(Turns, AreNotToldOfWhenNobodyWantsIt) {
  record_.tell(0, [this](const long_turn&) { told_.emplace_back("told"); });
  turn(1000, 1000, 0);
  round(1000, 1000, 2000);
  EXPECT_TRUE(told_.empty());
}

TEST_F(Turns, InARoundAreLongTogetherToo) {
  round(5'000, 4, 0);  // it waited for a socket
  EXPECT_TRUE(told_.empty());
  round(20, 15, 6'000);
  EXPECT_EQ(record_.figures().round_cpu.ms_max, 15.0);
  EXPECT_THAT(record_.figures().round_cpu.counts, ElementsAre(1u, 1u, 0u, 0u));
  EXPECT_THAT(told_, ElementsAre("zk.io_loop a round 20 15 0"));
}

TEST_F(Turns, ExplainTheirRound) {
  const auto round = record_.stamp(at(milliseconds{0}));
  turn(20, 20, 0);
  record_.note_round(round, at(milliseconds{21}));
  EXPECT_THAT(told_, ElementsAre("zk.database apply_txns 20 20 0"));
}

}  // namespace
}  // namespace troupe
