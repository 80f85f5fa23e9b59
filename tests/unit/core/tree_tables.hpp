// SPDX-License-Identifier: Apache-2.0
/// What is kept beside the znodes, as a tree says it and as a walk through it finds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/core/tree.hpp"

namespace troupe::core::testing {

/// Sizes by name.
using census = std::map<std::string, std::size_t>;

/// The tables that hold something.
inline census holding(census all) {
  std::erase_if(all, [](const auto& table) { return table.second == 0; });
  return all;
}

inline census tables_of(const tree& all) {
  return {{"znodes", all.node_count()},
          {"bytes of znodes", static_cast<std::size_t>(all.approximate_data_size())},
          {"bytes of memory", static_cast<std::size_t>(all.memory_bytes())},
          {"ephemerals", all.ephemeral_count()},
          {"owners of ephemerals", all.ephemeral_owners().size()},
          {"containers", all.containers().size()},
          {"TTL znodes", all.ttl_znodes().size()},
          {"access lists", all.acls().size()}};
}

/// tables_of(), counted anew.
inline census recount_tables(const tree& all) {
  std::size_t znodes = 1, bytes = 1, ephemerals = 0, containers = 0, ttl_znodes = 0;
  std::set<session_id> owners;
  std::set<std::int64_t> lists;
  std::vector<const znode*> waiting{&all.root()};
  while (!waiting.empty()) {
    const auto& node = *waiting.back();
    waiting.pop_back();
    const auto kind = all.kind_of(node);
    ++znodes;
    bytes += (node.parent == nullptr ? 0 : node.path().size()) + node.data.size();
    ephemerals += kind == owner_kind::session ? 1 : 0;
    containers += kind == owner_kind::container ? 1 : 0;
    ttl_znodes += kind == owner_kind::ttl ? 1 : 0;
    if (kind == owner_kind::session) owners.insert(node.stats.ephemeral_owner);
    if (node.acl_id != acl_cache::open_id && all.acls().contains(node.acl_id))
      lists.insert(node.acl_id);
    if (node.children)
      for (const auto& child : *node.children) waiting.push_back(&child);
  }
  return {{"znodes", znodes},
          {"bytes of znodes", bytes},
          {"bytes of memory", static_cast<std::size_t>(recount_memory(all))},
          {"ephemerals", ephemerals},
          {"owners of ephemerals", owners.size()},
          {"containers", containers},
          {"TTL znodes", ttl_znodes},
          {"access lists", lists.size()}};
}

}  // namespace troupe::core::testing
