// SPDX-License-Identifier: Apache-2.0
/// Asks a server on this host a four-letter word, as `echo srvr | nc` does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace troupe {

/// The answer's text. Error: why there is none, such as "Connection refused".
[[nodiscard]] tl::expected<std::string, std::string> ask_four_letter(const std::string& host,
                                                                     std::uint16_t port,
                                                                     std::string_view word,
                                                                     int timeout_ms);

/// What follows "key: " in the answer's line of that key; empty when there is no such line.
[[nodiscard]] std::string value_of(std::string_view answer, std::string_view key);

}  // namespace troupe
