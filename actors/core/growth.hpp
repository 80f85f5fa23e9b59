// SPDX-License-Identifier: Apache-2.0
/// How much larger writes make the tree, and whether there is room (memory_budget.hpp). What makes
/// nothing larger always fits, however full the tree is: deletes, smaller data, closes.
/// Units: bytes of the heap, as tree::memory_bytes() counts them. Order: planned() and applied() in
/// the order of zxids.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

#include "actors/core/tree.hpp"
#include "messages/error_code.hpp"

namespace troupe::core {

/// The answer to what does not fit. Clients take it for what it is, "not now": the retries of kazoo
/// and Curator wait and try again. Of the codes that say more, kazoo knows neither throttled_op nor
/// quota_exceeded, and a code that it does not know ends its thread.
inline constexpr auto grows_too_large = error_code::operation_timeout;

class tree_growth {
 public:
  /// `committed` must outlive this object and is only read.
  explicit tree_growth(const tree& committed) : committed_(&committed) {}

  /// How large the tree may become with all that is planned; nullopt: no bound, and nothing is
  /// counted.
  void limit(std::optional<std::int64_t> bytes_max) { bytes_max_ = bytes_max; }

  // Of one change; 0 where there is no bound.
  [[nodiscard]] std::int64_t of_creation(std::string_view path, const jute::buffer& data,
                                         const acl_list& acl) const;
  [[nodiscard]] std::int64_t of_removal(std::string_view path, std::int64_t data_bytes) const;
  [[nodiscard]] std::int64_t of_data(std::int64_t bytes_before, std::int64_t bytes_after) const;
  /// A list that some znode has already is kept once for all.
  [[nodiscard]] std::int64_t of_list(const acl_list& acl) const;

  [[nodiscard]] bool fits(std::int64_t growth) const;
  void planned(zxid at, std::int64_t growth);
  void applied(zxid upto);
  void clear();

 private:
  const tree* committed_;
  std::optional<std::int64_t> bytes_max_;
  std::deque<std::pair<zxid, std::int64_t>> waiting_;  // planned and not applied
  std::int64_t waiting_bytes_ = 0;                     // their sum
};

/// What a client's request would add to the tree as it is now: an estimate, by a server that does
/// not plan. 0 for what is no write, or is malformed.
[[nodiscard]] std::int64_t growth_of(const tree& now, op_code op, std::string_view body,
                                     pace at = {});

}  // namespace troupe::core
