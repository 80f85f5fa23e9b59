// SPDX-License-Identifier: Apache-2.0
/// The keys of zoo.cfg: which we read, how, and which we only know of.
#pragma once

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
};

enum class key_kind { read, known, unknown };

/// `known` are ZooKeeper's keys that we do not support yet.
[[nodiscard]] key_kind kind_of(std::string_view key);

/// Puts one value into the draft. Returns what would have been accepted if it was not; the key must
/// be of the kind `read`.
[[nodiscard]] std::optional<std::string> set(draft& to, std::string_view key,
                                             std::string_view value);

/// The key known to us or to ZooKeeper that takes the fewest edits to reach, case aside.
[[nodiscard]] std::string nearest_key(std::string_view key);

}  // namespace troupe::config
