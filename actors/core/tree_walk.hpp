// SPDX-License-Identifier: Apache-2.0
/// Visits every znode of a tree: parents before their children, children by name. Without
/// recursion, since a client may nest znodes as deep as it likes.
#pragma once

#include <string>
#include <vector>

#include "actors/core/tree.hpp"

namespace troupe::core {

/// Calls visit(path, znode) for `top`, whose path is `path`, and all below it. The path is good
/// until the visit returns; the tree must not change meanwhile.
template <class Visit>
void walk(const znode& top, std::string path, Visit visit) {
  struct level {
    children_set::const_iterator at, end;
    std::size_t path_bytes;  // of the parent's path, without a slash behind it
  };
  std::vector<level> levels;
  auto enter = [&](const znode& node) {
    visit(path, node);
    if (node.children)
      levels.push_back({node.children->begin(), node.children->end(),
                        node.parent ? path.size() : std::size_t{0}});
  };
  enter(top);
  while (!levels.empty()) {
    auto& here = levels.back();
    if (here.at == here.end) {
      levels.pop_back();
      continue;
    }
    const auto& child = *here.at++;
    path.resize(here.path_bytes);
    path += '/';
    path += child.name;
    enter(child);
  }
}

template <class Visit>
void walk(const tree& source, Visit visit) {
  walk(source.root(), "/", std::move(visit));
}

}  // namespace troupe::core
