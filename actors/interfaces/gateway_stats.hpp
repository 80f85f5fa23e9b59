// SPDX-License-Identifier: Apache-2.0
/// What the gateway tells of itself to operators: the figures of connections and of the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/interfaces/stays_local.hpp"
#include "messages/ids.hpp"

namespace troupe {

struct get_gateway_stats {
  TROUPE_STAYS_LOCAL;
  std::size_t connections_max = 0;       // lines of so many, one each
  std::optional<connection_id> after{};  // of those made later than this one
};

/// Figures of connections and of the process for srvr, stat, cons, dump and mntr.
struct gateway_stats {
  TROUPE_STAYS_LOCAL;
  struct connection_line {
    connection_id id;
    std::string client_address;
    std::uint64_t requests = 0, replies = 0, events = 0;
    bool is_read = true;         // false: no more of its requests are wanted now
    std::int64_t since_ms = 0;   // wall clock
    std::int64_t silent_ms = 0;  // since its last bytes
  };
  std::vector<connection_line> connections;  // if asked for, in the order of their making
  std::uint64_t connection_count = 0;
  std::int64_t up_ms = 0;
  std::int64_t open_files = 0, open_files_max = 0;
  // What clients make this server hold, in bytes, and how many were cut off for that.
  std::int64_t unsent_bytes = 0, request_bytes = 0, cut_off = 0;
  std::uint64_t refused_for_files = 0, refused_for_memory = 0;  // connections
};

}  // namespace troupe
