// SPDX-License-Identifier: Apache-2.0
/// Asks a BASP port for a remote spawn, as a stranger would who speaks CAF: the proof that a
/// server's ports, and those of a host's processes, spawn nothing for those who may not ask.
#pragma once

#include "tools/cluster/exchange.hpp"

namespace troupe::cluster {

/// How it was refused. Error: it was not refused, or it cannot be told.
[[nodiscard]] tl::expected<std::string, std::string> probe_spawn(const address& where);

}  // namespace troupe::cluster
