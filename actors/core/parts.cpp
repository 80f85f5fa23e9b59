// SPDX-License-Identifier: Apache-2.0
#include "actors/core/parts.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "actors/core/mutants.hpp"

namespace troupe::core {

part part_at(std::string_view whole, std::uint64_t offset, std::size_t part_bytes) {
  assert(offset <= whole.size() && part_bytes > 0);
  const auto bytes = whole.substr(static_cast<std::size_t>(offset), part_bytes);
  return {bytes, {offset, whole.size() - offset - bytes.size()}};
}

bool part_joiner::follows(std::size_t bytes, part_place place) const {
  // The numbers are a peer's: their sum may be more than can be.
  if (place.rest > bytes_max_ || place.offset > bytes_max_ || bytes > bytes_max_) return false;
  const auto whole_bytes = place.offset + bytes + place.rest;
  if (mutated(mutant::parts_mixed) && is_under_way()) return true;
  return whole_bytes <= bytes_max_ && place.offset == held_.size() &&
         (!is_under_way() || whole_bytes == whole_bytes_) && (bytes > 0 || place.rest == 0);
}

tl::expected<std::optional<std::string>, std::string> part_joiner::add(std::string bytes,
                                                                       part_place place) {
  if (!follows(bytes.size(), place)) {
    auto why = std::to_string(bytes.size()) + " bytes from " + std::to_string(place.offset) +
               " on with " + std::to_string(place.rest) + " to come, behind " +
               std::to_string(held_.size()) + " of " + std::to_string(whole_bytes_);
    std::string{}.swap(held_);
    return tl::unexpected(std::move(why));
  }
  if (!is_under_way()) {
    if (place.rest == 0) return bytes;
    whole_bytes_ = bytes.size() + place.rest;
    // Room that is not used is none of the machine's memory, and growing would move all each time.
    held_.reserve(static_cast<std::size_t>(whole_bytes_));
  }
  held_ += bytes;
  if (place.rest > 0) return std::nullopt;
  whole_bytes_ = 0;
  return std::exchange(held_, {});
}

}  // namespace troupe::core
