// SPDX-License-Identifier: Apache-2.0
/// What servers of one list say in an election.
#pragma once

#include <cstdint>

#include "actors/core/election_round.hpp"
#include "tests/unit/core/ensembles.hpp"

namespace troupe::core::test {

inline constexpr std::uint64_t our_list = 0xabcd;
inline const zxid same_zxid = at(1, 9);

inline vote vote_for(std::int64_t leader, std::int64_t round = 1, zxid last = same_zxid,
                     epoch e = {1}) {
  return {server(leader), last, e, {round}};
}

inline notification heard(std::int64_t from, server_state s, vote v) {
  return {server(from), s, v, our_list};
}

}  // namespace troupe::core::test
