// SPDX-License-Identifier: Apache-2.0
/// The hex in log.<hex> and snapshot.<hex>: lower case, no padding, as Long.toHexString writes it.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "messages/ids.hpp"

namespace troupe::storage {

[[nodiscard]] inline std::string bare_hex(std::int64_t value) {
  return to_hex(value).substr(2);  // without the 0x
}

/// nullopt unless all of `text` is hex of a zxid that is not negative. Upper case is accepted, as
/// Java does.
[[nodiscard]] inline std::optional<zxid> parse_bare_hex(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return zxid{value};
}

}  // namespace troupe::storage
