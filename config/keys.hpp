// SPDX-License-Identifier: Apache-2.0
/// The table of zoo.cfg's keys: what each takes, what it is when not said, what becomes of it, and
/// what it means. Whoever reads, prints or documents the config does it from here.
/// Order: of the table, that of docs/configuration.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/node_config.hpp"

namespace troupe::config {

/// What the lines of a file have said so far, before it is judged as a whole.
/// server_entry::weight and ::group are filled in from `weights` and `groups` at the end.
struct draft {
  node_config cfg;
  std::map<std::int64_t, server_entry> servers;
  std::map<std::int64_t, std::vector<std::int64_t>> groups;  // group → its servers
  std::map<std::int64_t, std::int64_t> weights;              // server → weight
  std::optional<bool> observer;                              // peerType
  std::optional<std::string> client_address;
  std::string dynamic_file;  // where the servers are listed; empty: here
  std::optional<std::int32_t> min_session_timeout_ms, max_session_timeout_ms;
  bool enforce_auth = false;              // enforce.auth.enabled
  std::vector<std::string> auth_schemes;  // enforce.auth.schemes
};

/// nullopt: taken. Text: refused, and this is what is accepted.
using verdict = std::optional<std::string>;

enum class key_class {
  honoured,
  no_effect,  // accepted, and one line says why nothing comes of it
  refused,    // the server does not start: to go on would be a promise that is not kept
};

struct key_entry {
  /// The whole name; "server.N" stands for every number; what ends in a dot, or in "*", begins the
  /// names of many.
  std::string_view name;
  key_class how = key_class::honoured;
  std::string accepted;      // values, in words
  std::string fallback;      // the value when nothing is said, in words; empty: none
  std::string_view as_ours;  // not honoured: the value that asks for what is done anyway, if any
  std::string_view why;      // not honoured: why not
  std::string_view meaning;  // one line
  bool is_secret = false;    // its value is printed nowhere
  /// Puts a value into the draft. Of a key that is not honoured: only looks at it.
  std::function<verdict(draft&, std::string_view key, std::string_view value)> read;
  /// The value as zoo.cfg would say it; nullopt: it would not. Empty: printed by another key.
  std::function<std::optional<std::string>(const node_config&)> show;
  /// Of a row that stands for many names: those that zoo.cfg would say, with their values.
  std::function<std::map<std::string, std::string>(const node_config&)> show_many;
};

struct key_section {
  std::string_view title;
  std::vector<key_entry> keys;
};

[[nodiscard]] const std::vector<key_section>& key_table();

/// Null for a key nobody knows. `name` without "zookeeper." in front (see plain_name).
[[nodiscard]] const key_entry* find_key(std::string_view name);

/// The name under which a key stands in the table: ZooKeeper makes a Java property zookeeper.K of
/// every key K that its config does not know, so both are names of the same setting here.
[[nodiscard]] std::string_view plain_name(std::string_view key);

/// Whether its value may stand in no output: of the table's secrets, and of what is called a
/// password in a key that is not honoured.
[[nodiscard]] bool is_secret(std::string_view name);

/// server.N, group.N and weight.N: what may stand in a dynamicConfigFile.
[[nodiscard]] bool is_membership(std::string_view key);

/// The key of the table that takes the fewest edits to reach, case aside.
[[nodiscard]] std::string nearest_key(std::string_view key);

/// docs/configuration.md, whole.
[[nodiscard]] std::string markdown();

}  // namespace troupe::config
