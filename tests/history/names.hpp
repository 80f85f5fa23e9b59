// SPDX-License-Identifier: Apache-2.0
/// Paths, sequence numbers and session ids as texts: the few things that several checks ask of
/// them.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::history {

inline std::string parent_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

inline std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Where the ten digits begin that a sequential znode's path ends with; its size if it does not.
inline std::size_t number_at(const std::string& path) {
  constexpr std::size_t digits = 10;
  if (path.size() <= digits) return path.size();
  auto begin = path.end() - digits;
  bool all = std::all_of(begin, path.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  return all ? path.size() - digits : path.size();
}

inline std::optional<std::int64_t> number_of(const std::string& path) {
  auto at = number_at(path);
  if (at == path.size()) return {};
  return std::stoll(path.substr(at));
}

/// A session id without what writers differ in; empty: none.
inline std::string plain_session(const std::string& id) {
  auto begin = id.starts_with("0x") || id.starts_with("0X") ? std::size_t{2} : std::size_t{0};
  auto digits = id.find_first_not_of('0', begin);
  if (digits == std::string::npos) return "";
  std::string out = id.substr(digits);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace troupe::history
