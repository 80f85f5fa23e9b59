// SPDX-License-Identifier: Apache-2.0
/// A history: what clients asked and heard, one clock for all of them, whether the ensemble was
/// simulated or real. Plain structs, and their form as lines of JSON (docs/histories.md).
/// Units: times are us of that clock. Order: lines stand in the order in which they were heard.
/// Knows nothing of how the ensemble works: std and nlohmann-json alone.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::history {

inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

enum class op_kind { create, remove, set, get, exists, children, sync, multi, close };

[[nodiscard]] std::string_view to_string(op_kind kind);

/// Whether a client that hears this knows nothing of what became of its write.
[[nodiscard]] bool tells_no_outcome(std::string_view answer);

/// What a client was shown of a znode's stat; any part of it may be missing.
struct node_stat {
  std::optional<std::int64_t> czxid, mzxid;
  std::optional<std::int32_t> version, cversion;
  std::optional<std::string> owner;  // the ephemeral's session; "" or "0": of none

  bool operator==(const node_stat&) const = default;
};

/// What of a request says which change it asks for; a multi has several.
struct change {
  op_kind kind = op_kind::get;
  std::string path;
  std::optional<std::string> data;
  std::int32_t version = -1;  // which the znode has to have; -1: any
  bool ephemeral = false, sequential = false;

  bool operator==(const change&) const = default;
};

/// What an answer says of one change.
struct change_result {
  std::string answer;
  std::string created;  // the path that a create got
  std::optional<node_stat> stat;

  bool operator==(const change_result&) const = default;
};

/// One request of one sequential client, written once its answer is known or given up.
struct operation {
  int client = 0;
  std::string session;
  change asked;               // of a multi kind and nothing else
  std::vector<change> multi;  // what a multi asked for
  std::int64_t sent_us = 0;
  std::optional<std::int64_t> heard_us;
  std::string answer = "unknown";
  std::string created;
  std::optional<std::string> data_read;
  std::vector<std::string> children;
  std::optional<node_stat> stat;
  std::vector<change_result> results;          // of a multi
  std::optional<std::int64_t> zxid;            // of the answer's header
  std::optional<std::int64_t> xid;             // its number in its session, as on the wire
  std::optional<std::int64_t> synced_from_us;  // a read behind a sync that was sent then
  bool watch = false;
  std::string key;       // the object of a workload that it belongs to: "counter/1"
  std::size_t line = 0;  // where it stands in its file; 0: in none

  bool operator==(const operation&) const = default;

  /// Whether it asks for a change.
  [[nodiscard]] bool is_write() const;
  /// Acknowledged, with whatever the request was for.
  [[nodiscard]] bool is_ok() const { return answer == "ok"; }
  /// Nobody told whether it happened: it may take effect at any time after it was sent, or never.
  [[nodiscard]] bool is_unknown() const;
  /// Answered with an outcome that the leading server decided upon, which has a zxid of its own.
  [[nodiscard]] bool was_decided() const;
  /// Answered by an ensemble that had a quorum then: its session was alive in it. A read is none of
  /// these: a server that is cut off answers those of a session that has ended elsewhere.
  [[nodiscard]] bool proves_its_session() const;
  /// From here on no effect of it is new; `never` if the outcome is unknown.
  [[nodiscard]] std::int64_t done_us() const;
  /// The zxid of its own txn, as far as the answer tells.
  [[nodiscard]] std::optional<std::int64_t> write_zxid() const;
  /// For people: one line with its times.
  [[nodiscard]] std::string text() const;
};

struct watch_event {
  int client = 0;
  std::string session;
  std::string event;  // created, deleted, changed, children
  std::string path;
  std::int64_t heard_us = 0;
  std::size_t line = 0;

  bool operator==(const watch_event&) const = default;
};

/// A client's connection changed: connected, suspended, lost (the session is over).
struct state_change {
  int client = 0;
  std::string session;
  std::string state;
  std::int64_t heard_us = 0;
  std::size_t line = 0;

  bool operator==(const state_change&) const = default;
};

/// A lock, as its holder believed.
struct tenure {
  std::string lock;
  int client = 0;
  std::string session;
  std::int64_t token = 0;  // the fencing token: a czxid, a sequence number
  std::int64_t from_us = 0;
  std::optional<std::int64_t> to_us;
  std::size_t line = 0;

  bool operator==(const tenure&) const = default;
};

/// What was done to the ensemble, for people.
struct fault {
  std::string what;
  std::int64_t began_us = 0;
  std::optional<std::int64_t> ended_us;

  bool operator==(const fault&) const = default;
};

/// What an object of a workload held once all faults had ended. Null: there is no such znode.
struct final_value {
  using value_type =
      std::variant<std::monostate, std::int64_t, std::string, std::vector<std::string>>;
  std::string key;
  value_type value;
  std::int64_t heard_us = 0;
  std::size_t line = 0;

  bool operator==(const final_value&) const = default;
};

struct history {
  std::string source;        // what made it
  bool starts_empty = true;  // no znode that it names was there before
  std::vector<operation> operations;
  std::vector<watch_event> events;
  std::vector<state_change> states;
  std::vector<tenure> tenures;
  std::vector<fault> faults;
  std::vector<final_value> finals;

  bool operator==(const history&) const = default;
};

/// Where a history is no history: the line, the field, and what is accepted there.
struct bad_history {
  std::size_t line = 0;
  std::string what;

  /// "FILE:LINE: what"
  [[nodiscard]] std::string text(std::string_view file) const;
};

/// Reads all lines; the first one that cannot be understood ends it.
[[nodiscard]] std::variant<history, bad_history> read_history(std::istream& in);

/// Writes what read_history reads; operations, events and states in the order of `heard`.
void write_history(std::ostream& out, const history& h);

}  // namespace troupe::history
