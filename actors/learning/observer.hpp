// SPDX-License-Identifier: Apache-2.0
/// The observing role for one term: is told what was committed (INFORM), answers clients and
/// forwards their writes; never acks and never votes, so it makes no quorum and breaks none
/// (ZooKeeper's class Observer).
#pragma once

#include "actors/interfaces/roles.hpp"
#include "actors/learning/learner.hpp"

namespace troupe {

learner_actor::behavior_type observer(learner_ptr self, learner_options options);

}  // namespace troupe
