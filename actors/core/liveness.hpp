// SPDX-License-Identifier: Apache-2.0
/// Which learners a leader has heard lately, and whether they still make a quorum with it
/// (LearnerHandler.synced, Leader's check at every tick). Units: ticks, as syncLimit is; the caller
/// counts them.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "actors/core/quorum.hpp"
#include "messages/ids.hpp"

namespace troupe::core {

class liveness {
 public:
  liveness() = default;
  liveness(server_id me, quorum ensemble);

  /// A synced learner spoke. Not `counts`: as an observer, whatever the lists say.
  void heard(server_id from, std::int64_t now_ticks, bool counts = true);
  void forget(server_id id) { last_heard_.erase(id); }
  /// A reconfig: these decide from now on, both memberships while it is under way.
  void reconfigure(quorum ensemble) { ensemble_ = std::move(ensemble); }

  /// Do the leader and the voters heard within `sync_limit_ticks` form a quorum?
  [[nodiscard]] bool synced_quorum(std::int64_t now_ticks, std::int64_t sync_limit_ticks) const;

  /// Learners, observers too, that were silent for longer: to be dropped. Ascending.
  [[nodiscard]] std::vector<server_id> silent(std::int64_t now_ticks,
                                              std::int64_t sync_limit_ticks) const;

 private:
  server_id me_;
  quorum ensemble_;
  struct sign {
    std::int64_t at_ticks = 0;
    bool counts = true;
  };
  std::map<server_id, sign> last_heard_;
};

}  // namespace troupe::core
