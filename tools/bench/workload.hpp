// SPDX-License-Identifier: Apache-2.0
/// What a run asks for: the kind of operation, how many connections, how many at a time, and when.
/// The text form is KIND@CONNECTIONSxWINDOW, as in "set@16x1" or "mixed90@32x16" (90 % reads).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace troupe::bench {

enum class op_kind { set, get, create, mixed, ephemeral, watch };

[[nodiscard]] std::string_view to_string(op_kind kind);

struct workload {
  op_kind kind = op_kind::set;
  std::uint32_t connections = 1;
  std::uint32_t window = 1;         // operations under way on one connection
  std::uint32_t read_percent = 90;  // of mixed alone
  std::uint32_t value_bytes = 100;
  std::uint32_t keys = 1000;
};

[[nodiscard]] std::string to_string(const workload& work);

/// One workload's text form, on top of the values in `base`. The error says what is accepted.
[[nodiscard]] tl::expected<workload, std::string> parse_workload(std::string_view text,
                                                                 workload base);

/// "standard", or workloads with commas between them.
[[nodiscard]] tl::expected<std::vector<workload>, std::string> parse_suite(std::string_view text,
                                                                           const workload& base);

struct endpoint {
  std::string host;
  std::string port;
};

[[nodiscard]] std::string to_string(const endpoint& at);

/// "host:port,host,[::1]:port"; the port is 2181 where none is named.
[[nodiscard]] tl::expected<std::vector<endpoint>, std::string> parse_servers(std::string_view text);

struct target {
  std::string name;  // empty when there is only one
  std::vector<endpoint> servers;
};

/// "NAME=host:port,..."
[[nodiscard]] tl::expected<target, std::string> parse_target(std::string_view text);

/// When the operation number `n` of a connection is due in an open loop: all connections together
/// make `rate_per_s`, evenly spaced, each in turn.
/// Units: ns since the start of the run.
[[nodiscard]] std::int64_t due_ns(std::uint64_t n, std::uint32_t connection,
                                  std::uint32_t connections, double rate_per_s);

}  // namespace troupe::bench
