// SPDX-License-Identifier: Apache-2.0
/// A disk that can be full or slow on command; else another disk's bytes. Full: what would grow a
/// file's blocks fails with ENOSPC, as on a real one, while names, reads, and writes into blocks
/// that are there go on. Slow: each sync takes longer, in the thread that syncs.
#pragma once

#include <memory>

#include "actors/storage/disk.hpp"
#include "tools/cluster/faults.hpp"

namespace troupe::cluster {

class faulty_disk final : public storage::disk {
 public:
  template <class T>
  using io_result = storage::io_result<T>;

  explicit faulty_disk(std::shared_ptr<storage::disk> real);

  /// Syncs that wait do so no longer than they would with this.
  void set(disk_fault now);

  io_result<std::unique_ptr<storage::writable_file>> open_writable(
      const std::string& path, storage::open_mode mode) override;
  io_result<std::unique_ptr<storage::readable_file>> open_readable(
      const std::string& path) override;
  io_result<std::vector<storage::directory_entry>> list_directory(const std::string& path) override;
  io_result<void> rename(const std::string& from, const std::string& to) override;
  io_result<void> remove(const std::string& path) override;
  io_result<bool> exists(const std::string& path) override;
  io_result<storage::file_identity> identity(const std::string& path) override;
  std::optional<std::uint64_t> free_bytes(const std::string& path) override;
  io_result<void> make_directory(const std::string& path) override;
  io_result<void> sync_directory(const std::string& path) override;
  io_result<std::unique_ptr<storage::file_lock>> lock_file(const std::string& path) override;
  std::optional<std::string> process_command(std::int64_t pid) override;

  /// What is wrong now; shared with the files that are open.
  class state;

 private:
  std::shared_ptr<storage::disk> real_;
  std::shared_ptr<state> state_;
};

}  // namespace troupe::cluster
