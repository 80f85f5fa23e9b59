// SPDX-License-Identifier: Apache-2.0
/// A disk in memory for tests: it forgets at a crash what was not synced, keeps any prefix of the
/// last unsynced write on request, and fails when told to. Holds what disk.hpp promises.
#pragma once

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/storage/disk.hpp"

namespace troupe::storage {

class memory_disk final : public disk {
 public:
  /// Asked before each operation that changes the disk; an errno makes it fail.
  std::function<int(const std::string& operation, const std::string& path)> fail;
  /// Every operation that changes the disk, in order: "write /d/log.1".
  std::vector<std::string> history;
  std::map<std::int64_t, std::string> processes;
  bool has_identities = true;  // as on most file systems

  /// Everything on the disk goes.
  void clear() {
    names_.clear();
    durable_names_.clear();
    directories_.clear();
    durable_directories_.clear();
    history.clear();
    written_.clear();
  }
  /// Of all writes to that file, since forget_bytes_written().
  [[nodiscard]] std::uint64_t bytes_written(const std::string& path) const {
    auto found = written_.find(path);
    return found == written_.end() ? 0 : found->second;
  }
  void forget_bytes_written() { written_.clear(); }

  /// The machine loses power: what was not synced is gone, except the first `kept` bytes of each
  /// file's last unsynced write.
  void crash(std::size_t kept = 0) {
    std::lock_guard guard{mutex_};
    directories_ = durable_directories_;
    std::erase_if(directories_, [this](const auto& path) { return !is_reachable(path); });
    std::erase_if(durable_names_,
                  [this](const auto& entry) { return !is_there(directory_of(entry.first)); });
    names_ = durable_names_;
    for (auto& [path, data] : names_) {
      auto [offset, bytes] = data->last_write;
      data->content = data->durable;
      if (kept > 0 && !bytes.empty()) {
        bytes.resize(std::min(kept, bytes.size()));
        if (data->content.size() < offset + bytes.size())
          data->content.resize(offset + bytes.size());
        data->content.replace(offset, bytes.size(), bytes);
      }
      data->durable = data->content;
      data->last_write = {};
    }
  }
  [[nodiscard]] std::string content(const std::string& path) const {
    return names_.at(path)->content;
  }
  /// Puts a durable file there.
  void put(const std::string& path, std::string bytes) {
    auto data = std::make_shared<inode>();
    data->content = data->durable = std::move(bytes);
    names_[path] = durable_names_[path] = data;
    for (auto parent = directory_of(path); !parent.empty(); parent = directory_of(parent)) {
      directories_.insert(parent);
      durable_directories_.insert(parent);
    }
  }
  [[nodiscard]] bool has(const std::string& path) const { return names_.count(path) == 1; }
  [[nodiscard]] std::size_t count(const std::string& operation) const {
    return static_cast<std::size_t>(std::count_if(
        history.begin(), history.end(),
        [&](const std::string& line) { return line.substr(0, line.find(' ')) == operation; }));
  }

  io_result<std::unique_ptr<writable_file>> open_writable(const std::string& path,
                                                          open_mode mode) override {
    if (auto bad = change("create", path)) return tl::unexpected(*bad);
    std::lock_guard guard{mutex_};
    auto found = names_.find(path);
    if (mode == open_mode::existing && found == names_.end()) return error("open", path, ENOENT);
    if (mode == open_mode::create_new && found != names_.end()) return error("open", path, EEXIST);
    if (mode == open_mode::create_or_truncate || found == names_.end())
      names_[path] = std::make_shared<inode>();
    return std::make_unique<file>(*this, path, names_[path]);
  }
  io_result<std::unique_ptr<readable_file>> open_readable(const std::string& path) override {
    std::lock_guard guard{mutex_};
    auto found = names_.find(path);
    if (found == names_.end()) return error("open", path, ENOENT);
    return std::make_unique<view>(found->second);
  }
  io_result<std::vector<directory_entry>> list_directory(const std::string& path) override {
    std::lock_guard guard{mutex_};
    std::vector<directory_entry> out;
    if (directories_.count(path) == 0) return error("list", path, ENOENT);
    auto in = path + "/";
    auto is_child = [&](const std::string& p) {
      return p.size() > in.size() && p.compare(0, in.size(), in) == 0 &&
             p.find('/', in.size()) == std::string::npos;
    };
    for (const auto& d : directories_)
      if (is_child(d)) out.push_back({d.substr(in.size()), true, 0});
    for (const auto& [p, f] : names_)
      if (is_child(p)) out.push_back({p.substr(in.size()), false, f->content.size()});
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return out;
  }
  io_result<void> rename(const std::string& from, const std::string& to) override {
    if (auto bad = change("rename", to)) return tl::unexpected(*bad);
    std::lock_guard guard{mutex_};
    if (names_.count(from) == 0) return error("rename", from, ENOENT);
    names_[to] = names_[from];
    names_.erase(from);
    return {};
  }
  io_result<void> remove(const std::string& path) override {
    if (auto bad = change("remove", path)) return tl::unexpected(*bad);
    std::lock_guard guard{mutex_};
    if (names_.erase(path) == 0) return error("remove", path, ENOENT);
    return {};
  }
  io_result<bool> exists(const std::string& path) override {
    std::lock_guard guard{mutex_};
    return names_.count(path) == 1 || directories_.count(path) == 1;
  }
  io_result<file_identity> identity(const std::string& path) override {
    std::lock_guard guard{mutex_};
    auto found = names_.find(path);
    if (found == names_.end()) return error("stat", path, ENOENT);
    return has_identities ? file_identity{found->second->number, 1} : file_identity{};
  }
  io_result<void> make_directory(const std::string& path) override {
    if (is_there(path)) return {};
    if (auto bad = change("mkdir", path)) return tl::unexpected(*bad);
    std::lock_guard guard{mutex_};
    if (!is_there(directory_of(path))) return error("mkdir", path, ENOENT);
    directories_.insert(path);
    return {};
  }
  io_result<void> sync_directory(const std::string& path) override {
    if (auto bad = change("sync_directory", path)) return tl::unexpected(*bad);
    std::lock_guard guard{mutex_};
    auto in = [&](const auto& entry) {
      return entry.first.substr(0, entry.first.rfind('/')) == path;
    };
    std::erase_if(durable_names_, in);
    for (const auto& entry : names_)
      if (in(entry)) durable_names_.insert(entry);
    for (const auto& directory : directories_)
      if (directory_of(directory) == (path == "/" ? "" : path))
        durable_directories_.insert(directory);
    return {};
  }
  io_result<std::unique_ptr<file_lock>> lock_file(const std::string& path) override {
    std::lock_guard guard{mutex_};
    if (!locked_.insert(path).second)
      return tl::unexpected(
          io_error{"lock", path, EWOULDBLOCK, -1, "held by the process with id 77"});
    return std::make_unique<lock>(*this, path);
  }
  std::optional<std::string> process_command(std::int64_t pid) override {
    auto found = processes.find(pid);
    return found == processes.end() ? std::nullopt : std::optional{found->second};
  }

 private:
  static inline std::uint64_t inodes_made = 0;
  struct inode {
    std::uint64_t number = ++inodes_made;
    std::string content, durable;
    std::pair<std::size_t, std::string> last_write;  // unsynced
  };
  /// Empty: the root.
  static std::string directory_of(const std::string& path) {
    return path.substr(0, path.rfind('/') == path.npos ? 0 : path.rfind('/'));
  }
  [[nodiscard]] bool is_there(const std::string& directory) const {
    return directory.empty() || directory == "/" || directories_.count(directory) == 1;
  }
  [[nodiscard]] bool is_reachable(const std::string& directory) const {
    auto above = directory;
    while (!above.empty() && durable_directories_.count(above) == 1) above = directory_of(above);
    return above.empty();
  }
  static tl::unexpected<io_error> error(const char* operation, const std::string& path, int code) {
    return tl::unexpected(io_error{operation, path, code});
  }
  std::optional<io_error> change(const std::string& operation, const std::string& path) {
    std::lock_guard guard{mutex_};
    history.push_back(operation + " " + path);
    int code = fail ? fail(operation, path) : 0;
    if (code == 0) return std::nullopt;
    return io_error{operation, path, code};
  }

  class file final : public writable_file {
   public:
    file(memory_disk& d, std::string path, std::shared_ptr<inode> data)
        : disk_(d), path_(std::move(path)), data_(std::move(data)) {}
    io_result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
      if (auto bad = disk_.change("write", path_)) return tl::unexpected(*bad);
      std::lock_guard guard{disk_.mutex_};
      if (data_->content.size() < offset + bytes.size())
        data_->content.resize(offset + bytes.size());
      data_->content.replace(offset, bytes.size(), bytes);
      data_->last_write = {offset, std::string{bytes}};
      disk_.written_[path_] += bytes.size();
      return {};
    }
    io_result<void> resize(std::uint64_t size) override {
      if (auto bad = disk_.change("resize", path_)) return tl::unexpected(*bad);
      std::lock_guard guard{disk_.mutex_};
      data_->content.resize(size);
      return {};
    }
    io_result<void> sync() override {
      if (auto bad = disk_.change("sync", path_)) return tl::unexpected(*bad);
      std::lock_guard guard{disk_.mutex_};
      data_->durable = data_->content;
      data_->last_write = {};
      return {};
    }
    io_result<std::uint64_t> size() const override { return data_->content.size(); }
    io_result<void> close() override { return {}; }

   private:
    memory_disk& disk_;
    std::string path_;
    std::shared_ptr<inode> data_;
  };
  class view final : public readable_file {
   public:
    explicit view(std::shared_ptr<inode> data) : data_(std::move(data)) {}
    io_result<std::string> read_at(std::uint64_t offset, std::size_t bytes_max) const override {
      if (offset >= data_->content.size()) return std::string{};
      return data_->content.substr(offset, bytes_max);
    }
    io_result<std::uint64_t> size() const override { return data_->content.size(); }

   private:
    std::shared_ptr<inode> data_;
  };
  class lock final : public file_lock {
   public:
    lock(memory_disk& d, std::string path) : disk_(d), path_(std::move(path)) {}
    ~lock() override { disk_.locked_.erase(path_); }

   private:
    memory_disk& disk_;
    std::string path_;
  };

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<inode>> names_, durable_names_;
  std::set<std::string> directories_, durable_directories_, locked_;
  std::map<std::string, std::uint64_t> written_;
};

}  // namespace troupe::storage
