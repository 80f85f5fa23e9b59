// SPDX-License-Identifier: Apache-2.0
/// zookeeper_server.pid in the data directory: who runs there, and that nobody else does.
/// A server holds a lock on the file as long as it lives, and the kernel tells whose lock it is. So
/// a file that a killed server left, or a pid that is another program's by now, misleads nobody.
/// Who holds it, storage/running_server.hpp finds out.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace troupe {

/// Held by the server itself, as long as it runs.
class pid_file {
 public:
  /// Locks the file and writes our pid into it. Error: a line that says why not.
  [[nodiscard]] static tl::expected<pid_file, std::string> hold(const std::string& data_dir);

  pid_file(pid_file&& other) noexcept;
  pid_file& operator=(pid_file&&) = delete;
  /// Removes the file.
  ~pid_file();

 private:
  pid_file(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
};

}  // namespace troupe
