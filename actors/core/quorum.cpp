// SPDX-License-Identifier: Apache-2.0
#include "actors/core/quorum.hpp"

#include <algorithm>
#include <limits>

#include "actors/core/mutants.hpp"

namespace troupe::core {
namespace {

/// Sums of weights stay far from overflow.
constexpr std::int64_t weight_max = std::numeric_limits<std::int32_t>::max();

std::string server_text(server_id id) { return "server." + std::to_string(id.value); }

/// What is wrong with the list, if anything.
std::optional<std::string> fault_of(const std::vector<ensemble_member>& members) {
  const bool grouped = std::any_of(members.begin(), members.end(),
                                   [](const auto& m) { return m.group.has_value(); });
  std::set<server_id> seen;
  std::int64_t voters = 0, weight = 0;
  for (const auto& m : members) {
    if (!seen.insert(m.id).second) return server_text(m.id) + " is listed twice";
    if (m.weight < 0 || m.weight > weight_max)
      return "weight of " + server_text(m.id) + " is " + std::to_string(m.weight) +
             "; accepted is 0.." + std::to_string(weight_max);
    if (m.observer) continue;
    if (grouped && !m.group)
      return server_text(m.id) +
             " stands in no group; when there are groups every participant needs one";
    if (!grouped && m.weight != 1)
      return server_text(m.id) +
             " has a weight but stands in no group; weights need a group for every participant";
    ++voters;
    weight += m.weight;
  }
  if (voters == 0) return "no server is a participant; an ensemble needs at least one";
  if (weight == 0) return "every participant has weight 0; nobody could lead";
  return std::nullopt;
}

}  // namespace

tl::expected<quorum, std::string> quorum::make(const std::vector<ensemble_member>& members) {
  if (auto fault = fault_of(members)) return tl::unexpected(*std::move(fault));
  quorum q;
  for (const auto& m : members) {
    if (m.observer) {
      q.observers_.insert(m.id);
      continue;
    }
    q.voters_.insert(m.id);
    q.weights_[m.id] = m.weight;
    if (!m.group) continue;
    q.group_of_[m.id] = *m.group;
    if (m.weight > 0) q.group_weights_[*m.group] += m.weight;
  }
  return q;
}

quorum quorum::joint(const quorum& committed, const quorum& seen) {
  quorum q;
  q.parts_ = {committed, seen};
  for (const auto& part : q.parts_) {
    q.voters_.insert(part.voters_.begin(), part.voters_.end());
    q.observers_.insert(part.observers_.begin(), part.observers_.end());
    for (const auto& [id, weight] : part.weights_)
      q.weights_[id] = std::max(q.weights_[id], weight);
  }
  for (auto id : q.voters_) q.observers_.erase(id);
  return q;
}

bool quorum::has_either_quorum(const std::set<server_id>& servers) const {
  return is_joint() ? std::any_of(parts_.begin(), parts_.end(),
                                  [&](const quorum& part) { return part.has_quorum(servers); })
                    : has_quorum(servers);
}

bool quorum::has_quorum(const std::set<server_id>& servers) const {
  if (is_joint())
    return std::all_of(parts_.begin(), parts_.end(),
                       [&](const quorum& part) { return part.has_quorum(servers); });
  if (!is_hierarchical()) {
    const auto present = std::count_if(servers.begin(), servers.end(), [this](server_id id) {
      return is_voter(id) || mutated(mutant::observers_count);
    });
    if (mutated(mutant::half_is_a_quorum) && !servers.empty())
      return static_cast<std::size_t>(present) >= voters_.size() / 2;
    return static_cast<std::size_t>(present) > voters_.size() / 2;
  }
  std::map<std::int64_t, std::int64_t> present;
  for (auto id : servers)
    if (auto it = group_of_.find(id); it != group_of_.end()) present[it->second] += weight_of(id);
  const auto won = std::count_if(group_weights_.begin(), group_weights_.end(), [&](const auto& g) {
    auto it = present.find(g.first);
    return it != present.end() && it->second > g.second / 2;
  });
  return static_cast<std::size_t>(won) > group_weights_.size() / 2;
}

bool quorum::overlaps(const quorum& other) const {
  if (is_joint() || other.is_joint() || is_hierarchical() || other.is_hierarchical())
    return *this == other;
  const auto common = static_cast<std::size_t>(
      std::ranges::count_if(voters_, [&](server_id id) { return other.is_voter(id); }));
  if (mutated(mutant::lists_apart_accepted)) return true;
  // Two quorums that share nobody take first the servers that only their own list has.
  const auto taken_from_common = [common](const quorum& q) {
    const auto needed = q.size() / 2 + 1, own = q.size() - common;
    return needed > own ? needed - own : 0;
  };
  return taken_from_common(*this) + taken_from_common(other) > common;
}

bool quorum::is_committed_voter(server_id id) const {
  return is_joint() ? parts_.front().is_voter(id) : is_voter(id);
}

std::int64_t quorum::committed_weight_of(server_id id) const {
  return is_joint() ? parts_.front().weight_of(id) : weight_of(id);
}

std::int64_t quorum::weight_of(server_id id) const {
  auto it = weights_.find(id);
  return it == weights_.end() ? 0 : it->second;
}

}  // namespace troupe::core
