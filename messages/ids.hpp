// SPDX-License-Identifier: Apache-2.0
/// The protocol's scalars as types of their own, so that a zxid is never passed where an epoch is
/// meant. All are plain values without allocation; ordering is that of the number they hold.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace troupe {

/// A number that is only comparable with numbers of its own kind.
template <class Tag, class Rep>
struct scalar {
  using rep = Rep;
  Rep value{};
  friend constexpr auto operator<=>(const scalar&, const scalar&) = default;
};

/// Number of a server: the N of its `server.N` line and of its myid file. 1..255 by ZooKeeper's
/// habit.
using server_id = scalar<struct server_id_tag, std::int64_t>;

/// Number of a leadership. The high 32 bits of every zxid that leadership proposes (ZAB paper,
/// section III).
using epoch = scalar<struct epoch_tag, std::int64_t>;

/// Number of a client session; its top byte is of the id of the server that made it. 0 = none.
using session_id = scalar<struct session_id_tag, std::int64_t>;

/// What session ids bear of a server's id: its lowest byte (SessionTrackerImpl). Of two servers of
/// one list it must differ, or both might make the same session.
[[nodiscard]] constexpr std::int64_t session_byte_of(server_id server) {
  return server.value & 0xff;
}

/// Names one client connection of one server. Never used twice in a process.
using connection_id = scalar<struct connection_id_tag, std::uint64_t>;

/// A client's own number for a request (`xid` on the wire); with the session id it names a request.
using cxid = scalar<struct cxid_tag, std::int32_t>;

/// Number of a round of election (ZooKeeper's logicalclock).
using election_round_number = scalar<struct election_round_tag, std::int64_t>;

/// Transaction id: (epoch << 32) | counter. Signed as on the wire; -1 = a database that must not
/// vote.
struct zxid {
  std::int64_t value = 0;

  friend constexpr auto operator<=>(const zxid&, const zxid&) = default;

  [[nodiscard]] constexpr epoch in_epoch() const { return {value >> 32}; }
  [[nodiscard]] constexpr std::uint32_t counter() const {
    return static_cast<std::uint32_t>(value & 0xffffffff);
  }
  /// The zxid after this one in the same epoch. The caller checks is_last_of_epoch() first.
  [[nodiscard]] constexpr zxid next() const { return {value + 1}; }
  [[nodiscard]] constexpr bool is_last_of_epoch() const { return counter() == 0xffffffffU; }

  /// The zxid an epoch begins with: counter 0, which no txn ever has.
  [[nodiscard]] static constexpr zxid first_of(epoch e) { return {e.value << 32}; }
};

/// "0x1000000a2", as ZooKeeper prints zxids and session ids.
[[nodiscard]] std::string to_hex(std::int64_t value);
[[nodiscard]] inline std::string to_string(zxid id) { return to_hex(id.value); }
[[nodiscard]] inline std::string to_string(session_id id) { return to_hex(id.value); }

}  // namespace troupe

template <class Tag, class Rep>
struct std::hash<troupe::scalar<Tag, Rep>> {
  std::size_t operator()(const troupe::scalar<Tag, Rep>& x) const noexcept {
    return std::hash<Rep>{}(x.value);
  }
};
template <>
struct std::hash<troupe::zxid> {
  std::size_t operator()(const troupe::zxid& x) const noexcept {
    return std::hash<std::int64_t>{}(x.value);
  }
};
