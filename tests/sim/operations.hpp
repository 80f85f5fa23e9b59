// SPDX-License-Identifier: Apache-2.0
/// What the simulated clients asked and were told, and the judgement of it once the ensemble's
/// agreed history is known.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/client/records.hpp"
#include "tests/sim/history_checker.hpp"
#include "tests/sim/rng.hpp"

namespace troupe::sim {

/// One request of one client.
struct operation {
  enum class fate {
    pending,
    answered,
    unknown,  // the connection went before the answer: it may have happened or not
  };

  int client = 0;
  session_id session;
  cxid xid;
  op_code op = op_code::error;
  std::string path;           // as asked; of a multi the first
  std::string also;           // of a multi the second
  std::string value;          // written
  std::int32_t version = -1;  // setData: which it has to have
  bool doomed = false;        // a multi with a check that cannot hold
  int churned = 0;            // a multi: it also makes and deletes a znode so many times
  std::size_t acl_bytes = 0;  // of the list that says "auth", as it is stored; 0: it does not
  bool watch = false;
  std::uint64_t connection = 0;
  duration sent{0};
  zxid acked_before;  // the greatest zxid of a write acknowledged to anyone before this was sent

  fate how = fate::pending;
  duration answered{0};
  std::size_t nth_heard = 0;  // its place among all that was heard
  zxid at;                    // of the reply's header
  error_code err = error_code::ok;
  std::string made;  // create: the path it got
  bool multi_refused = false;
  std::string data;                   // get_data
  std::optional<stat> seen;           // get_data, exists
  std::vector<std::string> children;  // get_children

  [[nodiscard]] bool is_write() const;
  /// What is made and deleted again.
  [[nodiscard]] std::string churned_path() const { return "/t" + std::to_string(client); }
  /// How long the txn of a create or a multi is when nothing is refused.
  [[nodiscard]] std::size_t txn_bytes() const;
  [[nodiscard]] std::string text() const;
};

/// A watch event as it came over a connection.
struct seen_event {
  std::uint64_t connection = 0;
  zxid at;
  watch_event what;
  session_id session;
  duration heard{0};
  std::size_t nth_heard = 0;
};

/// What a client told a server of its watches when it came back (setWatches).
struct told_watches {
  std::uint64_t connection = 0;
  zxid since;
  std::set<std::string> data, exist;
  std::optional<zxid> at;  // of the reply, if one came
};

struct operation_log {
  /// The longest txn that a server plans: the servers' least and greatest bounds.
  std::size_t txn_bytes_max_least = txn_bytes_max, txn_bytes_max_greatest = txn_bytes_max;
  std::vector<operation> operations;
  std::vector<seen_event> events;
  std::vector<told_watches> watches_told;
  std::size_t heard = 0;  // answers and events
  zxid acked;             // the greatest zxid of an acknowledged write
  /// For a readable trace; may be empty.
  std::function<void(const char* what, const operation&)> seen;
};

/// - every acknowledged write is in the agreed history at its zxid, as its session's, with its
///   outcome; no request is there twice;
/// - each read shows the tree exactly as it was at the reply's zxid;
/// - each write has the outcome that the tree before it calls for, and what would make a txn longer
///   than the leader plans is refused, nothing else for that reason;
/// - a session's writes are ordered as they were sent, and those of one connection happen from the
///   front;
/// - what had been acknowledged to anyone before a sync was asked, its answer shows;
/// - a session begins once and does nothing once it is closed; no sequence number comes twice;
/// - each watch fires once, for the first change, before its client sees a later zxid, and over a
///   reconnect, too.
void check_outcomes(const operation_log& log, const history_checker& history,
                    const std::function<void(std::string)>& fail);
void check_watches(const operation_log& log, const history_checker& history,
                   const std::function<void(std::string)>& fail);
/// All of them.
void check_operations(const operation_log& log, const history_checker& history,
                      const std::function<void(std::string)>& fail);

}  // namespace troupe::sim
