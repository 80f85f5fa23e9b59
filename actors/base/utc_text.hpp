// SPDX-License-Identifier: Apache-2.0
/// A moment for people: "2026-11-29 19:50:03 UTC". Units: ms since 1970.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

namespace troupe {

[[nodiscard]] inline std::string utc_text(std::int64_t wall_ms) {
  const auto seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return std::to_string(wall_ms) + " ms since 1970";
  char text[64];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

}  // namespace troupe
