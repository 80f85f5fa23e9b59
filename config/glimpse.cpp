// SPDX-License-Identifier: Apache-2.0
#include "config/glimpse.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "config/keys.hpp"
#include "config/properties.hpp"
#include "config/server_line.hpp"

namespace troupe::config {
namespace {

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// Where one line is no property the others still are.
std::vector<property> readable_properties(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (auto whole = parse_properties(text)) return *std::move(whole);
  std::vector<property> out;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (auto one = parse_properties(line)) out.insert(out.end(), one->begin(), one->end());
  }
  return out;
}

/// The last line of that name; of another case only when there is none.
std::string value_of(const std::vector<property>& all, std::string_view key) {
  std::string exact, near;
  for (const auto& x : all) {
    const auto name = plain_name(x.key);
    if (name == key) exact = x.value;
    if (lower(name) == lower(key)) near = x.value;
  }
  auto value = exact.empty() ? near : exact;
  const bool is_quoted = value.size() > 1 && (value.front() == '"' || value.front() == '\'') &&
                         value.back() == value.front();
  return is_quoted ? value.substr(1, value.size() - 2) : value;
}

}  // namespace

glimpse glimpse_of(std::string_view text, const std::vector<setting>& settings) {
  auto all = readable_properties(text);
  for (const auto& x : settings) all.push_back({x.key, x.value, 0});  // these stand above the file
  glimpse out;
  if (const auto dir = value_of(all, "dataDir"); !dir.empty()) {
    std::error_code failed;
    auto absolute = std::filesystem::absolute(dir, failed).lexically_normal();
    out.data_dir = failed ? dir : absolute.string();
  }
  out.client_address = value_of(all, "clientPortAddress");
  if (out.client_address.empty()) out.client_address = node_config{}.client_address;
  if (auto port = parse_number(value_of(all, "clientPort"), 1, 65'535))
    out.client_port = static_cast<std::uint16_t>(*port);
  return out;
}

}  // namespace troupe::config
