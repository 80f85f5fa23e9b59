// SPDX-License-Identifier: Apache-2.0
/// Access lists kept once and named by number, as snapshots name them (ReferenceCountedACLCache).
/// Invariant: a listed id has at least one znode, ids are never given twice, and ascend from 1.
/// -1 is world:anyone ALL and is not listed. -2 is a list that nobody passes but super: the place
/// holder for a list a fuzzy snapshot could not name (snapshot_codec.hpp); replay replaces it.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "actors/core/acl.hpp"
#include "actors/core/heap_bytes.hpp"

namespace troupe::core {

class acl_cache {
 public:
  static constexpr std::int64_t open_id = -1;
  static constexpr std::int64_t nobody_id = -2;

  /// The list's id, with one use more.
  std::int64_t acquire(const acl_list& acl);
  /// One use more of a known id.
  void retain(std::int64_t id);
  /// One use less; the last one forgets the list.
  void release(std::int64_t id);

  [[nodiscard]] const acl_ptr& find(std::int64_t id) const;
  [[nodiscard]] bool contains(std::int64_t id) const;
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] bool knows(const acl_list& acl) const { return by_list_.contains(acl); }
  /// Of the heap (heap_bytes.hpp).
  [[nodiscard]] std::int64_t memory_bytes() const { return memory_bytes_; }
  /// What a list that is not known yet adds to it.
  [[nodiscard]] static std::int64_t bytes_for(const acl_list& acl);

  /// The table of a snapshot, ids ascending.
  [[nodiscard]] std::vector<std::pair<std::int64_t, acl_ptr>> table() const;
  /// Reads a row of a snapshot's table; without uses until retain(). False: the id is impossible.
  [[nodiscard]] bool restore(std::int64_t id, acl_list acl);
  /// Forgets what restore() brought and no znode uses.
  void drop_unused();

 private:
  struct entry {
    acl_ptr list;
    std::int64_t uses = 0;
  };
  struct by_content {
    using is_transparent = void;
    bool operator()(const acl_ptr& a, const acl_ptr& b) const { return *a < *b; }
    bool operator()(const acl_ptr& a, const acl_list& b) const { return *a < b; }
    bool operator()(const acl_list& a, const acl_ptr& b) const { return a < *b; }
  };
  using rows = std::map<std::int64_t, entry>;
  using names = std::map<acl_ptr, std::int64_t, by_content>;
  static constexpr auto row_bytes = tree_node_bytes<rows::value_type>;
  static constexpr auto name_bytes = tree_node_bytes<names::value_type>;
  rows::iterator forget(rows::iterator row);
  friend std::int64_t recount_memory(const acl_cache& all);

  rows by_id_;
  names by_list_;
  std::int64_t last_id_ = 0;
  std::int64_t memory_bytes_ = 0;
};

/// memory_bytes(), counted anew, for whoever wants to know that it is right.
[[nodiscard]] std::int64_t recount_memory(const acl_cache& all);

}  // namespace troupe::core
