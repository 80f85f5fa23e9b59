// SPDX-License-Identifier: Apache-2.0
/// The complete list of what one server may say to another. A type that is not here cannot leave
/// the process.
#pragma once

namespace caf {
class actor_system_config;
}

namespace troupe {

/// Registers every inter-server message with CAF. Called once per process, before the actor system
/// is made.
void add_message_types(caf::actor_system_config& config);

}  // namespace troupe
