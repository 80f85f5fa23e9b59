// SPDX-License-Identifier: Apache-2.0
/// The four-letter words of the client port as text: pure rendering, byte for byte what ZooKeeper's
/// probes expect (package org.apache.zookeeper.server.command), and `whys`, a word of our own that
/// says in plain lines why this server is in the state it is in.
/// Errors: none; a word that may not be asked, or a server that does not serve, is an answer too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/interfaces/gateway_stats.hpp"
#include "actors/interfaces/database_stats.hpp"
#include "actors/interfaces/status.hpp"
#include "actors/interfaces/statistics.hpp"
#include "config/node_config.hpp"

namespace troupe::four_letter {

/// What we tell clients that parse `x.y.z-...`: the ZooKeeper we behave like, then ourselves.
inline constexpr std::string_view version = "3.8.0-troupe-0.1.0";

/// Bytes of dataDir/version-2 and dataLogDir/version-2.
struct directory_sizes {
  std::int64_t data_bytes = 0, log_bytes = 0;
};

/// What answers are made of. An actor that did not answer in time leaves its part as it is here.
struct situation {
  server_status status;
  database_stats database;
  database_details details;
  gateway_stats gateway;
  directory_sizes sizes;
  std::vector<std::pair<std::string, std::string>> environment;
  std::optional<std::int64_t> trace_mask;
  std::int64_t wall_ms = 0;
};

/// Which of it a word needs, and what it does beside telling.
struct needs {
  bool status = false;  // and with it the figures of database and gateway
  bool connections = false, sizes = false, environment = false, trace_mask = false;
  bool open_files = false;
  get_database_details details;
  reset_statistics reset;
};
/// Answers that are as long as there are watches, sessions or connections: so many are made or not
/// yet read at once.
inline constexpr std::int64_t listings_max = 4;
[[nodiscard]] bool is_listing(std::string_view word);
/// What is said instead of one more.
[[nodiscard]] std::string too_many_listings(std::string_view word);

/// Nothing, for a word that is refused.
[[nodiscard]] needs needs_of(std::string_view word, const config::node_config& cfg);

enum class verdict {
  no_word,  // four bytes of something else: the length of a frame
  refused,  // a word that is not in the whitelist
  answered,
  hang_up,  // telnet's interrupt: close without a word
};

/// What to do with a connection's first four bytes.
[[nodiscard]] verdict judge(std::string_view four_bytes, const config::node_config& cfg);

/// The whole text to send before the connection closes; for every verdict but no_word and hang_up.
[[nodiscard]] std::string answer(std::string_view word, const config::node_config& cfg,
                                 const situation& now);

/// As Java prints a double, of 4 decimals at most: "0.0", "0.1234", "1.0E7".
[[nodiscard]] std::string java_double(double x);

}  // namespace troupe::four_letter
