// SPDX-License-Identifier: Apache-2.0
// A list of servers that some have logged and that came to nothing blocks nobody, and one that may
// have been committed is not given up (docs/ARCHITECTURE.md, "A list that came to nothing").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/core/pending_lists.hpp"
#include "tests/sim/changing.hpp"

namespace troupe::sim {
namespace {

/// As long as a holder may stand, an election, and its epoch.
constexpr auto soon = 30s;
/// A holder has stood, given way and stood again by then.
constexpr auto long_enough = 90s;

struct half_logged : changing {
  using changing::changing;

  [[nodiscard]] std::set<server_id> but(std::set<server_id> who, server_id one) const {
    who.erase(one);
    return who;
  }
  [[nodiscard]] std::set<server_id> present() const {
    std::set<server_id> out;
    for (const auto& x : agreed_members().servers)
      if (!x.observer) out.insert(x.id);
    return out;
  }
  [[nodiscard]] server_id any_but(const std::set<server_id>& not_these) const {
    return *std::ranges::find_if(servers(), [&](server_id x) { return !not_these.contains(x); });
  }

  /// A client of the leader's, which has a session.
  client& client_of_leader() {
    auto& via = make_client(leader());
    EXPECT_TRUE(run_until(5s, [&] { return via.is_live(); }));
    return via;
  }
  operation reconfig_to(const std::set<server_id>& next) const {
    return {.op = op_code::reconfig, .path = "/zookeeper/config", .value = lines_of(next)};
  }

  /// The leader logs the list, and `also` do; nobody else hears of it, and then all are down.
  void log_and_die(const std::set<server_id>& next, const std::set<server_id>& also = {},
                   int writes_behind = 0) {
    auto& via = client_of_leader();
    const auto leads = *leader();
    std::set<server_id> logged;
    on_list_logged([&logged](server_id by) { logged.insert(by); });
    for (auto id : servers())
      if (id != leads && !also.contains(id)) wires().cut_both(leads, id);
    via.ask(reconfig_to(next));
    EXPECT_TRUE(run_until(1s, [&] { return logged.size() == also.size() + 1; }));
    for (int i = 0; i < writes_behind; ++i)
      via.ask({.op = op_code::create, .path = "/behind-" + std::to_string(i), .value = "x"});
    run_for(300ms);
    on_list_logged({});
    for (auto id : servers()) crash(id);
    wires().heal_all();
    run_for(1s);
  }
  /// Whether these, without all others, could lead: asked of the disks. Then they are started.
  bool start_only(const std::set<server_id>& who) {
    for (auto id : servers())
      if (!who.contains(id)) retire(id);
    const bool could = could_lead({who.begin(), who.end()});
    for (auto id : who) start(id);
    return could;
  }
  bool leads_soon() {
    return run_until(soon, [this] { return members_serve(); });
  }
  bool nobody_leads() {
    return !run_until(long_enough, [this] { return leader().has_value(); });
  }
  void reuse_all() {
    for (auto id : servers()) reuse(id);
  }
  void expect_service_and_clean_end(const std::string& path) {
    EXPECT_TRUE(write(path));
    reuse_all();
    expect_clean_end();
  }
};

TEST(OrphanList, LeaderThatAloneHasLoggedItBlocksNobody) {
  half_logged w{3, 2};
  const auto holder = *w.leader();
  w.log_and_die({holder, {4}, {5}});
  EXPECT_TRUE(w.start_only(ids({1, 2, 3})));
  ASSERT_TRUE(w.leads_soon());
  EXPECT_NE(w.leader(), holder);
  EXPECT_EQ(w.members(), ids({1, 2, 3}));
  w.expect_service_and_clean_end("/goes-on");
  EXPECT_EQ(w.members(), ids({1, 2, 3}));
}

TEST(OrphanList, WithItsHolderDownTheOthersElectAndItsLogIsCutWhenItComesBack) {
  half_logged w{3, 2};
  const auto holder = *w.leader();
  w.log_and_die({holder, {4}, {5}});
  EXPECT_TRUE(w.start_only(w.but(ids({1, 2, 3}), holder)));
  ASSERT_TRUE(w.leads_soon());
  w.expect_service_and_clean_end("/goes-on");
  EXPECT_EQ(w.members(), ids({1, 2, 3}));
}

TEST(OrphanList, ServersThatLedMeanwhileTakeItsHolderInAtOnce) {
  half_logged w{3, 2};
  const auto holder = *w.leader();
  w.log_and_die({holder, {4}, {5}});
  ASSERT_TRUE(w.start_only(w.but(ids({1, 2, 3}), holder)));
  w.run_for(200ms);
  w.reuse(holder);
  w.start(holder);
  ASSERT_TRUE(w.leads_soon());
  w.expect_service_and_clean_end("/goes-on");
}

TEST(OrphanList, TxnsBehindItGoWithIt) {
  half_logged w{3, 2};
  const auto holder = *w.leader();
  w.log_and_die({holder, {4}, {5}}, {}, 5);
  EXPECT_TRUE(w.start_only(ids({1, 2, 3})));
  ASSERT_TRUE(w.leads_soon());
  w.expect_service_and_clean_end("/goes-on");
}

TEST(OrphanList, QuorumOfBothListsLeadsWithoutDelay) {
  half_logged w{3, 2};
  const auto holder = *w.leader();
  const auto other = *w.but(ids({1, 2, 3}), holder).begin();
  w.log_and_die({holder, other, {4}});
  EXPECT_TRUE(w.start_only(ids({1, 2, 3})));
  ASSERT_TRUE(w.run_until(std::chrono::milliseconds{core::stand_by_list_ms - 500},
                          [&] { return w.leader().has_value(); }));
  EXPECT_EQ(w.leader(), holder);
  EXPECT_EQ(w.members(), (std::set<server_id>{holder, other, {4}}));
  w.expect_service_and_clean_end("/of-the-next");
}

TEST(OrphanList, ObserverThatItMadeAVoterIsNotMissed) {
  auto o = changing::quiet(5, 0);
  o.observers = 2;
  half_logged w{o};
  const auto holder = *w.leader();
  const auto dead = w.any_but({holder});
  w.log_and_die({holder, dead, {6}});
  auto up = w.but(ids({1, 2, 3, 4, 5, 7}), dead);
  EXPECT_TRUE(w.start_only(up));
  ASSERT_TRUE(w.leads_soon());
  w.expect_service_and_clean_end("/goes-on");
}

TEST(OrphanList, VoterOfItAloneThatHoldsItGivesWay) {
  half_logged w{3, 2};
  const auto holder = *w.leader();
  w.log_and_die({holder, {4}, {5}}, ids({4}));
  auto up = w.but(ids({1, 2, 3, 4}), holder);
  EXPECT_TRUE(w.start_only(up));
  ASSERT_TRUE(w.leads_soon());
  EXPECT_EQ(w.members(), ids({1, 2, 3}));
  w.expect_service_and_clean_end("/goes-on");
}

/// With the help of 4 or 5 it may have been committed: server 1 is no proof.
TEST(OrphanList, OneThatAQuorumHoldsIsNotGivenUp) {
  half_logged w{3, 2};
  const auto holder = *w.leader();
  const auto second = *w.but(ids({1, 2, 3}), holder).begin();
  w.log_and_die({holder, {4}, {5}}, {second});
  EXPECT_FALSE(w.start_only(ids({1, 2, 3})));
  EXPECT_TRUE(w.nobody_leads());
  w.reuse({4});
  w.start({4});
  ASSERT_TRUE(w.leads_soon()) << "a quorum of both is back";
  EXPECT_EQ(w.members(), (std::set<server_id>{holder, {4}, {5}}));
  w.expect_service_and_clean_end("/of-the-next");
}

/// It was committed, by the leader, one of the old list and one of the new one. The first is up,
/// and is no proof; the other two are dead.
TEST(OrphanList, CommittedOneIsNotGivenUpByWhoDoesNotKnowThatItIs) {
  half_logged w{3, 2};
  const auto holder = *w.leader();
  const auto second = *w.but(ids({1, 2, 3}), holder).begin();
  const auto third = w.any_but({holder, second});
  auto& via = w.client_of_leader();
  w.wires().cut_both(holder, third);
  w.wires().cut_both(holder, {5});
  std::optional<operation> done;
  via.ask(w.reconfig_to({holder, {4}, {5}}), [&done](const operation& op) { done = op; });
  w.run_until(5s, [&] { return done.has_value(); });
  for (auto id : w.servers()) w.crash(id);
  w.wires().heal_all();
  ASSERT_TRUE(done);
  ASSERT_EQ(done->err, error_code::ok);
  EXPECT_FALSE(w.start_only({second, third, {5}}));
  EXPECT_TRUE(w.nobody_leads());
  w.reuse_all();
  w.expect_clean_end();
  EXPECT_EQ(w.members(), (std::set<server_id>{holder, {4}, {5}}));
}

TEST(OrphanList, OfFiveServersAMinorityOfEachListIsEnough) {
  half_logged w{5, 2};
  const auto holder = *w.leader();
  w.log_and_die({holder, {6}, {7}});
  auto up = w.but(ids({1, 2, 3, 4, 5}), holder);
  up.erase(up.begin());
  up.insert(holder);
  EXPECT_TRUE(w.start_only(up));
  ASSERT_TRUE(w.leads_soon());
  w.expect_service_and_clean_end("/goes-on");
}

TEST(OrphanList, OfFiveServersThreeOfWhichOneHoldsItAreNoProof) {
  half_logged w{5, 2};
  const auto holder = *w.leader();
  w.log_and_die({holder, {6}, {7}});
  auto up = w.but(ids({1, 2, 3, 4, 5}), holder);
  up.erase(up.begin());
  up.erase(up.begin());
  up.insert(holder);
  EXPECT_FALSE(w.start_only(up));
  EXPECT_TRUE(w.nobody_leads());
  w.reuse_all();
  w.expect_clean_end();
}

TEST(OrphanList, TwoHoldersOfDifferentListsBothGiveWay) {
  half_logged w{3, 4};
  const auto first = *w.leader();
  w.log_and_die({first, {4}, {5}});
  ASSERT_TRUE(w.start_only(w.but(ids({1, 2, 3, 4, 5, 6, 7}), first)));
  ASSERT_TRUE(w.run_until(soon, [&] { return w.all_serve(); }));
  const auto second = *w.leader();
  ASSERT_NE(first, second);
  w.log_and_die({second, {6}, {7}});
  w.reuse_all();
  EXPECT_TRUE(w.start_only(ids({1, 2, 3})));
  ASSERT_TRUE(w.leads_soon());
  EXPECT_EQ(w.members(), ids({1, 2, 3}));
  w.expect_service_and_clean_end("/goes-on");
}

TEST(OrphanList, ListBehindACommittedOneIsJudgedByThat) {
  half_logged w{3, 4};
  ASSERT_EQ(w.change_to(ids({3, 4, 5})), error_code::ok);
  ASSERT_TRUE(w.run_until(soon, [&] { return w.all_serve(); }));
  const auto holder = *w.leader();
  w.log_and_die({holder, {6}, {7}});
  EXPECT_TRUE(w.start_only(ids({1, 3, 4, 5})));
  ASSERT_TRUE(w.leads_soon());
  EXPECT_EQ(w.members(), ids({3, 4, 5}));
  w.expect_service_and_clean_end("/goes-on");
}

TEST(OrphanList, WeightDecidesWhoIsAProof) {
  for (const auto& weights :
       {std::vector<std::int64_t>{1, 1, 1, 1, 1}, {2, 2, 1, 1, 1}, {1, 1, 3, 2, 2}}) {
    auto o = changing::quiet(3, 2);
    o.weights = weights;
    half_logged w{o};
    const auto holder = *w.leader();
    w.log_and_die({holder, {4}, {5}});
    const bool could = w.start_only(ids({1, 2, 3}));
    EXPECT_EQ(could, 2 * weights[static_cast<std::size_t>(holder.value - 1)] <
                         weights[0] + weights[1] + weights[2]);
    if (could) {
      EXPECT_TRUE(w.leads_soon());
    } else {
      EXPECT_TRUE(w.nobody_leads());
    }
    w.reuse_all();
    w.expect_clean_end();
  }
}

/// The others hear each other too late: the holder has given way, and stands again.
TEST(OrphanList, HolderStandsAgainWhenTheOthersDoNotComeTogetherAndItsListIsBack) {
  half_logged w{3, 2};
  const auto holder = *w.leader();
  const auto second = *w.but(ids({1, 2, 3}), holder).begin();
  const auto third = w.any_but({holder, second});
  w.log_and_die({holder, {4}, {5}});
  w.wires().cut_both(second, third);
  w.wires().cut_both(third, {4});
  w.wires().cut_both(third, {5});
  ASSERT_TRUE(w.start_only(ids({1, 2, 3})));
  EXPECT_TRUE(!w.run_until(20s, [&] { return w.leader().has_value(); }));
  for (std::int64_t n : {4, 5}) {
    w.reuse({n});
    w.start({n});
  }
  EXPECT_TRUE(w.run_until(long_enough, [&] { return w.leader().has_value(); }));
  w.expect_clean_end();
}

}  // namespace
}  // namespace troupe::sim
