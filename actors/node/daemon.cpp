// SPDX-License-Identifier: Apache-2.0
#include "actors/node/daemon.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "actors/trace/own_files.hpp"

namespace troupe {

namespace {

std::string failure(const std::string& what) { return what + ": " + std::strerror(errno); }

/// What the server says before it ends or its first line is complete.
std::string first_line(int fd) {
  std::string line;
  for (char c = 0; line.find('\n') == std::string::npos;) {
    auto n = ::read(fd, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    line.push_back(c);
  }
  if (line.ends_with('\n')) line.pop_back();
  return line;
}

/// A start begins with an empty file; what there is of the one before stays beside it as ".1".
void keep_one_before(const std::string& path) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0 && S_ISREG(there.st_mode) && there.st_size > 0)
    (void)std::rename(path.c_str(), (path + ".1").c_str());  // if not, it goes on in the old one
}

/// Standard input from nowhere, both outputs into the log.
bool redirect(int log_fd) {
  int null_fd = ::open("/dev/null", O_RDONLY);
  return null_fd >= 0 && ::dup2(null_fd, 0) >= 0 && ::dup2(log_fd, 1) >= 0 &&
         ::dup2(log_fd, 2) >= 0;
}

}  // namespace

std::string start_daemon(const std::string& output_path,
                         const std::function<int(int ready_fd)>& server) {
  keep_one_before(output_path);
  auto output = log::open_log_file(output_path);
  if (!output) return std::move(output.error());
  const int log_fd = *output;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failure("no pipe");
  pid_t child = ::fork();
  if (child < 0) return failure("no process");
  if (child == 0) {
    ::close(ends[0]);
    // A session without a terminal; the second fork keeps it from ever getting one.
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    // The directory that the terminal was in may be unmounted one day. Our paths are absolute.
    if (::chdir("/") != 0 || !redirect(log_fd)) ::_exit(1);
    ::_exit(server(ends[1]));
  }
  ::close(ends[1]);
  ::close(log_fd);
  ::waitpid(child, nullptr, 0);
  auto line = first_line(ends[0]);
  // A start that failed is over when the process has let go of port and pid file.
  if (line != "ready") (void)first_line(ends[0]);
  ::close(ends[0]);
  if (line == "ready") return {};
  constexpr std::string_view failed = "failed: ";
  if (line.starts_with(failed)) return line.substr(failed.size());
  return "it ended before it was ready";
}

}  // namespace troupe
