// SPDX-License-Identifier: Apache-2.0
/// How long turns of the I/O thread took, as operators see it. Units: milliseconds.
#pragma once

#include <array>
#include <cstdint>

namespace troupe {

/// Since the start, or since they were reset.
struct turn_figures {
  static constexpr std::array<std::int64_t, 4> at_least_ms = {5, 10, 20, 50};

  double ms_max = 0;
  std::array<std::uint64_t, 4> counts{};  // of turns that took so long, or longer
};

}  // namespace troupe
