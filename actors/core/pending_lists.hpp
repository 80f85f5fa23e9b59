// SPDX-License-Identifier: Apache-2.0
/// Lists of servers that are in logs and not known to be committed, as those tell who are heard
/// while a leader is looked for. Whoever holds one needs a quorum of the present list and one of
/// it, and has the longest log: where the latter is gone for good, nobody would ever lead. If there
/// is one that does not hold it, and no server of a quorum of the present list is ahead of that
/// one, the list was never committed, and its holder gives way (docs/ARCHITECTURE.md, "A list that
/// came to nothing"). It is what the epoch's handshake will ask of them, asked beforehand.
/// Invariant: nothing here is what makes it safe. The handshake asks again, with promises; so a
/// wrong word here costs time. Units: ms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "actors/core/election_round.hpp"
#include "actors/core/quorum.hpp"
#include "messages/ids.hpp"

namespace troupe::core {

/// A holder stands so long: all have told each other what they know by then, some of it twice.
inline constexpr std::int64_t stand_by_list_ms = 2 * notification_interval_max_ms;
/// Then it gives way for so long, and stands again: those to whom it gave way may not have come
/// together, and a quorum of its list may be back.
inline constexpr std::int64_t give_way_ms = 4 * stand_by_list_ms;

/// What a server has logged. Ordered by what makes one ahead of another.
struct told_log {
  epoch current;
  zxid last;
  zxid list;  // that it holds and does not know to be committed; the zero zxid: none
};

class pending_lists {
 public:
  /// `from`, which may be this server, has all that it ever logged.
  void note(server_id from, const told_log& log) { told_[from] = log; }
  /// It is not heard any more, goes by another present list, or has lost what it logged.
  void forget(server_id from) { told_.erase(from); }
  void clear() { told_.clear(); }
  [[nodiscard]] std::size_t size() const { return told_.size(); }

  [[nodiscard]] std::set<server_id> holders_of(zxid list) const;
  /// Who has said that its log does not hold it.
  [[nodiscard]] std::set<server_id> without(zxid list) const;
  /// There is one without it to whom a quorum of the present list could promise an epoch.
  [[nodiscard]] bool is_disproved(zxid list, const quorum& present) const;
  /// For who holds it and has looked for a leader that long.
  [[nodiscard]] bool should_give_way(zxid list, const quorum& present,
                                     std::int64_t searched_ms) const;

 private:
  [[nodiscard]] std::set<server_id> not_ahead_of(const told_log& log) const;

  std::map<server_id, told_log> told_;
};

/// For people: whose logs hold the list, and what is wanting for a leader by it.
struct pending_list_words {
  zxid list;
  quorum present, next;
  std::set<server_id> reachable;  // with the server that asks
};
[[nodiscard]] std::string text_of(const pending_lists& told, const pending_list_words& w);

}  // namespace troupe::core
