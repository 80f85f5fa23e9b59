// SPDX-License-Identifier: Apache-2.0
/// The four-letter words of the client port as text: pure rendering, byte for byte what ZooKeeper's
/// probes expect (package org.apache.zookeeper.server.command), and `whys`, a word of our own that
/// says in plain lines why this server is in the state it is in.
/// Errors: none; a word that may not be asked, or a server that does not serve, is an answer too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/node_config.hpp"
#include "messages/local.hpp"

namespace troupe::four_letter {

/// What we tell clients that parse `x.y.z-...`: the ZooKeeper we behave like, then ourselves.
inline constexpr std::string_view version = "3.8.0-troupe-0.1.0";

/// What answers are made of. An actor that did not answer in time leaves its part as it is here.
struct situation {
  server_status status;
  database_stats database;
  gateway_stats gateway;
};

enum class verdict {
  no_word,  // four bytes of something else: the length of a frame
  refused,  // a word that is not in the whitelist, or that this server has no answer to
  plain,    // answered without knowing the situation
  ask,      // answered from the situation
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
