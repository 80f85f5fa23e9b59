// SPDX-License-Identifier: Apache-2.0
/// A list of servers that is in some logs and not known to be committed: when its holder may know
/// that it was not, and how long it stands and gives way.
#include "actors/core/pending_lists.hpp"

#include <gmock/gmock.h>

#include <random>

#include "tests/unit/core/ensembles.hpp"

namespace troupe::core {
namespace {

using namespace test;
using ::testing::HasSubstr;
using ::testing::Not;

const zxid list = at(5, 9);
constexpr zxid none{};

/// By `server`: the epoch and the counter of its last txn, and the list that it holds.
struct told {
  std::int64_t server, era, counter;
  zxid holds = none;
};

pending_lists heard(const std::vector<told>& logs) {
  pending_lists out;
  for (const auto& x : logs)
    out.note(server(x.server), {epoch{x.era}, at(x.era, x.counter), x.holds});
  return out;
}

bool is_disproved(const std::vector<told>& logs, const quorum& present = ensemble_of(3)) {
  return heard(logs).is_disproved(list, present);
}

TEST(PendingLists, QuorumThatDoesNotHoldItDisprovesIt) {
  EXPECT_FALSE(is_disproved({{3, 5, 9, list}}));
  EXPECT_FALSE(is_disproved({{3, 5, 9, list}, {1, 5, 8}}));
  EXPECT_TRUE(is_disproved({{3, 5, 9, list}, {1, 5, 8}, {2, 5, 7}}));
}

TEST(PendingLists, ItsHolderIsNoPartOfTheProof) {
  EXPECT_FALSE(is_disproved({{3, 5, 9, list}, {2, 5, 9, list}, {1, 5, 8}}))
      << "servers 2 and 3 may have committed it with the help of the next list";
}

TEST(PendingLists, TxnsBehindTheListChangeNothing) {
  EXPECT_TRUE(is_disproved({{3, 5, 40, list}, {1, 5, 8}, {2, 5, 8}}));
  EXPECT_FALSE(is_disproved({{3, 5, 40, list}, {2, 5, 9, list}, {1, 5, 8}}));
}

TEST(PendingLists, HolderThatALaterEpochHasPassedMayPromiseToIt) {
  EXPECT_TRUE(is_disproved({{3, 7, 1, list}, {2, 5, 9, list}, {1, 6, 2}}));
  EXPECT_FALSE(is_disproved({{3, 7, 1, list}, {2, 6, 3, list}, {1, 6, 2}}));
}

TEST(PendingLists, StrangersAndVotersOfTheNextListAloneProveNothing) {
  EXPECT_FALSE(is_disproved({{3, 5, 9, list}, {1, 5, 8}, {4, 5, 8}, {5, 5, 8}}));
}

TEST(PendingLists, HolderThatHasNoVoteGivesWayToo) {
  EXPECT_TRUE(is_disproved({{4, 5, 9, list}, {1, 5, 8}, {2, 5, 7}}));
}

TEST(PendingLists, OfTwoListsEachIsJudgedByItself) {
  const auto older = at(4, 3);
  auto logs = heard({{3, 5, 9, list}, {2, 4, 3, older}, {1, 5, 8}});
  EXPECT_TRUE(logs.is_disproved(list, ensemble_of(3)));
  EXPECT_TRUE(logs.is_disproved(older, ensemble_of(3)));
}

TEST(PendingLists, WeightDecidesWhatAQuorumIs) {
  auto weighed = [](std::int64_t one, std::int64_t two, std::int64_t three) {
    return quorum::make({{.id = server(1), .weight = one, .group = 1},
                         {.id = server(2), .weight = two, .group = 1},
                         {.id = server(3), .weight = three, .group = 1}})
        .value();
  };
  const std::vector<told> logs{{3, 5, 9, list}, {1, 5, 8}, {2, 5, 7}};
  EXPECT_TRUE(is_disproved(logs, weighed(1, 1, 1)));
  EXPECT_FALSE(is_disproved(logs, weighed(1, 1, 2))) << "half is no quorum";
  EXPECT_TRUE(is_disproved(logs, weighed(0, 3, 1))) << "who has no weight is not asked";
}

TEST(PendingLists, WhoIsGoneOrSaysOtherwiseIsForgotten) {
  auto logs = heard({{3, 5, 9, list}, {1, 5, 8}, {2, 5, 7}});
  logs.forget(server(2));
  EXPECT_FALSE(logs.is_disproved(list, ensemble_of(3)));
  logs.note(server(2), {epoch{5}, at(5, 9), list});
  EXPECT_FALSE(logs.is_disproved(list, ensemble_of(3)));
}

TEST(PendingLists, HolderStandsThenGivesWayAndStandsAgain) {
  const auto all = ensemble_of(3);
  auto logs = heard({{3, 5, 9, list}, {1, 5, 8}, {2, 5, 7}});
  const auto gives_way = [&](std::int64_t ms) { return logs.should_give_way(list, all, ms); };
  EXPECT_FALSE(gives_way(0));
  EXPECT_FALSE(gives_way(stand_by_list_ms - 1));
  EXPECT_TRUE(gives_way(stand_by_list_ms));
  EXPECT_TRUE(gives_way(stand_by_list_ms + give_way_ms - 1));
  EXPECT_FALSE(gives_way(stand_by_list_ms + give_way_ms));
  EXPECT_FALSE(gives_way(2 * stand_by_list_ms + give_way_ms - 1));
  EXPECT_TRUE(gives_way(2 * stand_by_list_ms + give_way_ms));
  logs.forget(server(1));
  EXPECT_FALSE(gives_way(stand_by_list_ms)) << "without a proof it stands for ever";
}

/// Zab's reason: what a quorum has logged is in the log of one of every quorum. Random ensembles,
/// random holders: whenever a quorum holds the list, those who are up do not disprove it.
TEST(PendingLists, WhatAQuorumHasLoggedIsNeverDisproved) {
  std::mt19937 chance{7};
  const auto below = [&](int n) {
    return static_cast<std::int64_t>(chance() % static_cast<unsigned>(n));
  };
  for (int i = 0; i < 20'000; ++i) {
    std::vector<ensemble_member> members;
    const auto size = 1 + below(7);
    const bool grouped = below(2) == 0;
    for (std::int64_t n = 1; n <= size; ++n) {
      members.push_back({.id = server(n)});
      if (grouped) members.back().weight = 1 + below(3), members.back().group = n % 2;
    }
    const auto present = quorum::make(members).value();
    std::set<server_id> holders;
    pending_lists up;
    for (std::int64_t n = 1; n <= size; ++n) {
      const bool holds = below(2) == 0;
      if (holds) holders.insert(server(n));
      const auto last = holds ? at(5, 9 + below(3)) : at(5, below(9));
      if (below(4) > 0) up.note(server(n), {epoch{5}, last, holds ? list : none});
    }
    if (present.has_quorum(holders)) {
      EXPECT_FALSE(up.is_disproved(list, present));
    }
  }
}

TEST(PendingLists, WordsSayWhoHoldsItAndWhatIsMissing) {
  auto next = quorum::make({{.id = server(3)}, {.id = server(4)}, {.id = server(5)}}).value();
  const pending_list_words asked{list, ensemble_of(3), next, servers({1, 2, 3})};
  EXPECT_EQ(
      text_of(heard({{3, 5, 9, list}, {2, 5, 9, list}, {1, 5, 8}}), asked),
      "version 0x500000009, in the log of server 2 and server 3 and not known to be committed; "
      "a leader needs a quorum of the present list (3 of 3 voters reachable, 2 needed) and "
      "one of this list (1 of 3 voters reachable, 2 needed)");
  EXPECT_EQ(text_of(heard({{3, 5, 9, list}, {2, 5, 7}, {1, 5, 8}}), asked),
            "version 0x500000009, in the log of server 3, was not committed: server 1 and server 2 "
            "can decide without it");
}

}  // namespace
}  // namespace troupe::core
