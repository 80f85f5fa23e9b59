// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/workload.hpp"

#include <array>
#include <charconv>
#include <optional>

#include "config/host.hpp"

namespace troupe::bench {
namespace {

constexpr std::array kinds = {op_kind::set,   op_kind::get,       op_kind::create,
                              op_kind::mixed, op_kind::ephemeral, op_kind::watch};
constexpr std::string_view standard_suite =
    "set@1x1,set@16x1,set@32x16,get@1x1,get@16x1,get@32x16,mixed90@32x16";

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t x = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return x;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

tl::expected<endpoint, std::string> parse_server(std::string_view text) {
  const auto refused = [&] {
    return tl::unexpected{"'" + std::string{text} +
                          "' is no server; accepted: host:port, host, [IPv6 address]:port"};
  };
  auto server = config::parse_host_port(text);
  if (!server) return refused();
  return endpoint{std::move(server->host), std::to_string(server->port.value_or(2181))};
}

}  // namespace

std::string_view to_string(op_kind kind) {
  switch (kind) {
    case op_kind::set:
      return "set";
    case op_kind::get:
      return "get";
    case op_kind::create:
      return "create";
    case op_kind::mixed:
      return "mixed";
    case op_kind::ephemeral:
      return "ephemeral";
    case op_kind::watch:
      return "watch";
  }
  return "?";
}

std::string to_string(const workload& work) {
  std::string out{to_string(work.kind)};
  if (work.kind == op_kind::mixed) out += std::to_string(work.read_percent);
  return out + "@" + std::to_string(work.connections) + "x" + std::to_string(work.window);
}

tl::expected<workload, std::string> parse_workload(std::string_view text, workload base) {
  const auto refused = [&] {
    return tl::unexpected{"'" + std::string{text} +
                          "' is no workload; accepted: KIND@CONNECTIONSxWINDOW, where KIND is set, "
                          "get, create, ephemeral, watch, or mixed and a percentage of reads, as "
                          "in set@16x1 or mixed90@32x16"};
  };
  const auto at = text.find('@');
  const auto x = text.find('x', at == std::string_view::npos ? text.size() : at);
  if (x == std::string_view::npos) return refused();
  auto name = text.substr(0, at);
  if (name.starts_with("mixed") && name.size() > 5) {
    const auto percent = number(name.substr(5));
    if (!percent || *percent > 100) return refused();
    base.read_percent = *percent;
    name = name.substr(0, 5);
  }
  const auto connections = number(text.substr(at + 1, x - at - 1));
  const auto window = number(text.substr(x + 1));
  if (!connections || !window || *connections == 0 || *window == 0) return refused();
  base.connections = *connections;
  base.window = *window;
  for (auto kind : kinds) {
    if (to_string(kind) != name) continue;
    base.kind = kind;
    return base;
  }
  return refused();
}

tl::expected<std::vector<workload>, std::string> parse_suite(std::string_view text,
                                                             const workload& base) {
  std::vector<workload> suite;
  for (auto part : split(text == "standard" ? standard_suite : text)) {
    auto work = parse_workload(part, base);
    if (!work) return tl::unexpected{work.error() + "; or the one word standard"};
    suite.push_back(*work);
  }
  return suite;
}

std::string to_string(const endpoint& at) { return config::print_host(at.host) + ":" + at.port; }

tl::expected<std::vector<endpoint>, std::string> parse_servers(std::string_view text) {
  std::vector<endpoint> servers;
  for (auto part : split(text)) {
    auto server = parse_server(part);
    if (!server) return tl::unexpected{server.error()};
    servers.push_back(std::move(*server));
  }
  return servers;
}

tl::expected<target, std::string> parse_target(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return tl::unexpected{"'" + std::string{text} +
                          "' is no target; accepted: NAME=host:port,host:port"};
  auto servers = parse_servers(text.substr(equals + 1));
  if (!servers) return tl::unexpected{servers.error()};
  return target{std::string{text.substr(0, equals)}, std::move(*servers)};
}

std::int64_t due_ns(std::uint64_t n, std::uint32_t connection, std::uint32_t connections,
                    double rate_per_s) {
  const auto turn = static_cast<double>(n * connections + connection);
  return static_cast<std::int64_t>(turn * (1e9 / rate_per_s));
}

}  // namespace troupe::bench
