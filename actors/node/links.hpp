// SPDX-License-Identifier: Apache-2.0
/// How a server reaches the others by id, in production: CAF's middleman dials the address of the
/// `server.N` line anew each time (names are resolved on every dial, since addresses move). One
/// connection carries both directions. Errors: a text that names server, host, port and what the
/// system said.
#pragma once

#include "actors/node_context.hpp"
#include "actors/sinks.hpp"

namespace troupe {

struct links_state {
  static inline const char* name = "zk.links";
};

links_actor::behavior_type middleman_links(links_actor::stateful_pointer<links_state> self,
                                           context_ptr context);

}  // namespace troupe
