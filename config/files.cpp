// SPDX-License-Identifier: Apache-2.0
#include "config/files.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace troupe::config {

std::string absolute_path(const std::string& given) {
  std::error_code failed;
  const auto path = std::filesystem::absolute(given, failed).lexically_normal();
  if (failed) return given;
  return (path.has_filename() ? path : path.parent_path()).string();
}

std::optional<std::string> read_whole(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return std::nullopt;  // reading it would throw
  std::ifstream in{path, std::ios::binary};
  std::string content{std::istreambuf_iterator<char>{in}, {}};
  if (!in.is_open() || in.bad()) return std::nullopt;
  return content;
}

}  // namespace troupe::config
