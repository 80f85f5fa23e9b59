// SPDX-License-Identifier: Apache-2.0
/// The files of a list of servers: zoo.cfg.dynamic.<version>, and zoo.cfg that points to it
/// (QuorumPeer.setQuorumVerifier). Order: the list is durable before zoo.cfg names it, so a crash
/// leaves the old list or the new one. What zoo.cfg said before it was first split stays in
/// zoo.cfg.bak.
#pragma once

#include <string>
#include <utility>

#include "actors/storage/disk.hpp"
#include "config/membership.hpp"

namespace troupe {

/// Of a path: the directory, and the name in it.
[[nodiscard]] std::pair<std::string, std::string> split_path(const std::string& path);

[[nodiscard]] storage::io_result<void> write_membership(storage::disk& on,
                                                        const config::node_config& config,
                                                        const config::membership& list);

}  // namespace troupe
