// SPDX-License-Identifier: Apache-2.0
/// The end of a part of the seeds: a reconfig is cut short in the middle, some servers stay dead
/// for good, and the others serve all the same if one of them could lead (prospects.hpp).
#pragma once

#include <set>

#include "tests/sim/rng.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

class survivors {
 public:
  survivors(world& w, rng chance) : w_(w), chance_(chance) {}

  /// Any list, logged by any number of servers when all lose power or are killed.
  void cut_reconfig_short();
  /// A failure when those who are left serve nobody, and could. All are in use again then.
  void check_service();

 private:
  void crash_all();
  [[nodiscard]] std::set<server_id> without_quorum_of_next();
  void draw_the_dead();
  [[nodiscard]] bool serves();

  world& w_;
  rng chance_;
  std::set<server_id> next_;  // the list that was cut short
  server_id asked_;           // the leader that was asked for it
};

}  // namespace troupe::sim
