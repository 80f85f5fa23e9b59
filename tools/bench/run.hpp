// SPDX-License-Identifier: Apache-2.0
/// One run: makes a subtree of its own, loads the servers from several connections, removes the
/// subtree and says what was measured.
/// Units: ns for latencies.
///
/// What a latency is. Closed loop: from handing a request to the connection until its reply was
/// read; a connection asks again when it was answered, so that while a server stalls nothing is
/// asked and little of the stall is seen. Open loop (a rate is given): from the moment at which
/// the operation was due, whether or not it could be sent then, so that a stall is seen by every
/// operation that fell into it (corrected for coordinated omission).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/bench/histogram.hpp"
#include "tools/bench/workload.hpp"

namespace troupe::bench {

struct run_options {
  std::vector<endpoint> servers;
  workload work;
  double rate_per_s = 0;         // 0: closed loop
  double seconds = 10;           // measured
  std::uint64_t operations = 0;  // if not 0: as many as these, however long they take
  double warmup_s = 0;           // before that, and not counted
  std::uint32_t threads = 1;
  bool reconnect = false;  // a lost connection is counted, not a failure
  std::int32_t session_timeout_ms = 30'000;
  std::string root = "/actor-bench";
  std::uint64_t seed = 1;
};

/// One second of a run; `is_counted` when it lies behind the warm-up.
struct second_record {
  std::uint32_t second = 0;  // 1 is the first
  std::uint64_t operations = 0;
  std::int64_t p99_ns = 0;
  bool is_counted = false;
};

struct run_result {
  std::string failure;  // empty: every reply was as it must be
  histogram latency;
  double elapsed_s = 0;
  std::uint64_t not_sent = 0;  // open loop: due, and given up at the end
  std::uint64_t losses = 0;    // connections lost
  std::uint64_t lost = 0;      // operations under way on those
  bool interrupted = false;
  std::vector<second_record> seconds;

  [[nodiscard]] double per_second() const {
    return elapsed_s > 0 ? static_cast<double>(latency.count()) / elapsed_s : 0;
  }
};

/// Runs once. `on_second` is told every second that has passed. Ends early, and cleans up, when
/// `interrupted` says so.
[[nodiscard]] run_result run_load(const run_options& options,
                                  const std::function<void(const second_record&)>& on_second,
                                  const std::function<bool()>& interrupted);

}  // namespace troupe::bench
