// SPDX-License-Identifier: Apache-2.0
#include "actors/core/watches.hpp"

#include <algorithm>
#include <iterator>

namespace troupe::core {

bool watches::table::add(std::string_view path, watcher_key watcher) {
  auto at = paths.find(path);
  if (at == paths.end()) at = paths.emplace(std::string{path}, watchers{}).first;
  auto place = std::lower_bound(at->second.begin(), at->second.end(), watcher);
  if (place != at->second.end() && *place == watcher) return false;
  at->second.insert(place, watcher);
  by_watcher[watcher].insert(&at->first);  // a map's keys stay where they are
  ++count;
  return true;
}

watches::watchers watches::table::take(std::string_view path) {
  auto at = paths.find(path);
  if (at == paths.end()) return {};
  auto out = std::move(at->second);
  for (auto watcher : out) {
    auto of_watcher = by_watcher.find(watcher);
    of_watcher->second.erase(&at->first);
    if (of_watcher->second.empty()) by_watcher.erase(of_watcher);
  }
  count -= out.size();
  paths.erase(at);
  return out;
}

void watches::table::remove_watcher(watcher_key watcher) {
  auto of_watcher = by_watcher.find(watcher);
  if (of_watcher == by_watcher.end()) return;
  for (auto path : of_watcher->second) {
    auto at = paths.find(*path);
    at->second.erase(std::lower_bound(at->second.begin(), at->second.end(), watcher));
    if (at->second.empty()) paths.erase(at);
    --count;
  }
  by_watcher.erase(of_watcher);
}

bool watches::add(watch_kind kind, std::string_view path, watcher_key watcher) {
  return (kind == watch_kind::child ? child_ : data_).add(path, watcher);
}

std::vector<fired_watch> watches::trigger(const watch_trigger& what, const read_check& may_read) {
  watchers heard;
  switch (what.type) {
    case event_type::node_created:
    case event_type::node_data_changed:
      heard = data_.take(what.path);
      break;
    case event_type::node_children_changed:
      heard = child_.take(what.path);
      break;
    case event_type::node_deleted: {
      auto of_data = data_.take(what.path), of_children = child_.take(what.path);
      std::set_union(of_data.begin(), of_data.end(), of_children.begin(), of_children.end(),
                     std::back_inserter(heard));
      break;
    }
    case event_type::none:
      break;
  }
  std::vector<fired_watch> out;
  for (auto watcher : heard)
    if (!may_read || !what.acl || may_read(watcher, *what.acl))
      out.push_back({watcher, {what.type, keeper_state::sync_connected, what.path}});
  return out;
}

void watches::remove_watcher(watcher_key watcher) {
  data_.remove_watcher(watcher);
  child_.remove_watcher(watcher);
}

std::vector<watch_event> watches::set_watches(watcher_key watcher, const set_watches_request& asked,
                                              const tree& now) {
  std::vector<watch_event> missed;
  auto tell = [&missed](event_type type, const std::string& path) {
    missed.push_back({type, keeper_state::sync_connected, path});
  };
  for (const auto& path : asked.data) {
    auto node = now.find(path);
    if (!node)
      tell(event_type::node_deleted, path);
    else if (node->stats.mzxid > asked.relative_zxid)
      tell(event_type::node_data_changed, path);
    else
      add(watch_kind::data, path, watcher);
  }
  for (const auto& path : asked.exist) {
    if (now.find(path))
      tell(event_type::node_created, path);
    else
      add(watch_kind::exist, path, watcher);
  }
  for (const auto& path : asked.child) {
    auto node = now.find(path);
    if (!node)
      tell(event_type::node_deleted, path);
    else if (node->stats.pzxid > asked.relative_zxid)
      tell(event_type::node_children_changed, path);
    else
      add(watch_kind::child, path, watcher);
  }
  return missed;
}

std::map<std::string, std::set<watcher_key>> watches::by_path() const {
  std::map<std::string, std::set<watcher_key>> out;
  for (const auto& [path, of_path] : data_.paths) out[path].insert(of_path.begin(), of_path.end());
  return out;
}

std::size_t watches::watcher_count() const {
  auto out = data_.by_watcher.size();
  for (const auto& [watcher, paths] : child_.by_watcher) out += !data_.by_watcher.contains(watcher);
  return out;
}

}  // namespace troupe::core
