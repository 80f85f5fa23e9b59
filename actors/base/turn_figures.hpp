// SPDX-License-Identifier: Apache-2.0
/// How long turns of the I/O thread took, as operators see it. Units: milliseconds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace troupe {

/// Of one kind of span, since the start, or since they were reset.
struct span_figures {
  static constexpr std::array<std::int64_t, 4> at_least_ms = {5, 10, 20, 50};

  void note(double ms) {
    ms_max = ms > ms_max ? ms : ms_max;
    for (std::size_t i = 0; i < counts.size(); ++i)
      if (ms >= static_cast<double>(at_least_ms[i])) ++counts[i];
  }

  double ms_max = 0;
  std::array<std::uint64_t, 4> counts{};  // of spans that took so long, or longer
};

struct turn_figures {
  span_figures by_clock;   // of turns, with what the machine let the thread wait for a processor
  span_figures cpu;        // of turns, of the processor's time alone
  span_figures round_cpu;  // of rounds: all turns between two looks at the sockets, and these
};

}  // namespace troupe
