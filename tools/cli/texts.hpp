// SPDX-License-Identifier: Apache-2.0
/// What zkCli.sh prints, as text: dates, stats, ACLs, lists, watch events and errors (the classes
/// of org.apache.zookeeper.cli). Pure, but for the local time zone, which dates are in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/client/records.hpp"

namespace troupe::cli {

/// The answer was not waited for, since the user did not want to; no number of the protocol's.
inline constexpr error_code interrupted{-1'000'001};

/// "Sun Nov 22 17:14:10 UTC 2026", as java.util.Date prints ms since 1970 in the local zone.
[[nodiscard]] std::string date_text(std::int64_t ms);

/// The eleven lines of a stat.
[[nodiscard]] std::string stat_text(const stat& x);

/// "cdrwa", or those of the letters that `perms` has.
[[nodiscard]] std::string perms_text(std::int32_t perms);

/// Two lines for each entry.
[[nodiscard]] std::string acl_text(const std::vector<acl_entry>& acl);

/// "[a, b]".
[[nodiscard]] std::string list_text(const std::vector<std::string>& names);

struct read_acl {
  std::vector<acl_entry> acl;
  std::vector<std::string> complaints;  // about what was left out
};
/// "scheme:id:perms,...". What is not of that form is left out with a complaint, as in zkCli.sh.
[[nodiscard]] read_acl parse_acl(std::string_view text);

/// Why `path` names no znode; nullopt when it is well formed. A sequential znode gets its number
/// behind it, so "/a/" is a path for one.
[[nodiscard]] std::optional<std::string> path_fault(std::string_view path, bool sequential = false);

/// "KeeperErrorCode = NoAuth for /a"; without " for" if there is no path.
[[nodiscard]] std::string exception_text(error_code code, std::string_view path);

/// What zkCli.sh says of an operation that was refused: "Node does not exist: /a".
[[nodiscard]] std::string failure_text(error_code code, std::string_view path);

/// What a watcher is told. `path` is absent for an event of the session itself.
struct event {
  std::string state;  // SyncConnected, Disconnected, ...
  std::string type;   // None, NodeCreated, ...
  std::optional<std::string> path = {};
  friend bool operator==(const event&, const event&) = default;
};
/// "WatchedEvent state:SyncConnected type:NodeCreated path:/a".
[[nodiscard]] std::string event_text(const event& x);

/// Name of an event's number on the wire; those of 5 and above are the client's own.
[[nodiscard]] std::string event_type_name(std::int32_t type);

[[nodiscard]] std::string base64(std::string_view bytes);
/// nullopt when `text` is not base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// The client addresses of a /zookeeper/config: "<version> host:port,host:port".
[[nodiscard]] std::string client_addresses(std::string_view config);

/// A whole decimal number, or nullopt.
template <class Int>
[[nodiscard]] std::optional<Int> parse_number(std::string_view text, int base = 10);

}  // namespace troupe::cli
