// SPDX-License-Identifier: Apache-2.0
/// How much may be below a znode, and how much is (ZooKeeper's Quotas, StatsTrack, PathTrie). The
/// limits of /a stand in /zookeeper/quota/a/zookeeper_limits and what it uses in zookeeper_stats
/// beside them, both as text: "count=N,bytes=N". Each server counts for itself, outside of txns and
/// digest. A znode counts for the nearest limited znode at or above it, and for no other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace troupe::core {

/// The text of either znode: numbers by name, -1 where one is not said. Unknown names are kept.
class quota_text {
 public:
  quota_text() = default;
  /// What is not of the form name=number is passed over.
  explicit quota_text(std::string_view text);

  [[nodiscard]] std::int64_t count() const { return value("count"); }
  [[nodiscard]] std::int64_t bytes() const { return value("bytes"); }
  [[nodiscard]] std::int64_t count_hard_limit() const { return value("countHardLimit"); }
  [[nodiscard]] std::int64_t bytes_hard_limit() const { return value("byteHardLimit"); }
  void set(std::int64_t count, std::int64_t bytes);
  /// More is in use, or less; a client may have written any numbers, so it ends at the greatest.
  void add(std::int64_t count, std::int64_t bytes);

  /// "count=4,bytes=5", with "=;name=number" for each other name: versions before 3.5 read up to
  /// the second =.
  [[nodiscard]] std::string print() const;

 private:
  [[nodiscard]] std::int64_t value(std::string_view name) const;
  std::map<std::string, std::int64_t, std::less<>> values_;
};

/// A change that would go beyond a limit.
struct quota_breach {
  std::string path;  // of the limited znode
  bool of_bytes = false;
  bool is_hard = false;  // where there is a hard limit, the soft one of the same kind is not asked
  std::int64_t would_be = 0;
  std::int64_t limit = 0;
};

/// What a change of so much does to `used`. Of two breaches, the one that refuses, or the first.
[[nodiscard]] std::optional<quota_breach> find_breach(const quota_text& limits,
                                                      const quota_text& used, std::int64_t count,
                                                      std::int64_t bytes);

[[nodiscard]] std::string limits_path(std::string_view limited);
[[nodiscard]] std::string stats_path(std::string_view limited);
/// The znode whose limits or stats, as `name` says, stand at `path`: "/zookeeper/quota/a/name" ->
/// "/a". Empty: nobody's.
inline constexpr std::string_view limits_name = "zookeeper_limits";
inline constexpr std::string_view stats_name = "zookeeper_stats";
[[nodiscard]] std::string_view limited_by(std::string_view path, std::string_view name);

/// The znodes that have limits.
class limited_paths {
 public:
  void add(std::string_view path);
  void remove(std::string_view path);
  /// The nearest at or above `path`; empty: none. Costs as much as the path is deep.
  [[nodiscard]] std::string_view nearest(std::string_view path) const;
  [[nodiscard]] bool empty() const { return paths_.empty(); }
  /// Of the heap (heap_bytes.hpp).
  [[nodiscard]] std::int64_t memory_bytes() const { return memory_bytes_; }

 private:
  std::set<std::string, std::less<>> paths_;
  std::int64_t memory_bytes_ = 0;
};

}  // namespace troupe::core
