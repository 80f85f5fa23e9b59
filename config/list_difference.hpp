// SPDX-License-Identifier: Apache-2.0
/// How two servers' lists differ, by what the lines mean: who decides (ids, roles, groups, weights)
/// apart from where they listen (addresses, ports). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/membership.hpp"

namespace troupe::config {

/// One line of the lists, as each side has it; empty: that side has no such line.
struct differing_line {
  std::string ours, theirs;
  friend bool operator==(const differing_line&, const differing_line&) = default;
};

struct list_difference {
  /// Another quorum could decide by theirs: a voter, a group or a weight differs.
  bool of_quorums = false;
  /// The lines that differ; with `of_quorums` those of voters, groups and weights alone.
  std::vector<differing_line> lines;

  [[nodiscard]] bool is_none() const { return lines.empty(); }
};

/// Letter case of a name, the way an address is written and the order of lines are no difference;
/// nor is a client port that one side alone says.
[[nodiscard]] list_difference compare(const membership& ours, const membership& theirs);

/// The lines, for one line of a log: "server.2=a:1:2 is server.2=b:1:2 there, ...". Only the first
/// few: lists of hundreds of servers may differ in all.
[[nodiscard]] std::string describe(const list_difference& x);

/// The list that another server tells, where this server knows better: a wildcard or loopback
/// address is somebody's name for himself, so it does not replace the address that we know; and
/// where we listen at every address, we go on doing so.
[[nodiscard]] membership with_known_addresses(membership told, const membership& known,
                                              server_id me);

}  // namespace troupe::config
