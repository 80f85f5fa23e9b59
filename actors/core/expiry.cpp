// SPDX-License-Identifier: Apache-2.0
#include "actors/core/expiry.hpp"

#include <algorithm>

namespace troupe::core {
namespace {

constexpr std::int64_t minute_ms = 60'000;

}  // namespace

std::vector<std::string> expired_znodes(const tree& data, std::int64_t wall_ms,
                                        std::int64_t never_used_ms_max, pace at) {
  std::vector<std::string> out;
  for (auto node : data.containers()) {
    at.step();
    if (node->children) continue;
    bool was_used = node->stats.cversion > 0;
    bool is_late = never_used_ms_max > 0 && wall_ms - node->stats.mtime > never_used_ms_max;
    if (was_used || is_late) out.push_back(node->path());
  }
  for (auto node : data.ttl_znodes()) {
    at.step();
    if (!node->children && is_overdue(node->stats, wall_ms)) out.push_back(node->path());
  }
  sort_in_steps(out, at);
  return out;
}

expiry::expiry(expiry_options options, std::int64_t now_ms)
    : options_(options), next_check_ms_(now_ms + options.check_interval_ms) {}

std::vector<std::string> expiry::due(const tree& data, std::int64_t now_ms, std::int64_t wall_ms,
                                     pace at) {
  // While some wait, there is no use in looking for more.
  if (waiting_.empty() && now_ms >= next_check_ms_) {
    next_check_ms_ = now_ms + options_.check_interval_ms;
    auto found = expired_znodes(data, wall_ms, options_.never_used_ms_max, at);
    waiting_.assign(found.begin(), found.end());
    next_delete_ms_ = now_ms;
  }
  std::vector<std::string> out;
  const auto pause_ms = minute_ms / options_.deletes_per_minute_max;
  while (!waiting_.empty() && next_delete_ms_ <= now_ms) {
    out.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    next_delete_ms_ += pause_ms;
  }
  return out;
}

}  // namespace troupe::core
