// SPDX-License-Identifier: Apache-2.0
/// The leading server's view of live sessions: when each expires and which connection it is on
/// (SessionTrackerImpl, ExpiryQueue).
/// Units: milliseconds of the leading server's clock. A session expires at the first tick boundary
/// after its last touch + timeout, so between timeout and timeout + tick.
/// Invariant: a session that is not closing stands in the bucket of its deadline.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "actors/core/tree.hpp"
#include "messages/error_code.hpp"
#include "messages/ids.hpp"

namespace troupe::core {

/// Names the connection a session is on; who makes it decides what it holds. 0 = none yet.
using session_owner = std::uint64_t;

class sessions {
 public:
  explicit sessions(std::int64_t tick_ms);

  /// Starts or renews a session. False: it was there already (its deadline moves all the same).
  bool add(session_id id, std::int32_t timeout_ms, std::int64_t now_ms);
  /// The client was heard. False: unknown or closing; nothing changes.
  bool touch(session_id id, std::int64_t now_ms);
  bool touch(session_id id, std::int32_t timeout_ms, std::int64_t now_ms);
  /// Sessions whose time is up, ascending; each is marked closing and returned once.
  [[nodiscard]] std::vector<session_id> expire(std::int64_t now_ms, pace at = {});
  /// When expire() may next return something; nullopt without sessions.
  [[nodiscard]] std::optional<std::int64_t> next_deadline_ms() const;
  /// A new leadership: exactly these sessions, each with its full timeout from now, none closing.
  void rearm_all(const session_timeouts& known, std::int64_t now_ms, pace at = {});
  /// All that are not closing were heard: for a time in which this server could hear nobody.
  void touch_all(std::int64_t now_ms, pace at = {});
  /// A close_session is on its way: no more touches, no more writes.
  void set_closing(session_id id);
  void remove(session_id id);

  /// The session's client is now on this connection. session_expired: unknown or closing.
  [[nodiscard]] error_code set_owner(session_id id, session_owner owner);
  /// May this connection write for the session? The first to ask becomes owner.
  /// session_expired: unknown or closing. session_moved: another connection has it.
  [[nodiscard]] error_code check_owner(session_id id, session_owner owner);

  [[nodiscard]] bool contains(session_id id) const { return by_id_.contains(id); }
  [[nodiscard]] std::optional<std::int32_t> timeout_of(session_id id) const;
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  /// Deadline -> sessions (the `dump` command).
  [[nodiscard]] const std::map<std::int64_t, std::set<session_id>>& buckets() const {
    return buckets_;
  }

 private:
  struct session {
    std::int32_t timeout_ms = 0;
    std::int64_t deadline_ms = 0;
    session_owner owner = 0;
    bool closing = false;
  };
  void arm(session_id id, session& s, std::int64_t at_ms);
  void disarm(session_id id, const session& s);

  std::int64_t tick_ms_;
  std::unordered_map<session_id, session> by_id_;
  std::map<std::int64_t, std::set<session_id>> buckets_;
};

/// The timeout granted for the one asked.
[[nodiscard]] std::int32_t clamp_timeout(std::int32_t requested_ms, std::int32_t min_ms,
                                         std::int32_t max_ms);

/// Of the servers of one list only this one can have made the id.
[[nodiscard]] constexpr bool is_made_by(session_id id, server_id server) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(id.value) >> 56) ==
         session_byte_of(server);
}

/// Makes ids: the server's number on top, then 40 bits of the clock, then a count.
class session_id_generator {
 public:
  session_id_generator(server_id server, std::int64_t wall_ms);
  [[nodiscard]] session_id next();

 private:
  std::int64_t next_;
};

}  // namespace troupe::core
