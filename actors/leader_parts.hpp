// SPDX-License-Identifier: Apache-2.0
/// The leader actor's inner parts: the role itself (leader.cpp), its end and what operators see of
/// it (leader_figures.cpp). Nobody else includes this.
#pragma once

#include <string>

#include "actors/leader.hpp"

namespace troupe::leader_parts {

/// The last word to the peer; said once.
void end_term(leader_ptr self, std::string reason,
              role_ended::trust trusts = role_ended::trust::tree);

/// No quorum is left of servers that agree with this one's tree.
[[nodiscard]] bool is_outvoted(const leader_state& s);

[[nodiscard]] leader_status status_of(leader_ptr self);

}  // namespace troupe::leader_parts
