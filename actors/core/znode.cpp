// SPDX-License-Identifier: Apache-2.0
#include "actors/core/znode.hpp"

#include <cstring>

#include "actors/core/heap_bytes.hpp"
#include "actors/core/path.hpp"

namespace troupe::core {

blob::blob(const jute::buffer& data) {
  if (!data) return;
  auto size = static_cast<std::uint32_t>(data->size());
  heap_ = std::make_unique_for_overwrite<char[]>(sizeof size + size);
  std::memcpy(heap_.get(), &size, sizeof size);
  std::memcpy(heap_.get() + sizeof size, data->data(), size);
}

std::string_view blob::view() const {
  if (!heap_) return {};
  std::uint32_t size = 0;
  std::memcpy(&size, heap_.get(), sizeof size);
  return {heap_.get() + sizeof size, size};
}

jute::buffer blob::to_buffer() const {
  return is_null() ? std::nullopt : jute::buffer{std::in_place, view()};
}

std::int64_t blob::memory_bytes(std::size_t size) {
  return heap_bytes(sizeof(std::uint32_t) + size);
}

std::int64_t znode::memory_bytes() const {
  return tree_node_bytes<znode> + heap_bytes(name) + data.memory_bytes();
}

std::int64_t memory_bytes_for(std::string_view path, const jute::buffer& data) {
  return tree_node_bytes<znode> + heap_bytes(std::string{base_name(path)}) +
         (data ? blob::memory_bytes(data->size()) : 0);
}

std::string znode::path() const {
  if (!parent) return "/";
  std::size_t size = 0;
  for (auto n = this; n->parent; n = n->parent) size += n->name.size() + 1;
  std::string out(size, '/');
  for (auto n = this; n->parent; n = n->parent) {
    size -= n->name.size();
    out.replace(size, n->name.size(), n->name);
    --size;
  }
  return out;
}

namespace {
constexpr std::uint64_t extended_mask = 0xff00000000000000U;
constexpr std::uint64_t feature_mask = 0x00ffff0000000000U;
}  // namespace

session_id make_ttl_owner(std::int64_t ttl_ms) {
  return {static_cast<std::int64_t>(extended_mask | static_cast<std::uint64_t>(ttl_ms))};
}

bool is_overdue(const stat_persisted& ttl_znode, std::int64_t wall_ms) {
  auto ttl_ms = ttl_znode.ephemeral_owner.value & ttl_ms_max;
  return ttl_ms > 0 && wall_ms - ttl_znode.mtime > ttl_ms;
}

owner_kind kind_of_owner(session_id owner, bool extended_types) {
  auto bits = static_cast<std::uint64_t>(owner.value);
  if (extended_types && (bits & extended_mask) == extended_mask && (bits & feature_mask) == 0)
    return owner_kind::ttl;
  if (owner == container_owner) return owner_kind::container;
  return bits == 0 ? owner_kind::none : owner_kind::session;
}

}  // namespace troupe::core
