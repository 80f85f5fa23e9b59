// SPDX-License-Identifier: Apache-2.0
/// One server as a whole: the wiring of its actors, from start to SIGTERM.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/node/connector.hpp"
#include "actors/storage/disk.hpp"
#include "config/node_config.hpp"

namespace troupe {

struct run_options {
  bool foreground = true;
  std::string config_path;
  std::string log_path;    // rotated there; in the foreground the terminal has the lines too
  std::string trace_path;  // of the trace of messages; empty: none is kept
  std::vector<std::string> config_notes;  // what reading the config had to say; each is logged
  bool is_placed_by_config = true;        // false: the command line says dataDir
  /// Where to say once how the start went: "ready\n" when the ports listen, else
  /// "failed: reason\n". -1: nowhere.
  int ready_fd = -1;
};

/// What a test cluster puts between a server and its machine. As it stands here: nothing.
struct server_seams {
  std::shared_ptr<storage::disk> disk;  // null: the files of this machine
  connector connect;                    // to the other servers; empty: connect_within
};

/// What can be said beforehand against a start with this config and this log. What is there is
/// looked at and left as it is; log files that are missing are made, as the start would. A server
/// that runs already is no reason. Empty: nothing.
[[nodiscard]] std::string why_no_start(const config::node_config& cfg, const std::string& log_path);

/// Runs a server until it is told to stop. Returns the exit code of the process. For the thread
/// that alone takes signals: others have to block SIGTERM, SIGINT, SIGUSR1 and SIGUSR2.
int run_server(config::node_config cfg, run_options options, server_seams seams = {});

}  // namespace troupe
