// SPDX-License-Identifier: Apache-2.0
/// The watches of this server's connections (WatchManager, DataTree). Four tables: data watches
/// (set by getData and exists) and child watches (set by getChildren), which fire once; persistent
/// ones, which hear of data and children of their znode; and recursive ones, which hear of every
/// znode from theirs down, but not of changed children. A watcher may have a path in several of
/// them, and loses it from each by itself (as since ZooKeeper 3.9; before, the last mode set was
/// the only one). Order: one trigger's events come by ascending watcher. Invariant: a watcher hears
/// of one trigger at most once, whatever of it watches. A trigger costs as much as its path is
/// deep. Bounds: a path may be anything, and need not exist, so what watches take is counted: for
/// each watcher as if nobody else watched the same, for all as it is. Units: bytes, as near as a
/// map's entries can be told.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "actors/core/path_table.hpp"
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

/// What watches come to, of one watcher or of all.
struct watch_holding {
  std::size_t count = 0, bytes = 0;
};

class watches {
 public:
  /// What a path takes that is watched, and each watch of it.
  static constexpr std::size_t path_bytes = 120, watch_bytes = 48;

  /// What one watcher may have; see has_room().
  void set_max_of_one(watch_holding max) { max_of_one_ = max; }
  /// Whether the watcher may have `more`, on top of what it has.
  [[nodiscard]] bool has_room(watcher_key watcher, watch_holding more) const;
  /// What the watcher has already takes no room.
  [[nodiscard]] bool has_room(watcher_key watcher, watch_kind kind, std::string_view path) const;
  [[nodiscard]] static watch_holding holding_of(const set_watches2_request& asked);
  [[nodiscard]] watch_holding held_by(watcher_key watcher) const;
  /// By all.
  [[nodiscard]] std::size_t bytes() const {
    return data_.bytes + child_.bytes + persistent_.bytes + recursive_.bytes;
  }
  /// Who has the most bytes of watches; nullopt: nobody watches.
  [[nodiscard]] std::optional<watcher_key> greatest_holder() const;

  /// False: the watcher had it already.
  bool add(watch_kind kind, std::string_view path, watcher_key watcher);

  /// Finds the watches that `what` sets off, and takes the one-shot ones. With `may_read`, a
  /// watcher that may not read the znode hears nothing.
  using read_check = std::function<bool(watcher_key, const acl_list&)>;
  [[nodiscard]] fired_watches trigger(const watch_trigger& what, const read_check& may_read = {},
                                      pace at = {});
  /// The connection is gone.
  void remove_watcher(watcher_key watcher, pace at = {});

  /// Whether the watcher has such a watch at exactly that path.
  [[nodiscard]] bool contains(watcher_type type, std::string_view path, watcher_key watcher) const;
  /// False: there was none.
  bool remove(watcher_type type, std::string_view path, watcher_key watcher);

  /// A client that comes back tells what it watched when it had seen `asked.relative_zxid`
  /// (DataTree.setWatches). Returns the events it missed, to be sent before the reply; the other
  /// watches are set again.
  [[nodiscard]] std::vector<watch_event> set_watches(watcher_key watcher,
                                                     const set_watches2_request& asked,
                                                     const tree& now, pace at = {});

  /// A persistent watch counts twice, as one of data and one of children.
  [[nodiscard]] std::size_t count() const {
    return data_.count + child_.count + 2 * persistent_.count + recursive_.count;
  }
  [[nodiscard]] std::size_t path_count() const;
  [[nodiscard]] std::size_t watcher_count() const;
  /// Who watches what, without child watches: what ZooKeeper's words tell (DataTree.dumpWatches).
  [[nodiscard]] std::map<std::string, std::set<watcher_key>> by_path(pace at = {}) const;

 private:
  using watchers = std::vector<watcher_key>;  // ascending
  struct watched_paths {
    std::unordered_set<const std::string*> paths;
    std::size_t bytes = 0;
  };
  struct table {
    path_table<watchers> paths;
    std::unordered_map<watcher_key, watched_paths> by_watcher;
    std::size_t count = 0, bytes = 0;
    bool add(std::string_view path, watcher_key watcher);
    /// Null: nobody watches there.
    [[nodiscard]] const watchers* find(std::string_view path) const;
    [[nodiscard]] bool contains(std::string_view path, watcher_key watcher) const;
    watchers take(std::string_view path, const pace& at);
    bool remove(std::string_view path, watcher_key watcher);
    void remove_watcher(watcher_key watcher, const pace& at);

   private:
    void unlist(watcher_key watcher, const std::string& path);
    void count_out(const watchers& left, const std::string& path, std::size_t gone);
  };
  [[nodiscard]] const table& table_of(watch_kind kind) const;
  table& table_of(watch_kind kind) {
    return const_cast<table&>(std::as_const(*this).table_of(kind));
  }
  void add_recursive(std::string_view path, watchers& heard) const;
  table data_, child_, persistent_, recursive_;
  watch_holding max_of_one_{std::numeric_limits<std::size_t>::max(),
                            std::numeric_limits<std::size_t>::max()};
};

}  // namespace troupe::core
