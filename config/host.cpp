// SPDX-License-Identifier: Apache-2.0
#include "config/host.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "config/server_line.hpp"

namespace troupe::config {
namespace {

std::string_view trim(std::string_view s) {
  auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!s.empty() && is_blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_blank(s.back())) s.remove_suffix(1);
  return s;
}

/// What could be a name or an IPv4 address: nothing that parts one thing from another.
bool is_plain(std::string_view s) {
  return !s.empty() && std::ranges::none_of(s, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' ||
           std::string_view{"[]|,;:/\"'\\"}.find(c) != std::string_view::npos;
  });
}

/// The 16 bytes of an IPv6 address; a zone such as %eth0 may follow and is no part of them.
std::optional<in6_addr> ipv6_of(std::string_view s) {
  const auto percent = s.find('%');
  if (percent != s.npos && !is_plain(s.substr(percent + 1))) return std::nullopt;
  const std::string address{s.substr(0, percent)};
  in6_addr out{};
  if (::inet_pton(AF_INET6, address.c_str(), &out) != 1) return std::nullopt;
  return out;
}

}  // namespace

std::vector<std::string> split_at_colons(std::string_view s) {
  std::vector<std::string> parts;
  for (;;) {
    s = trim(s);
    std::string_view part;
    if (s.starts_with('[')) {
      const auto end = s.find(']');
      if (end == std::string_view::npos) return {};
      part = trim(s.substr(1, end - 1));
      if (!ipv6_of(part)) return {};
      s = trim(s.substr(end + 1));
      if (!s.empty() && s.front() != ':') return {};
    } else {
      part = trim(s.substr(0, s.find(':')));
      if (part.find_first_of("[]|") != std::string_view::npos) return {};
      s.remove_prefix(std::min(s.find(':'), s.size()));
    }
    parts.emplace_back(part);
    if (s.empty()) return parts;
    s.remove_prefix(1);
  }
}

std::optional<std::uint16_t> parse_port(std::string_view s) {
  const auto n = parse_number(trim(s), 1, 65535);
  return n ? std::optional{static_cast<std::uint16_t>(*n)} : std::nullopt;
}

std::optional<std::string> parse_host(std::string_view s) {
  s = trim(s);
  if (ipv6_of(s) || is_plain(s)) return std::string{s};
  if (!s.starts_with('[')) return std::nullopt;
  const auto parts = split_at_colons(s);
  return parts.size() == 1 ? std::optional{parts.front()} : std::nullopt;
}

std::optional<host_port> parse_host_port(std::string_view s) {
  if (auto host = parse_host(s)) return host_port{*std::move(host), std::nullopt};
  const auto parts = split_at_colons(s);
  if (parts.size() != 2) return std::nullopt;
  auto host = parse_host(parts.front());
  const auto port = parse_port(parts.back());
  if (!host || !port) return std::nullopt;
  return host_port{*std::move(host), port};
}

tl::expected<connect_string, std::string> parse_connect_string(std::string_view s) {
  const auto refused = [](std::string_view what) {
    return tl::unexpected("'" + std::string{what} +
                          "': not valid; accepted: " + std::string{connect_string_form});
  };
  s = trim(s);
  connect_string out;
  const auto slash = std::min(s.find('/'), s.size());
  if (slash + 1 < s.size()) out.chroot = s.substr(slash);
  while (out.chroot.ends_with('/')) out.chroot.pop_back();
  for (auto hosts = s.substr(0, slash); !hosts.empty();) {
    const auto comma = std::min(hosts.find(','), hosts.size());
    const auto one = trim(hosts.substr(0, comma));
    hosts.remove_prefix(std::min(comma + 1, hosts.size()));
    if (one.empty()) continue;
    auto server = parse_host_port(one);
    if (!server) return refused(one);
    out.servers.push_back(*std::move(server));
  }
  if (out.servers.empty()) return refused(s);
  return out;
}

std::string print_host(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string canonical_host(std::string_view host) {
  if (const auto bytes = ipv6_of(host)) {
    char text[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET6, &*bytes, text, sizeof text);
    const auto zone = host.find('%');
    return std::string{text} + std::string{zone == host.npos ? "" : host.substr(zone)};
  }
  std::string out{host};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  if (out.size() > 1 && out.ends_with('.')) out.pop_back();  // a name from the root is that name
  return out;
}

bool is_wildcard(std::string_view host) {
  const auto it = canonical_host(host);
  return it == "0.0.0.0" || it == "::";
}

bool is_loopback(std::string_view host) {
  const auto it = canonical_host(host);
  return it == "localhost" || it.starts_with("127.") || it == "::1";
}

}  // namespace troupe::config
