// SPDX-License-Identifier: Apache-2.0
#include "actors/learning/follower.hpp"

#include "actors/base/caf.hpp"

namespace troupe {

learner_actor::behavior_type follower(learner_ptr self, learner_options options) {
  options.observer = false;
  return make_learner(self, std::move(options));
}

}  // namespace troupe
