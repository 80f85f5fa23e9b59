// SPDX-License-Identifier: Apache-2.0
#include "config/server_line.hpp"

#include <charconv>

#include "config/host.hpp"

namespace troupe::config {

namespace {

std::optional<bool> is_observer(std::string role) {
  for (char& c : role) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (role == "observer") return true;
  if (role == "participant") return false;
  return std::nullopt;
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
  while (!value.empty() && (value.back() == ';' || value.back() == ' ')) value.remove_suffix(1);
  auto semicolon = value.find(';');
  auto parts = split_at_colons(value.substr(0, semicolon));
  if (parts.size() < 3 || parts.size() > 4 || !parse_host(parts[0])) return std::nullopt;
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
    auto client = split_at_colons(value.substr(semicolon + 1));
    if (client.empty() || client.size() > 2) return std::nullopt;
    x.client_port = parse_port(client.back());
    if (client.size() == 2) x.client_address = client.front();
    if (!x.client_port || (x.client_address && !parse_host(*x.client_address))) return std::nullopt;
  }
  return x;
}

std::string accepted_server_line(std::string_view value) {
  const std::string form{server_line_form};
  if (value.find('|') != std::string_view::npos)
    return "one address of a server, as there is no multiAddress: " + form;
  const auto clients = value.find(';');
  if (clients != std::string_view::npos && value.find(';', clients + 1) != std::string_view::npos)
    return "no second ; with a secure port, as there is no TLS yet: " + form;
  return form;
}

std::string print_server_line(const server_entry& x, bool with_client) {
  auto out = print_host(x.host) + ":" + std::to_string(x.peer_port) + ":" +
             std::to_string(x.election_port) + (x.observer ? ":observer" : ":participant");
  if (with_client && x.client_port) {
    out += ";";
    if (x.client_address) out += print_host(*x.client_address) + ":";
    out += std::to_string(*x.client_port);
  }
  return out;
}

}  // namespace troupe::config
