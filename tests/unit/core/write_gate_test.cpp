// SPDX-License-Identifier: Apache-2.0
#include "actors/core/write_gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::core {
namespace {

constexpr std::int64_t window = 100'000, large = 60'000, small = 100;

constexpr connection_id c(std::uint64_t n) { return connection_id{n}; }
constexpr session_id s(std::int64_t n) { return session_id{n}; }
constexpr cxid x(std::int32_t n) { return cxid{n}; }

TEST(WriteGate, LargeWritesWaitForTheWindowAndSmallOnesDoNot) {
  write_gate gate{window};
  ASSERT_TRUE(gate.may_go(c(1), large));
  gate.went(s(1), x(1), large);
  EXPECT_FALSE(gate.may_go(c(2), large));
  EXPECT_TRUE(gate.may_go(c(3), small));
  EXPECT_FALSE(gate.next());
  gate.applied(s(1), x(1));
  EXPECT_EQ(gate.next(), c(2));
  EXPECT_TRUE(gate.may_go(c(2), large));
}

TEST(WriteGate, AWriteLongerThanTheWindowGoesAlone) {
  write_gate gate{window};
  EXPECT_TRUE(gate.may_go(c(1), 10 * window));
  gate.went(s(1), x(1), 10 * window);
  EXPECT_FALSE(gate.may_go(c(2), write_gate::small_bytes_max + 1));
  gate.applied(s(1), x(1));
  EXPECT_EQ(gate.under_way(), 0);
}

TEST(WriteGate, NobodyPassesWhoWaits) {
  write_gate gate{window};
  gate.went(s(1), x(1), large);
  EXPECT_FALSE(gate.may_go(c(2), large));
  EXPECT_FALSE(gate.may_go(c(3), 10'000)) << "it would fit";
  EXPECT_FALSE(gate.may_go(c(2), small)) << "behind its own";
  EXPECT_EQ(gate.waiting(), 2U);
}

TEST(WriteGate, ATurnThatIsNotTakenIsOver) {
  write_gate gate{window};
  gate.went(s(1), x(1), large);
  EXPECT_FALSE(gate.may_go(c(2), large));
  gate.applied(s(1), x(1));
  EXPECT_TRUE(gate.has_next());
  EXPECT_EQ(gate.next(), c(2));
  gate.end_turn();
  EXPECT_FALSE(gate.has_next());
  EXPECT_TRUE(gate.may_go(c(3), large));
}

TEST(WriteGate, WhatIsUnderWayOutlivesItsConnectionAndEndsWithItsSession) {
  write_gate gate{window};
  gate.went(s(1), x(1), large);
  gate.leave(c(1));
  EXPECT_EQ(gate.under_way(), large);
  gate.end_of(s(1));
  EXPECT_EQ(gate.under_way(), 0);
}

TEST(WriteGate, AnotherSessionsOrNumbersTxnIsNoneOfThese) {
  write_gate gate{window};
  gate.went(s(1), x(1), large);
  gate.applied(s(2), x(1));
  gate.applied(s(1), x(2));
  EXPECT_EQ(gate.under_way(), large);
}

TEST(WriteGate, OneNumberManyTimesIsCountedManyTimes) {
  write_gate gate{10 * window};
  for (int i = 0; i < 3; ++i) gate.went(s(1), x(7), large);
  for (int i = 3; i > 0; --i) {
    EXPECT_EQ(gate.under_way(), i * large);
    gate.applied(s(1), x(7));
  }
  EXPECT_EQ(gate.under_way(), 0);
}

TEST(WriteGate, WhatWasLostOnItsWayGoesWithWhatCameBehindIt) {
  write_gate gate{10 * window};
  gate.went(s(1), x(1), large);
  gate.went(s(1), x(2), large);
  gate.applied(s(1), x(2));
  EXPECT_EQ(gate.under_way(), 0);
}

TEST(WriteGate, HeldBackLargeOnesWaitAndSmallOnesAreFew) {
  write_gate gate{window};
  gate.hold(true);
  EXPECT_FALSE(gate.may_go(c(1), large));
  std::int64_t sent = 0;
  std::uint64_t from = 10;
  while (gate.may_go(c(from), small)) {
    gate.went(s(1), x(0), small);
    sent += small;
    ASSERT_LE(sent, write_gate::small_window_when_held);
    ++from;
  }
  EXPECT_FALSE(gate.next());
  gate.small_is_done(small);
  EXPECT_EQ(gate.next(), c(from));
  gate.end_turn();
  gate.hold(false);
  EXPECT_EQ(gate.next(), c(1));
}

TEST(WriteGate, WhoWaitsTakesTurnsByBytes) {
  write_gate gate{window};
  gate.went(s(9), x(1), window);
  EXPECT_FALSE(gate.may_go(c(1), large));
  EXPECT_FALSE(gate.may_go(c(2), large));
  EXPECT_FALSE(gate.may_go(c(3), 5'000));
  gate.applied(s(9), x(1));
  EXPECT_EQ(gate.next(), c(3));
}

identities shown(std::size_t count, std::size_t bytes) {
  return identities(count, auth_id{"digest", std::string(bytes, 'x')});
}

TEST(WriteWeight, IsTheRequestsLengthForAnOrdinaryClient) {
  EXPECT_EQ(weight_of(op_code::set_data, 1'000, shown(1, 9), 0, 2'000'000), 1'000);
  EXPECT_EQ(weight_of(op_code::create, 1'000, shown(2, 30), 0, 2'000'000), 1'000);
}

TEST(WriteWeight, CountsWhatAuthMayStandForUpToWhatATxnMayHave) {
  EXPECT_GT(weight_of(op_code::create, 100, shown(200, 60), 0, 2'000'000), 10'000);
  EXPECT_EQ(weight_of(op_code::multi, 60'000, shown(200, 60), 0, 2'000'000), 2'000'000);
}

TEST(WriteWeight, OfACloseCountsTheEphemerals) {
  EXPECT_LT(weight_of(op_code::close_session, 0, shown(1, 9), 10, 2'000'000),
            write_gate::small_bytes_max);
  EXPECT_GT(weight_of(op_code::close_session, 0, shown(1, 9), 5'000, 2'000'000), 500'000);
  EXPECT_EQ(weight_of(op_code::close_session, 0, shown(1, 9), 500'000, 2'000'000), 2'000'000);
}

}  // namespace
}  // namespace troupe::core
