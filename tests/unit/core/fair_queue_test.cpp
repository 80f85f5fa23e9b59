// SPDX-License-Identifier: Apache-2.0
#include "actors/core/fair_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace troupe::core {
namespace {

using queue = fair_queue<char>;

/// Who goes, and with how much, as long as everybody has more of the same.
std::string turns(queue& q, const std::map<char, std::int64_t>& pieces, int count) {
  std::string order;
  for (int i = 0; i < count; ++i) {
    const auto next = q.first();
    if (!next) break;
    order += next->of;
    q.pop_first();
    q.push(next->of, pieces.at(next->of));
  }
  return order;
}

TEST(FairQueue, EqualPiecesGoInTurn) {
  queue q;
  const std::map<char, std::int64_t> pieces{{'a', 10}, {'b', 10}, {'c', 10}};
  for (const auto& [who, bytes] : pieces) q.push(who, bytes);
  EXPECT_EQ(turns(q, pieces, 9), "abcabcabc");
}

TEST(FairQueue, AShortPieceIsNotBehindTheLongOnesOfOthers) {
  queue q;
  for (char who = 'a'; who <= 'z'; ++who) q.push(who, 1'000'000);
  q.pop_first();
  q.push('A', 100);
  EXPECT_EQ(q.first()->of, 'A');
}

TEST(FairQueue, AllGetTheSameBytesHoweverLongTheirPieces) {
  queue q;
  const std::map<char, std::int64_t> pieces{{'l', 1'000}, {'m', 300}, {'s', 7}};
  for (const auto& [who, bytes] : pieces) q.push(who, bytes);
  std::map<char, std::int64_t> got;
  for (char who : turns(q, pieces, 20'000)) got[who] += pieces.at(who);
  for (const auto& [who, bytes] : got) {
    EXPECT_LE(std::abs(bytes - got['l']), 2'000) << who;
  }
}

TEST(FairQueue, WhoWasIdleHasNoCreditForIt) {
  queue q;
  const std::map<char, std::int64_t> pieces{{'a', 10}, {'b', 10}};
  q.push('a', 10);
  turns(q, pieces, 100);
  q.push('b', 10);
  EXPECT_THAT(turns(q, pieces, 6), testing::AnyOf("ababab", "bababa"));
}

TEST(FairQueue, WhoIsGoneHasNoTurn) {
  queue q;
  q.push('a', 5);
  q.push('b', 5);
  q.remove('a');
  q.remove('x');
  EXPECT_FALSE(q.contains('a'));
  EXPECT_EQ(q.first()->of, 'b');
  q.pop_first();
  EXPECT_TRUE(q.empty());
  EXPECT_FALSE(q.first());
}

}  // namespace
}  // namespace troupe::core
