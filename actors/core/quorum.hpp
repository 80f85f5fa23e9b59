// SPDX-License-Identifier: Apache-2.0
/// Which sets of servers may decide for the ensemble: a majority of the voters, or ZooKeeper's
/// hierarchical rule when the servers stand in groups (QuorumMaj, QuorumHierarchical).
/// Any two quorums of one ensemble share a voter. Observers and strangers never count.
/// While a reconfig is under way two ensembles decide together: the joint form.
/// Errors: `make` says what the server list lacks, in words for the person who wrote the list.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "messages/ids.hpp"

namespace troupe::core {

/// One `server.N` line, with its `weight.N` and the `group.G` that names it.
struct ensemble_member {
  server_id id;
  bool observer = false;
  std::int64_t weight = 1;
  std::optional<std::int64_t> group = std::nullopt;
};

class quorum {
 public:
  /// An ensemble of nobody: nothing is ever a quorum of it.
  quorum() = default;

  [[nodiscard]] static tl::expected<quorum, std::string> make(
      const std::vector<ensemble_member>& members);

  /// Both must agree: `committed`, and `seen`, which may replace it (ZooKeeper's
  /// SyncedLearnerTracker with two verifiers). Whoever votes in one of them is a voter, with the
  /// greater weight of the two.
  [[nodiscard]] static quorum joint(const quorum& committed, const quorum& seen);

  /// More than half of the voters; with groups: more than half of the groups that have weight, each
  /// by more than half of its weight.
  [[nodiscard]] bool has_quorum(const std::set<server_id>& servers) const;

  /// Enough for who only follows: of a joint quorum, one of the two.
  [[nodiscard]] bool has_either_quorum(const std::set<server_id>& servers) const;

  [[nodiscard]] bool is_voter(server_id id) const { return voters_.contains(id); }
  /// Of a joint quorum: in the committed list.
  [[nodiscard]] bool is_committed_voter(server_id id) const;
  [[nodiscard]] bool is_observer(server_id id) const { return observers_.contains(id); }
  /// 0 for whoever is no voter; 1 for every voter when there are no groups. A voter of weight 0
  /// never leads.
  [[nodiscard]] std::int64_t weight_of(server_id id) const;
  /// Of a joint quorum: in the committed list.
  [[nodiscard]] std::int64_t committed_weight_of(server_id id) const;
  [[nodiscard]] const std::set<server_id>& voters() const { return voters_; }
  [[nodiscard]] const std::set<server_id>& observers() const { return observers_; }
  /// Number of voters.
  [[nodiscard]] std::size_t size() const { return voters_.size(); }
  [[nodiscard]] bool is_hierarchical() const { return !group_of_.empty(); }
  [[nodiscard]] bool is_joint() const { return !parts_.empty(); }
  /// Plain majorities of the two voters' lists always share a server. Groups and joint quorums are
  /// not looked into: of those only equal ones are said to.
  [[nodiscard]] bool overlaps(const quorum& other) const;

  friend bool operator==(const quorum&, const quorum&) = default;

 private:
  std::set<server_id> voters_;
  std::set<server_id> observers_;
  std::map<server_id, std::int64_t> weights_;           // of voters
  std::map<server_id, std::int64_t> group_of_;          // of voters; empty: plain majority
  std::map<std::int64_t, std::int64_t> group_weights_;  // only groups with weight
  std::vector<quorum> parts_;                           // joint: the committed one, the seen one
};

}  // namespace troupe::core
