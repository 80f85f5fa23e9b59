// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "actors/core/path.hpp"
#include "actors/core/tree.hpp"

namespace troupe::core {
namespace {

/// Calls `visit` with the znode and all below it, of any depth.
template <class Visit>
void for_all_from(const znode& top, pace at, Visit visit) {
  std::vector<const znode*> waiting{&top};
  while (!waiting.empty()) {
    at.step();
    auto node = waiting.back();
    waiting.pop_back();
    visit(*node);
    if (node->children)
      for (const auto& child : *node->children) waiting.push_back(&child);
  }
}

}  // namespace

std::size_t count_below(const znode& top, pace at) {
  std::size_t count = 0;
  std::vector<const children_set*> waiting;  // most znodes are leaves, and never wait
  if (top.children) waiting.push_back(top.children.get());
  while (!waiting.empty()) {
    const auto& children = *waiting.back();
    waiting.pop_back();
    count += children.size();
    for (const auto& child : children) {
      at.step();
      if (child.children) waiting.push_back(child.children.get());
    }
  }
  return count;
}

std::optional<quota_breach> tree::breach_by(std::string_view path, std::int64_t count,
                                            std::int64_t bytes) const {
  auto limited = limited_.nearest(path);
  if (limited.empty()) return std::nullopt;
  auto limits = find(limits_path(limited)), used = find(stats_path(limited));
  if (!limits || !used) return std::nullopt;
  auto out =
      find_breach(quota_text{limits->data.view()}, quota_text{used->data.view()}, count, bytes);
  if (out) out->path = limited;
  return out;
}

/// Outside of txns, as ZooKeeper does it: the stats znode's own stat stays as it was.
template <class Edit>
void tree::change_usage(std::string_view limited, Edit edit) {
  auto path = stats_path(limited);
  auto node = find_mutable(path);
  if (!node) return;  // the limits are made first; what is in use is counted when the stats come
  quota_text used{node->data.view()};
  edit(used);
  data_bytes_ -= static_cast<std::int64_t>(node->data.size());
  memory_bytes_ -= node->data.memory_bytes();
  node->data = blob{jute::buffer{used.print()}};
  node->content = content_crc(path, node->data.view());
  data_bytes_ += static_cast<std::int64_t>(node->data.size());
  memory_bytes_ += node->data.memory_bytes();
}

void tree::charge(std::string_view path, std::int64_t count, std::int64_t bytes) {
  auto limited = limited_.nearest(path);
  if (limited.empty()) return;
  change_usage(limited, [&](quota_text& used) { used.add(count, bytes); });
}

void tree::recount(std::string_view limited, pace at) {
  std::int64_t count = 0, bytes = 0;
  if (auto top = find(limited))
    for_all_from(*top, at, [&](const znode& node) {
      ++count;
      bytes += static_cast<std::int64_t>(node.data.size());
    });
  change_usage(limited, [&](quota_text& used) {
    used = {};
    used.set(count, bytes);
  });
}

void tree::charge_created(std::string_view path, const znode& node, pace at) {
  if (auto limited = limited_by(path, limits_name); !limited.empty()) limited_.add(limited);
  if (auto limited = limited_by(path, stats_name); !limited.empty()) recount(limited, at);
  charge(path, 1, static_cast<std::int64_t>(node.data.size()));
}

void tree::charge_removed(std::string_view path, const znode& node, pace at) {
  if (limited_.empty()) return;
  if (!node.children) {  // as it always is, but for a fuzzy copy
    if (auto limited = limited_by(path, limits_name); !limited.empty()) limited_.remove(limited);
    return charge(path, -1, -static_cast<std::int64_t>(node.data.size()));
  }
  std::vector<std::string> paths;
  for_all_from(node, at, [&paths](const znode& below) { paths.push_back(below.path()); });
  for (const auto& each : paths) {
    at.step();
    if (auto limited = limited_by(each, limits_name); !limited.empty()) limited_.remove(limited);
    charge(each, -1, -static_cast<std::int64_t>(find(each)->data.size()));
  }
}

void tree::set_up_quotas() {
  auto top = find(quota_path);
  if (!top) return;
  std::vector<std::string> limits;
  for_all_from(*top, {}, [&limits](const znode& node) {
    if (!node.children && node.name == limits_name) limits.push_back(node.path());
  });
  for (const auto& path : limits) {
    auto limited = limited_by(path, limits_name);
    if (limited.empty()) continue;
    limited_.add(limited);
    recount(limited);
  }
}

}  // namespace troupe::core
