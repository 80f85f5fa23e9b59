// SPDX-License-Identifier: Apache-2.0
/// Starting a server behind the terminal.
#pragma once

#include <functional>
#include <string>

namespace troupe {

/// Runs `server` in a process of its own: no terminal, `output_path` for what it writes to stdout
/// and stderr, begun anew with the one before kept as ".1". Returns when the server has said on the
/// descriptor it is given how its start went, or has ended.
/// Empty: it has said "ready". Otherwise why not, one line. To be called before there are threads.
[[nodiscard]] std::string start_daemon(const std::string& output_path,
                                       const std::function<int(int ready_fd)>& server);

}  // namespace troupe
