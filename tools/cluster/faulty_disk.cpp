// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/faulty_disk.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace troupe::cluster {

using namespace storage;

class faulty_disk::state {
 public:
  void set(disk_fault now) {
    {
      std::lock_guard lock{guard_};
      now_ = now;
    }
    changed_.notify_all();
  }
  bool is_full() {
    std::lock_guard lock{guard_};
    return now_.is_full;
  }
  void wait_as_slow() {
    using namespace std::chrono;
    const auto begin = steady_clock::now();
    std::unique_lock lock{guard_};
    while (steady_clock::now() < begin + milliseconds{now_.sync_ms})
      changed_.wait_until(lock, begin + milliseconds{now_.sync_ms});
  }

 private:
  std::mutex guard_;
  std::condition_variable changed_;
  disk_fault now_;
};

namespace {

constexpr std::uint64_t block_bytes = 4'096;

/// The end of the blocks a file has. Holes count as none: a log is sized ahead and filled later.
std::uint64_t blocks_end(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return 0;
  return static_cast<std::uint64_t>(found.st_blocks) * 512;
}

class faulty_file final : public writable_file {
 public:
  faulty_file(std::unique_ptr<writable_file> real, std::string path,
              std::shared_ptr<faulty_disk::state> state)
      : real_(std::move(real)),
        path_(std::move(path)),
        blocks_end_(blocks_end(path_)),
        state_(std::move(state)) {}

  io_result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    const auto end = offset + bytes.size();
    if (end > blocks_end_ && state_->is_full()) return no_space("write", offset);
    auto done = real_->write_at(offset, bytes);
    if (done)
      blocks_end_ = std::max(blocks_end_, (end + block_bytes - 1) / block_bytes * block_bytes);
    return done;
  }
  io_result<void> resize(std::uint64_t size) override {
    auto before = real_->size();
    if (before && size > *before && state_->is_full()) return no_space("resize", size);
    auto done = real_->resize(size);
    if (done && before && size < *before)
      blocks_end_ = std::min(blocks_end_, (size + block_bytes - 1) / block_bytes * block_bytes);
    return done;
  }
  io_result<void> sync() override {
    state_->wait_as_slow();
    return real_->sync();
  }
  io_result<std::uint64_t> size() const override { return real_->size(); }
  io_result<void> close() override { return real_->close(); }

 private:
  tl::unexpected<io_error> no_space(const char* operation, std::uint64_t offset) const {
    return tl::unexpected(io_error{operation, path_, ENOSPC, static_cast<std::int64_t>(offset)});
  }

  std::unique_ptr<writable_file> real_;
  std::string path_;
  std::uint64_t blocks_end_;
  std::shared_ptr<faulty_disk::state> state_;
};

}  // namespace

faulty_disk::faulty_disk(std::shared_ptr<disk> real)
    : real_(std::move(real)), state_(std::make_shared<state>()) {}

void faulty_disk::set(disk_fault now) { state_->set(now); }

io_result<std::unique_ptr<writable_file>> faulty_disk::open_writable(const std::string& path,
                                                                     open_mode mode) {
  auto file = real_->open_writable(path, mode);
  if (!file) return file;
  return std::make_unique<faulty_file>(*std::move(file), path, state_);
}
io_result<std::unique_ptr<readable_file>> faulty_disk::open_readable(const std::string& path) {
  return real_->open_readable(path);
}
io_result<std::vector<directory_entry>> faulty_disk::list_directory(const std::string& path) {
  return real_->list_directory(path);
}
io_result<void> faulty_disk::rename(const std::string& from, const std::string& to) {
  return real_->rename(from, to);
}
io_result<void> faulty_disk::remove(const std::string& path) { return real_->remove(path); }
io_result<bool> faulty_disk::exists(const std::string& path) { return real_->exists(path); }
io_result<file_identity> faulty_disk::identity(const std::string& path) {
  return real_->identity(path);
}
std::optional<std::uint64_t> faulty_disk::free_bytes(const std::string& path) {
  return state_->is_full() ? 0 : real_->free_bytes(path);
}
io_result<void> faulty_disk::make_directory(const std::string& path) {
  return real_->make_directory(path);
}
io_result<void> faulty_disk::sync_directory(const std::string& path) {
  return real_->sync_directory(path);
}
io_result<std::unique_ptr<file_lock>> faulty_disk::lock_file(const std::string& path) {
  return real_->lock_file(path);
}
std::optional<std::string> faulty_disk::process_command(std::int64_t pid) {
  return real_->process_command(pid);
}

}  // namespace troupe::cluster
