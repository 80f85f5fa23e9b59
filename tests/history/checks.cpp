// SPDX-License-Identifier: Apache-2.0
#include "tests/history/checks.hpp"

namespace troupe::history {

std::vector<verdict> check_all(const history& h, const check_options& o) {
  return {check_linearizability(h, o),
          check_zxid_order(h),
          check_session_order(h),
          check_session_fifo(h),
          check_watches(h),
          check_ephemerals(h),
          check_sequences(h),
          check_counters(h),
          check_sets(h),
          check_locks(h),
          check_queues(h)};
}

}  // namespace troupe::history
