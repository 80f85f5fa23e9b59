// SPDX-License-Identifier: Apache-2.0
#include "messages/client/session_password.hpp"

#include <cstdint>

namespace troupe {

std::string session_password(session_id session) {
  constexpr std::uint64_t salt = 0xB3415C00U, multiplier = 0x5DEECE66DU;
  constexpr std::uint64_t mask = (std::uint64_t{1} << 48) - 1;
  auto seed = ((static_cast<std::uint64_t>(session.value) ^ salt) ^ multiplier) & mask;
  std::string out;
  for (int word = 0; word < 4; ++word) {
    seed = (seed * multiplier + 0xB) & mask;
    auto bits = static_cast<std::uint32_t>(seed >> 16);
    for (int i = 0; i < 4; ++i, bits >>= 8) out.push_back(static_cast<char>(bits & 0xff));
  }
  return out;
}

}  // namespace troupe
