// SPDX-License-Identifier: Apache-2.0
/// Servers that have promised a later epoch than the one that is led: what that costs the others.
#include "actors/core/epoch_bounds.hpp"
#include "tests/sim/ensemble.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

constexpr std::int64_t much_later = 60;

struct ensemble_of_few : ensemble {
  explicit ensemble_of_few(world_options o) : ensemble(std::move(o)) { led = terms(); }
  [[nodiscard]] unsigned terms() const { return static_cast<unsigned>(history().leaderships()); }
  /// Terms that began since the ensemble first served, or since `led` was set.
  [[nodiscard]] unsigned more_terms() const { return terms() - led; }

  /// The server comes back with a promise that is so much later. Its words come late, so that
  /// leaders have taken their epochs when they hear of it.
  bool comes_back_ahead(server_id who, std::int64_t by) {
    for (auto other : servers())
      if (other != who) wires().slow_down(other, who, 30ms);
    crash(who);
    promise_later(who, by);
    start(who);
    return run_until(60s, [this] { return all_serve(); });
  }
  unsigned led = 0;
};

world_options with_an_observer() {
  world_options o;
  o.observers = 1;
  return o;
}

TEST(LaterEpoch, OfAnObserverCostsNoTermAndItServes) {
  ensemble_of_few w{with_an_observer()};
  ASSERT_TRUE(w.comes_back_ahead({4}, much_later));
  EXPECT_EQ(w.more_terms(), 0U);
  auto& c = w.make_client(server_id{4});
  EXPECT_TRUE(w.create(c, "/through-it", "x"));
  w.expect_clean_end();
}

TEST(LaterEpoch, OfAFollowerCostsOneTermHoweverMuchLater) {
  for (std::int64_t by : {std::int64_t{1}, much_later, core::epochs_missed_max / 2}) {
    ensemble_of_few w{{}};
    ASSERT_TRUE(w.comes_back_ahead(w.others().front(), by));
    EXPECT_EQ(w.more_terms(), 1U) << by;
    w.expect_clean_end();
  }
}

/// Each leader keeps the epoch that it makes way for, so it spreads until no quorum is without it.
TEST(LaterEpoch, OfOneInFiveCostsTwoTermsAtMost) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    world_options o;
    o.seed = seed;
    o.voters = 5;
    ensemble_of_few w{o};
    ASSERT_TRUE(w.comes_back_ahead(w.others().front(), much_later));
    EXPECT_LE(w.more_terms(), 2U);
    w.expect_clean_end();
  }
}

TEST(LaterEpoch, OfAVoterOfWeightZeroCostsNoTerm) {
  world_options o;
  o.weights = {1, 1, 0};
  ensemble_of_few w{o};
  ASSERT_NE(*w.leader(), server_id{3});
  ASSERT_TRUE(w.comes_back_ahead({3}, much_later));
  EXPECT_EQ(w.more_terms(), 0U);
  w.expect_clean_end();
}

/// It is taken in with the next epoch, which a crash of the leader brings about.
TEST(LaterEpoch, OfWhoWasNotCountedCountsWithTheNextOne) {
  ensemble_of_few w{with_an_observer()};
  ASSERT_TRUE(w.comes_back_ahead({4}, 3));
  const auto led = *w.leader();
  w.crash(led);
  w.start(led);
  ASSERT_TRUE(w.run_until(30s, [&] { return w.all_serve(); }));
  w.expect_clean_end();
}

TEST(LaterEpoch, ThatNoCountOfElectionsComesToIsRefusedUntilAnOperatorMendsTheFile) {
  ensemble_of_few w{with_an_observer()};
  EXPECT_FALSE(w.comes_back_ahead({4}, core::epochs_missed_max + 10));
  EXPECT_FALSE(w.is_serving({4}));
  EXPECT_EQ(w.more_terms(), 0U);
  w.crash({4});
  w.promise_later({4}, -(core::epochs_missed_max + 10));
  w.start({4});
  EXPECT_TRUE(w.run_until(60s, [&] { return w.all_serve(); }));
  w.expect_clean_end();
}

}  // namespace
}  // namespace troupe::sim
