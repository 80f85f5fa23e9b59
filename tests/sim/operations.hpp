// SPDX-License-Identifier: Apache-2.0
/// What the simulated clients asked and were told, and the judgement of it once the ensemble's
/// agreed history is known.
#pragma once

#include <functional>
#include <map>
#include <optional>
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
  std::string path;   // as asked; of a multi the first
  std::string value;  // written
  bool watch = false;
  std::uint64_t connection = 0;
  duration sent{0};
  zxid acked_before;  // the greatest zxid of a write acknowledged to anyone before this was sent

  fate how = fate::pending;
  duration answered{0};
  zxid at;  // of the reply's header
  error_code err = error_code::ok;
  std::string made;  // create: the path it got
  bool multi_refused = false;
  std::string data;                   // get_data
  std::optional<stat> seen;           // get_data, exists
  std::vector<std::string> children;  // get_children

  [[nodiscard]] bool is_write() const;
  [[nodiscard]] std::string text() const;
};

/// A watch event as it came over a connection.
struct seen_event {
  std::uint64_t connection = 0;
  zxid at;
  watch_event what;
};

struct operation_log {
  std::vector<operation> operations;
  std::vector<seen_event> events;
  zxid acked;  // the greatest zxid of an acknowledged write
  /// For a readable trace; may be empty.
  std::function<void(const char* what, const operation&)> seen;
};

/// - every acknowledged write is in the agreed history at its zxid, as its session's, with its
///   outcome; no request is there twice;
/// - a write acknowledged before another was sent has the smaller zxid;
/// - each read shows the tree exactly as it was at the reply's zxid;
/// - a session's writes are ordered as they were sent;
/// - each watch fires once, for the first change, before its client sees a later zxid.
void check_operations(const operation_log& log, const history_checker& history,
                      const std::function<void(std::string)>& fail);

}  // namespace troupe::sim
