// SPDX-License-Identifier: Apache-2.0
#include "actors/core/liveness.hpp"

#include <set>
#include <utility>

namespace troupe::core {

liveness::liveness(server_id me, quorum ensemble) : me_(me), ensemble_(std::move(ensemble)) {}

void liveness::heard(server_id from, std::int64_t now_ticks) { last_heard_[from] = now_ticks; }

bool liveness::synced_quorum(std::int64_t now_ticks, std::int64_t sync_limit_ticks) const {
  std::set<server_id> synced{me_};
  for (const auto& [id, at] : last_heard_)
    if (now_ticks - at <= sync_limit_ticks) synced.insert(id);
  return ensemble_.has_quorum(synced);
}

std::vector<server_id> liveness::silent(std::int64_t now_ticks,
                                        std::int64_t sync_limit_ticks) const {
  std::vector<server_id> out;
  for (const auto& [id, at] : last_heard_)
    if (now_ticks - at > sync_limit_ticks) out.push_back(id);
  return out;
}

}  // namespace troupe::core
