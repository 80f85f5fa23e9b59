// SPDX-License-Identifier: Apache-2.0
/// The servers of an ensemble as a value that can be replaced while it runs: the `server.`,
/// `group.` and `weight.` lines under one version, their text as ZooKeeper keeps it in
/// /zookeeper/config and in zoo.cfg.dynamic files, and the arithmetic of a reconfig
/// (QuorumVerifier, QuorumPeerConfig.parseDynamicConfig, PrepRequestProcessor). Pure.
/// Invariant: a version names one list of who decides; where its servers listen may differ from one
/// server's text of it to the next, since each dials by its own. 0 is what the files of a server
/// say that never was part of an established ensemble; every other version is the zxid of what made
/// the list.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "actors/core/quorum.hpp"
#include "config/node_config.hpp"
#include "messages/error_code.hpp"
#include "messages/ids.hpp"

namespace troupe::config {

struct membership {
  zxid version;
  std::vector<server_entry> servers;  // ascending by id; empty: a server that stands alone

  /// False: it is what files say that were never part of an established ensemble.
  [[nodiscard]] bool was_established() const { return version != zxid{}; }
  [[nodiscard]] const server_entry* find(server_id id) const;
  [[nodiscard]] bool is_observer(server_id id) const;
  [[nodiscard]] bool is_voter(server_id id) const;
  friend bool operator==(const membership&, const membership&) = default;
};
using membership_ptr = std::shared_ptr<const membership>;

/// The same servers under the version of the epoch that is the first to be established with them.
[[nodiscard]] membership_ptr established_in(epoch era, const membership& list);

/// What one server knows: the newest list it knows to be committed, and the newest it has seen,
/// which may be one that a reconfig under way proposes. Invariant: both are there;
/// committed->version <= seen->version; between the two there was no third.
struct membership_view {
  membership_ptr committed;
  membership_ptr seen;

  [[nodiscard]] bool is_settled() const { return committed->version == seen->version; }
  /// One that is about to become a voter follows as one.
  [[nodiscard]] bool is_observer(server_id id) const {
    return committed->is_observer(id) && (is_settled() || !seen->is_voter(id));
  }
};
using view_ptr = std::shared_ptr<const membership_view>;

[[nodiscard]] view_ptr make_view(membership committed);
/// The same with a list that is committed from now on. What was seen stays if it is newer.
[[nodiscard]] view_ptr with_committed(const membership_view& now, membership_ptr committed);
/// The same with a list that the log holds; an older one than the committed is none.
[[nodiscard]] view_ptr with_seen(const membership_view& now, membership_ptr seen);

/// The list that the files give.
[[nodiscard]] membership membership_of(const node_config& cfg);

/// "server.1=host:2888:3888:participant;0.0.0.0:2181\n...version=100000000", as ZooKeeper writes it
/// (QuorumMaj.toString). Without the last line for a dynamic file, whose name says the version.
[[nodiscard]] std::string print(const membership& m);
[[nodiscard]] std::string print_lines(const membership& m);
/// Errors: what is wrong with it, and what is accepted. A text without a version has version 0.
[[nodiscard]] tl::expected<membership, std::string> parse_membership(std::string_view text);

/// What servers compare: 64 bits of what decides a quorum, the voters' ids, weights and groups.
/// Observers, addresses, ports and the version are no part of it.
[[nodiscard]] std::uint64_t digest_of(const membership& m);

/// The server, group and weight lines as said, as servers tell them each other.
[[nodiscard]] std::string told_lines(const membership& m);

/// Who decides by this list. The error says why nobody could.
[[nodiscard]] tl::expected<core::quorum, std::string> quorum_of(const membership& m);

/// A client's reconfig. With `new_members` it is the whole list, and the others are not looked at.
struct membership_change {
  std::optional<std::string> joining;      // "server.4=host:2888:3888;2181", commas between
  std::optional<std::string> leaving;      // "3,4"
  std::optional<std::string> new_members;  // lines, commas or line ends between
};
struct refused_change {
  error_code code = error_code::bad_arguments;
  std::string reason;
};
/// The list after the change, under the version `made_by`. Refuses what PrepRequestProcessor does,
/// with its codes.
[[nodiscard]] tl::expected<membership, refused_change> change(const membership& now,
                                                              const membership_change& asked,
                                                              zxid made_by,
                                                              bool standalone_enabled);

// -- files ----------------------------------------------------------------------------------------

/// "/etc/zoo.cfg.dynamic.100000000" for zoo.cfg's path and a version.
[[nodiscard]] std::string dynamic_file_name(const std::string& zoo_cfg, zxid version);
/// The version in a dynamic file's name; 0 when there is none (QuorumPeerConfig).
[[nodiscard]] zxid version_in_name(std::string_view dynamic_file);
/// zoo.cfg's text with its membership moved to `dynamic_file`; comments and all other lines stay.
/// The client port goes too if the list says it (`has_client_port`).
[[nodiscard]] std::string point_to(std::string_view zoo_cfg_text, const std::string& dynamic_file,
                                   bool has_client_port);

}  // namespace troupe::config

namespace troupe {

using config::membership_ptr;
using config::view_ptr;

}  // namespace troupe
