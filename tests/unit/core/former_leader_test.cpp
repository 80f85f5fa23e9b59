// SPDX-License-Identifier: Apache-2.0
// A leader whose term is over looks again, and may be one that hears nobody.
#include <gtest/gtest.h>

#include <limits>

#include "actors/core/election_round.hpp"
#include "tests/unit/core/votes.hpp"

namespace troupe::core {
namespace {

using namespace test;
using state = server_state;

constexpr auto nobody = std::numeric_limits<std::int64_t>::min();

election_round led_before(std::int64_t me, std::int64_t voters) {
  election_round r{server(me), ensemble_of(voters), our_list};
  (void)r.start(same_zxid, epoch{1}, standing::once_heard);
  return r;
}

TEST(FormerLeader, GivesNoVoteBeforeItHasHeardAQuorum) {
  auto r = led_before(5, 5);
  EXPECT_EQ(r.proposal().leader.value, nobody);
  EXPECT_FALSE(r.on_notification(heard(1, state::looking, vote_for(1))).broadcast);
  EXPECT_EQ(r.proposal().leader.value, nobody) << "what it cannot follow it does not elect";
  EXPECT_FALSE(r.on_notification(heard(1, state::looking, vote_for(4))).broadcast) << "once more";
  EXPECT_TRUE(r.on_notification(heard(4, state::looking, vote_for(4))).broadcast);
  EXPECT_EQ(r.proposal(), vote_for(5));
}

TEST(FormerLeader, ThatHearsAQuorumTakesABetterVoteAtOnce) {
  auto r = led_before(1, 3);
  EXPECT_TRUE(r.on_notification(heard(3, state::looking, vote_for(3))).broadcast);
  EXPECT_EQ(r.proposal(), vote_for(3));
  EXPECT_TRUE(r.on_unreachable(server(2)).decided) << "the vote that it had counts";
}

TEST(FormerLeader, JoinsALaterRoundWithoutAVote) {
  auto r = led_before(1, 5);
  EXPECT_TRUE(r.on_notification(heard(3, state::looking, vote_for(3, 7))).broadcast);
  EXPECT_EQ(r.round().value, 7);
  EXPECT_EQ(r.proposal().leader.value, nobody);
}

TEST(FormerLeader, JoinsAQuorumThatIsSettled) {
  auto r = led_before(3, 3);
  EXPECT_FALSE(r.on_notification(heard(1, state::following, vote_for(2, 9))).decided);
  auto fx = r.on_notification(heard(2, state::leading, vote_for(2, 9)));
  ASSERT_TRUE(fx.decided);
  EXPECT_EQ(fx.decided->role, state::following);
}

TEST(FormerLeader, ThatIsAQuorumAloneLeadsAtOnce) {
  election_round r{server(1), ensemble_of(1), our_list};
  auto fx = r.start(same_zxid, epoch{1}, standing::once_heard);
  ASSERT_TRUE(fx.decided);
  EXPECT_EQ(fx.decided->role, state::leading);
}

TEST(FormerLeader, OfBothListsWaitsForAQuorumOfEach) {
  auto next = quorum::make({{.id = {3}}, {.id = {4}}, {.id = {5}}}).value();
  election_round r{server(3), {}, our_list};
  r.reconfigure(quorum::joint(ensemble_of(3), next), our_list, zxid{}, true);
  (void)r.start(same_zxid, epoch{1}, standing::once_heard);
  EXPECT_FALSE(r.on_notification(heard(4, state::looking, vote_for(4))).broadcast);
  EXPECT_TRUE(r.on_notification(heard(2, state::looking, vote_for(2))).broadcast);
}

}  // namespace
}  // namespace troupe::core
