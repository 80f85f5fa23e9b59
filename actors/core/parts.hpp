// SPDX-License-Identifier: Apache-2.0
/// What is too long for one message between servers: a txn, a client's request. It goes in parts,
/// one a message, so that nobody who sends, carries or takes a message is kept long by it, and is
/// joined again where it arrives.
/// Order: the parts of one whole follow each other, and no part of another comes between; every
/// part says where it belongs, so whatever else arrives is found out.
/// Invariant: a joiner holds what has arrived of one whole, and no whole is longer than bytes_max.
/// Errors: parts that do not join are told for people; what was held is dropped, and the
/// conversation is not to be gone on with. Units: bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "messages/txn.hpp"

namespace troupe::core {

/// Where in its whole a part belongs: so much comes before it, so much behind it.
struct part_place {
  std::uint64_t offset = 0, rest = 0;
  [[nodiscard]] bool is_all() const { return offset == 0 && rest == 0; }
};

struct part {
  std::string_view bytes;  // of the whole that it was cut from
  part_place place;
};

/// The part that begins at `offset`, which is not beyond the end.
[[nodiscard]] part part_at(std::string_view whole, std::uint64_t offset, std::size_t part_bytes);

class part_joiner {
 public:
  explicit part_joiner(std::uint64_t bytes_max = txn_bytes_max) : bytes_max_(bytes_max) {}

  /// Takes the next part. Returns the whole when this was its last.
  [[nodiscard]] tl::expected<std::optional<std::string>, std::string> add(std::string bytes,
                                                                          part_place place);
  [[nodiscard]] bool is_under_way() const { return !held_.empty(); }
  [[nodiscard]] std::size_t held_bytes() const { return held_.size(); }

 private:
  [[nodiscard]] bool follows(std::size_t bytes, part_place place) const;

  std::uint64_t bytes_max_;
  std::string held_;
  std::uint64_t whole_bytes_ = 0;  // of what is under way
};

}  // namespace troupe::core
