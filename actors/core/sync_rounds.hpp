// SPDX-License-Identifier: Apache-2.0
/// When a leader may answer the syncs that wait: once everything that was proposed before the sync
/// is committed and it is proved that this server still led when the sync came. The proof is a
/// quorum that has answered what was said to it after that: a numbered round of pings, or acks of
/// what was proposed later. A learner that answers has promised no newer epoch by then, and no
/// newer epoch begins without the promise of one of them; so nobody else has acknowledged anything
/// that this leader does not know. (ZooKeeper's Leader.processSync asks for no proof.)
/// Invariant: one round is under way at most; a sync waits for the one that begins behind it, so
/// what comes while a round is under way shares the next. Order: first come, first answered.
/// While a reconfig is under way both ensembles prove it, as `reconfigure` says. Whoever is no
/// voter proves nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>

#include "actors/core/quorum.hpp"
#include "messages/ids.hpp"

namespace troupe::core {

class sync_rounds {
 public:
  sync_rounds() = default;
  sync_rounds(server_id me, quorum ensemble);

  /// A sync came behind all that is proposed, up to `last_proposed`.
  void on_sync(zxid last_proposed);
  /// A learner answered a ping of that round. A number that was never given to a round is nothing.
  void on_echo(server_id from, std::uint64_t round);
  /// A reconfig: these decide from now on, both memberships while it is under way.
  void reconfigure(quorum ensemble);

  /// The round that began since this was asked last: a ping of it is to go to every voter at once.
  [[nodiscard]] std::optional<std::uint64_t> take_new_round();
  /// What every ping bears; 0 before the first round.
  [[nodiscard]] std::uint64_t round() const { return begun_; }
  [[nodiscard]] bool is_under_way() const { return begun_ != ended_; }

  /// Given that everything up to `committed` is committed: the zxid behind which the first of the
  /// waiting syncs is to be answered; none: it has to wait, or there is none.
  [[nodiscard]] std::optional<zxid> due(zxid committed) const;
  /// The first one was answered.
  void pop_front() { waiting_.pop_front(); }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

 private:
  /// Ends the round that has its quorum, and begins the one that is waited for.
  void go_on();

  struct waiting_sync {
    zxid behind;
    std::uint64_t round = 0;  // whose end proves enough
  };

  server_id me_;
  quorum ensemble_;
  std::deque<waiting_sync> waiting_;  // neither `behind` nor `round` ever falls
  std::uint64_t begun_ = 0;           // number of the round that began last
  std::uint64_t ended_ = 0;           // of the last one that a quorum has answered
  std::set<server_id> answered_;      // the round under way
  bool is_new_ = false;               // nobody has taken it yet
};

}  // namespace troupe::core
