// SPDX-License-Identifier: Apache-2.0
#include "config/server_line.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace troupe::config {

namespace {

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

/// Splits at colons, but not at those within brackets; brackets are dropped. Empty when the
/// brackets do not match or something follows `]` before the next colon.
std::vector<std::string> split_address(std::string_view s) {
  std::vector<std::string> parts;
  for (;;) {
    s = trim(s);
    std::string_view part;
    if (s.starts_with('[')) {
      auto end = s.find(']');
      if (end == std::string_view::npos) return {};
      part = s.substr(1, end - 1);
      if (part.find(':') == std::string_view::npos) return {};
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
  auto n = parse_number(s, 1, 65535);
  return n ? std::optional{static_cast<std::uint16_t>(*n)} : std::nullopt;
}

std::optional<bool> is_observer(std::string role) {
  for (char& c : role) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (role == "observer") return true;
  if (role == "participant") return false;
  return std::nullopt;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

std::optional<std::int64_t> parse_number(std::string_view s, std::int64_t min, std::int64_t max) {
  if (s.size() > 1 && s.front() == '+' && s[1] != '-') s.remove_prefix(1);
  std::int64_t n = 0;
  auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
  if (error != std::errc{} || end != s.data() + s.size() || n < min || n > max) return std::nullopt;
  return n;
}

std::optional<server_entry> parse_server_line(server_id id, std::string_view value) {
  auto semicolon = value.find(';');
  auto parts = split_address(value.substr(0, semicolon));
  if (parts.size() < 3 || parts.size() > 4 || parts[0].empty()) return std::nullopt;
  auto peer_port = parse_port(parts[1]);
  auto election_port = parse_port(parts[2]);
  auto observer = parts.size() == 4 ? is_observer(parts[3]) : std::optional{false};
  if (!peer_port || !election_port || *peer_port == *election_port || !observer)
    return std::nullopt;
  server_entry x{.id = id,
                 .host = parts[0],
                 .peer_port = *peer_port,
                 .election_port = *election_port,
                 .observer = *observer,
                 .client_address = {},
                 .client_port = {},
                 .weight = 1,
                 .group = {}};
  if (semicolon != std::string_view::npos) {
    auto client = split_address(value.substr(semicolon + 1));
    if (client.empty() || client.size() > 2) return std::nullopt;
    x.client_port = parse_port(client.back());
    if (client.size() == 2) x.client_address = client.front();
    if (!x.client_port || (x.client_address && x.client_address->empty())) return std::nullopt;
  }
  return x;
}

std::string print_server_line(const server_entry& x, bool with_client) {
  auto out = bracketed(x.host) + ":" + std::to_string(x.peer_port) + ":" +
             std::to_string(x.election_port) + (x.observer ? ":observer" : ":participant");
  if (with_client && x.client_port) {
    out += ";";
    if (x.client_address) out += bracketed(*x.client_address) + ":";
    out += std::to_string(*x.client_port);
  }
  return out;
}

}  // namespace troupe::config
