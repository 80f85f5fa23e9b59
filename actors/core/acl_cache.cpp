// SPDX-License-Identifier: Apache-2.0
#include "actors/core/acl_cache.hpp"

#include <algorithm>
#include <iterator>

namespace troupe::core {
namespace {

/// The list itself, its count of owners in front.
std::int64_t bytes_of(const acl_list& acl) {
  auto bytes = heap_bytes(2 * sizeof(void*) + sizeof acl);
  if (acl.capacity() > 0) bytes += heap_bytes(acl.capacity() * sizeof(acl_entry));
  for (const auto& entry : acl) bytes += heap_bytes(entry.id.scheme) + heap_bytes(entry.id.id);
  return bytes;
}

}  // namespace

std::int64_t acl_cache::acquire(const acl_list& acl) {
  auto known = by_list_.find(acl);
  if (known == by_list_.end()) {
    auto list = std::make_shared<const acl_list>(acl);
    by_id_.emplace(++last_id_, entry{list, 0});
    known = by_list_.emplace(std::move(list), last_id_).first;
    memory_bytes_ += bytes_for(*known->first);
  }
  retain(known->second);
  return known->second;
}

void acl_cache::retain(std::int64_t id) {
  if (auto row = by_id_.find(id); row != by_id_.end()) ++row->second.uses;
}

void acl_cache::release(std::int64_t id) {
  if (auto row = by_id_.find(id); row != by_id_.end() && --row->second.uses <= 0) forget(row);
}

acl_cache::rows::iterator acl_cache::forget(rows::iterator row) {
  // A snapshot may name one list twice; the list then means the id read last.
  memory_bytes_ -= bytes_of(*row->second.list) + row_bytes;
  if (auto named = by_list_.find(row->second.list);
      named != by_list_.end() && named->second == row->first) {
    by_list_.erase(named);
    memory_bytes_ -= name_bytes;
  }
  return by_id_.erase(row);
}

std::int64_t acl_cache::bytes_for(const acl_list& acl) {
  return bytes_of(acl) + row_bytes + name_bytes;
}

std::int64_t recount_memory(const acl_cache& all) {
  auto bytes = static_cast<std::int64_t>(all.by_list_.size()) * acl_cache::name_bytes;
  for (const auto& [id, row] : all.by_id_) bytes += bytes_of(*row.list) + acl_cache::row_bytes;
  return bytes;
}

const acl_ptr& acl_cache::find(std::int64_t id) const {
  static const acl_ptr nobody =
      std::make_shared<const acl_list>(acl_list{{0, {"world", "anyone"}}});
  if (id == open_id) return open_acl();
  auto it = by_id_.find(id);
  return it == by_id_.end() ? nobody : it->second.list;
}

bool acl_cache::contains(std::int64_t id) const { return id == open_id || by_id_.contains(id); }

std::vector<std::pair<std::int64_t, acl_ptr>> acl_cache::table() const {
  std::vector<std::pair<std::int64_t, acl_ptr>> out;
  out.reserve(by_id_.size());
  for (const auto& [id, e] : by_id_) out.emplace_back(id, e.list);
  return out;
}

bool acl_cache::restore(std::int64_t id, acl_list acl) {
  auto list = std::make_shared<const acl_list>(std::move(acl));
  if (id < 1 || !by_id_.emplace(id, entry{list, 0}).second) return false;
  memory_bytes_ += bytes_of(*list) + row_bytes;
  const auto [named, is_new] = by_list_.insert_or_assign(std::move(list), id);
  if (is_new) memory_bytes_ += name_bytes;
  last_id_ = std::max(last_id_, id);
  return true;
}

void acl_cache::drop_unused() {
  for (auto row = by_id_.begin(); row != by_id_.end();)
    row = row->second.uses > 0 ? std::next(row) : forget(row);
}

}  // namespace troupe::core
