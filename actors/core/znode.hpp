// SPDX-License-Identifier: Apache-2.0
/// One znode in memory, kept small: a million of them is an ordinary database. A znode lives inside
/// its parent's ordered set of children and is never moved, so pointers to it hold until it is
/// deleted. Readers get `const znode*` from core::tree; only the tree changes one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "messages/client/records.hpp"

namespace troupe::core {

/// A znode's data in eight bytes: null, or a length and bytes on the heap.
class blob {
 public:
  blob() = default;
  explicit blob(const jute::buffer& data);

  [[nodiscard]] bool is_null() const { return !heap_; }
  [[nodiscard]] std::string_view view() const;  // "" for null
  [[nodiscard]] std::size_t size() const { return view().size(); }
  [[nodiscard]] jute::buffer to_buffer() const;
  /// Of the heap (heap_bytes.hpp), for data of a size.
  [[nodiscard]] static std::int64_t memory_bytes(std::size_t size);
  [[nodiscard]] std::int64_t memory_bytes() const { return is_null() ? 0 : memory_bytes(size()); }

 private:
  std::unique_ptr<char[]> heap_;
};

struct znode;
struct by_name {
  using is_transparent = void;
  bool operator()(const znode& a, const znode& b) const;
  bool operator()(const znode& a, std::string_view b) const;
  bool operator()(std::string_view a, const znode& b) const;
};
using children_set = std::set<znode, by_name>;

struct znode {
  std::string name;  // last part of the path; "" for the root
  const znode* parent = nullptr;
  blob data;
  std::unique_ptr<children_set> children;  // null for a leaf
  stat_persisted stats;
  std::int64_t acl_id = -1;
  std::uint32_t content = 0;  // content_crc of path and data

  [[nodiscard]] std::int32_t num_children() const {
    return children ? static_cast<std::int32_t>(children->size()) : 0;
  }
  [[nodiscard]] std::string path() const;
  /// Of the heap, inside its parent's set; without what is below it, and the set of that.
  [[nodiscard]] std::int64_t memory_bytes() const;
};
/// memory_bytes() of one that is made with this path and data.
[[nodiscard]] std::int64_t memory_bytes_for(std::string_view path, const jute::buffer& data);

inline bool by_name::operator()(const znode& a, const znode& b) const { return a.name < b.name; }
inline bool by_name::operator()(const znode& a, std::string_view b) const { return a.name < b; }
inline bool by_name::operator()(std::string_view a, const znode& b) const { return a < b.name; }

/// What an ephemeralOwner field says (EphemeralType). TTL owners are told from sessions only when
/// extended types are on; off, they read as a session that never was and so never closes.
enum class owner_kind { none, session, container, ttl };
inline constexpr session_id container_owner{INT64_MIN};
/// 40 bits, about 34 years.
inline constexpr std::int64_t ttl_ms_max = 0xff'ffff'ffff;
[[nodiscard]] session_id make_ttl_owner(std::int64_t ttl_ms);
/// Of a TTL znode without children: nobody changed its data for longer than it may be so.
[[nodiscard]] bool is_overdue(const stat_persisted& ttl_znode, std::int64_t wall_ms);
[[nodiscard]] owner_kind kind_of_owner(session_id owner, bool extended_types);

}  // namespace troupe::core
