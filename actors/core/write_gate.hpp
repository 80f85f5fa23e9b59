// SPDX-License-Identifier: Apache-2.0
/// Which writes of a server's clients are on their way to the leading server, and whose go next.
/// A write is held many times over until it is applied everywhere (by who passes it on, as a txn,
/// in messages, in logs that are not synced), and what is on its way is ahead of whoever comes
/// later. So a server has few bytes of large writes under way, the rest waits with its clients, and
/// those take turns by bytes. Small writes go at once: many of them together are few bytes, and
/// their number is bounded elsewhere. While the leading server says that a learner cannot keep up,
/// large ones wait, and small ones are few as well.
/// Order: each connection asks for its writes in their order, one at a time; what was refused waits
/// until next() names the connection. Units: bytes that a write may come to as a txn (weight_of).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>

#include "actors/core/acl.hpp"
#include "actors/core/fair_queue.hpp"
#include "messages/client/requests.hpp"
#include "messages/ids.hpp"
#include "messages/ids.hpp"

namespace troupe::core {

class write_gate {
 public:
  /// A write up to this is small.
  static constexpr std::int64_t small_bytes_max = 4096;
  /// Of small ones under way, while the leading server asks to hold back.
  static constexpr std::int64_t small_window_when_held = 128 * 1024;

  write_gate() = default;
  /// `window`: of large writes under way, unless it is a single one.
  explicit write_gate(std::int64_t window) : large_window_(window) {}

  /// The leading server wants less, or says that it is over.
  void hold(bool is_held) { is_held_ = is_held; }
  [[nodiscard]] bool is_held() const { return is_held_; }

  /// Whether the next write of `from` may go now; if not it waits for its turn, once.
  [[nodiscard]] bool may_go(connection_id from, std::int64_t bytes);
  /// It went, as what `who` numbered `cx`.
  void went(session_id who, cxid cx, std::int64_t bytes);
  /// Whether next() would name one.
  [[nodiscard]] bool has_next() const;
  /// Whose turn has come: its first write that waits may go now. nullopt: nobody's.
  [[nodiscard]] std::optional<connection_id> next();
  /// The turn that next() has given is over, whether it was taken or not.
  void end_turn() { has_turn_.reset(); }
  /// A txn is applied, which may be one that went.
  void applied(session_id who, cxid cx);
  /// A small write, which has no number here, is answered or given up.
  void small_is_done(std::int64_t bytes);
  /// The session is over, and with it what it had under way.
  void end_of(session_id who);
  /// The connection is gone. What it has under way is, until it is applied.
  void leave(connection_id from);

  [[nodiscard]] std::int64_t under_way() const { return large_.under_way + small_.under_way; }
  [[nodiscard]] std::size_t waiting() const { return large_.queue.size() + small_.queue.size(); }

 private:
  struct size_class {
    fair_queue<connection_id> queue;
    std::int64_t under_way = 0;
  };
  struct sent {
    cxid number;
    std::int64_t bytes = 0;
  };
  static bool is_small(std::int64_t bytes) { return bytes <= small_bytes_max; }
  [[nodiscard]] bool has_room(const size_class& l, std::int64_t bytes) const;

  std::int64_t large_window_ = 0;
  bool is_held_ = false;
  size_class large_, small_;
  std::optional<connection_id> has_turn_;
  std::unordered_map<session_id, std::deque<sent>> large_sent_;
};

/// What a write may come to as a txn, at most `txn_bytes_max`: more than its request where that
/// says `auth` and its client has shown much, or closes a session with many ephemerals.
[[nodiscard]] std::int64_t weight_of(op_code op, std::size_t body_bytes, const identities& shown,
                                     std::size_t ephemerals, std::int64_t txn_bytes_max);

}  // namespace troupe::core
