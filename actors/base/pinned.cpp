// SPDX-License-Identifier: Apache-2.0
#include "actors/base/pinned.hpp"

#include <caf/io/middleman.hpp>

namespace troupe {

caf::execution_unit* io_unit(caf::actor_system& system) {
  return system.has_middleman() ? &system.middleman().backend() : nullptr;
}

}  // namespace troupe
