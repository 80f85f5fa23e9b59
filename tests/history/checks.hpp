// SPDX-License-Identifier: Apache-2.0
/// What a history is judged by, check by check. Each is sound: what it calls trouble no correct
/// ensemble could have answered, however unanswered requests went; what is not told in the history
/// is not held against it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/history/history.hpp"

namespace troupe::history {

/// One thing that cannot be, with the operations that say so.
struct trouble {
  std::string what;
  std::vector<std::string> shown;
};

struct verdict {
  std::string check;
  std::string promise;     // in a few words
  std::size_t judged = 0;  // operations, events, tenures: whatever the check looks at
  std::vector<trouble> troubles;
  std::vector<trouble> gave_up;  // what would have taken too long: no verdict, and no pass
  std::string note;              // what should be known beside it

  [[nodiscard]] bool holds() const { return troubles.empty() && gave_up.empty(); }
};

struct check_options {
  /// Steps that the search for one znode may try before it gives up.
  std::uint64_t work_max = 50'000'000;
  /// Whether reads behind a sync have to be linearizable.
  bool believes_sync = true;
  /// ZooKeeper's own promise: a leader that does not know yet that it was replaced may answer a
  /// sync. A synced read whose zxid is of an epoch before that of a write that had been
  /// acknowledged when the sync was sent is then a plain read.
  bool forgives_replaced_leaders = false;
};

/// Each znode's writes, and its reads behind a sync, are linearizable.
[[nodiscard]] verdict check_linearizability(const history& h, const check_options& o = {});
/// Of two writes, one acknowledged before the other was sent, the second has the greater zxid; and
/// no two have the same.
[[nodiscard]] verdict check_zxid_order(const history& h);
/// What a session is shown never goes back: not in zxid, and not behind what it has seen of any
/// other znode. Over reconnects, too.
[[nodiscard]] verdict check_session_order(const history& h);
/// What is numbered by xid is answered and takes effect in that order.
[[nodiscard]] verdict check_session_fifo(const history& h);
/// A one-shot watch fires at most once for each read that set it, and before its session sees what
/// it announces.
[[nodiscard]] verdict check_watches(const history& h);
/// An ephemeral znode is gone if and only if its session is.
[[nodiscard]] verdict check_ephemerals(const history& h);
/// Numbers of sequential znodes rise and never come again while their parent lives.
[[nodiscard]] verdict check_sequences(const history& h);

// -- workloads, by key
// ------------------------------------------------------------------------------

/// counter/N: at the end not less than the increments that were acknowledged, and not more than
/// those and the unknown ones.
[[nodiscard]] verdict check_counters(const history& h);
/// set/N: at the end all that was added and acknowledged, nothing that nobody tried to add.
[[nodiscard]] verdict check_sets(const history& h);
/// lock/N: no two hold it at once, and tokens rise from holder to holder.
[[nodiscard]] verdict check_locks(const history& h);
/// queue/N: each item is taken at most once, none is lost, none overtakes one that was put before.
[[nodiscard]] verdict check_queues(const history& h);

/// All of them.
[[nodiscard]] std::vector<verdict> check_all(const history& h, const check_options& o = {});

}  // namespace troupe::history
