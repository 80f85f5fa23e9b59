// SPDX-License-Identifier: Apache-2.0
/// Ending a server of this machine, and that one which is to be started anew can be.
#pragma once

#include <iosfwd>
#include <string>

#include "actors/node/verb_target.hpp"
#include "config/node_config.hpp"

namespace troupe {

/// SIGTERM to the server and to no other process, then waits for its end, at most `timeout_ms`.
/// One that is paused is continued, or it could not end. Prints what happened in zkServer.sh's
/// words; returns the exit code, which is 0 when there was nobody to stop.
int stop(const verb_target& whom, int timeout_ms, std::ostream& out, std::ostream& err);

/// Whether the config, the files it names, the directories and the ports would let the server start
/// again; looked at before it is stopped. Empty, or why not.
[[nodiscard]] std::string why_no_restart(const verb_target& whom, const std::string& log_path);

}  // namespace troupe
