// SPDX-License-Identifier: Apache-2.0
#include "actors/learning/observer.hpp"

#include "actors/base/caf.hpp"

namespace troupe {

learner_actor::behavior_type observer(learner_ptr self, learner_options options) {
  options.observer = true;
  return make_learner(self, std::move(options));
}

}  // namespace troupe
