// SPDX-License-Identifier: Apache-2.0
/// Lists of servers that files alone say, changed one restart at a time: who elects whom while two
/// lists are about, and that no two of them ever elect apart from each other.
#include <gmock/gmock.h>

#include <random>
#include <set>

#include "actors/core/election_round.hpp"
#include "tests/unit/core/votes.hpp"

namespace troupe::core {
namespace {

using namespace test;
using ::testing::IsEmpty;
using ::testing::Not;
using state = server_state;

quorum list_of(const std::set<std::int64_t>& voters) {
  std::vector<ensemble_member> members;
  for (auto n : voters) members.push_back({.id = {n}});
  return quorum::make(members).value();
}

/// Who goes by a list that is not the hearer's.
notification by_list(std::int64_t from, const quorum& list, state s, vote v) {
  auto n = heard(from, s, v);
  n.server_list_digest = 0x1234;
  n.list = list;
  return n;
}

election_round looking(std::int64_t me, const quorum& list) {
  election_round r{server(me), list, our_list};
  (void)r.start(same_zxid, epoch{1});
  return r;
}

const quorum three = list_of({1, 2, 3}), four = list_of({1, 2, 3, 4});

// -- which lists go together ----------------------------------------------------------------------

TEST(Overlap, OneVoterMoreOrFewerAlwaysOverlaps) {
  for (std::int64_t n = 1; n <= 12; ++n) {
    std::set<std::int64_t> fewer;
    for (std::int64_t id = 1; id <= n; ++id) fewer.insert(id);
    auto more = fewer;
    more.insert(n + 1);
    EXPECT_TRUE(list_of(fewer).overlaps(list_of(more))) << n;
    EXPECT_TRUE(list_of(more).overlaps(list_of(fewer))) << n;
  }
  EXPECT_FALSE(three.overlaps(list_of({1, 2, 3, 4, 5})));
  EXPECT_FALSE(three.overlaps(list_of({1, 2, 4})));
}

/// Against every pair of quorums, over random lists of up to seven.
TEST(Overlap, IsThatEveryTwoQuorumsShareAServer) {
  std::mt19937 random{4711};
  const auto subset = [&] {
    std::set<std::int64_t> out;
    while (out.empty())
      for (std::int64_t id = 1; id <= 7; ++id)
        if (random() % 2 == 0) out.insert(id);
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    const auto a = list_of(subset()), b = list_of(subset());
    bool disjoint = false;
    for (unsigned mask = 0; mask < 128 && !disjoint; ++mask) {
      std::set<server_id> in, out;
      for (std::int64_t id = 1; id <= 7; ++id) ((mask >> (id - 1)) & 1U ? in : out).insert({id});
      disjoint = a.has_quorum(in) && b.has_quorum(out);
    }
    EXPECT_EQ(a.overlaps(b), !disjoint);
    EXPECT_EQ(b.overlaps(a), !disjoint);
  }
}

TEST(Overlap, GroupsAreNotLookedInto) {
  const auto grouped = quorum::make({{.id = {1}, .group = 1}, {.id = {2}, .group = 1}}).value();
  EXPECT_TRUE(grouped.overlaps(grouped));
  EXPECT_FALSE(grouped.overlaps(list_of({1, 2})));
  EXPECT_FALSE(list_of({1, 2}).overlaps(grouped));
}

// -- a search
// ---------------------------------------------------------------------------------------

TEST(RollingChange, NewServerFollowsWhoLeadsByTheOldList) {
  auto r = looking(4, four);
  (void)r.on_notification(by_list(1, three, state::following, vote_for(3)));
  auto fx = r.on_notification(by_list(3, three, state::leading, vote_for(3)));
  ASSERT_TRUE(fx.decided) << "a quorum of the list by which it leads";
  EXPECT_EQ(fx.decided->chosen.leader, server(3));
}

TEST(RollingChange, ServerOfTheOldListFollowsWhoLeadsByTheNewOne) {
  auto r = looking(1, three);
  (void)r.on_notification(by_list(2, four, state::following, vote_for(3)));
  EXPECT_TRUE(r.on_notification(by_list(3, four, state::leading, vote_for(3))).decided);
}

TEST(RollingChange, OnlyWhoIsInBothListsIsElected) {
  auto r = looking(4, four);  // by its id it would be the best of all
  (void)r.on_notification(heard(1, state::looking, vote_for(1)));
  EXPECT_EQ(r.proposal().leader, server(4));
  auto fx = r.on_notification(by_list(2, three, state::looking, vote_for(2)));
  EXPECT_TRUE(fx.broadcast);
  EXPECT_NE(r.proposal().leader, server(4)) << "2 has no address of it";
  (void)r.on_notification(by_list(2, three, state::looking, vote_for(2, r.round().value)));
  EXPECT_EQ(r.proposal().leader, server(2));
  (void)r.on_unreachable(server(2));
  EXPECT_EQ(r.proposal().leader, server(4)) << "who is gone has no say";
}

TEST(RollingChange, VoteForWhoIsInOneListAloneDoesNotCount) {
  auto r = looking(1, four);
  (void)r.on_notification(by_list(2, three, state::looking, vote_for(2, 5)));
  EXPECT_EQ(r.proposal().leader, server(2));
  (void)r.on_notification(heard(4, state::looking, vote_for(4, 5)));
  EXPECT_EQ(r.proposal().leader, server(2));
}

TEST(RollingChange, LeaderNeedsAQuorumOfItsOwnList) {
  auto r = looking(3, four);
  const auto round = [&] { return r.round().value; };
  (void)r.on_notification(by_list(2, three, state::looking, vote_for(2, 1)));
  EXPECT_FALSE(r.on_notification(by_list(2, three, state::looking, vote_for(3, round()))).decided)
      << "2 of 4";
  (void)r.on_unreachable(server(4));
  (void)r.on_unreachable(server(1));
  EXPECT_FALSE(r.on_finalize_timeout().decided);
}

TEST(RollingChange, ListThatCouldElectApartFromOursIsRefused) {
  auto r = looking(1, three);
  EXPECT_TRUE(
      r.on_notification(by_list(2, list_of({1, 2, 3, 4, 5}), state::looking, vote_for(2))).refused);
  EXPECT_TRUE(
      r.on_notification(by_list(2, list_of({1, 2, 4}), state::looking, vote_for(2))).refused);
  EXPECT_THAT(r.other_lists(), IsEmpty());
}

/// Each goes with ours, but not with the other: two changes at a time.
TEST(RollingChange, ListThatCouldElectApartFromAnotherOneIsRefused) {
  auto r = looking(3, four);
  EXPECT_FALSE(r.on_notification(by_list(1, three, state::looking, vote_for(1))).refused);
  EXPECT_TRUE(
      r.on_notification(by_list(4, list_of({1, 2, 3, 4, 5}), state::looking, vote_for(4))).refused);
  EXPECT_FALSE(
      r.on_notification(by_list(1, list_of({1, 2, 3, 4, 5}), state::looking, vote_for(1))).refused)
      << "1 has gone on";
}

TEST(RollingChange, ListOfAStrangerThatIsGoneBindsNobody) {
  auto r = looking(3, three);
  (void)r.on_notification(by_list(4, four, state::looking, vote_for(4)));
  EXPECT_EQ(r.other_lists().size(), 1U);
  (void)r.on_unreachable(server(4));
  EXPECT_THAT(r.other_lists(), IsEmpty());
  EXPECT_FALSE(r.on_notification(by_list(1, list_of({1, 2}), state::looking, vote_for(1))).refused)
      << "the next change";
}

/// What 4 has more of.
log_end longer() { return {epoch{1}, zxid{same_zxid.value + 1}}; }

/// By the list of four server 3 would need the promise of 4.
struct holder_that_nobody_elects {
  election_round r = looking(3, four);
  holder_that_nobody_elects() { (void)r.on_unreachable(server(2)); }
  election_effects hear_old(std::int64_t from, vote v) {
    return r.on_notification(by_list(from, three, state::looking, v));
  }
  election_effects hear_holder(log_end log) {
    auto n = heard(4, state::looking, vote_for(3, r.round().value));
    n.own = log;
    return r.on_notification(n);
  }
};

TEST(RollingChange, WhoWouldNeedALongerLogThatNobodyElectsLeavesItToOthersInANewRound) {
  holder_that_nobody_elects w;
  (void)w.hear_old(1, vote_for(1));
  const auto before = w.r.round();
  auto fx = w.hear_holder(longer());
  EXPECT_FALSE(fx.decided);
  EXPECT_TRUE(fx.broadcast);
  EXPECT_GT(w.r.round(), before) << "votes for it are about";
  EXPECT_EQ(w.r.missed_for_longer_logs(), std::set{server(4)});
  (void)w.hear_old(1, vote_for(1, w.r.round().value));
  EXPECT_EQ(w.r.proposal().leader, server(1));
}

TEST(RollingChange, ALogThatIsNotLongerIsNoReason) {
  for (const auto& log : {log_end{epoch{1}, same_zxid}, log_end{epoch{0}, zxid{1LL << 40}},
                          log_end{epoch{1}, zxid{-1}}}) {
    holder_that_nobody_elects w;
    (void)w.hear_old(1, vote_for(1));
    (void)w.hear_holder(log);
    EXPECT_THAT(w.r.missed_for_longer_logs(), IsEmpty());
    EXPECT_EQ(w.r.proposal().leader, server(3));
  }
}

TEST(RollingChange, ALongerLogThatIsNotNeededIsNoReasonAndItStandsAgain) {
  holder_that_nobody_elects w;
  (void)w.hear_old(1, vote_for(1));
  (void)w.hear_holder(longer());
  EXPECT_NE(w.r.proposal().leader, server(3));
  EXPECT_TRUE(w.r.on_reachable(server(2)).broadcast);
  EXPECT_THAT(w.r.missed_for_longer_logs(), IsEmpty()) << "1, 2 and 3 are a quorum of four";
  EXPECT_EQ(w.r.proposal().leader, server(3));
  (void)w.r.on_unreachable(server(2));
  EXPECT_NE(w.r.proposal().leader, server(3));
}

TEST(RollingChange, ALongerLogThatMayLeadIsNoReason) {
  holder_that_nobody_elects w;
  (void)w.hear_holder(longer());
  EXPECT_THAT(w.r.missed_for_longer_logs(), IsEmpty()) << "no list lacks it";
  (void)w.hear_old(1, vote_for(1));
  EXPECT_THAT(w.r.missed_for_longer_logs(), Not(IsEmpty()));
  (void)w.r.on_unreachable(server(1));
  EXPECT_THAT(w.r.missed_for_longer_logs(), IsEmpty());
}

TEST(RollingChange, WhereAReconfigChangesServersOneVersionIsOneList) {
  election_round r{server(1), three, our_list};
  r.reconfigure(three, our_list, zxid{0x100000000}, true);
  (void)r.start(same_zxid, epoch{1});
  auto n = by_list(2, four, state::looking, vote_for(2));
  n.membership_version = zxid{0x100000000};
  EXPECT_TRUE(r.on_notification(n).refused);
}

TEST(RollingChange, ServerThatCameBackWithOurListEndsIt) {
  auto r = looking(1, four);
  (void)r.on_notification(by_list(2, three, state::looking, vote_for(2)));
  EXPECT_EQ(r.other_lists().size(), 1U);
  (void)r.on_notification(heard(2, state::looking, vote_for(2, 9)));
  EXPECT_THAT(r.other_lists(), IsEmpty());
  (void)r.on_notification(heard(4, state::looking, vote_for(4, 9)));
  EXPECT_EQ(r.proposal().leader, server(4));
}

}  // namespace
}  // namespace troupe::core
