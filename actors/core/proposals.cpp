// SPDX-License-Identifier: Apache-2.0
#include "actors/core/proposals.hpp"

#include <utility>

#include "actors/core/mutants.hpp"

namespace troupe::core {

proposals::proposals(quorum ensemble, zxid begin)
    : ensemble_(std::move(ensemble)), last_proposed_(begin), committed_(begin) {}

bool proposals::propose(zxid id) {
  if (needs_new_epoch() || id != next()) return false;
  last_proposed_ = id;
  return true;
}

void proposals::reconfigure(quorum next) {
  next_ = std::move(next);
  reconfig_ = last_proposed_;
}

std::optional<zxid_range> proposals::on_ack(server_id from, zxid upto) {
  auto it = acked_.find(from);
  if (it == acked_.end() || upto <= it->second || upto > last_proposed_) return std::nullopt;
  it->second = upto;
  return commit_what_a_quorum_has();
}

std::optional<zxid_range> proposals::add_synced(server_id server, zxid upto) {
  if (upto > last_proposed_) return std::nullopt;
  acked_[server] = upto;
  return commit_what_a_quorum_has();
}

std::set<server_id> proposals::holders_of(zxid upto) const {
  std::set<server_id> out;
  for (const auto& [server, theirs] : acked_)
    if (theirs >= upto) out.insert(server);
  return out;
}

/// The last zxid that a quorum has can only be one that some server acked last.
zxid proposals::held_by_quorum(const quorum& of) const {
  zxid reached = committed_;
  for (const auto& [server, upto] : acked_)
    if (upto > reached && of.has_quorum(holders_of(upto))) reached = upto;
  return reached;
}

std::optional<zxid_range> proposals::commit_what_a_quorum_has() {
  if (next_ && mutated(mutant::old_servers_not_asked)) ensemble_ = *next_;
  auto reached = held_by_quorum(ensemble_);
  if (next_ && reached >= reconfig_) {
    bool both = held_by_quorum(*next_) >= reconfig_ || mutated(mutant::new_servers_not_asked);
    reached = both ? reconfig_ : zxid{reconfig_.value - 1};
    if (both) {
      ensemble_ = *std::move(next_);
      next_.reset();
    }
  }
  if (reached <= committed_) return std::nullopt;
  return zxid_range{std::exchange(committed_, reached).next(), reached};
}

}  // namespace troupe::core
