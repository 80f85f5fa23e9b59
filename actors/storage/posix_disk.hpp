// SPDX-License-Identifier: Apache-2.0
/// The real disk: POSIX files of this machine. That a process has too many files open, or that the
/// kernel has no memory for a call, says nothing of the disk: such a call is tried again for a
/// while, and its error names the limit. Never tried again is a sync, which may have failed for
/// good, nor a list of a directory, for which the I/O thread may ask.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "actors/storage/disk.hpp"

namespace troupe::storage {

struct posix_disk_options {
  /// How long a call waits for descriptors or memory, by attempts a moment apart; 0: not at all.
  std::int32_t shortage_ms_max = 0;
  /// Hears once of each call that has to wait. From any thread; may be null.
  std::function<void(const io_error&)> on_shortage;
};

class posix_disk final : public disk {
 public:
  explicit posix_disk(posix_disk_options options = {});
  io_result<std::unique_ptr<writable_file>> open_writable(const std::string& path,
                                                          open_mode mode) override;
  io_result<std::unique_ptr<readable_file>> open_readable(const std::string& path) override;
  io_result<std::vector<directory_entry>> list_directory(const std::string& path) override;
  io_result<void> rename(const std::string& from, const std::string& to) override;
  io_result<void> remove(const std::string& path) override;
  io_result<bool> exists(const std::string& path) override;
  io_result<file_identity> identity(const std::string& path) override;
  std::optional<std::uint64_t> free_bytes(const std::string& path) override;
  io_result<void> make_directory(const std::string& path) override;
  io_result<void> sync_directory(const std::string& path) override;
  io_result<std::unique_ptr<file_lock>> lock_file(const std::string& path) override;
  std::optional<std::string> process_command(std::int64_t pid) override;

 private:
  std::shared_ptr<const posix_disk_options> options_;  // with the files that are open
};

}  // namespace troupe::storage
