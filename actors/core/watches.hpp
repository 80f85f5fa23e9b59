// SPDX-License-Identifier: Apache-2.0
/// The watches of this server's connections (WatchManager, DataTree). Four tables: data watches
/// (set by getData and exists) and child watches (set by getChildren), which fire once; persistent
/// ones, which hear of data and children of their znode; and recursive ones, which hear of every
/// znode from theirs down, but not of changed children. A watcher may have a path in several of
/// them, and loses it from each by itself (as since ZooKeeper 3.9; before, the last mode set was
/// the only one). Order: one trigger's events come by ascending watcher. Invariant: a watcher hears
/// of one trigger at most once, whatever of it watches. A trigger costs as much as its path is
/// deep.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/core/tree.hpp"

namespace troupe::core {

/// Names a connection; who makes it decides what it holds.
using watcher_key = std::uint64_t;

enum class watch_kind {
  data,
  exist,  // stands in the data table
  child,
  persistent,
  persistent_recursive,
};

/// One event and all who hear it: it is the same bytes for each of them.
struct fired_watches {
  watch_event event;
  std::vector<watcher_key> watchers;  // ascending
};

class watches {
 public:
  /// False: the watcher had it already.
  bool add(watch_kind kind, std::string_view path, watcher_key watcher);

  /// Finds the watches that `what` sets off, and takes the one-shot ones. With `may_read`, a
  /// watcher that may not read the znode hears nothing.
  using read_check = std::function<bool(watcher_key, const acl_list&)>;
  [[nodiscard]] fired_watches trigger(const watch_trigger& what, const read_check& may_read = {});
  /// The connection is gone.
  void remove_watcher(watcher_key watcher);

  /// Whether the watcher has such a watch at exactly that path.
  [[nodiscard]] bool contains(watcher_type type, std::string_view path, watcher_key watcher) const;
  /// False: there was none.
  bool remove(watcher_type type, std::string_view path, watcher_key watcher);

  /// A client that comes back tells what it watched when it had seen `asked.relative_zxid`
  /// (DataTree.setWatches). Returns the events it missed, to be sent before the reply; the other
  /// watches are set again.
  [[nodiscard]] std::vector<watch_event> set_watches(watcher_key watcher,
                                                     const set_watches2_request& asked,
                                                     const tree& now);

  /// A persistent watch counts twice, as one of data and one of children.
  [[nodiscard]] std::size_t count() const {
    return data_.count + child_.count + 2 * persistent_.count + recursive_.count;
  }
  [[nodiscard]] std::size_t path_count() const;
  [[nodiscard]] std::size_t watcher_count() const;
  /// Who watches what, without child watches: what ZooKeeper's words tell (DataTree.dumpWatches).
  [[nodiscard]] std::map<std::string, std::set<watcher_key>> by_path() const;

 private:
  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  using watchers = std::vector<watcher_key>;  // ascending
  struct table {
    std::unordered_map<std::string, watchers, hash, std::equal_to<>> paths;
    std::unordered_map<watcher_key, std::unordered_set<const std::string*>> by_watcher;
    std::size_t count = 0;
    bool add(std::string_view path, watcher_key watcher);
    /// Null: nobody watches there.
    [[nodiscard]] const watchers* find(std::string_view path) const;
    [[nodiscard]] bool contains(std::string_view path, watcher_key watcher) const;
    watchers take(std::string_view path);
    bool remove(std::string_view path, watcher_key watcher);
    void remove_watcher(watcher_key watcher);
  };
  table& table_of(watch_kind kind);
  void add_recursive(std::string_view path, watchers& heard) const;
  table data_, child_, persistent_, recursive_;
};

}  // namespace troupe::core
