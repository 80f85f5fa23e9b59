// SPDX-License-Identifier: Apache-2.0
/// What all who keep figures of their own understand.
#pragma once

#include "actors/interfaces/stays_local.hpp"

namespace troupe {

/// Figures begin anew: crst and srst. Everybody who keeps such figures is told.
struct reset_statistics {
  TROUPE_STAYS_LOCAL;
  bool server = false, connections = false;
};

}  // namespace troupe
