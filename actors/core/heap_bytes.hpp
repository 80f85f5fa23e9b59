// SPDX-License-Identifier: Apache-2.0
/// How many bytes of the heap something takes: what is asked for, and what the allocator adds. The
/// model is glibc's on 64 bits: a word in front of each piece, in whole sixteens, 32 at least. What
/// is mapped by itself (128 KiB and more) takes up to a page more, which is not counted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace troupe::core {

[[nodiscard]] constexpr std::int64_t heap_bytes(std::size_t asked) {
  constexpr std::size_t word = 8, unit = 16, least = 32;
  return static_cast<std::int64_t>(std::max(least, (asked + word + unit - 1) / unit * unit));
}

/// Behind a string; a short one has its text in itself (libstdc++).
[[nodiscard]] inline std::int64_t heap_bytes(const std::string& text) {
  constexpr std::size_t short_max = 15;
  return text.capacity() > short_max ? heap_bytes(text.capacity() + 1) : 0;
}

/// One element of a std::set or std::map (libstdc++: colour, parent, left, right).
template <class Value>
constexpr std::int64_t tree_node_bytes = heap_bytes(4 * sizeof(void*) + sizeof(Value));

/// A hash table of elements whose hash is not kept beside them. One bucket is in the table itself.
template <class Table>
[[nodiscard]] std::int64_t table_bytes(const Table& table) {
  constexpr auto element = heap_bytes(sizeof(void*) + sizeof(typename Table::value_type));
  const auto buckets = table.bucket_count();
  return static_cast<std::int64_t>(table.size()) * element +
         (buckets > 1 ? heap_bytes(buckets * sizeof(void*)) : 0);
}

}  // namespace troupe::core
