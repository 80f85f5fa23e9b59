// SPDX-License-Identifier: Apache-2.0
/// Which one-shot watches a session holds, so that it can be said which of them a removal ended;
/// the C client library does not tell. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace troupe::cli {

/// As WatcherType on the wire.
enum class watch_kind : std::int32_t { children = 1, data = 2, any = 3 };

/// Invariant: no kind here is `any`.
class watch_book {
 public:
  void add(const std::string& path, watch_kind kind) { of(kind).insert(path); }
  [[nodiscard]] bool has(const std::string& path, watch_kind kind) const {
    return (kind != watch_kind::data && children_.contains(path)) ||
           (kind != watch_kind::children && data_.contains(path));
  }
  /// An event of that type (its number on the wire) for that path; it ended the watches it told.
  void on_event(std::int32_t type, const std::string& path);
  /// Removes them and returns what kinds there were, children first.
  std::vector<watch_kind> remove(const std::string& path, watch_kind kind);

 private:
  std::set<std::string>& of(watch_kind kind) {
    return kind == watch_kind::children ? children_ : data_;
  }

  std::set<std::string> data_;  // of get and of stat
  std::set<std::string> children_;
};

}  // namespace troupe::cli
