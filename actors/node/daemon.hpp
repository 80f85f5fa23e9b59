// SPDX-License-Identifier: Apache-2.0
/// Starting a server behind the terminal, and stopping it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace troupe {

/// Runs `server` in a process of its own: no terminal, `log_path` for its output. Returns when the
/// server has said on the descriptor it is given how its start went, or has ended.
/// Empty: it has said "ready". Otherwise why not, one line. To be called before there are threads.
[[nodiscard]] std::string start_daemon(const std::string& log_path,
                                       const std::function<int(int ready_fd)>& server);

enum class stop_result { stopped, not_ours, still_running };

/// SIGTERM to the process that runs in `data_dir`, if it is `pid`; waits until it has ended, and
/// calls `waiting` about every half second.
[[nodiscard]] stop_result stop_server(const std::string& data_dir, pid_t pid, int patience_ms,
                                      const std::function<void()>& waiting);

}  // namespace troupe
