// SPDX-License-Identifier: Apache-2.0
/// When the leading server deletes containers that are empty again and TTL znodes that nobody has
/// changed or filled in time (ContainerManager). It only proposes: whether a znode still is to go
/// is judged once more when its deletion is planned. Units: milliseconds; `now_ms` of a clock that
/// only goes on, `wall_ms` of the one that stamps txns. Order: what is found in one look goes by
/// path, no faster than deletes_per_minute_max.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "actors/core/tree.hpp"

namespace troupe::core {

struct expiry_options {
  std::int64_t check_interval_ms = 60'000;
  std::int64_t deletes_per_minute_max = 10'000;
  std::int64_t never_used_ms_max = 0;  // a container without any child yet; 0: it stays
};

class expiry {
 public:
  expiry() = default;
  /// A leadership begins: the first look is an interval from now.
  expiry(expiry_options options, std::int64_t now_ms);

  /// Znodes to delete now. To be asked often: what is left over waits for the next time.
  [[nodiscard]] std::vector<std::string> due(const tree& data, std::int64_t now_ms,
                                             std::int64_t wall_ms, pace at = {});

 private:
  expiry_options options_;
  std::int64_t next_check_ms_ = 0;
  std::int64_t next_delete_ms_ = 0;
  std::deque<std::string> waiting_;
};

/// All whose time has come, ascending.
[[nodiscard]] std::vector<std::string> expired_znodes(const tree& data, std::int64_t wall_ms,
                                                      std::int64_t never_used_ms_max, pace at = {});

}  // namespace troupe::core
