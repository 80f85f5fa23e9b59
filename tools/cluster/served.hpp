// SPDX-License-Identifier: Apache-2.0
/// What a host process and the process of one server say to each other: the actor that is spawned
/// there from here, and what it takes to have it spawned. All of it are types that CAF knows.
#pragma once

#include <caf/all.hpp>
#include <string>

namespace troupe::cluster {

using await_atom = caf::atom_constant<caf::atom("await")>;
using ready_atom = caf::atom_constant<caf::atom("ready")>;
using faults_atom = caf::atom_constant<caf::atom("faults")>;

/// A whole server. It lives in a CAF system of its own beside this actor's, wired as actor-node
/// wires it, so its peer ports know nothing of spawning. The actor's end is the server's, and the
/// other way round.
using served_actor = caf::typed_actor<
    caf::replies_to<await_atom>::with<std::string>,  // how the start went: "ready", or why not
    caf::replies_to<faults_atom, std::string>::with<std::string>,  // JSON of faults; empty, or why
                                                                   // not
    caf::reacts_to<ready_atom, std::string>>;  // from its own process: how it went

/// The name under which a process spawns its one server, and what identifies our connections.
inline constexpr const char* served_name = "troupe.served";
inline constexpr const char* cluster_app_identifier = "troupe-cluster-1";

}  // namespace troupe::cluster
