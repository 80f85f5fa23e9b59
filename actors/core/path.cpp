// SPDX-License-Identifier: Apache-2.0
#include "actors/core/path.hpp"

#include <cstdint>

namespace troupe::core {
namespace {

/// What UTF-8 decoding yields for bytes that are none, as Java's decoder does; no path may hold it.
constexpr std::uint32_t replacement = 0xfffd;

struct decoded {
  std::uint32_t point = replacement;
  std::size_t length = 1;
};

decoded decode_at(std::string_view s, std::size_t i) {
  auto byte = [&](std::size_t k) { return static_cast<std::uint8_t>(s[k]); };
  auto follows = [&](std::size_t k) { return k < s.size() && (byte(k) & 0xc0) == 0x80; };
  auto tail = [&](std::size_t k) { return static_cast<std::uint32_t>(byte(k) & 0x3f); };
  auto lead = byte(i);
  if (lead < 0x80) return {lead, 1};
  if ((lead & 0xe0) == 0xc0 && follows(i + 1)) {
    auto point = (lead & 0x1fU) << 6 | tail(i + 1);
    return {point < 0x80 ? replacement : point, 2};
  }
  if ((lead & 0xf0) == 0xe0 && follows(i + 1) && follows(i + 2)) {
    auto point = (lead & 0x0fU) << 12 | tail(i + 1) << 6 | tail(i + 2);
    return {point < 0x800 ? replacement : point, 3};
  }
  return {};  // four bytes are surrogates to Java, which are not allowed either
}

bool is_allowed_character(std::uint32_t c) {
  return c > 0x1f && !(c >= 0x7f && c <= 0x9f) && !(c >= 0xd800 && c <= 0xf8ff) && !(c >= 0xfff0);
}

std::string at_byte(std::string_view what, std::size_t i) {
  return std::string{what} + " at byte " + std::to_string(i);
}

}  // namespace

std::optional<std::string> path_fault(std::string_view path) {
  if (path.empty()) return "a path is not empty";
  if (path.front() != '/') return "a path starts with /";
  if (path.size() == 1) return std::nullopt;
  if (path.back() == '/') return "a path does not end with /";
  std::size_t part = 1;
  for (std::size_t i = 1; i <= path.size();) {
    if (i == path.size() || path[i] == '/') {
      auto name = path.substr(part, i - part);
      if (name.empty()) return at_byte("empty name", i);
      if (name == "." || name == "..") return at_byte("relative name", part);
      part = ++i;
      continue;
    }
    auto [point, length] = decode_at(path, i);
    if (!is_allowed_character(point)) return at_byte("character that is not allowed", i);
    i += length;
  }
  return std::nullopt;
}

std::string_view parent_path(std::string_view path) {
  auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  return slash == 0 ? root_path : path.substr(0, slash);
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_special_path(std::string_view path) {
  return path == root_path || path == zookeeper_path || path == quota_path || path == config_path;
}

}  // namespace troupe::core
