// SPDX-License-Identifier: Apache-2.0
#include "actors/observer.hpp"

#include "actors/caf.hpp"

namespace troupe {

learner_actor::behavior_type observer(learner_ptr self, learner_options options) {
  options.observer = true;
  return make_learner(self, std::move(options));
}

}  // namespace troupe
