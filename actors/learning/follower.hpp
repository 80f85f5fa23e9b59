// SPDX-License-Identifier: Apache-2.0
/// The following role for one term: votes by acking what is on its disk, applies what is committed,
/// answers clients and forwards their writes (ZooKeeper's class Follower).
#pragma once

#include "actors/interfaces/roles.hpp"
#include "actors/learning/learner.hpp"

namespace troupe {

learner_actor::behavior_type follower(learner_ptr self, learner_options options);

}  // namespace troupe
