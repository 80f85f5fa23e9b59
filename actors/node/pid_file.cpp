// SPDX-License-Identifier: Apache-2.0
#include "actors/node/pid_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "actors/storage/running_server.hpp"

namespace troupe {

namespace {

/// For locks of the open file, not of the process: those a process loses when it closes any
/// descriptor of the file, and ours reads it again when it opens its data directory.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// False: it was removed, and perhaps made anew, between our open() and our lock.
bool is_still_at(const std::string& path, int fd) {
  struct ::stat by_path {
  }, by_fd{};
  return ::stat(path.c_str(), &by_path) == 0 && ::fstat(fd, &by_fd) == 0 &&
         by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev;
}

/// The file, made when it is missing; never through a symbolic link, and never what is no file.
int open_own(const std::string& path) {
  constexpr int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  int fd = -1;
  for (int tries = 3; tries > 0; --tries) {  // one that ends removes the file
    const int made = ::open(path.c_str(), flags | O_CREAT | O_EXCL, 0644);
    if (made >= 0 || errno != EEXIST) return made;
    fd = ::open(path.c_str(), flags);
    if (fd >= 0 || errno != ENOENT) break;
  }
  struct ::stat there {};
  if (fd < 0 || (::fstat(fd, &there) == 0 && S_ISREG(there.st_mode))) return fd;
  ::close(fd);
  errno = EEXIST;
  return -1;
}

std::string why_not_opened(const std::string& path) {
  return path + ": cannot be written: " +
         (errno == ELOOP ? "a symbolic link, which is not written through; remove it"
                         : std::strerror(errno));
}

}  // namespace

tl::expected<pid_file, std::string> pid_file::hold(const std::string& data_dir) {
  const auto path = storage::pid_path(data_dir);
  for (;;) {
    const int fd = open_own(path);
    if (fd < 0) return tl::unexpected(why_not_opened(path));
    auto lock = whole_file();
    if (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
      ::close(fd);
      auto other = storage::find_running(data_dir);
      return tl::unexpected("already running in " + data_dir + ": " +
                            (other && *other ? (*other)->text() : std::string{"another process"}));
    }
    if (!is_still_at(path, fd)) {
      ::close(fd);
      continue;
    }
    const auto pid = std::to_string(::getpid());
    if (::ftruncate(fd, 0) != 0 ||
        ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
      auto reason = path + ": cannot be written: " + std::strerror(errno);
      ::close(fd);
      return tl::unexpected(std::move(reason));
    }
    return pid_file{path, fd};
  }
}

pid_file::pid_file(pid_file&& other) noexcept : path_(std::move(other.path_)), fd_(other.fd_) {
  other.fd_ = -1;
}

pid_file::~pid_file() {
  if (fd_ < 0) return;
  ::unlink(path_.c_str());  // while the lock is still ours
  ::close(fd_);
}

}  // namespace troupe
