// SPDX-License-Identifier: Apache-2.0
#include "messages/ids.hpp"

#include <array>
#include <charconv>

namespace troupe {

std::string to_hex(std::int64_t value) {
  std::array<char, 16> digits{};
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                           static_cast<std::uint64_t>(value), 16)
                 .ptr;
  return "0x" + std::string(digits.data(), end);
}

}  // namespace troupe
