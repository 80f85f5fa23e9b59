// SPDX-License-Identifier: Apache-2.0
/// CAF's settings for a process that speaks with others: whoever speaks another identifier is
/// refused by CAF's handshake.
#pragma once

#include <caf/actor_system_config.hpp>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// Of the servers among each other.
inline constexpr const char* servers_app_identifier = "troupe-1";

/// To be called in the config's constructor, once the middleman is loaded.
inline void settle_network(caf::actor_system_config& config, std::string app_identifier) {
  config.set("middleman.app-identifiers", std::vector<std::string>{std::move(app_identifier)});
  // All that is busy is pinned to the I/O thread or detached; CAF's own helpers need little.
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", std::size_t{1});
  config.set("middleman.workers", std::size_t{0});
  config.set("middleman.attach-utility-actors", true);
  // A message of a server's may be a megabyte, and takes two reads; others wait meanwhile.
  config.set("middleman.max-consecutive-reads", std::size_t{8});
}

}  // namespace troupe
