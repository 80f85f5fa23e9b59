// SPDX-License-Identifier: Apache-2.0
// Which znodes are a session's, containers or TTL znodes; and the bytes of a tree, counted anew.
#include <utility>
#include <vector>

#include "actors/core/heap_bytes.hpp"
#include "actors/core/tree.hpp"

namespace troupe::core {

void tree::insert(znodes& into, const znode& node) {
  memory_bytes_ -= table_bytes(into);
  into.insert(&node);
  memory_bytes_ += table_bytes(into);
}

void tree::erase(znodes& from, const znode& node) {
  memory_bytes_ -= table_bytes(from);
  from.erase(&node);
  memory_bytes_ += table_bytes(from);
}

void tree::enrol(const znode& node) {
  switch (kind_of(node)) {
    case owner_kind::none:
      break;
    case owner_kind::session: {
      memory_bytes_ -= table_bytes(ephemerals_);
      auto& owned = ephemerals_[node.stats.ephemeral_owner];
      memory_bytes_ += table_bytes(ephemerals_);
      insert(owned, node);
      ++ephemeral_count_;
      break;
    }
    case owner_kind::container:
      insert(containers_, node);
      break;
    case owner_kind::ttl:
      insert(ttl_znodes_, node);
      break;
  }
}

void tree::set_extended_types(bool on) {
  if (on == extended_types_) return;
  extended_types_ = on;
  memory_bytes_ -= special_sets_bytes();
  auto again = std::exchange(ttl_znodes_, {});
  for (auto at = ephemerals_.begin(); at != ephemerals_.end();) {
    if (kind_of_owner(at->first, on) == owner_kind::session) {
      ++at;
      continue;
    }
    ephemeral_count_ -= at->second.size();
    again.merge(at->second);
    at = ephemerals_.erase(at);
  }
  memory_bytes_ += special_sets_bytes();
  for (auto node : again) enrol(*node);
}

void tree::forget(const znode& node, std::string_view path) {
  acls_.release(node.acl_id);
  if (is_digested(path)) digest_.remove(node_digest(node.content, node.stats));
  erase(containers_, node);
  erase(ttl_znodes_, node);
  if (auto owned = ephemerals_.find(node.stats.ephemeral_owner); owned != ephemerals_.end()) {
    const auto before = owned->second.size();
    erase(owned->second, node);
    ephemeral_count_ -= before - owned->second.size();
    if (owned->second.empty()) {
      memory_bytes_ -= table_bytes(owned->second) + table_bytes(ephemerals_);
      ephemerals_.erase(owned);
      memory_bytes_ += table_bytes(ephemerals_);
    }
  }
  --node_count_;
  memory_bytes_ -= node.memory_bytes();
  data_bytes_ -= static_cast<std::int64_t>(path.size() + node.data.size());
}

std::int64_t tree::special_sets_bytes() const {
  auto bytes = table_bytes(containers_) + table_bytes(ttl_znodes_) + table_bytes(ephemerals_);
  for (const auto& [owner, owned] : ephemerals_) bytes += table_bytes(owned);
  return bytes;
}

std::int64_t recount_memory(const tree& all) {
  // The root is in no set.
  auto bytes = all.root().memory_bytes() - tree_node_bytes<znode> + heap_bytes(sizeof(znode));
  std::vector<const znode*> waiting{&all.root()};
  while (!waiting.empty()) {
    const auto& node = *waiting.back();
    waiting.pop_back();
    if (!node.children) continue;
    bytes += heap_bytes(sizeof(children_set));
    for (const auto& child : *node.children) {
      bytes += child.memory_bytes();
      if (child.children) waiting.push_back(&child);
    }
  }
  return bytes + all.special_sets_bytes() + recount_memory(all.acls_) + all.limited_.memory_bytes();
}

}  // namespace troupe::core
