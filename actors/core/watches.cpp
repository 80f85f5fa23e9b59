// SPDX-License-Identifier: Apache-2.0
#include "actors/core/watches.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/core/mutants.hpp"
#include "actors/core/path.hpp"

namespace troupe::core {
namespace {

template <class Watchers>
void merge(Watchers& heard, const Watchers& more) {
  if (more.empty()) return;
  if (heard.empty()) return void(heard = more);
  Watchers both;
  both.reserve(heard.size() + more.size());
  std::set_union(heard.begin(), heard.end(), more.begin(), more.end(), std::back_inserter(both));
  heard = std::move(both);
}

}  // namespace

bool watches::table::add(std::string_view path, watcher_key watcher) {
  auto* at = paths.find(path);
  if (at == nullptr) at = paths.try_emplace(std::string{path}).first;
  auto place = std::lower_bound(at->second.begin(), at->second.end(), watcher);
  if (place != at->second.end() && *place == watcher) return false;
  bytes += watch_bytes + (at->second.empty() ? path_bytes + path.size() : 0);
  at->second.insert(place, watcher);
  auto& of_watcher = by_watcher[watcher];
  of_watcher.paths.insert(&at->first);  // a map's keys stay where they are
  of_watcher.bytes += watch_bytes + path_bytes + path.size();
  ++count;
  return true;
}

void watches::table::unlist(watcher_key watcher, const std::string& path) {
  auto of_watcher = by_watcher.find(watcher);
  of_watcher->second.paths.erase(&path);
  of_watcher->second.bytes -= watch_bytes + path_bytes + path.size();
  if (of_watcher->second.paths.empty()) by_watcher.erase(of_watcher);
}

/// So many watches of a path are gone, and these are left.
void watches::table::count_out(const watchers& left, const std::string& path, std::size_t gone) {
  count -= gone;
  bytes -= gone * watch_bytes + (left.empty() ? path_bytes + path.size() : 0);
}

watches::watchers watches::table::take(std::string_view path, const pace& walks) {
  if (count == 0) return {};  // so a change that nobody watches costs no hash of its path
  auto* at = paths.find(path);
  if (at == nullptr) return {};
  if (mutated(mutant::watch_fires_again)) return at->second;
  auto out = std::exchange(at->second, {});
  for (auto watcher : out) {
    walks.step();
    unlist(watcher, at->first);
  }
  count_out(at->second, at->first, out.size());
  paths.erase(*at);
  return out;
}

const watches::watchers* watches::table::find(std::string_view path) const {
  const auto* at = paths.find(path);
  return at == nullptr ? nullptr : &at->second;
}

bool watches::table::contains(std::string_view path, watcher_key watcher) const {
  auto here = find(path);
  return here && std::binary_search(here->begin(), here->end(), watcher);
}

bool watches::table::remove(std::string_view path, watcher_key watcher) {
  if (!contains(path, watcher)) return false;
  auto* at = paths.find(path);
  unlist(watcher, at->first);
  at->second.erase(std::lower_bound(at->second.begin(), at->second.end(), watcher));
  count_out(at->second, at->first, 1);
  if (at->second.empty()) paths.erase(*at);
  return true;
}

void watches::table::remove_watcher(watcher_key watcher, const pace& walks) {
  auto of_watcher = by_watcher.find(watcher);
  if (of_watcher == by_watcher.end()) return;
  auto& listed = of_watcher->second.paths;
  while (!listed.empty()) {  // freed as it goes, since that takes its time too
    walks.step(2);
    auto* at = paths.find(**listed.begin());
    listed.erase(listed.begin());
    at->second.erase(std::lower_bound(at->second.begin(), at->second.end(), watcher));
    count_out(at->second, at->first, 1);
    if (at->second.empty()) paths.erase(*at);
  }
  by_watcher.erase(of_watcher);
}

bool watches::has_room(watcher_key watcher, watch_holding more) const {
  const auto fits = [&](watch_holding held) {
    return held.count + more.count <= max_of_one_.count &&
           held.bytes + more.bytes <= max_of_one_.bytes;
  };
  return fits(held_by(watcher));
}

bool watches::has_room(watcher_key watcher, watch_kind kind, std::string_view path) const {
  return has_room(watcher, {1, path_bytes + watch_bytes + path.size()}) ||
         table_of(kind).contains(path, watcher);
}

watch_holding watches::held_by(watcher_key watcher) const {
  watch_holding out;
  for (auto each : {&data_, &child_, &persistent_, &recursive_}) {
    if (each->count == 0) continue;
    auto at = each->by_watcher.find(watcher);
    if (at == each->by_watcher.end()) continue;
    out.count += at->second.paths.size();
    out.bytes += at->second.bytes;
  }
  return out;
}

watch_holding watches::holding_of(const set_watches2_request& asked) {
  watch_holding out;
  const auto& one_shot = asked.one_shot;
  for (auto paths : {&one_shot.data, &one_shot.exist, &one_shot.child, &asked.persistent,
                     &asked.persistent_recursive}) {
    out.count += paths->size();
    for (const auto& path : *paths) out.bytes += path_bytes + watch_bytes + path.size();
  }
  return out;
}

std::optional<watcher_key> watches::greatest_holder() const {
  std::map<watcher_key, std::size_t> held;  // ascending, so that ties are decided
  for (auto each : {&data_, &child_, &persistent_, &recursive_})
    for (const auto& [watcher, of_watcher] : each->by_watcher) held[watcher] += of_watcher.bytes;
  auto most = std::ranges::max_element(held, {}, [](const auto& x) { return x.second; });
  if (most == held.end()) return std::nullopt;
  return most->first;
}

const watches::table& watches::table_of(watch_kind kind) const {
  switch (kind) {
    case watch_kind::child:
      return child_;
    case watch_kind::persistent:
      return persistent_;
    case watch_kind::persistent_recursive:
      return recursive_;
    case watch_kind::data:
    case watch_kind::exist:
      break;
  }
  return data_;
}

bool watches::add(watch_kind kind, std::string_view path, watcher_key watcher) {
  return table_of(kind).add(path, watcher);
}

bool watches::contains(watcher_type type, std::string_view path, watcher_key watcher) const {
  auto asked = [&](watcher_type one, const table& where) {
    return (type == one || type == watcher_type::any) && where.contains(path, watcher);
  };
  return asked(watcher_type::children, child_) || asked(watcher_type::data, data_) ||
         asked(watcher_type::persistent, persistent_) ||
         asked(watcher_type::persistent_recursive, recursive_);
}

bool watches::remove(watcher_type type, std::string_view path, watcher_key watcher) {
  bool removed = false;
  auto take = [&](watcher_type one, table& where) {
    if (type == one || type == watcher_type::any) removed |= where.remove(path, watcher);
  };
  take(watcher_type::children, child_);
  take(watcher_type::data, data_);
  take(watcher_type::persistent, persistent_);
  take(watcher_type::persistent_recursive, recursive_);
  return removed;
}

/// Whoever watches `path` or a znode above it with all that is below.
void watches::add_recursive(std::string_view path, watchers& heard) const {
  if (recursive_.count == 0) return;
  for (;; path = parent_path(path)) {
    if (auto here = recursive_.find(path)) merge(heard, *here);
    if (path.size() <= 1) return;
  }
}

fired_watches watches::trigger(const watch_trigger& what, const read_check& may_read, pace at) {
  watchers heard;
  switch (what.type) {
    case event_type::node_created:
    case event_type::node_data_changed:
      heard = data_.take(what.path, at);
      add_recursive(what.path, heard);
      break;
    case event_type::node_children_changed:
      heard = child_.take(what.path, at);
      break;
    case event_type::node_deleted:
      heard = data_.take(what.path, at);
      merge(heard, child_.take(what.path, at));
      add_recursive(what.path, heard);
      break;
    case event_type::none:
      break;
  }
  if (auto here = persistent_.find(what.path)) merge(heard, *here);
  if (may_read && what.acl)
    std::erase_if(heard, [&](watcher_key watcher) {
      at.step();
      return !may_read(watcher, *what.acl);
    });
  if (heard.empty()) return {};
  return {{what.type, keeper_state::sync_connected, what.path}, std::move(heard)};
}

void watches::remove_watcher(watcher_key watcher, pace at) {
  for (auto each : {&data_, &child_, &persistent_, &recursive_}) each->remove_watcher(watcher, at);
}

std::vector<watch_event> watches::set_watches(watcher_key watcher,
                                              const set_watches2_request& asked_all,
                                              const tree& now, pace at) {
  const auto& asked = asked_all.one_shot;
  const auto since = mutated(mutant::watches_not_replayed) ? zxid{INT64_MAX} : asked.relative_zxid;
  std::vector<watch_event> missed;
  auto tell = [&missed](event_type type, const std::string& path) {
    missed.push_back({type, keeper_state::sync_connected, path});
  };
  for (const auto& path : asked.data) {
    at.step(2);
    auto node = now.find(path);
    if (!node)
      tell(event_type::node_deleted, path);
    else if (node->stats.mzxid > since)
      tell(event_type::node_data_changed, path);
    else
      add(watch_kind::data, path, watcher);
  }
  for (const auto& path : asked.exist) {
    at.step(2);
    if (now.find(path))
      tell(event_type::node_created, path);
    else
      add(watch_kind::exist, path, watcher);
  }
  for (const auto& path : asked.child) {
    at.step(2);
    auto node = now.find(path);
    if (!node)
      tell(event_type::node_deleted, path);
    else if (node->stats.pzxid > since)
      tell(event_type::node_children_changed, path);
    else
      add(watch_kind::child, path, watcher);
  }
  for (const auto& path : asked_all.persistent) {
    at.step();
    add(watch_kind::persistent, path, watcher);
  }
  for (const auto& path : asked_all.persistent_recursive) {
    at.step();
    add(watch_kind::persistent_recursive, path, watcher);
  }
  return missed;
}

std::size_t watches::path_count() const {
  return data_.paths.size() + child_.paths.size() + 2 * persistent_.paths.size() +
         recursive_.paths.size();
}

std::map<std::string, std::set<watcher_key>> watches::by_path(pace at) const {
  std::map<std::string, std::set<watcher_key>> out;
  for (auto each : {&data_, &persistent_, &recursive_})
    each->paths.for_each([&](const auto& watched) {
      at.step(4 + watched.second.size());
      out[watched.first].insert(watched.second.begin(), watched.second.end());
    });
  return out;
}

std::size_t watches::watcher_count() const {
  std::unordered_set<watcher_key> all;
  for (auto each : {&data_, &child_, &persistent_, &recursive_})
    for (const auto& [watcher, paths] : each->by_watcher) all.insert(watcher);
  return all.size();
}

}  // namespace troupe::core
