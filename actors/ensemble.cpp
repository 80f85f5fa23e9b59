// SPDX-License-Identifier: Apache-2.0
#include "actors/ensemble.hpp"

#include <vector>

namespace troupe {

core::quorum quorum_of(const config::node_config& cfg) {
  std::vector<core::ensemble_member> members;
  for (const auto& x : cfg.servers)
    members.push_back({.id = x.id, .observer = x.observer, .weight = x.weight, .group = x.group});
  if (members.empty()) members.push_back({.id = cfg.my_id.value_or(standalone_id)});
  return core::quorum::make(members).value();
}

}  // namespace troupe
