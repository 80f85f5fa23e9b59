// SPDX-License-Identifier: Apache-2.0
/// The role a server plays, as its peers and `status` see it (QuorumPeer.ServerState, with its wire
/// numbers).
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe {

enum class server_state : std::int32_t { looking = 0, following = 1, leading = 2, observing = 3 };

[[nodiscard]] constexpr std::string_view to_string(server_state s) {
  switch (s) {
    case server_state::looking:
      return "looking";
    case server_state::following:
      return "following";
    case server_state::leading:
      return "leading";
    case server_state::observing:
      return "observing";
  }
  return "unknown";
}

}  // namespace troupe
