// SPDX-License-Identifier: Apache-2.0
/// How a server reaches the others by id, in production: a dialler each, so that a host that
/// swallows packets delays nobody but itself, dials the address of the `server.N` line anew each
/// time (names are resolved on every dial, since addresses move). One connection carries both
/// directions. Errors: a text that names host, port and what the system said, as
/// "127.0.0.1:3883: Connection refused".
#pragma once

#include <caf/io/middleman_actor.hpp>
#include <map>

#include "actors/base/node_context.hpp"
#include "actors/base/pinned.hpp"
#include "actors/interfaces/links.hpp"
#include "actors/node/connector.hpp"

namespace troupe {

struct links_state {
  static inline const char* name = "zk.links";

  std::map<server_id, caf::io::middleman_actor> diallers;  // made at the first dial

  links_state() = default;
  /// No dialler outlives its links.
  ~links_state();
};

/// `connect` makes the sockets; empty: connect_within.
links_actor::behavior_type middleman_links(pinned_pointer<links_actor, links_state> self,
                                           context_ptr context, connector connect);

}  // namespace troupe
