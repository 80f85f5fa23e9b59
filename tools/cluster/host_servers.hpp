// SPDX-License-Identifier: Apache-2.0
/// What a host does for those who may ask: starts servers in directories of their own under one
/// directory, signals them, passes faults on, and tells of them. Questions and answers are JSON
/// objects; a question names what it wants in "do".
/// Errors: an object {"error": one line}.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tools/cluster/child.hpp"

namespace troupe::cluster {

class host_servers {
 public:
  /// `dir` is absolute.
  explicit host_servers(std::string dir) : dir_(std::move(dir)) {}

  [[nodiscard]] nlohmann::json answer(const nlohmann::json& question);

 private:
  using key = std::pair<std::string, server_number>;  // cluster, server
  using outcome = tl::expected<nlohmann::json, std::string>;

  outcome chosen(const nlohmann::json& question);
  outcome free_ports(const nlohmann::json& question);
  outcome make(const key& of, const nlohmann::json& question);
  outcome start(const key& of);
  outcome signalled(const key& of, const std::string& what);
  outcome told(const key& of);
  outcome set(const std::string& cluster, const nlohmann::json& question);
  outcome logs(const key& of, const nlohmann::json& question);
  outcome down(const std::string& cluster, const nlohmann::json& question);

  [[nodiscard]] std::string home(const key& of) const;

  std::string dir_;
  spawner spawner_;
  std::map<key, child> children_;         // those that have ended, too, until they start anew
  std::map<std::string, faults> faults_;  // by cluster
};

}  // namespace troupe::cluster
