// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/repeats.hpp"

#include "messages/printable.hpp"

namespace troupe::log {
namespace {

constexpr std::size_t about_bytes_max = 128;

}  // namespace

repeats::count* repeats::find_or_add(std::string_view event, std::string_view about,
                                     std::int64_t now_ms) {
  std::pair<std::string, std::string> key{event, clipped(about, about_bytes_max)};
  auto found = things_.find(key);
  if (found != things_.end()) return &found->second;
  if (things_.size() >= things_max)
    std::erase_if(things_, [&](const auto& x) { return now_ms - x.second.since_ms >= window_ms; });
  if (things_.size() >= things_max) return nullptr;
  return &things_.emplace(std::move(key), count{.since_ms = now_ms}).first->second;
}

repeats::verdict repeats::admit(std::string_view event, std::string_view about,
                                std::int64_t now_ms) {
  const auto begin_anew_when_over = [now_ms](count& x) {
    if (now_ms - x.since_ms >= window_ms) x = {now_ms, 0, x.suppressed};
  };
  auto of_event = events_.find(event);
  if (of_event == events_.end())
    of_event = events_.emplace(std::string{event}, count{.since_ms = now_ms}).first;
  auto& all = of_event->second;
  begin_anew_when_over(all);
  auto* one = find_or_add(event, about, now_ms);
  if (one != nullptr) begin_anew_when_over(*one);
  if (one != nullptr && one->lines >= lines_about_one_max) {
    ++one->suppressed;
    return {};
  }
  if (all.lines >= lines_of_event_max) {
    ++all.suppressed;
    return {};
  }
  ++all.lines;
  auto suppressed = std::exchange(all.suppressed, 0);
  if (one != nullptr) {
    ++one->lines;
    suppressed += std::exchange(one->suppressed, 0);
  }
  return {true, suppressed};
}

}  // namespace troupe::log
