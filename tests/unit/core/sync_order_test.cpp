// SPDX-License-Identifier: Apache-2.0
#include "actors/core/sync_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace troupe::core {
namespace {

using enum sync_step;
using steps = std::vector<sync_step>;

std::string first_refused(const steps& all) {
  sync_order order;
  for (auto step : all)
    if (auto why = order.take(step)) return *why;
  return {};
}

TEST(SyncOrder, TakesEachWayOfALeader) {
  const steps announced{proposal, proposal, new_leader, proposal, proposal, up_to_date};
  for (const auto& way : std::vector<steps>{{},
                                            {truncate},
                                            {diff},
                                            {diff, diff, diff},
                                            {truncate, diff},
                                            {truncate, diff, diff},
                                            {last_of_snapshot},
                                            {snapshot, snapshot, last_of_snapshot}}) {
    auto all = way;
    all.insert(all.end(), announced.begin(), announced.end());
    EXPECT_EQ(first_refused(all), "");
    all = way;
    all.insert(all.end(), {new_leader, up_to_date});
    EXPECT_EQ(first_refused(all), "") << "an idle leader";
  }
}

/// From each stage, all that may not come there; what may is in the test above.
TEST(SyncOrder, NamesWhatMayNotComeAndWhere) {
  const steps all{truncate, diff,       snapshot, last_of_snapshot,
                  proposal, new_leader, up_to_date};
  struct at {
    steps stage, taken;
    std::string place;
  };
  for (const auto& [stage, taken, place] : std::vector<at>{
           {{}, {truncate, diff, snapshot, last_of_snapshot, proposal, new_leader},
            "before anything else"},
           {{truncate}, {diff, proposal, new_leader}, "behind TRUNC"},
           {{diff}, {diff, proposal, new_leader}, "behind DIFF"},
           {{snapshot}, {snapshot, last_of_snapshot}, "within SNAP"},
           {{last_of_snapshot}, {proposal, new_leader}, "behind SNAP"},
           {{proposal}, {proposal, new_leader}, "behind its proposals"},
           {{new_leader}, {proposal, up_to_date}, "behind NEWLEADER"},
           {{new_leader, up_to_date}, {}, "behind UPTODATE"}}) {
    for (auto next : all) {
      auto said = stage;
      said.push_back(next);
      const bool is_taken = std::find(taken.begin(), taken.end(), next) != taken.end();
      const auto why = first_refused(said);
      EXPECT_EQ(why.empty(), is_taken) << why << ", step " << static_cast<int>(next) << place;
      EXPECT_TRUE(is_taken || why.ends_with(place)) << why;
    }
  }
  EXPECT_EQ(first_refused({up_to_date}), "UPTODATE before anything else");
  EXPECT_EQ(first_refused({new_leader, new_leader}), "NEWLEADER behind NEWLEADER");
}

}  // namespace
}  // namespace troupe::core
