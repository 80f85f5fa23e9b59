// SPDX-License-Identifier: Apache-2.0
#include "actors/turns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class Turns : public testing::Test {
 protected:
  Turns() {
    record_.tell(10, [this](const long_turn& x) {
      told_.push_back(std::string{x.actor} + ' ' + std::string{x.message} + ' ' +
                      std::to_string(static_cast<int>(x.ms)) + ' ' + std::to_string(x.untold));
    });
  }
  void turn(int ms, int at_ms) {
    record_.note("zk.database", "apply_txns", milliseconds{ms},
                 turn_record::clock::time_point{milliseconds{1'000'000 + at_ms}});
  }

  turn_record record_;
  std::vector<std::string> told_;
};

TEST_F(Turns, AreCountedByHowLongTheyTook) {
  for (int ms : {1, 4, 5, 12, 60}) turn(ms, 0);
  EXPECT_EQ(record_.figures().ms_max, 60.0);
  EXPECT_THAT(record_.figures().counts, ElementsAre(3u, 2u, 1u, 1u));
  record_.reset();
  EXPECT_EQ(record_.figures().ms_max, 0.0);
  EXPECT_THAT(record_.figures().counts, ElementsAre(0u, 0u, 0u, 0u));
}

TEST_F(Turns, ThatAreLongAreToldOfOnceASecond) {
  turn(9, 0);
  turn(10, 0);
  turn(30, 500);
  turn(40, 999);
  turn(50, 1000);
  EXPECT_THAT(told_, ElementsAre("zk.database apply_txns 10 0", "zk.database apply_txns 50 2"));
}

TEST_F(Turns, AreNotToldOfWhenNobodyWantsIt) {
  record_.tell(0, [this](const long_turn&) { told_.emplace_back("told"); });
  turn(1000, 0);
  EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace troupe
