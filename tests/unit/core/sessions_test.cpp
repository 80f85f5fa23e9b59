// SPDX-License-Identifier: Apache-2.0
/// Mirrors SessionTrackerImpl, ExpiryQueue and ZooKeeper's SessionTrackerTest.
#include "actors/core/sessions.hpp"

#include "actors/core/refused_sessions.hpp"

#include <gtest/gtest.h>

namespace troupe::core {
namespace {

constexpr session_id s1{1}, s2{2}, s3{3};
constexpr std::int64_t tick_ms = 1000;
using ids = std::vector<session_id>;

TEST(Sessions, SessionNotTouchedExpiresAtTheTickAfterItsTimeout) {
  sessions table{tick_ms};
  EXPECT_TRUE(table.add(s1, 4000, 10'500));
  EXPECT_EQ(table.next_deadline_ms(), 15'000);
  EXPECT_EQ(table.expire(14'999), ids{});
  EXPECT_EQ(table.expire(15'000), ids{s1});
  EXPECT_EQ(table.expire(20'000), ids{});
}

TEST(Sessions, TimeoutThatEndsOnATickLivesTheWholeTickMore) {
  sessions table{tick_ms};
  table.add(s1, 4000, 10'000);
  EXPECT_EQ(table.next_deadline_ms(), 15'000);
}

TEST(Sessions, TouchedSessionLivesOn) {
  sessions table{tick_ms};
  table.add(s1, 4000, 0);
  table.add(s2, 4000, 0);
  EXPECT_TRUE(table.touch(s1, 3000));
  EXPECT_EQ(table.expire(5000), ids{s2});
  EXPECT_EQ(table.expire(8000), ids{s1});
}

TEST(Sessions, ManyTicksLateEveryOverdueSessionExpiresOnce) {
  sessions table{tick_ms};
  table.add(s3, 1000, 0);
  table.add(s2, 3000, 0);
  table.add(s1, 2000, 0);
  EXPECT_EQ(table.expire(60'000), (ids{s1, s2, s3}));
  EXPECT_EQ(table.next_deadline_ms(), std::nullopt);
}

TEST(Sessions, ExpiredSessionIsClosingUntilRemoved) {
  sessions table{tick_ms};
  table.add(s1, 1000, 0);
  ASSERT_EQ(table.expire(5000), ids{s1});
  EXPECT_FALSE(table.touch(s1, 5000));
  EXPECT_EQ(table.check_owner(s1, 7), error_code::session_expired);
  EXPECT_TRUE(table.contains(s1));
  table.remove(s1);
  EXPECT_FALSE(table.contains(s1));
}

TEST(Sessions, ClosingSessionNeitherExpiresNorWrites) {
  sessions table{tick_ms};
  table.add(s1, 1000, 0);
  table.set_closing(s1);
  EXPECT_EQ(table.set_owner(s1, 7), error_code::session_expired);
  EXPECT_EQ(table.expire(60'000), ids{});
}

TEST(Sessions, NewLeadershipGivesEverySessionItsFullTimeout) {
  sessions table{tick_ms};
  table.add(s1, 1000, 0);
  table.add(s3, 1000, 0);
  ASSERT_EQ(table.expire(5000), (ids{s1, s3}));
  table.rearm_all({{s1, 4000}, {s2, 6000}}, 50'000);
  EXPECT_EQ(table.size(), 2U);
  EXPECT_EQ(table.expire(54'999), ids{});
  EXPECT_EQ(table.expire(55'000), ids{s1});
  EXPECT_EQ(table.expire(57'000), ids{s2});
}

TEST(Sessions, WriteOnAnotherConnectionThanTheOwnersMeansMoved) {
  sessions table{tick_ms};
  table.add(s1, 4000, 0);
  EXPECT_EQ(table.check_owner(s1, 7), error_code::ok);
  EXPECT_EQ(table.check_owner(s1, 8), error_code::session_moved);
  EXPECT_EQ(table.set_owner(s1, 8), error_code::ok);
  EXPECT_EQ(table.check_owner(s1, 8), error_code::ok);
  EXPECT_EQ(table.check_owner(s1, 7), error_code::session_moved);
}

TEST(Sessions, UnknownSessionIsExpiredToWhoeverAsks) {
  sessions table{tick_ms};
  EXPECT_FALSE(table.touch(s1, 0));
  EXPECT_EQ(table.check_owner(s1, 7), error_code::session_expired);
  EXPECT_EQ(table.set_owner(s1, 7), error_code::session_expired);
  EXPECT_EQ(table.timeout_of(s1), std::nullopt);
}

TEST(Sessions, RenewedSessionKeepsItsPlaceWithTheNewTimeout) {
  sessions table{tick_ms};
  table.add(s1, 4000, 0);
  EXPECT_FALSE(table.add(s1, 9000, 0));
  EXPECT_EQ(table.timeout_of(s1), 9000);
  EXPECT_EQ(table.next_deadline_ms(), 10'000);
  EXPECT_EQ(table.buckets().size(), 1U);
}

TEST(SessionTimeout, IsHeldBetweenTheLimits) {
  EXPECT_EQ(clamp_timeout(1, 4000, 40'000), 4000);
  EXPECT_EQ(clamp_timeout(10'000, 4000, 40'000), 10'000);
  EXPECT_EQ(clamp_timeout(100'000, 4000, 40'000), 40'000);
}

TEST(SessionIds, CarryTheServerOnTopAndAscend) {
  session_id_generator source{server_id{2}, 0x18f00000000};
  auto first = source.next();
  EXPECT_EQ(static_cast<std::uint64_t>(first.value) >> 56, 2U);
  EXPECT_EQ(source.next().value, first.value + 1);
  // SessionTrackerImpl.initializeNextSessionId: (ms << 24) >>> 8 | id << 56
  EXPECT_EQ(first.value, 0x028f000000000000);
}

TEST(SessionIds, HighServerNumbersWorkWithoutSignTrouble) {
  session_id_generator source{server_id{255}, 0x123456789a};
  EXPECT_EQ(static_cast<std::uint64_t>(source.next().value), 0xff123456789a0000U);
}

TEST(SessionIds, NeverTheOwnerOfContainers) {
  session_id_generator source{server_id{128}, 0};
  EXPECT_EQ(static_cast<std::uint64_t>(source.next().value), 0x8000000000000001U);
}

TEST(RefusedSessions, TheNewestAreKnown) {
  refused_sessions refused;
  const auto max = static_cast<std::int64_t>(refused_sessions::kept_max);
  for (std::int64_t id = 1; id <= max; ++id) refused.add({id});
  refused.add(s1);  // again: it is not the newest by that
  EXPECT_EQ(refused.size(), refused_sessions::kept_max);
  EXPECT_TRUE(refused.contains(s1));
  refused.add({max + 1});
  EXPECT_EQ(refused.size(), refused_sessions::kept_max);
  EXPECT_FALSE(refused.contains(s1));
  EXPECT_TRUE(refused.contains(s2));
  EXPECT_TRUE(refused.contains({max + 1}));
}

TEST(SessionIds, TellTheirMakerByEightBits) {
  for (std::int64_t n : {1, 254, 300}) {
    session_id_generator made{{n}, 1'700'000'000'000};
    EXPECT_TRUE(is_made_by(made.next(), {n}));
    EXPECT_FALSE(is_made_by(made.next(), {n + 1}));
  }
}

}  // namespace
}  // namespace troupe::core
