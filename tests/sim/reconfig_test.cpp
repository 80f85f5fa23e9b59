// SPDX-License-Identifier: Apache-2.0
// The servers of an ensemble change, and something happens in the middle of it (ZooKeeper's
// ReconfigTest, ReconfigRecoveryTest and ReconfigLegacyTest, in virtual time).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "tests/sim/changing.hpp"

namespace troupe::sim {
namespace {

using testing::IsEmpty;

TEST(Reconfig, EnsembleOfOneGrowsToFiveAndShrinksAgain) {
  changing w{1, 4};
  ASSERT_TRUE(w.write("/one"));
  for (const auto& next :
       {ids({1, 2}), ids({1, 2, 3}), ids({1, 2, 3, 4, 5}), ids({3, 4, 5}), ids({4, 5}), ids({5})}) {
    ASSERT_EQ(w.change_to(next), error_code::ok) << next.size();
    EXPECT_EQ(w.members(), next);
    ASSERT_TRUE(
        w.write("/of-" + std::to_string(next.size()) + "-" + std::to_string(next.begin()->value)));
  }
  w.run_until(20s, [&] { return w.all_serve(); });
  EXPECT_EQ(w.leader(), server_id{5});
  for (std::int64_t n : {1, 2, 3, 4}) w.crash({n});
  EXPECT_TRUE(w.write("/alone")) << "nobody else is asked any more";
  w.expect_clean_end();
}

TEST(Reconfig, AddedServersAreTheQuorumWhenTheOldOnesDie) {
  changing w{3, 2};
  ASSERT_EQ(w.change_to(ids({1, 2, 3, 4, 5})), error_code::ok);
  ASSERT_TRUE(w.write("/of-five"));
  w.crash({1});
  w.crash({2});
  ASSERT_TRUE(w.write("/of-three"));
  w.expect_clean_end();
}

TEST(Reconfig, RemovedLeaderHandsOverAndFollows) {
  changing w{3, 0};
  auto removed = *w.leader();
  auto rest = ids({1, 2, 3});
  rest.erase(removed);
  ASSERT_EQ(w.change_to(rest), error_code::ok);
  ASSERT_TRUE(w.run_until(10s, [&] { return w.all_serve(); }));
  EXPECT_NE(w.leader(), removed);
  ASSERT_TRUE(w.write("/after"));
  w.expect_clean_end();
}

TEST(Reconfig, ParticipantsBecomeObserversAndBack) {
  changing w{4, 1};
  ASSERT_EQ(w.change_to(ids({1, 2, 3}), ids({4, 5})), error_code::ok);
  ASSERT_TRUE(w.run_until(10s, [&] { return w.all_serve(); }));
  for (std::int64_t n : {4, 5}) w.crash({n});
  ASSERT_TRUE(w.write("/without-observers"));
  for (std::int64_t n : {4, 5}) w.start({n});
  w.run_until(10s, [&] { return w.all_serve(); });
  // As in ZooKeeper, observers that become voters do not count for the quorum that has to be there.
  ASSERT_EQ(w.change_to(ids({1, 2, 3, 4})), error_code::ok);
  ASSERT_TRUE(w.run_until(10s, [&] { return w.all_serve(); }));
  w.crash({1});
  ASSERT_TRUE(w.write("/with-the-fourth"));
  w.expect_clean_end();
}

/// The old three and the new three share server 3. Whoever has seen the new list and cannot ask the
/// old servers must not lead, and the old ones alone must go on.
TEST(Reconfig, SplitInTheMiddleGivesNoTwoEnsembles) {
  for (std::int64_t ms = 0; ms < 12; ++ms) {
    changing w{3, 2};
    w.reconfigure(ids({3, 4, 5}));
    w.run_for(std::chrono::milliseconds{ms});
    w.isolate({{1}, {2}});
    w.run_for(20s);
    bool first = w.is_serving({1}) || w.is_serving({2});
    bool second = w.is_serving({3}) || w.is_serving({4}) || w.is_serving({5});
    EXPECT_FALSE(first && second) << "after " << ms << " ms";
    w.expect_clean_end();
    EXPECT_THAT(w.failures(), IsEmpty()) << "after " << ms << " ms";
  }
}

TEST(Reconfig, PowerLossOfAllInTheMiddleLeavesTheOldListOrTheNewOne) {
  for (std::int64_t ms = 0; ms < 12; ++ms) {
    changing w{3, 2};
    ASSERT_TRUE(w.write("/before"));
    w.reconfigure(ids({3, 4, 5}));
    w.run_for(std::chrono::milliseconds{ms});
    for (auto id : w.servers()) w.crash(id);
    for (auto id : w.servers()) w.start(id);
    ASSERT_TRUE(w.run_until(60s, [&] { return w.all_serve(); })) << "after " << ms << " ms";
    ASSERT_TRUE(w.write("/after"));
    w.expect_clean_end();
  }
}

TEST(Reconfig, ListWithoutASyncedQuorumIsRefusedAndNothingChanges) {
  changing w{3, 2};
  w.crash({4});
  w.crash({5});
  w.run_for(5s);
  std::optional<operation> done;
  w.reconfigure(ids({3, 4, 5}), {}, [&done](const operation& op) { done = op; });
  w.run_until(10s, [&] { return done.has_value(); });
  ASSERT_TRUE(done);
  EXPECT_EQ(done->err, error_code::new_config_no_quorum);
  EXPECT_EQ(w.members(), ids({1, 2, 3}));
  ASSERT_TRUE(w.write("/goes-on"));
  w.expect_clean_end();
}

/// One that is an observer now and has not heard of it: it cannot make up the quorum of a list
/// that makes it a voter again, for it comes back as an observer.
TEST(Reconfig, VoterJustMadeAnObserverDoesNotCountForTheNextList) {
  changing w{4, 0};
  auto leads = *w.leader();
  std::set<server_id> others{w.servers().begin(), w.servers().end()};
  auto unaware = leads == server_id{2} ? server_id{3} : server_id{2};
  others.erase(unaware);
  w.wires().cut_both(leads, unaware);
  std::optional<operation> first, second;
  w.reconfigure(others, {unaware}, [&first](const operation& op) { first = op; });
  ASSERT_TRUE(w.run_until(1s, [&] { return first.has_value(); }));
  ASSERT_EQ(first->err, error_code::ok);
  w.reconfigure({leads, unaware}, {}, [&second](const operation& op) { second = op; });
  ASSERT_TRUE(w.run_until(10s, [&] { return second.has_value(); })) << "it is under way for ever";
  EXPECT_EQ(second->err, error_code::new_config_no_quorum);
  w.wires().heal_all();
  ASSERT_TRUE(w.write("/goes-on"));
  w.expect_clean_end();
}

TEST(Reconfig, ServerThatMissedTwoChangesFindsTheEnsembleThroughThoseItKnew) {
  changing w{3, 2};
  w.crash({1});
  ASSERT_EQ(w.change_to(ids({2, 3, 4})), error_code::ok);
  ASSERT_EQ(w.change_to(ids({4, 5})), error_code::ok);
  ASSERT_TRUE(w.write("/of-two"));
  w.start({1});
  EXPECT_TRUE(w.run_until(60s, [&] { return w.is_serving({1}); }));
  w.expect_clean_end();
}

/// Server 1 alone decides, and has logged that 2 and 3 are to; 2 has not heard of it.
TEST(Reconfig, NextVoterThatHasNotHeardOfItsVoteIsToldInTheElection) {
  for (std::int64_t us = 0; us < 6'000; us += 500) {
    changing w{1, 2};
    w.wires().cut_both({1}, {2});
    w.reconfigure(ids({2, 3}));
    w.run_for(duration{us});
    w.crash({1});
    w.run_for(5s);
    w.expect_clean_end();
    EXPECT_THAT(w.failures(), IsEmpty()) << "after " << us << " us";
  }
}

}  // namespace
}  // namespace troupe::sim
