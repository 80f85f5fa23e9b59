// SPDX-License-Identifier: Apache-2.0
/// The configured servers as the core's quorum; a standalone server is an ensemble of itself.
#pragma once

#include "actors/core/quorum.hpp"
#include "config/node_config.hpp"

namespace troupe {

/// What a standalone server without a myid calls itself, as ZooKeeper does in its session ids.
inline constexpr server_id standalone_id{1};

/// Throws only if the config did not come from config::load(), which refuses what has no quorum.
[[nodiscard]] core::quorum quorum_of(const config::node_config& cfg);

}  // namespace troupe
