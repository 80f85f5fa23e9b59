// SPDX-License-Identifier: Apache-2.0
/// The real disk: POSIX files of this machine.
#pragma once

#include <memory>

#include "actors/storage/disk.hpp"

namespace troupe::storage {

class posix_disk final : public disk {
 public:
  io_result<std::unique_ptr<writable_file>> open_writable(const std::string& path,
                                                          open_mode mode) override;
  io_result<std::unique_ptr<readable_file>> open_readable(const std::string& path) override;
  io_result<std::vector<directory_entry>> list_directory(const std::string& path) override;
  io_result<void> rename(const std::string& from, const std::string& to) override;
  io_result<void> remove(const std::string& path) override;
  io_result<bool> exists(const std::string& path) override;
  io_result<void> create_directories(const std::string& path) override;
  io_result<void> sync_directory(const std::string& path) override;
  io_result<std::unique_ptr<file_lock>> lock_file(const std::string& path) override;
  std::optional<std::string> process_command(std::int64_t pid) override;
};

}  // namespace troupe::storage
