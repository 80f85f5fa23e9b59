// SPDX-License-Identifier: Apache-2.0
/// The learner's inner parts, one file each: finding the leader (learner_discovery.cpp), and all
/// that follows (learner.cpp). Nobody else includes this.
#pragma once

#include "actors/learner.hpp"

namespace troupe::learner_parts {

/// Introduces this server to the leader's Peer until a handler of it answers, which is ours from
/// then on. False, and the term has ended: not within initLimit, or it does not lead.
coro::task<bool> find_leader(learner_ptr self);

/// The last word to the peer; said once.
void end_term(learner_ptr self, std::string reason);

[[nodiscard]] std::int64_t my_number(learner_ptr self);
[[nodiscard]] std::chrono::milliseconds init_limit(learner_ptr self);

}  // namespace troupe::learner_parts
