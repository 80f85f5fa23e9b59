// SPDX-License-Identifier: Apache-2.0
/// From the lines of a zoo.cfg to a node_config. For load.cpp, which takes the lines, and
/// load_checks.cpp, which judges them as a whole.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/properties.hpp"

namespace troupe::config::reading {

inline constexpr std::string_view on_the_command_line = "--set";
inline constexpr std::string_view jaas_key = "java.security.auth.login.config";
inline constexpr std::string_view super_password_key = "SASLAuthenticationProvider.superPassword";

/// Text of an error; nullopt: all is well.
using problem = std::optional<std::string>;

/// Builds a config out of properties, in the order read, resolve, check.
class builder {
 public:
  builder(std::string file, const file_reader& read) : file_(std::move(file)), read_(read) {}

  void warn(std::string text) { warnings_.push_back(std::move(text)); }

  problem take(const property& p);
  problem take(const setting& x);
  /// What Java's command line says: it gives way to zoo.cfg, which sets the same properties later.
  problem take(const java_flag& x);
  problem finish();
  loaded result() && { return {std::move(draft_.cfg), std::move(warnings_), std::move(said_)}; }

 private:
  [[nodiscard]] bool said(const std::string& key) const { return said_.contains(key); }
  /// ": missing; ..." of a key that has to be said, and which line may have meant it.
  [[nodiscard]] std::string missing(const std::string& key, std::string_view what) const;
  /// "zoo.cfg:12: key" of a key that stands there, "zoo.cfg: key" of one that does not.
  [[nodiscard]] std::string at(const std::string& key) const;
  [[nodiscard]] std::string server_at(std::int64_t id) const {
    return at("server." + std::to_string(id));
  }

  problem take_known(const key_entry& entry, std::string_view said_as, const std::string& value,
                     const std::string& where);
  problem read_members_file();
  problem resolve_members();
  problem resolve_paths();
  problem resolve_groups();
  problem resolve_my_id();
  problem resolve_client_port();
  problem check_members();
  void warn_of_own_line();
  problem check_ensemble();
  problem resolve_timeouts();
  problem resolve_clients();
  problem resolve_sasl();
  problem check_auth_schemes();

  node_config& cfg() { return draft_.cfg; }

  std::string file_;
  const file_reader& read_;
  draft draft_;
  std::map<std::string, loaded::said> said_;
  std::vector<std::string> warnings_;
  struct unknown_key {
    std::string key, where, nearest;
  };
  std::vector<unknown_key> unknown_;
};

}  // namespace troupe::config::reading
