// SPDX-License-Identifier: Apache-2.0
/// Discovery (ZAB paper, phase 1) and the end of synchronization (phase 2), as the prospective
/// leader sees them: a quorum names its accepted epochs, promises the new one, and acknowledges the
/// new leader's history. Also the learner's half of the promise, and what becomes of a learner that
/// has promised a later epoch than it finds. Mirrors Leader.getEpochToPropose, waitForEpochAck,
/// waitForNewLeaderAck and Learner.registerWithLeader.
/// Order: new epoch -> (persist it) -> confirmed -> established; each is announced once.
#pragma once

#include <optional>
#include <set>

#include "actors/core/quorum.hpp"
#include "messages/ids.hpp"

namespace troupe::core {

/// What there is to say of the history in an ACKEPOCH.
struct history_claim {
  bool holds_seen = true;  // of a joint ensemble, it holds the list that the leader has seen
  bool in_doubt = false;   // the learner stands for nothing: its tree is not what a digest says
  bool gives_way = false;  // should the learner be ahead, then by a list that was not committed
};

class epoch_handshake {
 public:
  enum class ack_outcome {
    waiting,        // no quorum yet, or it was there already
    confirmed,      // this ack made the quorum
    learner_ahead,  // a voter's history is more recent: this server must not lead
  };

  epoch_handshake() = default;
  /// `my_current` and `my_last` are the leader's own state before the new epoch.
  epoch_handshake(server_id me, quorum ensemble, epoch my_current, zxid my_last);

  /// FOLLOWERINFO or OBSERVERINFO; the leader enters its own here too. Every learner raises the
  /// epoch, only voters make the quorum, which must include the leader. Returns the new epoch when
  /// it becomes known; later learners get proposed().
  [[nodiscard]] std::optional<epoch> on_follower_info(server_id from, epoch accepted);

  /// ACKEPOCH; the leader enters its own here too. `current` is none when the learner had accepted
  /// this epoch before and so does not count toward the quorum. Ahead is only who could lead in
  /// this server's place: not one of weight 0, no candidate or giving way. Its ack does not count.
  [[nodiscard]] ack_outcome on_ack_epoch(server_id from, std::optional<epoch> current, zxid last,
                                         history_claim claim = {});

  /// ACK of NEWLEADER, whose zxid is new_leader_zxid(); the leader enters its own here too. True
  /// when this ack made the quorum. An ack of another epoch is nothing.
  [[nodiscard]] bool on_new_leader_ack(server_id from, zxid acked);

  [[nodiscard]] std::optional<epoch> proposed() const {
    return is_proposed_ ? std::optional{era_} : std::nullopt;
  }
  /// The counter-0 zxid of the new epoch.
  [[nodiscard]] zxid new_leader_zxid() const { return zxid::first_of(era_); }
  [[nodiscard]] bool is_confirmed() const { return is_confirmed_; }
  [[nodiscard]] bool is_established() const { return is_established_; }
  /// Voters heard in the phase that is under way, for `status`.
  [[nodiscard]] const std::set<server_id>& heard() const;

 private:
  server_id me_;
  quorum ensemble_;
  epoch my_current_;
  zxid my_last_;
  epoch era_;  // grows until proposed
  bool is_proposed_ = false;
  bool is_confirmed_ = false;
  bool is_established_ = false;
  std::set<server_id> connecting_;
  std::set<server_id> confirming_;
  std::set<server_id> established_;
};

/// What a server has promised and entered.
struct epoch_marks {
  epoch accepted;
  epoch current;
};

/// What a leader does with a learner that comes when the epoch is proposed.
enum class join_verdict {
  counted,
  uncounted,  // it has promised a later epoch, and follows as an observer does: it never counts
  make_way,   // it is needed, and can follow in a later epoch only: there has to be one
};
/// `has_vote`: the learner's word could count, now or after a reconfig, and it is a candidate.
[[nodiscard]] join_verdict judge_join(epoch_marks learner, bool has_vote, epoch proposed);

/// What a learner does with LEADERINFO.
enum class leader_info_verdict {
  accept_and_persist,  // write acceptedEpoch, then ACKEPOCH with its current epoch
  accept_same,         // ACKEPOCH without an epoch: promised before, does not count again
  accept_uncounted,    // the same, of a later promise, which stays
  refuse,              // promised to a later leader: back to the election
};
/// `counts`: the leader would count it. Who does not count may follow a leader of an epoch before
/// its promise: no quorum of that leader has it, so none decides with it what a later leader, whom
/// it has promised its history as it was, does not see. Not of one before the epoch it has entered:
/// that leader may lack what it has acked.
[[nodiscard]] leader_info_verdict judge_leader_info(epoch_marks mine, epoch proposed, bool counts);

}  // namespace troupe::core
