// SPDX-License-Identifier: Apache-2.0
#include "actors/core/quotas.hpp"

#include <charconv>
#include <limits>

#include "actors/core/heap_bytes.hpp"
#include "actors/core/path.hpp"

namespace troupe::core {
namespace {

constexpr std::string_view count_name = "count", bytes_name = "bytes";

/// The sum, or the number nearest to it.
std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  using limits = std::numeric_limits<std::int64_t>;
  return b < 0 ? limits::min() : limits::max();
}

std::optional<quota_breach> breach_of(std::int64_t change, std::int64_t used, std::int64_t soft,
                                      std::int64_t hard) {
  if (change == 0 || (soft < 0 && hard < 0)) return std::nullopt;
  bool is_hard = hard >= 0;
  auto limit = is_hard ? hard : soft;
  auto would_be = sum_of(used, change);
  if (would_be <= limit) return std::nullopt;
  return quota_breach{.is_hard = is_hard, .would_be = would_be, .limit = limit};
}

std::string below_quota(std::string_view limited, std::string_view name) {
  std::string out{quota_path};
  out.append(limited).append("/").append(name);
  return out;
}

}  // namespace

quota_text::quota_text(std::string_view text) {
  while (!text.empty()) {
    auto end = text.find_first_of(",;");
    auto pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    auto equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    auto digits = pair.substr(equals + 1);
    std::int64_t number = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    values_.insert_or_assign(std::string{pair.substr(0, equals)}, number);
  }
}

void quota_text::set(std::int64_t count, std::int64_t bytes) {
  values_.insert_or_assign(std::string{count_name}, count);
  values_.insert_or_assign(std::string{bytes_name}, bytes);
}

void quota_text::add(std::int64_t more_count, std::int64_t more_bytes) {
  set(sum_of(count(), more_count), sum_of(bytes(), more_bytes));
}

std::int64_t quota_text::value(std::string_view name) const {
  auto found = values_.find(name);
  return found == values_.end() ? -1 : found->second;
}

std::string quota_text::print() const {
  auto out = "count=" + std::to_string(count()) + ",bytes=" + std::to_string(bytes());
  std::string others;
  for (const auto& [name, number] : values_)
    if (name != count_name && name != bytes_name)
      others += ";" + name + "=" + std::to_string(number);
  if (!others.empty()) out += "=" + others;
  return out;
}

std::optional<quota_breach> find_breach(const quota_text& limits, const quota_text& used,
                                        std::int64_t count, std::int64_t bytes) {
  auto by_count = breach_of(count, used.count(), limits.count(), limits.count_hard_limit());
  if (by_count && by_count->is_hard) return by_count;
  auto by_bytes = breach_of(bytes, used.bytes(), limits.bytes(), limits.bytes_hard_limit());
  if (by_bytes) by_bytes->of_bytes = true;
  if (by_bytes && (by_bytes->is_hard || !by_count)) return by_bytes;
  return by_count;
}

std::string limits_path(std::string_view limited) { return below_quota(limited, limits_name); }
std::string stats_path(std::string_view limited) { return below_quota(limited, stats_name); }

std::string_view limited_by(std::string_view path, std::string_view name) {
  if (base_name(path) != name || path.size() <= quota_path.size() + name.size() + 1) return {};
  if (!path.starts_with(quota_path) || path[quota_path.size()] != '/') return {};
  path.remove_prefix(quota_path.size());
  return path.substr(0, path.size() - name.size() - 1);
}

void limited_paths::add(std::string_view path) {
  const auto [at, is_new] = paths_.emplace(path);
  if (is_new) memory_bytes_ += tree_node_bytes<std::string> + heap_bytes(*at);
}

void limited_paths::remove(std::string_view path) {
  auto found = paths_.find(path);
  if (found == paths_.end()) return;
  memory_bytes_ -= tree_node_bytes<std::string> + heap_bytes(*found);
  paths_.erase(found);
}

std::string_view limited_paths::nearest(std::string_view path) const {
  if (paths_.empty()) return {};
  for (; path.size() > 1; path = parent_path(path))
    if (auto found = paths_.find(path); found != paths_.end()) return *found;
  return {};
}

}  // namespace troupe::core
