// SPDX-License-Identifier: Apache-2.0
/// One `server.N` value:
/// `host:peerPort:electionPort[:participant|observer][;[clientAddress:]clientPort]`, an IPv6
/// address in brackets (QuorumPeer.QuorumServer).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/node_config.hpp"

namespace troupe::config {

/// What a server line may be, for error texts.
inline constexpr std::string_view server_line_form =
    "host:peerPort:electionPort[:participant|observer][;[clientAddress:]clientPort], "
    "ports 1..65535 and the first two different, an IPv6 address in [brackets]";

/// nullopt when `value` is not of that form. Weight and group come from other lines.
[[nodiscard]] std::optional<server_entry> parse_server_line(server_id id, std::string_view value);

/// Of a value that is not of that form: what would be, with what it may have meant.
[[nodiscard]] std::string accepted_server_line(std::string_view value);

/// The line's value in canonical form, with the role always said; `with_client` adds the part
/// behind the `;` if there is one.
[[nodiscard]] std::string print_server_line(const server_entry& x, bool with_client);

/// A whole decimal number within [min, max], with nothing around it. A sign is allowed.
[[nodiscard]] std::optional<std::int64_t> parse_number(std::string_view s, std::int64_t min,
                                                       std::int64_t max);

}  // namespace troupe::config
