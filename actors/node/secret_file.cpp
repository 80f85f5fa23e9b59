// SPDX-License-Identifier: Apache-2.0
#include "actors/node/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace troupe {
namespace {

std::string permissions(mode_t mode) {
  std::string out = "0000";
  for (int i = 0; i < 3; ++i) out[3 - i] = static_cast<char>('0' + ((mode >> (3 * i)) & 7));
  return out;
}

/// Empty: nobody reads or changes it who should not.
std::string why_not_kept(const struct stat& file) {
  if (!S_ISREG(file.st_mode)) return "not a regular file";
  if ((file.st_mode & (S_IRWXO | S_IWGRP)) != 0)
    return "its permissions are " + permissions(file.st_mode) +
           "; accepted: none for others, and none to write for the group, such as 0400 or 0640";
  if (file.st_uid != ::geteuid() && file.st_uid != 0) return "it belongs to another user";
  return {};
}

}  // namespace

tl::expected<std::string, std::string> read_secret_file(const std::string& path) {
  const auto refuse = [&path](const std::string& why) { return tl::unexpected(path + ": " + why); };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return refuse(std::string{"cannot be read: "} + std::strerror(errno));
  struct stat file {};
  if (::fstat(fd, &file) != 0 || !why_not_kept(file).empty()) {
    ::close(fd);
    return refuse(why_not_kept(file));
  }
  std::string out;
  std::array<char, 4096> block{};
  ssize_t n = 0;
  while (out.size() <= secret_file_bytes_max && (n = ::read(fd, block.data(), block.size())) > 0)
    out.append(block.data(), static_cast<std::size_t>(n));
  const int why = n < 0 ? errno : 0;
  ::close(fd);
  if (why != 0) return refuse(std::string{"cannot be read: "} + std::strerror(why));
  if (out.size() > secret_file_bytes_max)
    return refuse("longer than " + std::to_string(secret_file_bytes_max) + " bytes");
  return out;
}

}  // namespace troupe
