// SPDX-License-Identifier: Apache-2.0
#include "actors/core/epoch_handshake.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "actors/core/epoch_bounds.hpp"
#include "actors/core/mutants.hpp"

namespace troupe::core {

epoch_handshake::epoch_handshake(server_id me, quorum ensemble, epoch my_current, zxid my_last)
    : me_(me), ensemble_(std::move(ensemble)), my_current_(my_current), my_last_(my_last) {}

std::optional<epoch> epoch_handshake::on_follower_info(server_id from, epoch accepted) {
  if (is_proposed_) return std::nullopt;
  era_ = std::max(era_, epoch{accepted.value + 1});
  if (ensemble_.is_voter(from) || mutated(mutant::observers_count)) connecting_.insert(from);
  if (!connecting_.contains(me_) || !ensemble_.has_quorum(connecting_)) return std::nullopt;
  is_proposed_ = true;
  return era_;
}

epoch_handshake::ack_outcome epoch_handshake::on_ack_epoch(server_id from,
                                                           std::optional<epoch> current, zxid last,
                                                           history_claim claim) {
  // After the quorum, a learner that is ahead holds what no quorum has: it will be truncated.
  if (is_confirmed_ || !is_proposed_ || !current) return ack_outcome::waiting;
  // Nor does one without a vote: a leader that was removed may have logged what nobody else has.
  if (!ensemble_.is_voter(from) && !mutated(mutant::observers_count)) return ack_outcome::waiting;
  // One that only the seen list makes a voter has decided on nothing before its log held that list:
  // what it has more than we, it learned as an observer of a leader that came to nothing.
  const bool has_decided = ensemble_.is_committed_voter(from) || claim.holds_seen;
  const bool is_ahead = std::tie(*current, last) > std::tie(my_current_, my_last_);
  const bool counts_unproved = claim.gives_way && mutated(mutant::orphan_list_dropped_unproved);
  if (has_decided && is_ahead && !mutated(mutant::shorter_log_leads) && !counts_unproved) {
    // Who could not lead in our place deposes nobody: it would again, as often as it comes. If what
    // it has more is committed, no quorum is to be had without it, or without others who have it.
    const auto weight =
        claim.holds_seen ? ensemble_.weight_of(from) : ensemble_.committed_weight_of(from);
    const bool could_lead = weight > 0 && !claim.in_doubt && !claim.gives_way;
    return could_lead ? ack_outcome::learner_ahead : ack_outcome::waiting;
  }
  if (last != zxid{-1}) confirming_.insert(from);
  if (!confirming_.contains(me_) || !ensemble_.has_quorum(confirming_)) return ack_outcome::waiting;
  is_confirmed_ = true;
  return ack_outcome::confirmed;
}

bool epoch_handshake::on_new_leader_ack(server_id from, zxid acked) {
  if (is_established_ || !is_confirmed_ || acked != new_leader_zxid()) return false;
  if (ensemble_.is_voter(from) || mutated(mutant::observers_count)) established_.insert(from);
  is_established_ = ensemble_.has_quorum(established_) || mutated(mutant::serves_before_quorum);
  return is_established_;
}

const std::set<server_id>& epoch_handshake::heard() const {
  if (!is_proposed_) return connecting_;
  return is_confirmed_ ? established_ : confirming_;
}

join_verdict judge_join(epoch_marks learner, bool has_vote, epoch proposed) {
  if (learner.accepted <= proposed || mutated(mutant::any_leader_followed))
    return join_verdict::counted;
  // One that has entered a later epoch shows that this one is over, or that its past is lost here.
  return has_vote || learner.current > proposed ? join_verdict::make_way : join_verdict::uncounted;
}

leader_info_verdict judge_leader_info(epoch_marks mine, epoch proposed, bool counts) {
  if (!is_epoch(proposed)) return leader_info_verdict::refuse;
  if (!counts)
    return proposed < mine.current ? leader_info_verdict::refuse
                                   : leader_info_verdict::accept_uncounted;
  if (proposed > mine.accepted) return leader_info_verdict::accept_and_persist;
  if (proposed == mine.accepted) return leader_info_verdict::accept_same;
  return mutated(mutant::any_leader_followed) ? leader_info_verdict::accept_same
                                              : leader_info_verdict::refuse;
}

}  // namespace troupe::core
