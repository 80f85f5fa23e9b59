// SPDX-License-Identifier: Apache-2.0
#include "actors/core/liveness.hpp"

#include <set>
#include <utility>

namespace troupe::core {

liveness::liveness(server_id me, quorum ensemble) : me_(me), ensemble_(std::move(ensemble)) {}

void liveness::heard(server_id from, std::int64_t now_ticks, bool counts) {
  last_heard_[from] = {now_ticks, counts};
}

bool liveness::synced_quorum(std::int64_t now_ticks, std::int64_t sync_limit_ticks) const {
  std::set<server_id> synced{me_};
  for (const auto& [id, last] : last_heard_)
    if (last.counts && now_ticks - last.at_ticks <= sync_limit_ticks) synced.insert(id);
  return ensemble_.has_quorum(synced);
}

std::vector<server_id> liveness::silent(std::int64_t now_ticks,
                                        std::int64_t sync_limit_ticks) const {
  std::vector<server_id> out;
  for (const auto& [id, last] : last_heard_)
    if (now_ticks - last.at_ticks > sync_limit_ticks) out.push_back(id);
  return out;
}

}  // namespace troupe::core
