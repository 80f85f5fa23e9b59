// SPDX-License-Identifier: Apache-2.0
#include "actors/core/proposals.hpp"

#include <set>
#include <utility>

namespace troupe::core {

proposals::proposals(quorum ensemble, zxid begin)
    : ensemble_(std::move(ensemble)), last_proposed_(begin), committed_(begin) {}

bool proposals::propose(zxid id) {
  if (needs_new_epoch() || id != next()) return false;
  last_proposed_ = id;
  return true;
}

std::optional<zxid_range> proposals::on_ack(server_id from, zxid upto) {
  auto it = acked_.find(from);
  if (it == acked_.end() || upto <= it->second || upto > last_proposed_) return std::nullopt;
  it->second = upto;
  return commit_what_a_quorum_has();
}

std::optional<zxid_range> proposals::add_voter_acked(server_id server, zxid upto) {
  if (!ensemble_.is_voter(server) || upto > last_proposed_) return std::nullopt;
  acked_[server] = upto;
  return commit_what_a_quorum_has();
}

/// The last zxid that a quorum has can only be one that some voter acked last.
std::optional<zxid_range> proposals::commit_what_a_quorum_has() {
  zxid reached = committed_;
  for (const auto& [server, upto] : acked_) {
    if (upto <= reached) continue;
    std::set<server_id> holders;
    for (const auto& [other, theirs] : acked_)
      if (theirs >= upto) holders.insert(other);
    if (ensemble_.has_quorum(holders)) reached = upto;
  }
  if (reached == committed_) return std::nullopt;
  return zxid_range{std::exchange(committed_, reached).next(), reached};
}

}  // namespace troupe::core
