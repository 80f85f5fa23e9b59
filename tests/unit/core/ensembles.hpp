// SPDX-License-Identifier: Apache-2.0
/// Short names for the ensembles and numbers that the core's tests speak of.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "actors/core/quorum.hpp"
#include "messages/ids.hpp"

namespace troupe::core::test {

inline server_id server(std::int64_t n) { return {n}; }
inline zxid at(std::int64_t era, std::int64_t counter) { return {(era << 32) | counter}; }

/// Servers 1..voters take part; the `observers` after them watch.
inline quorum ensemble_of(std::int64_t voters, std::int64_t observers = 0) {
  std::vector<ensemble_member> members;
  for (std::int64_t n = 1; n <= voters + observers; ++n)
    members.push_back({.id = {n}, .observer = n > voters});
  return quorum::make(members).value();
}

inline std::set<server_id> servers(std::initializer_list<std::int64_t> ids) {
  std::set<server_id> out;
  for (auto n : ids) out.insert({n});
  return out;
}

}  // namespace troupe::core::test
