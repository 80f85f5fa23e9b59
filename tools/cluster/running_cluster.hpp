// SPDX-License-Identifier: Apache-2.0
/// A test cluster as its user sees it: brought up on some hosts, then broken and healed by server
/// number. What it is lies in a state file, so that each command is a program run of its own; hosts
/// hold the processes.
/// Errors: one line that names the host or server, and what is accepted. Answers are JSON objects.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tools/cluster/exchange.hpp"
#include "tools/cluster/faults.hpp"

namespace troupe::cluster {

struct up_options {
  std::vector<std::string> hosts;  // HOST:PORT each; servers go round
  int servers = 3;                 // that vote
  int observers = 0;
  std::vector<std::string> config;  // key=value for every zoo.cfg
  std::string secret_file;
  std::string state_path = "cluster.json";
  std::string name;          // of its directory on each host; empty: one is made up
  int patience_ms = 60'000;  // to wait until one leads and all serve; 0: not at all
};

class running_cluster {
 public:
  using outcome = tl::expected<nlohmann::json, std::string>;

  [[nodiscard]] static tl::expected<running_cluster, std::string> up(const up_options& options);
  [[nodiscard]] static tl::expected<running_cluster, std::string> open(
      const std::string& state_path, const std::string& secret_file);

  /// Every server with its state, mode and zxid, and the faults that are in force.
  [[nodiscard]] outcome status();
  /// `what`: kill, stop, start, pause or resume.
  [[nodiscard]] outcome signal(const std::string& what, server_number who);
  [[nodiscard]] outcome logs(server_number who, int lines);
  /// All its servers end, and the state file goes; the data stays unless `remove_data`.
  [[nodiscard]] outcome down(bool remove_data);
  /// Makes these the faults in force.
  [[nodiscard]] outcome set(const faults& now);
  [[nodiscard]] const faults& wrong() const { return wrong_; }

  [[nodiscard]] int size() const { return static_cast<int>(servers_.size()); }
  /// Until one leads and all that run serve.
  [[nodiscard]] outcome wait_serving(int patience_ms);

 private:
  struct server {
    server_number id = 0;
    std::size_t host = 0;
    bool is_observer = false;
    std::uint16_t client_port = 0, peer_port = 0, election_port = 0;
  };

  explicit running_cluster(secret shared) : shared_(std::move(shared)) {}
  [[nodiscard]] outcome ask_host(std::size_t host, nlohmann::json question);
  [[nodiscard]] outcome ask_for(server_number who, nlohmann::json question);
  [[nodiscard]] tl::expected<void, std::string> place(const up_options& options);
  [[nodiscard]] tl::expected<void, std::string> start_all(const up_options& options);
  [[nodiscard]] tl::expected<void, std::string> keep() const;

  secret shared_;
  std::string state_path_, secret_file_, name_;
  std::vector<address> hosts_;
  std::vector<server> servers_;  // by number, from 1
  faults wrong_;
};

}  // namespace troupe::cluster
