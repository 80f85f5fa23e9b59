// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cassert>
#include <utility>

#include "actors/storage/file_names.hpp"
#include "actors/storage/gzip.hpp"
#include "actors/storage/snappy_stream.hpp"
#include "actors/storage/snapshot_files.hpp"

namespace troupe::storage {
namespace {
// Not beginning with "snapshot", so that no ZooKeeper takes an unfinished one for a snapshot.
constexpr std::string_view unfinished_prefix = "actor-node.snapshot-";
constexpr std::string_view unfinished_suffix = ".tmp";
// What is written and not yet on the disk stands in the way of the log's own sync: the file system
// writes it first. So it is never more than this.
constexpr std::uint64_t unsynced_bytes_max = 4 << 20;
}  // namespace

struct snapshot_writer::state {
  disk* door = nullptr;
  std::string directory;
  snapshot_file target;
  std::string unfinished_path;
  std::unique_ptr<writable_file> file;
  std::uint64_t position = 0;
  std::uint64_t synced = 0;
  std::optional<gzip> deflate;  // at most one of these two
  std::optional<snappy_stream> shrink;
  std::optional<io_error> failure;
  bool is_sealed = false;

  io_result<void> write(std::string_view bytes) {
    if (failure) return tl::unexpected(*failure);
    auto written = file->write_at(position, bytes);
    if (written) {
      position += bytes.size();
      if (position - synced >= unsynced_bytes_max) {
        written = file->sync();
        synced = position;
      }
    }
    if (!written) failure = written.error();
    return written;
  }
  void remove_unfinished() {
    file.reset();
    // Should this fail, the next start removes it.
    if (auto removed = door->remove(unfinished_path); !removed) return;
  }
};

snapshot_writer::snapshot_writer(std::unique_ptr<state> s) : state_(std::move(s)) {}
snapshot_writer::snapshot_writer(snapshot_writer&&) noexcept = default;
snapshot_writer& snapshot_writer::operator=(snapshot_writer&& other) noexcept {
  if (this == &other) return *this;
  abandon();
  state_ = std::move(other.state_);
  return *this;
}
snapshot_writer::~snapshot_writer() { abandon(); }

io_result<snapshot_writer> snapshot_writer::begin(disk& d, const std::string& directory, zxid id,
                                                  compression how) {
  auto s = std::make_unique<state>();
  s->door = &d;
  s->directory = directory;
  s->target = {id, join_path(directory, snapshot_name(id, how)), how, 0};
  if (how == compression::gzip) s->deflate.emplace();
  if (how == compression::snappy) s->shrink.emplace();
  // Of two that write the same one, the older may end at any time, and takes its own file along.
  static std::atomic<std::uint64_t> writers_begun = 0;
  std::string name{unfinished_prefix};
  name += bare_hex(id.value) + "-" + std::to_string(++writers_begun);
  name += unfinished_suffix;
  s->unfinished_path = join_path(directory, name);
  auto file = d.open_writable(s->unfinished_path, open_mode::create_or_truncate);
  if (!file) return tl::unexpected(std::move(file.error()));
  s->file = std::move(*file);
  return snapshot_writer{std::move(s)};
}

io_result<void> snapshot_writer::append(std::string_view chunk) {
  auto& s = *state_;
  if (s.deflate) return s.write(s.deflate->feed(chunk));
  if (s.shrink) return s.write(s.shrink->feed(chunk));
  return s.write(chunk);
}

io_result<void> snapshot_writer::seal() {
  auto& s = *state_;
  io_result<void> done;
  if (s.deflate) done = s.write(s.deflate->finish());
  if (s.shrink) done = s.write(s.shrink->finish());
  if (s.failure) return tl::unexpected(*s.failure);
  done = std::move(done).and_then([&] { return s.file->sync(); }).and_then([&] {
    return s.file->close();
  });
  if (!done) s.failure = done.error();
  s.is_sealed = done.has_value();
  return done;
}

io_result<snapshot_file> snapshot_writer::publish() {
  auto s = std::move(state_);
  assert(s->is_sealed || s->failure);
  io_result<void> done;
  if (s->failure) done = tl::unexpected(*s->failure);
  done = std::move(done)
             .and_then([&] { return s->door->rename(s->unfinished_path, s->target.path); })
             .and_then([&] { return s->door->sync_directory(s->directory); });
  if (!done) {
    s->remove_unfinished();
    return tl::unexpected(std::move(done.error()));
  }
  s->target.size = s->position;
  return std::move(s->target);
}

io_result<snapshot_file> snapshot_writer::finish() {
  if (auto sealed = seal(); !sealed) {
    abandon();
    return tl::unexpected(std::move(sealed.error()));
  }
  return publish();
}

void snapshot_writer::abandon() {
  if (auto s = std::move(state_)) s->remove_unfinished();
}

io_result<std::int64_t> snapshot_writer::mark() const {
  return end_mark(*state_->door, state_->unfinished_path);
}

std::uint64_t snapshot_writer::bytes_written() const { return state_ ? state_->position : 0; }

io_result<void> remove_unfinished_snapshots(disk& d, const std::string& directory) {
  auto entries = d.list_directory(directory);
  if (!entries) return tl::unexpected(std::move(entries.error()));
  for (const auto& entry : *entries) {
    std::string_view name{entry.name};
    bool ours = name.size() > unfinished_prefix.size() + unfinished_suffix.size() &&
                name.substr(0, unfinished_prefix.size()) == unfinished_prefix &&
                name.substr(name.size() - unfinished_suffix.size()) == unfinished_suffix;
    if (!ours || entry.is_directory) continue;
    if (auto removed = d.remove(join_path(directory, name)); !removed) return removed;
  }
  return {};
}

}  // namespace troupe::storage
