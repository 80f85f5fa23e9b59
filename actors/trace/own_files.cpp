// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/own_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace troupe::log {
namespace {

constexpr mode_t file_mode = 0640, directory_mode = 0750;

tl::unexpected<std::string> failed(const std::string& path, const char* what, int why) {
  return tl::unexpected(path + ": cannot be " + what + ": " + std::strerror(why));
}

bool everybody_makes_files_in(const std::string& directory) {
  struct stat s {};
  return ::stat(directory.c_str(), &s) == 0 && (s.st_mode & S_IWOTH) != 0;
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Those above it too; what cannot be made shows when the file is opened.
void make_directories(const std::string& path) {
  if (::mkdir(path.c_str(), directory_mode) == 0 || errno != ENOENT) return;
  const auto above = directory_of(path);
  if (above == path) return;
  make_directories(above);
  ::mkdir(path.c_str(), directory_mode);
}

}  // namespace

tl::expected<void, std::string> make_log_file(const std::string& path) {
  auto opened = open_log_file(path);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  ::close(*opened);
  return {};
}

tl::expected<int, std::string> open_log_file(const std::string& path) {
  make_directories(directory_of(path));
  int flags = O_WRONLY | O_APPEND | O_CLOEXEC;
  const int made = ::open(path.c_str(), flags | O_CREAT | O_EXCL | O_NOFOLLOW, file_mode);
  if (made >= 0) return made;
  if (errno != EEXIST) return failed(path, "written", errno);
  const bool is_open_to_all = everybody_makes_files_in(directory_of(path));
  flags |= is_open_to_all ? O_NOFOLLOW | O_NONBLOCK : O_CREAT;
  const int fd = ::open(path.c_str(), flags, file_mode);
  if (fd < 0 && errno == ELOOP)
    return tl::unexpected(path + ": a symbolic link in a directory where everybody may make one");
  if (fd < 0) return failed(path, "written", errno);
  struct stat there {};
  if (!is_open_to_all || (::fstat(fd, &there) == 0 && there.st_uid == ::geteuid())) return fd;
  ::close(fd);
  return tl::unexpected(path + ": another user's, in a directory where everybody may make one");
}

tl::expected<void, std::string> write_new_file(const std::string& path, std::string_view content) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int fd = ::open(path.c_str(), flags, file_mode);
  struct stat there {};
  if (fd < 0 && errno == EEXIST && ::lstat(path.c_str(), &there) == 0) {
    if (!S_ISREG(there.st_mode))
      return tl::unexpected(path + (S_ISLNK(there.st_mode) ? ": a symbolic link" : ": no file") +
                            ", which is not written to; remove it");
    if (::unlink(path.c_str()) != 0) return failed(path, "replaced", errno);
    fd = ::open(path.c_str(), flags, file_mode);
  }
  if (fd < 0) return failed(path, "made", errno);
  int why = 0;
  while (!content.empty() && why == 0) {
    const auto n = ::write(fd, content.data(), content.size());
    if (n >= 0)
      content.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR)
      why = errno;
  }
  if (::close(fd) != 0 && why == 0 && errno != EINTR) why = errno;
  if (why == 0) return {};
  ::unlink(path.c_str());
  return failed(path, "written", why);
}

}  // namespace troupe::log
