// SPDX-License-Identifier: Apache-2.0
/// The leader's window of proposals: sent to the learners, not yet committed (Leader's
/// outstandingProposals and tryToCommit; ZAB paper, phase 3).
/// Acks are cumulative, so the window is two zxids and one zxid for each voter: its size in memory
/// does not depend on how much is outstanding.
/// Invariant: committed() <= last_proposed(), both of one epoch. A zxid is committed once, in
/// order, and only when a quorum of synced voters has it on disk. Not for observers: they never
/// ack.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "actors/core/quorum.hpp"
#include "messages/ids.hpp"

namespace troupe::core {

/// Consecutive zxids of one epoch, first and last included.
struct zxid_range {
  zxid first;
  zxid last;

  [[nodiscard]] std::uint64_t size() const {
    return static_cast<std::uint64_t>(last.value - first.value) + 1;
  }
  friend bool operator==(const zxid_range&, const zxid_range&) = default;
};

class proposals {
 public:
  proposals() = default;
  /// `begin` is where the epoch starts: zxid::first_of(era), itself neither proposed nor committed.
  proposals(quorum ensemble, zxid begin);

  /// Enters the next txn. False, and nothing happens, unless it is next() of an epoch that has
  /// room.
  [[nodiscard]] bool propose(zxid id);

  /// Counts an ack; it covers every zxid up to `upto`. Returns what became committed. An ack for
  /// what is committed or was never proposed, or of a server that is no synced voter, is nothing.
  [[nodiscard]] std::optional<zxid_range> on_ack(server_id from, zxid upto);

  /// From now on the acks of `server` count: it has acknowledged this leader's history and, with
  /// it, everything up to `upto`. The leader's own log enters here too.
  [[nodiscard]] std::optional<zxid_range> add_voter_acked(server_id server, zxid upto);
  /// The learner is gone. What was committed with its acks stays committed.
  void remove_voter(server_id server) { acked_.erase(server); }

  [[nodiscard]] zxid next() const { return last_proposed_.next(); }
  [[nodiscard]] zxid last_proposed() const { return last_proposed_; }
  [[nodiscard]] zxid committed() const { return committed_; }
  /// Number of proposals not yet committed.
  [[nodiscard]] std::uint64_t outstanding() const {
    return static_cast<std::uint64_t>(last_proposed_.value - committed_.value);
  }
  /// The epoch has no zxid left: the leader must step down, for a new one (XidRolloverException).
  [[nodiscard]] bool needs_new_epoch() const { return next().is_last_of_epoch(); }

 private:
  std::optional<zxid_range> commit_what_a_quorum_has();

  quorum ensemble_;
  zxid last_proposed_;
  zxid committed_;
  std::map<server_id, zxid> acked_;  // of synced voters
};

}  // namespace troupe::core
