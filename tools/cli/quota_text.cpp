// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/quota_text.hpp"

#include <algorithm>

#include "actors/core/path.hpp"
#include "tools/cli/texts.hpp"

namespace troupe::cli {

quota_text::quota_text(std::string_view text) {
  while (!text.empty()) {
    auto pair = text.substr(0, text.find_first_of(",;"));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    auto equal = pair.find('=');
    if (equal == std::string_view::npos) continue;
    auto value = pair.substr(equal + 1);
    value = value.substr(0, value.find('='));
    set(pair.substr(0, equal), parse_number<std::int64_t>(value).value_or(-1));
  }
}

std::int64_t quota_text::get(std::string_view key) const {
  auto found = values_.find(key);
  return found == values_.end() ? -1 : found->second;
}

void quota_text::set(std::string_view key, std::int64_t value) {
  values_.insert_or_assign(std::string{key}, value);
}

std::string quota_text::text() const {
  auto out = "count=" + std::to_string(get(quota_key::count)) +
             ",bytes=" + std::to_string(get(quota_key::bytes));
  std::string others;
  for (const auto& [key, value] : values_)
    if (key != quota_key::count && key != quota_key::bytes)
      others += ";" + key + "=" + std::to_string(value);
  return others.empty() ? out : out + "=" + others;
}

std::string quota_node(std::string_view path) {
  return std::string{core::quota_path} + std::string{path};
}
std::string limits_node(std::string_view path) { return quota_node(path) + "/zookeeper_limits"; }
std::string stats_node(std::string_view path) { return quota_node(path) + "/zookeeper_stats"; }

}  // namespace troupe::cli
