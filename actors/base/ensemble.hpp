// SPDX-License-Identifier: Apache-2.0
/// Lists of servers as the core's quorums; a standalone server is an ensemble of itself.
#pragma once

#include <string_view>

#include "actors/core/quorum.hpp"
#include "config/membership.hpp"
#include "config/node_config.hpp"
#include "messages/txn.hpp"

namespace troupe {

/// What a standalone server without a myid calls itself, as ZooKeeper does in its session ids.
inline constexpr server_id standalone_id{1};

/// Throw only if the list came neither from config::load() nor from read_membership(), which
/// refuse what has no quorum.
[[nodiscard]] core::quorum quorum_of(const config::node_config& cfg);
[[nodiscard]] core::quorum quorum_of(const config::membership& list, server_id me);
/// While a newer list than the committed one is known, both have to agree.
[[nodiscard]] core::quorum quorum_of(const config::membership_view& members, server_id me);

/// Whether the voters can decide without this server, so that it may leave its past to them.
[[nodiscard]] bool others_are_a_quorum(const config::membership& list, server_id me);

/// The list in a text that came from another server or from the log; null: it is none.
[[nodiscard]] config::membership_ptr read_membership(std::string_view text);
/// The same with the addresses that this server knows of those who were in `known`, where the text
/// has an address that means its teller alone.
[[nodiscard]] config::membership_ptr with_known_addresses(const config::membership_ptr& told,
                                                          const config::membership& known,
                                                          server_id me);
/// The list that a reconfig makes; null for every other txn.
[[nodiscard]] config::membership_ptr membership_made_by(const txn& x);

}  // namespace troupe
