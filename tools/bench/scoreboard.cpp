// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/scoreboard.hpp"

#include <algorithm>
#include <utility>

namespace troupe::bench {

void scoreboard::ready() {
  const std::lock_guard held{mutex_};
  ++ready_;
  news_.notify_all();
}

void scoreboard::second_over(std::uint32_t number, const histogram& latency) {
  const std::lock_guard held{mutex_};
  auto& whole = seconds_[number];
  ++whole.told_by;
  whole.latency.merge(latency);
  news_.notify_all();
}

void scoreboard::finished(const tally& counted, std::uint32_t seconds_told) {
  const std::lock_guard held{mutex_};
  finished_.push_back(seconds_told);
  total_.latency.merge(counted.latency);
  total_.not_sent += counted.not_sent;
  total_.losses += counted.losses;
  total_.lost += counted.lost;
  total_.last_ns = std::max(total_.last_ns, counted.last_ns);
  news_.notify_all();
}

void scoreboard::fail(std::string why) {
  const std::lock_guard held{mutex_};
  if (failure_.empty()) failure_ = std::move(why);
  stopping_ = true;
  news_.notify_all();
}

bool scoreboard::all_ready() {
  const std::lock_guard held{mutex_};
  return ready_ == workers_;
}

bool scoreboard::all_finished() {
  const std::lock_guard held{mutex_};
  return finished_.size() == workers_;
}

bool scoreboard::is_whole(std::uint32_t number, const second& so_far) const {
  const auto silent = std::count_if(finished_.begin(), finished_.end(),
                                    [&](std::uint32_t told) { return told <= number; });
  return so_far.told_by + static_cast<std::uint32_t>(silent) == workers_;
}

std::string scoreboard::failure() {
  const std::lock_guard held{mutex_};
  return failure_;
}

tally scoreboard::total() {
  const std::lock_guard held{mutex_};
  return std::exchange(total_, {});
}

}  // namespace troupe::bench
