// SPDX-License-Identifier: Apache-2.0
/// What the nodes zookeeper_limits and zookeeper_stats hold, "count=3,bytes=-1=;countHardLimit=5"
/// (class StatsTrack). Pure. Units: count in znodes, bytes in bytes; -1 = none.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace troupe::cli {

namespace quota_key {
inline constexpr std::string_view count = "count";
inline constexpr std::string_view bytes = "bytes";
inline constexpr std::string_view count_hard = "countHardLimit";
inline constexpr std::string_view bytes_hard = "byteHardLimit";
}  // namespace quota_key

class quota_text {
 public:
  quota_text() = default;
  /// Values that are no numbers count as -1.
  explicit quota_text(std::string_view text);

  [[nodiscard]] std::int64_t get(std::string_view key) const;
  void set(std::string_view key, std::int64_t value);
  /// count, bytes, then the others by name; ZooKeeper before 3.7 reads the first two only, and the
  /// `=` behind them is for its sake.
  [[nodiscard]] std::string text() const;

 private:
  std::map<std::string, std::int64_t, std::less<>> values_;
};

/// The nodes that hold the quota of `path`.
[[nodiscard]] std::string quota_node(std::string_view path);
[[nodiscard]] std::string limits_node(std::string_view path);
[[nodiscard]] std::string stats_node(std::string_view path);

}  // namespace troupe::cli
