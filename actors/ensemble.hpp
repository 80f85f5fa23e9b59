// SPDX-License-Identifier: Apache-2.0
/// The configured servers as the core's quorum.
#pragma once

#include "actors/core/quorum.hpp"
#include "config/node_config.hpp"

namespace troupe {

/// Throws only if the config did not come from config::load(), which refuses what has no quorum.
[[nodiscard]] core::quorum quorum_of(const config::node_config& cfg);

}  // namespace troupe
