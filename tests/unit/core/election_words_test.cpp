// SPDX-License-Identifier: Apache-2.0
#include "actors/core/election_words.hpp"

#include <gmock/gmock.h>

#include "tests/unit/core/votes.hpp"

namespace troupe::core {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;
using ground = election_record::ground;
using state = server_state;

/// Decided for the first of these, all of which were heard of.
election_record decided(std::initializer_list<vote> candidates,
                        ground why = ground::all_reachable_agreed) {
  election_record out;
  out.why = why;
  out.result = {*candidates.begin(), state::following};
  for (const auto& v : candidates) out.candidates[v.leader] = v;
  return out;
}

std::string outcome(const election_record& r, const quorum& q = ensemble_of(3)) {
  return outcome_text(r, q);
}

TEST(ElectionWords, WhatDecidedIsNamedInTheOrderOfTheComparison) {
  EXPECT_EQ(outcome(decided({vote_for(3), vote_for(1), vote_for(2)})),
            "server 3 won: same epoch and zxid, greatest id");
  EXPECT_EQ(outcome(decided({vote_for(2, 1, at(1, 5)), vote_for(3, 1, at(1, 3)), vote_for(1)})),
            "server 2 won: a quorum voted for it; the vote for server 1 (epoch 1 zxid "
            "0x100000009), which is ahead, came too late");
  EXPECT_EQ(outcome(decided({vote_for(2, 1, at(1, 5)), vote_for(3, 1, at(1, 3))})),
            "server 2 won: its zxid 0x100000005 is ahead of 0x100000003 of server 3");
  EXPECT_EQ(outcome(decided({vote_for(1, 1, at(1, 1), epoch{7}), vote_for(3, 1, at(6, 3))})),
            "server 1 won: its epoch 7 is ahead of 1 of server 3");
  EXPECT_EQ(outcome(decided({vote_for(2)})), "server 2 won: no other candidate was heard of");
  EXPECT_EQ(outcome({}), "");
}

TEST(ElectionWords, TheRivalIsTheBestOfTheOthers) {
  EXPECT_THAT(outcome(decided({vote_for(1, 1, at(1, 9)), vote_for(2, 1, at(1, 2)),
                               vote_for(3, 1, at(1, 8))})),
              HasSubstr("ahead of 0x100000008 of server 3"));
}

TEST(ElectionWords, WhoHasNoWeightIsNoRival) {
  const auto q =
      quorum::make({{.id = {1}, .group = 1}, {.id = {2}, .weight = 0, .group = 1}}).value();
  EXPECT_EQ(outcome(decided({vote_for(1), vote_for(2, 1, at(7, 7), epoch{7})}), q),
            "server 1 won: no other candidate was heard of");
}

TEST(ElectionWords, WhomSettledServersStillNameIsNoRivalOfALaterRound) {
  EXPECT_EQ(outcome(decided({vote_for(3, 7), vote_for(2, 4, at(1, 99))})),
            "server 3 won: no other candidate was heard of");
}

TEST(ElectionWords, WhoJoinsALedEnsembleSaysWhoToldIt) {
  auto record = decided({vote_for(2)}, ground::settled_quorum);
  record.votes = {{server(1), {vote_for(2), state::following}},
                  {server(2), {vote_for(2), state::leading}},
                  {server(3), {vote_for(3), state::looking}}};
  EXPECT_EQ(outcome(record), "server 2 was leading already, as said by server 1 and server 2");
  record.result.role = state::leading;  // whom it had told of its vote
  EXPECT_EQ(outcome(record), "server 2 won: no other candidate was heard of");
}

TEST(ElectionWords, EveryVoterIsInTheListOfVotes) {
  const auto q = ensemble_of(4, 1);
  const vote nobody{{-5}, {-5}, {-5}, {1}};
  EXPECT_EQ(votes_text({{server(1), {vote_for(3), state::looking}},
                        {server(3), {vote_for(3), state::looking}},
                        {server(4), {nobody, state::looking}}},
                       q),
            "server 1 for 3, server 3 for itself, server 4 for nobody yet; no vote of server 2");
  EXPECT_EQ(votes_text({}, ensemble_of(3)), "no vote of server 1, server 2 and server 3");
}

TEST(ElectionWords, ReachSaysHowManyAreNeeded) {
  EXPECT_EQ(reach_text(ensemble_of(5, 2), servers({1, 4, 6, 7})),
            "2 of 5 voters reachable, 3 needed");
  EXPECT_EQ(reach_text(ensemble_of(4), servers({1, 2, 3, 4})), "4 of 4 voters reachable, 3 needed");
  const auto groups = quorum::make({{.id = {1}, .weight = 3, .group = 1},
                                    {.id = {2}, .weight = 1, .group = 1},
                                    {.id = {3}, .weight = 1, .group = 1}})
                          .value();
  EXPECT_EQ(reach_text(groups, servers({1})),
            "1 of 3 voters reachable, a quorum by groups and weights");
  EXPECT_EQ(reach_text(groups, servers({2, 3})),
            "2 of 3 voters reachable, no quorum by groups and weights");
  EXPECT_EQ(reach_text(quorum::joint(ensemble_of(3), ensemble_of(5)), servers({1, 2})),
            "2 of 5 voters reachable, no quorum of the present and the next list");
}

TEST(ElectionWords, AccountOfADecisionNamesTheAbsentAndWhy) {
  election_round r{server(2), ensemble_of(3), our_list};
  (void)r.start(at(1, 5), epoch{1});
  (void)r.on_unreachable(server(3));
  const auto under_way = account_of_search(r, 1200);
  EXPECT_THAT(under_way, Contains(Pair("Election under way",
                                       "for 1200 ms; this server names server 2 (epoch 1 zxid "
                                       "0x100000005)")));
  EXPECT_THAT(under_way, Contains(Pair("Votes so far",
                                       "server 2 for itself; no vote of server 1 and server 3")));
  auto own = heard(1, state::looking, vote_for(1, 1, at(1, 4)));
  (void)r.on_notification(own);
  own.proposed = vote_for(2, 1, at(1, 5));
  (void)r.on_notification(own);
  ASSERT_FALSE(r.is_looking());
  EXPECT_EQ(account_of(r.last_decision(), r.ensemble(), 12, "noon", {{server(3), "refused"}}),
            (election_account{
                {"Last election", "server 2 won: its zxid 0x100000005 is ahead of 0x100000004 of "
                                  "server 1"},
                {"Decided", "after 12 ms, at noon: every reachable voter agreed"},
                {"Votes", "server 1 for 2, server 2 for itself; no vote of server 3"},
                {"Candidates",
                 "server 1 (epoch 1 zxid 0x100000004), server 2 (epoch 1 zxid 0x100000005)"},
                {"Without", "server 3 (refused)"}}));
}

}  // namespace
}  // namespace troupe::core
