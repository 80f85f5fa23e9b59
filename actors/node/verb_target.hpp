// SPDX-License-Identifier: Apache-2.0
/// Which server a verb such as stop or status is about. A zoo.cfg may be given, the directory it is
/// in, or the data directory itself; and a server that runs is found whatever has become of its
/// zoo.cfg since: it may not validate, name another dataDir, or be gone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "actors/storage/running_server.hpp"
#include "config/load.hpp"

namespace troupe {

struct verb_target {
  std::string config_path;               // absolute; empty: a data directory was given
  std::optional<config::loaded> config;  // absent: see config_problem
  std::string config_problem;            // why the config is none, a line; may be empty
  std::string data_dir;                  // where it runs, or else where it would
  std::string client_host;               // where clients reach it
  std::uint16_t client_port = 0;         // 0: nobody has said
  std::optional<storage::running_server> running;
  std::string look_problem;  // why it is not known whether it runs; empty: it is
  /// Runs in the dataDir, but was started from another zoo.cfg: not this one's to stop.
  std::optional<storage::running_server> other_server;

  /// Whether it runs in another directory than the zoo.cfg now says.
  [[nodiscard]] bool has_moved() const;
};

/// `given` as on the command line. Error: a line that says why there is neither a config nor a
/// server to speak of, or that there are several.
[[nodiscard]] tl::expected<verb_target, std::string> find_target(
    const std::string& given, const std::vector<config::setting>& settings);

/// What the shell files beside zoo.cfg may build upon.
[[nodiscard]] config::environment process_environment();

/// A directory stands for the zoo.cfg in it. Absolute.
[[nodiscard]] std::string found_config(const std::string& given);

/// From this machine: an address that stands for all of them becomes localhost.
[[nodiscard]] std::string reachable_host(const std::string& client_address);

}  // namespace troupe
