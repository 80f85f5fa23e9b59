// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/disk.hpp"
#include "tests/sim/disk.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace troupe::sim {

using storage::io_error;
using storage::io_result;

namespace {

tl::unexpected<io_error> failure(const char* operation, const std::string& path, int code) {
  return tl::make_unexpected(io_error{operation, path, code});
}

std::string directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

// -- platters -------------------------------------------------------------------------------------

void platters::crash_within(std::uint64_t calls, std::string part, std::function<void()> crash) {
  calls_until_crash_ = calls;
  crash_part_ = std::move(part);
  crash_ = std::move(crash);
}

void platters::count_call(const std::string& path) {
  if (!crash_ || path.find(crash_part_) == std::string::npos) return;
  if (calls_until_crash_-- > 0) return;
  auto crash = std::exchange(crash_, nullptr);
  crash();
}

void platters::apply(std::string& content, const change& c) {
  if (c.resize >= 0) {
    content.resize(static_cast<std::size_t>(c.resize));
    return;
  }
  if (content.size() < c.offset + c.bytes.size()) content.resize(c.offset + c.bytes.size());
  std::copy(c.bytes.begin(), c.bytes.end(),
            content.begin() + static_cast<std::ptrdiff_t>(c.offset));
}

void platters::apply(std::map<std::string, inode_ptr>& names, const name_change& c) {
  if (!c.from.empty()) names.erase(c.from);
  if (!c.to.empty()) names[c.to] = c.file;
}

void platters::let_go() {
  stop_noting();
  crash_ = nullptr;
  locks_.clear();
}

void platters::lose_power() {
  let_go();
  std::erase_if(directories_, [this](const auto& x) {
    return !x.second.is_named && !(x.first == "/") && chance_.chance(50);
  });
  std::erase_if(directories_, [this](const auto& x) { return !is_reachable(x.first); });
  for (auto& [path, dir] : directories_) {
    // A file with no durable name is out of reach; its content does not matter.
    const bool each_by_itself = chance_.chance(50);
    const auto kept = chance_.below(dir.unsynced.size() + 1);
    for (std::size_t i = 0; i < dir.unsynced.size(); ++i)
      if (each_by_itself ? chance_.chance(50) : i < kept) apply(dir.durable, dir.unsynced[i]);
    dir.unsynced.clear();
    dir.is_named = true;
    dir.names = dir.durable;
    if (faults.forgets_epochs)
      for (auto* name : {"acceptedEpoch", "currentEpoch"}) {
        dir.names.erase(name);
        dir.durable.erase(name);
      }
    for (auto& [name, file] : dir.names) {
      // So many are waiting only where syncs are lies.
      const bool is_short = file->unsynced.size() <= 32;
      if (!file->unsynced.empty())
        file->durable =
            is_short && chance_.chance(60) ? left_in_any_order(*file) : left_in_order(*file);
      file->unsynced.clear();
      file->content = file->durable;
    }
  }
}

/// A prefix of the unsynced writes, the last one torn at any byte.
std::string platters::left_in_order(const inode& file) {
  auto left = file.durable;
  const auto& writes = file.unsynced;
  const auto whole = chance_.below(writes.size() + 1);
  for (std::size_t i = 0; i < whole; ++i)
    if (!writes[i].lost) apply(left, writes[i]);
  if (whole == writes.size() || writes[whole].lost || writes[whole].resize >= 0) return left;
  auto torn = writes[whole];
  torn.bytes.resize(chance_.below(torn.bytes.size() + 1));
  if (!torn.bytes.empty()) apply(left, torn);
  return left;
}

/// Each sector as it was after some of the writes, whatever the others are; and the length alike.
std::string platters::left_in_any_order(const inode& file) {
  std::vector<std::string> states{file.durable};
  for (const auto& write : file.unsynced) {
    if (write.lost) continue;
    states.push_back(states.back());
    apply(states.back(), write);
  }
  std::string left(states[chance_.below(states.size())].size(), '\0');
  const std::size_t sector = chance_.chance(50) ? 512 : 4096;
  const auto torn = chance_.below(2 * (left.size() / sector + 1));  // or none
  for (std::size_t at = 0; at < left.size(); at += sector) {
    const auto put = [&](std::size_t bytes, const std::string& from) {
      if (at < from.size()) left.replace(at, std::min(bytes, from.size() - at), from, at, bytes);
    };
    const auto room = std::min(sector, left.size() - at);
    put(room, states[chance_.below(states.size())]);
    if (at / sector == torn) put(chance_.below(room + 1), states[chance_.below(states.size())]);
  }
  return left;
}

/// All that was written and not lost is durable now.
void platters::sync(inode& file) const {
  const auto now = clock ? clock() : duration{0};
  std::uint64_t end = file.synced_at.empty() ? 0 : file.synced_at.back().second;
  for (const auto& c : file.unsynced) {
    if (c.lost) continue;
    apply(file.durable, c);
    if (c.resize >= 0)
      end = std::min(end, static_cast<std::uint64_t>(c.resize));
    else
      end = std::max(end, c.offset + c.bytes.size());
  }
  file.unsynced.clear();
  auto& when = file.synced_at;
  while (!when.empty() && when.back().second >= end) when.pop_back();
  when.emplace_back(now, end);
  if (when.size() > 1'000) when.pop_front();
}

std::vector<std::pair<std::string, platters::inode_ptr>> platters::files_with(
    const std::string& part) const {
  std::vector<std::pair<std::string, inode_ptr>> out;
  for (const auto& [path, dir] : directories_)
    for (const auto& [name, file] : dir.names)
      if (storage::join_path(path, name).find(part) != std::string::npos)
        out.emplace_back(name, file);
  return out;
}

std::uint64_t platters::used_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [path, dir] : directories_)
    for (const auto& [name, file] : dir.names) sum += file->content.size();
  return sum;
}

bool platters::is_reachable(const std::string& directory) const {
  auto at = directory;
  while (at != "/" && directories_.count(at) != 0) at = directory_of(at);
  return directories_.count(at) != 0;
}

platters::directory* platters::find(const std::string& path) {
  auto at = directories_.find(without_trailing_slash(path));
  return at == directories_.end() ? nullptr : &at->second;
}

// -- files ----------------------------------------------------------------------------------------

class sim_writable : public storage::writable_file {
 public:
  sim_writable(std::shared_ptr<platters> on, std::shared_ptr<bool> alive, platters::inode_ptr file,
               std::string path)
      : on_(std::move(on)),
        alive_(std::move(alive)),
        file_(std::move(file)),
        path_(std::move(path)) {}

  io_result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    if (!begin()) return failure("write", path_, EIO);
    auto& faults = on_->faults;
    if (offset + bytes.size() > file_->content.size() && faults.capacity_bytes != UINT64_MAX &&
        on_->used_bytes() + offset + bytes.size() - file_->content.size() > faults.capacity_bytes)
      return on_->refuse("write", path_, ENOSPC);
    if (on_->chance_.chance(faults.write_percent)) {
      change({offset, std::string(bytes.substr(0, on_->chance_.below(bytes.size() + 1)))});
      return on_->refuse("write", path_, EIO);
    }
    change({offset, std::string(bytes)});
    return {};
  }

  io_result<void> resize(std::uint64_t size) override {
    if (!begin()) return failure("resize", path_, EIO);
    if (size > file_->content.size() && on_->faults.capacity_bytes != UINT64_MAX &&
        on_->used_bytes() + size - file_->content.size() > on_->faults.capacity_bytes)
      return on_->refuse("resize", path_, ENOSPC);
    change({0, {}, static_cast<std::int64_t>(size)});
    return {};
  }

  io_result<void> sync() override {
    if (!begin()) return failure("fdatasync", path_, EIO);
    ++on_->syncs_;
    if (on_->faults.lies_about_log_sync && name_of(path_).starts_with("log.")) return {};
    if (on_->chance_.chance(on_->faults.sync_percent)) {
      for (auto& c : file_->unsynced) c.lost = true;
      return on_->refuse("fdatasync", path_, EIO);
    }
    on_->sync(*file_);
    if (name_of(path_).starts_with("actor-node.synced")) on_->stopped_.reset();
    return {};
  }

  io_result<std::uint64_t> size() const override { return file_->content.size(); }
  io_result<void> close() override { return {}; }

 private:
  bool begin() {
    if (*alive_) on_->count_call(path_);
    return *alive_;
  }
  void change(platters::change c) {
    platters::apply(file_->content, c);
    file_->unsynced.push_back(std::move(c));
  }

  std::shared_ptr<platters> on_;
  std::shared_ptr<bool> alive_;
  platters::inode_ptr file_;
  std::string path_;
};

class sim_readable : public storage::readable_file {
 public:
  explicit sim_readable(platters::inode_ptr file) : file_(std::move(file)) {}

  io_result<std::string> read_at(std::uint64_t offset, std::size_t bytes_max) const override {
    if (offset >= file_->content.size()) return std::string{};
    return file_->content.substr(offset, bytes_max);
  }
  io_result<std::uint64_t> size() const override { return file_->content.size(); }
  io_result<std::uint64_t> next_data(std::uint64_t offset) const override {
    auto at = file_->content.find_first_not_of('\0', offset);
    return at == std::string::npos ? file_->content.size() : at;
  }

 private:
  platters::inode_ptr file_;
};

namespace {

class sim_lock : public storage::file_lock {
 public:
  explicit sim_lock(std::function<void()> release) : release_(std::move(release)) {}
  ~sim_lock() override { release_(); }

 private:
  std::function<void()> release_;
};

}  // namespace

tl::unexpected<io_error> platters::refuse(const char* operation, const std::string& path,
                                          int code) {
  ++refusals_;
  return failure(operation, path, code);
}

// -- the disk -------------------------------------------------------------------------------------

io_result<void> sim_disk::check_alive(const char* operation, const std::string& path) const {
  if (!*alive_) return failure(operation, path, EIO);
  return {};
}

io_result<void> sim_disk::begin_change(const char* operation, const std::string& path) {
  if (*alive_) on_->count_call(path);
  return check_alive(operation, path);
}

io_result<std::unique_ptr<storage::writable_file>> sim_disk::open_writable(
    const std::string& path, storage::open_mode mode) {
  if (auto ok = begin_change("open", path); !ok) return tl::make_unexpected(ok.error());
  auto* dir = on_->find(directory_of(path));
  if (dir == nullptr) return failure("open", path, ENOENT);
  auto name = name_of(path);
  auto at = dir->names.find(name);
  if (at == dir->names.end()) {
    if (mode == storage::open_mode::existing) return failure("open", path, ENOENT);
    auto file = std::make_shared<platters::inode>();
    file->number = ++on_->inodes_;
    at = dir->names.emplace(name, file).first;
    dir->unsynced.push_back({"", name, file});
  } else if (mode == storage::open_mode::create_new) {
    return failure("open", path, EEXIST);
  }
  auto opened = std::make_unique<sim_writable>(on_, alive_, at->second, path);
  if (mode == storage::open_mode::create_or_truncate && !at->second->content.empty()) {
    platters::change cut{0, {}, 0};
    platters::apply(at->second->content, cut);
    at->second->unsynced.push_back(cut);
  }
  return opened;
}

io_result<std::unique_ptr<storage::readable_file>> sim_disk::open_readable(
    const std::string& path) {
  if (auto ok = check_alive("open", path); !ok) return tl::make_unexpected(ok.error());
  auto* dir = on_->find(directory_of(path));
  if (dir == nullptr) return failure("open", path, ENOENT);
  auto at = dir->names.find(name_of(path));
  if (at == dir->names.end()) return failure("open", path, ENOENT);
  return std::make_unique<sim_readable>(at->second);
}

io_result<std::vector<storage::directory_entry>> sim_disk::list_directory(const std::string& path) {
  if (auto ok = check_alive("list", path); !ok) return tl::make_unexpected(ok.error());
  auto* dir = on_->find(path);
  if (dir == nullptr) return failure("list", path, ENOENT);
  std::vector<storage::directory_entry> out;
  for (const auto& [name, file] : dir->names) out.push_back({name, false, file->content.size()});
  auto prefix = without_trailing_slash(path);
  if (prefix != "/") prefix += '/';
  for (const auto& [other, unused] : on_->directories_)
    if (other.size() > prefix.size() && other.compare(0, prefix.size(), prefix) == 0 &&
        other.find('/', prefix.size()) == std::string::npos)
      out.push_back({other.substr(prefix.size()), true, 0});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

io_result<void> sim_disk::rename(const std::string& from, const std::string& to) {
  if (auto ok = begin_change("rename", from); !ok) return ok;
  auto* source = on_->find(directory_of(from));
  auto* target = on_->find(directory_of(to));
  if (source == nullptr || target == nullptr) return failure("rename", from, ENOENT);
  auto at = source->names.find(name_of(from));
  if (at == source->names.end()) return failure("rename", from, ENOENT);
  platters::name_change change{name_of(from), name_of(to), at->second};
  if (source != target) {
    // Both directories change in one step; here the new name is durable before the old one goes.
    platters::name_change arrival{"", change.to, change.file};
    platters::apply(target->names, arrival);
    platters::apply(target->durable, arrival);
    change.to.clear();
  }
  platters::apply(source->names, change);
  source->unsynced.push_back(std::move(change));
  return {};
}

io_result<void> sim_disk::remove(const std::string& path) {
  if (auto ok = begin_change("remove", path); !ok) return ok;
  auto* dir = on_->find(directory_of(path));
  if (dir == nullptr || dir->names.count(name_of(path)) == 0)
    return failure("remove", path, ENOENT);
  platters::name_change gone{name_of(path), "", nullptr};
  platters::apply(dir->names, gone);
  dir->unsynced.push_back(std::move(gone));
  return {};
}

io_result<bool> sim_disk::exists(const std::string& path) {
  if (auto ok = check_alive("stat", path); !ok) return tl::make_unexpected(ok.error());
  if (on_->find(path) != nullptr) return true;
  auto* dir = on_->find(directory_of(path));
  return dir != nullptr && dir->names.count(name_of(path)) != 0;
}

io_result<storage::file_identity> sim_disk::identity(const std::string& path) {
  if (auto ok = check_alive("stat", path); !ok) return tl::make_unexpected(ok.error());
  auto* dir = on_->find(directory_of(path));
  if (dir == nullptr || dir->names.count(name_of(path)) == 0) return failure("stat", path, ENOENT);
  return storage::file_identity{dir->names.at(name_of(path))->number, 1};
}

io_result<void> sim_disk::make_directory(const std::string& path) {
  if (on_->find(path) != nullptr) return check_alive("mkdir", path);
  if (auto ok = begin_change("mkdir", path); !ok) return ok;
  if (on_->find(directory_of(path)) == nullptr) return failure("mkdir", path, ENOENT);
  on_->directories_.try_emplace(without_trailing_slash(path));
  return {};
}

io_result<void> sim_disk::sync_directory(const std::string& path) {
  if (auto ok = begin_change("sync", path); !ok) return ok;
  auto* dir = on_->find(path);
  if (dir == nullptr) return failure("sync", path, ENOENT);
  if (on_->chance_.chance(on_->faults.sync_percent)) return on_->refuse("sync", path, EIO);
  for (const auto& c : dir->unsynced) platters::apply(dir->durable, c);
  dir->unsynced.clear();
  for (auto& [child, made] : on_->directories_)
    if (child != "/" && directory_of(child) == without_trailing_slash(path)) made.is_named = true;
  return {};
}

io_result<std::unique_ptr<storage::file_lock>> sim_disk::lock_file(const std::string& path) {
  if (auto ok = begin_change("lock", path); !ok) return tl::make_unexpected(ok.error());
  if (!on_->locks_.insert(path).second) return failure("lock", path, EWOULDBLOCK);
  return std::make_unique<sim_lock>([on = on_, alive = alive_, path] {
    if (*alive) on->locks_.erase(path);
  });
}

}  // namespace troupe::sim
