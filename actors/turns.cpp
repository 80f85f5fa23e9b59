// SPDX-License-Identifier: Apache-2.0
#include "actors/turns.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

turn_record& turn_record::of_this_thread() {
  static thread_local turn_record record;
  return record;
}

void turn_record::tell(std::int64_t told_ms, teller to) {
  told_ms_ = told_ms;
  to_ = std::move(to);
}

void turn_record::note(std::string_view actor, std::string_view message, clock::duration took,
                       clock::time_point now) {
  constexpr std::chrono::seconds silence{1};
  const auto ms = std::chrono::duration<double, std::milli>(took).count();
  figures_.ms_max = std::max(figures_.ms_max, ms);
  for (std::size_t i = 0; i < figures_.counts.size(); ++i)
    if (ms >= static_cast<double>(turn_figures::at_least_ms[i])) ++figures_.counts[i];
  if (told_ms_ <= 0 || !to_ || ms < static_cast<double>(told_ms_)) return;
  if (told_at_ != clock::time_point{} && now - told_at_ < silence) {
    ++untold_;
    return;
  }
  told_at_ = now;
  to_({actor, message, ms, std::exchange(untold_, 0)});
}

}  // namespace troupe
