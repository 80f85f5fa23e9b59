// SPDX-License-Identifier: Apache-2.0
/// QuorumMajTest and HierarchicalQuorumTest of ZooKeeper, as situations; and the hierarchical rule
/// against a count by hand over random ensembles.
#include "actors/core/quorum.hpp"

#include <gmock/gmock.h>

#include <random>

#include "tests/unit/core/ensembles.hpp"

namespace troupe::core {
namespace {

using namespace test;
using ::testing::HasSubstr;

quorum made(const std::vector<ensemble_member>& members) {
  auto q = quorum::make(members);
  EXPECT_TRUE(q) << q.error();
  return q.value_or(quorum{});
}

std::string fault(const std::vector<ensemble_member>& members) {
  auto q = quorum::make(members);
  return q ? "" : q.error();
}

/// HierarchicalQuorumTest: three groups of three.
std::vector<ensemble_member> three_by_three() {
  std::vector<ensemble_member> members;
  for (std::int64_t n = 1; n <= 9; ++n) members.push_back({.id = {n}, .group = (n - 1) / 3});
  return members;
}

TEST(Quorum, MajorityOfFiveIsThree) {
  auto q = ensemble_of(5);
  EXPECT_FALSE(q.has_quorum(servers({1, 2})));
  EXPECT_TRUE(q.has_quorum(servers({1, 3, 5})));
}

TEST(Quorum, HalfOfFourIsNoMajority) {
  auto q = ensemble_of(4);
  EXPECT_FALSE(q.has_quorum(servers({1, 2})));
  EXPECT_TRUE(q.has_quorum(servers({1, 2, 4})));
}

TEST(Quorum, LoneServerIsItsOwnQuorum) { EXPECT_TRUE(ensemble_of(1).has_quorum(servers({1}))); }

TEST(Quorum, ObserversAndStrangersDoNotCount) {
  auto q = ensemble_of(3, 2);
  EXPECT_FALSE(q.has_quorum(servers({1, 4, 5, 77})));
  EXPECT_TRUE(q.has_quorum(servers({1, 2, 4})));
  EXPECT_FALSE(q.is_voter(server(4)));
  EXPECT_TRUE(q.is_observer(server(4)));
  EXPECT_EQ(q.weight_of(server(4)), 0);
  EXPECT_EQ(q.size(), 3U);
}

TEST(Quorum, EnsembleOfNobodyNeverHasOne) { EXPECT_FALSE(quorum{}.has_quorum(servers({1, 2, 3}))); }

TEST(Quorum, TwoOfThreeGroupsByMajorityEachSuffice) {
  auto q = made(three_by_three());
  EXPECT_TRUE(q.has_quorum(servers({1, 2, 4, 5})));      // 4 of 9, and still a quorum
  EXPECT_FALSE(q.has_quorum(servers({1, 2, 3, 4, 7})));  // one group, and single servers
  EXPECT_TRUE(q.has_quorum(servers({1, 3, 7, 9})));
}

TEST(Quorum, GroupWithoutWeightIsNoGroup) {
  auto members = three_by_three();
  for (auto& m : members)
    if (m.group == 2) m.weight = 0;
  auto q = made(members);
  EXPECT_TRUE(q.has_quorum(servers({1, 2, 4, 5})));
  EXPECT_FALSE(q.has_quorum(servers({1, 2, 3, 7, 8, 9})));  // two groups are left, both are needed
}

TEST(Quorum, HalfOfAGroupsWeightDoesNotWinIt) {
  auto q = made({{.id = {1}, .weight = 2, .group = 1}, {.id = {2}, .weight = 2, .group = 1}});
  EXPECT_FALSE(q.has_quorum(servers({1})));
  EXPECT_TRUE(q.has_quorum(servers({1, 2})));
}

TEST(Quorum, HeavyServerWinsItsGroupAlone) {
  auto q = made({{.id = {1}, .weight = 3, .group = 1}, {.id = {2}, .weight = 1, .group = 1}});
  EXPECT_TRUE(q.has_quorum(servers({1})));
  EXPECT_FALSE(q.has_quorum(servers({2})));
}

TEST(Quorum, ParticipantOutsideGroupsIsRefusedByName) {
  EXPECT_THAT(fault({{.id = {1}, .group = 1}, {.id = {2}}}), HasSubstr("server.2"));
}

TEST(Quorum, ObserverNeedsNoGroup) {
  EXPECT_EQ(fault({{.id = {1}, .group = 1}, {.id = {2}, .observer = true}}), "");
}

TEST(Quorum, ImpossibleListsAreRefused) {
  EXPECT_THAT(fault({}), HasSubstr("participant"));
  EXPECT_THAT(fault({{.id = {1}, .observer = true}}), HasSubstr("participant"));
  EXPECT_THAT(fault({{.id = {1}}, {.id = {1}}}), HasSubstr("twice"));
  EXPECT_THAT(fault({{.id = {1}, .weight = -1, .group = 1}}), HasSubstr("-1"));
  EXPECT_THAT(fault({{.id = {1}, .weight = 2}}), HasSubstr("group"));
  EXPECT_THAT(fault({{.id = {1}, .weight = 0, .group = 1}}), HasSubstr("weight 0"));
}

/// QuorumHierarchical's rule, counted the slow way.
bool counted_by_hand(const std::vector<ensemble_member>& members, const std::set<server_id>& in) {
  int groups = 0, won = 0;
  for (std::int64_t g = 0; g < 4; ++g) {
    std::int64_t total = 0, present = 0;
    for (const auto& m : members) {
      if (m.observer || m.group.value_or(0) != g) continue;
      total += m.weight;
      if (in.contains(m.id)) present += m.weight;
    }
    if (total == 0) continue;
    ++groups;
    if (2 * present > total) ++won;
  }
  return 2 * won > groups;
}

TEST(Quorum, RandomEnsemblesAgreeWithACountByHandAndQuorumsIntersect) {
  std::mt19937 rng{20240607};
  auto below = [&](int n) { return static_cast<std::int64_t>(rng() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 300; ++round) {
    const bool grouped = below(2) == 1;
    std::vector<ensemble_member> members;
    for (std::int64_t n = 1, count = 1 + below(7); n <= count; ++n) {
      ensemble_member m{.id = {n}, .observer = below(5) == 0};
      if (grouped) m.group = below(4), m.weight = below(4);
      members.push_back(m);
    }
    auto q = quorum::make(members);
    if (!q) continue;  // all observers, or all of weight 0
    std::vector<std::set<server_id>> quorums;
    for (unsigned bits = 0; bits < (1U << members.size()); ++bits) {
      std::set<server_id> chosen;
      for (std::size_t i = 0; i < members.size(); ++i)
        if (bits >> i & 1U) chosen.insert(members[i].id);
      ASSERT_EQ(q->has_quorum(chosen), counted_by_hand(members, chosen)) << "round " << round;
      if (q->has_quorum(chosen)) quorums.push_back(chosen);
    }
    for (const auto& a : quorums)
      for (const auto& b : quorums)
        ASSERT_TRUE(std::any_of(a.begin(), a.end(),
                                [&](auto id) { return b.contains(id) && q->is_voter(id); }))
            << "round " << round;
  }
}

// -- two memberships at once: while a reconfig is not known to be committed ----------------------

quorum of_voters(std::initializer_list<std::int64_t> ids) {
  std::vector<ensemble_member> members;
  for (auto n : ids) members.push_back({.id = {n}});
  return made(members);
}

TEST(JointQuorum, NeedsAMajorityOfBoth) {
  auto q = quorum::joint(of_voters({1, 2, 3}), of_voters({3, 4, 5}));
  EXPECT_TRUE(q.is_joint());
  EXPECT_FALSE(q.has_quorum(servers({1, 2, 3}))) << "one of the new three";
  EXPECT_FALSE(q.has_quorum(servers({3, 4, 5}))) << "one of the old three";
  EXPECT_FALSE(q.has_quorum(servers({1, 4, 5})));
  EXPECT_TRUE(q.has_quorum(servers({1, 3, 4})));
  EXPECT_TRUE(q.has_quorum(servers({1, 2, 4, 5})));
}

TEST(JointQuorum, WhoVotesInEitherIsAVoterAndWhoWatchesInOneAlone) {
  auto with_observer =
      made({{.id = {1}}, {.id = {2}, .observer = true}, {.id = {6}, .observer = true}});
  auto q = quorum::joint(with_observer, of_voters({2, 3}));
  EXPECT_EQ(q.voters(), servers({1, 2, 3}));
  EXPECT_EQ(q.observers(), servers({6}));
  EXPECT_EQ(q.weight_of(server(2)), 1);
  EXPECT_EQ(q.size(), 3U);
}

TEST(JointQuorum, SharesAVoterWithEachQuorumOfEitherSide) {
  auto before = of_voters({1, 2, 3, 4, 5}), after = of_voters({4, 5, 6});
  auto both = quorum::joint(before, after);
  for (unsigned a = 0; a < 64; ++a)
    for (unsigned b = 0; b < 64; ++b) {
      if ((a & b) != 0) continue;
      std::set<server_id> x, y;
      for (int n = 0; n < 6; ++n) {
        if (a >> n & 1U) x.insert({n + 1});
        if (b >> n & 1U) y.insert({n + 1});
      }
      if (both.has_quorum(x)) {
        EXPECT_FALSE(before.has_quorum(y));
        EXPECT_FALSE(after.has_quorum(y));
      }
    }
}

}  // namespace
}  // namespace troupe::core
