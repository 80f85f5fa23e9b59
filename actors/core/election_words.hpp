// SPDX-License-Identifier: Apache-2.0
/// An election in words for people: who leads and what it was ahead by, who voted for whom, which
/// candidates there were, and how many voters are there to decide at all. What is reachable is
/// known to whoever keeps the links. Units: ms.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/core/election_round.hpp"

namespace troupe::core {

/// Lines, name and text.
using election_account = std::vector<std::pair<std::string, std::string>>;

/// How a decision came about. `at`: when, may be empty. `errors`: why there is no way to a server.
[[nodiscard]] election_account account_of(const election_record& record, const quorum& ensemble,
                                          std::int64_t took_ms, const std::string& at,
                                          const std::map<server_id, std::string>& errors);
/// The search that is under way since so long.
[[nodiscard]] election_account account_of_search(const election_round& round, std::int64_t for_ms);

/// "server 3 won: same epoch and zxid, greatest id"; empty when nothing was decided yet.
[[nodiscard]] std::string outcome_text(const election_record& record, const quorum& ensemble);

/// "server 1 for 3, server 3 for itself; no vote of server 2": every voter is in it.
[[nodiscard]] std::string votes_text(const std::map<server_id, cast_vote>& votes,
                                     const quorum& ensemble);

/// "server 1, server 2 and server 4".
[[nodiscard]] std::string servers_text(const std::set<server_id>& ids);

/// "2 of 5 voters reachable, 3 needed". `reachable` includes the server that asks, if it votes.
[[nodiscard]] std::string reach_text(const quorum& ensemble, const std::set<server_id>& reachable);

}  // namespace troupe::core
