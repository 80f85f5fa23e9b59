// SPDX-License-Identifier: Apache-2.0
/// Servers of which some hold a list that is not known to be committed: who gives way, and what is
/// told where nobody may lead (docs/ARCHITECTURE.md, "A list that came to nothing").
#include <gmock/gmock.h>

#include <memory>

#include "actors/core/pending_lists.hpp"
#include "tests/actor/election_fixture.hpp"

namespace troupe {
namespace {

using namespace test;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class PendingList : public Election {
 protected:
  static config::node_config reconfigurable(int voters = 3) {
    auto cfg = list_of(voters);
    cfg.reconfig_enabled = true;
    cfg.membership_version = at(1, 0);
    return cfg;
  }
  /// {1,2,3} is committed, and the log's end is a reconfig to {3,4,5}.
  static look_for_leader holder() {
    auto next = std::make_shared<config::membership>();
    next->version = at(1, 8);
    for (const auto& x : list_of(5).servers)
      if (x.id >= server_id{3}) next->servers.push_back(x);
    auto known = config::make_view(config::membership_of(reconfigurable()));
    return {at(1, 8), epoch{1}, config::with_seen(*known, next)};
  }
  static look_for_leader without() {
    return {at(1, 7), epoch{1}, config::make_view(config::membership_of(reconfigurable()))};
  }
  static constexpr milliseconds stands_for{core::stand_by_list_ms};
};

TEST_F(PendingList, ItsHolderGivesWayToAQuorumThatDoesNotHoldIt) {
  for (int id : {1, 2, 3}) start(id, reconfigurable());
  look(1, without());
  look(2, without());
  look(3, holder());
  EXPECT_GT(until_elected({1, 2, 3}), stands_for - 100ms);
  for (int id : {1, 2, 3}) EXPECT_EQ(leader_of(id), 2);
  EXPECT_TRUE(results_.at({3}).gives_way);
  EXPECT_FALSE(results_.at({1}).gives_way);
}

TEST_F(PendingList, OneThatAQuorumMayHaveCommittedIsStoodByAndTold) {
  for (int id : {1, 2, 3}) start(id, reconfigurable());
  look(1, without());
  look(2, holder());
  look(3, holder());
  for (auto passed = 0ms; passed < 60s; passed += 100ms) pass(100ms);
  EXPECT_TRUE(results_.empty());
  for (int id : {1, 2, 3})
    EXPECT_THAT(account(id),
                HasSubstr("Pending list: version 0x100000008, in the log of server 2 and server 3 "
                          "and not known to be committed; a leader needs a quorum of the present "
                          "list (3 of 3 voters reachable, 2 needed) and one of this list (1 of 3 "
                          "voters reachable, 2 needed)"))
        << id;
}

TEST_F(PendingList, WhoHasLostWhatItLoggedIsNoProof) {
  for (int id : {1, 2, 3}) start(id, reconfigurable());
  look(1, without());
  look(2, {zxid{-1}, epoch{1}, without().members});
  look(3, holder());
  for (auto passed = 0ms; passed < 30s; passed += 100ms) pass(100ms);
  EXPECT_TRUE(results_.empty());
}

TEST_F(PendingList, ItsHolderLeadsAtOnceWhereAQuorumOfBothIsThere) {
  for (int id : {1, 2, 3, 4}) start(id, reconfigurable());
  look(1, without());
  look(2, without());
  look(3, holder());
  look(4, holder());
  EXPECT_LT(until_elected({1, 2, 3, 4}), stands_for);
  for (int id : {1, 2, 4}) EXPECT_EQ(leader_of(id), leader_of(3));
}

}  // namespace
}  // namespace troupe
