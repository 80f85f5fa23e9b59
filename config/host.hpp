// SPDX-License-Identifier: Apache-2.0
/// Names and addresses of hosts as people write them: `zoo1`, `10.0.0.7`, `[::1]`; with ports, and
/// several of them with a chroot behind. The one place that reads them: for zoo.cfg, for server
/// lines and for what a shell is told to connect to. Blanks around any part do not count.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace troupe::config {

/// An IPv6 address stands here without its brackets.
struct host_port {
  std::string host;
  std::optional<std::uint16_t> port;

  friend bool operator==(const host_port&, const host_port&) = default;
};

struct connect_string {
  std::vector<host_port> servers;
  std::string chroot;  // "/a/b"; empty: none

  friend bool operator==(const connect_string&, const connect_string&) = default;
};

inline constexpr std::string_view host_form =
    "a name or an address of a host, such as zoo1, 10.0.0.7 or [::1]";
/// What an empty clientPortAddress means (java.net.InetAddress).
inline constexpr std::string_view client_address_when_empty = "127.0.0.1";
inline constexpr std::string_view connect_string_form =
    "host[:port][,host[:port]...][/chroot], an IPv6 address in [brackets]";

/// The parts between colons; within brackets a colon parts nothing, and the brackets go. Empty when
/// a bracket is not closed, holds no IPv6 address, or is followed by something else than a colon.
[[nodiscard]] std::vector<std::string> split_at_colons(std::string_view s);

[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view s);

/// A host alone; an IPv6 address may come without brackets.
[[nodiscard]] std::optional<std::string> parse_host(std::string_view s);

/// `host`, `host:port`, `[::1]`, `[::1]:port`, and `::1`, which can have no port.
[[nodiscard]] std::optional<host_port> parse_host_port(std::string_view s);

/// Errors: the part that cannot be read, and what is accepted.
[[nodiscard]] tl::expected<connect_string, std::string> parse_connect_string(std::string_view s);

/// In brackets if it is an IPv6 address.
[[nodiscard]] std::string print_host(const std::string& host);

/// Two texts of one address or name are one text here: letter case aside, and as short as it gets.
[[nodiscard]] std::string canonical_host(std::string_view host);

/// 0.0.0.0 or ::, whoever listens there does so at every address.
[[nodiscard]] bool is_wildcard(std::string_view host);
/// What means another host on every host.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace troupe::config
