// SPDX-License-Identifier: Apache-2.0
/// The leader's window of proposals: sent to the learners, not yet committed (Leader's
/// outstandingProposals and tryToCommit; ZAB paper, phase 3).
/// Acks are cumulative, so the window is two zxids and one zxid for each voter: its size in memory
/// does not depend on how much is outstanding.
/// Invariant: committed() <= last_proposed(), both of one epoch. A zxid is committed once, in
/// order, and only when a quorum of synced voters has it on disk. Not for observers: they never
/// ack. A reconfig and what follows it needs a quorum of the old and of the new voters; once it is
/// committed, what follows needs the new ones alone. So acks of those who do not vote are kept,
/// too: they may be voters by then.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

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
  /// The txn proposed last makes `next` the ensemble. One at a time: the one before is committed.
  void reconfigure(quorum next);

  /// Counts an ack; it covers every zxid up to `upto`. Returns what became committed, which ends
  /// with a reconfig if there is one in it: go_on() tells of more. An ack for what is committed or
  /// was never proposed, or of a server that is not synced, is nothing.
  [[nodiscard]] std::optional<zxid_range> on_ack(server_id from, zxid upto);
  /// What became committed because a reconfig was.
  [[nodiscard]] std::optional<zxid_range> go_on() { return commit_what_a_quorum_has(); }

  /// From now on the acks of `server` count: it has acknowledged this leader's history and, with
  /// it, everything up to `upto`. The leader's own log enters here too.
  [[nodiscard]] std::optional<zxid_range> add_synced(server_id server, zxid upto);
  /// The learner is gone. What was committed with its acks stays committed.
  void remove(server_id server) { acked_.erase(server); }

  /// The reconfig that is proposed and not committed.
  [[nodiscard]] std::optional<zxid> reconfig() const {
    return next_ ? std::optional{reconfig_} : std::nullopt;
  }
  /// Who has acked everything up to `upto`, voter or not.
  [[nodiscard]] std::set<server_id> holders_of(zxid upto) const;

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
  [[nodiscard]] zxid held_by_quorum(const quorum& of) const;

  quorum ensemble_;
  std::optional<quorum> next_;  // while a reconfig is not committed
  zxid reconfig_;               // which one
  zxid last_proposed_;
  zxid committed_;
  std::map<server_id, zxid> acked_;  // of synced servers
};

}  // namespace troupe::core
