// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/sync_mark.hpp"

#include <zlib.h>

#include <charconv>
#include <utility>

#include "actors/storage/file_names.hpp"
#include "actors/storage/log_format.hpp"

namespace troupe::storage {
namespace {

constexpr const char* mark_name = "actor-node.synced";
constexpr std::size_t copy_bytes = 512;  // a sector: it is written as a whole
constexpr std::uint64_t second_copy_at = 4096;
constexpr std::string_view begins = "synced ";
constexpr std::string_view before_checksum = " crc=";

std::string checksum_text(std::string_view line) {
  return bare_hex(static_cast<std::int64_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(line.data()), line.size())));
}

struct numbered_mark {
  sync_mark mark;
  zxid committed;
  std::uint64_t seq = 0;
};

std::string text_of(const numbered_mark& x) {
  std::string line{begins};
  line += "file=" + bare_hex(x.mark.file.value);
  line += " inode=" + std::to_string(x.mark.which.inode);
  line += " born=" + std::to_string(x.mark.which.born_ns);
  line += " offset=" + std::to_string(x.mark.offset);
  line += " last=" + bare_hex(x.mark.last.value);
  line += " committed=" + bare_hex(x.committed.value);
  line += " seq=" + std::to_string(x.seq);
  line += std::string{before_checksum} + checksum_text(line) + "\n";
  return line;
}

template <class T>
bool read_field(std::string_view line, std::string_view name, int base, T& out) {
  const auto at = line.find(name);
  if (at == line.npos) return false;
  const auto* from = line.data() + at + name.size();
  return std::from_chars(from, line.data() + line.size(), out, base).ec == std::errc{};
}

std::optional<numbered_mark> parse(std::string_view copy) {
  auto line = copy.substr(0, copy.find('\n'));
  const auto end = line.rfind(before_checksum);
  if (!line.starts_with(begins) || end == line.npos) return std::nullopt;
  if (line.substr(end + before_checksum.size()) != checksum_text(line.substr(0, end)))
    return std::nullopt;
  line = line.substr(0, end);
  numbered_mark out;
  const bool whole = read_field(line, "file=", 16, out.mark.file.value) &&
                     read_field(line, "inode=", 10, out.mark.which.inode) &&
                     read_field(line, "born=", 10, out.mark.which.born_ns) &&
                     read_field(line, "offset=", 10, out.mark.offset) &&
                     read_field(line, "last=", 16, out.mark.last.value) &&
                     read_field(line, "seq=", 10, out.seq);
  // An earlier version wrote none: nothing is known to be committed then.
  (void)read_field(line, "committed=", 16, out.committed.value);
  return whole ? std::optional{out} : std::nullopt;
}

/// Why the mark says nothing of the file that has this name now; empty: it does.
io_result<std::string> why_void(disk& d, const std::string& log_directory, const sync_mark& mark) {
  const auto path = join_path(log_directory, log_name(mark.file));
  auto there = d.exists(path);
  if (!there) return tl::unexpected(std::move(there.error()));
  // One that was only begun may have lost its name; what is said of those before it holds.
  if (!*there && mark.offset == 0) return std::string{};
  if (!*there) return path + " is not there any more";
  auto which = d.identity(path);
  if (!which) return tl::unexpected(std::move(which.error()));
  if (*which != mark.which) return path + " is another file than the one that was written here";
  auto size = d.open_readable(path).and_then([](auto file) { return file->size(); });
  if (!size) return tl::unexpected(std::move(size.error()));
  if (*size < mark.offset)
    return path + " has " + std::to_string(*size) + " bytes, of " + std::to_string(mark.offset) +
           " that were synced: another program has cut it";
  return std::string{};
}

}  // namespace

std::string sync_mark_path(const std::string& log_directory) {
  return join_path(log_directory, mark_name);
}

damage_kind judge_damage(std::optional<std::uint64_t> synced_upto, std::uint64_t offset) {
  if (!synced_upto) return damage_kind::unknown;
  return offset < *synced_upto ? damage_kind::rot : damage_kind::torn;
}

std::optional<std::uint64_t> synced_extent::of(zxid file) const {
  if (!mark || mark->file != file) return std::nullopt;
  return mark->offset;
}

io_result<synced_extent> read_sync_mark(disk& d, const std::string& log_directory) {
  synced_extent out;
  const auto path = sync_mark_path(log_directory);
  auto file = d.open_readable(path);
  if (!file && file.error().is_missing()) return out;
  if (!file) return tl::unexpected(std::move(file.error()));
  out.is_there = true;
  std::optional<numbered_mark> newest;
  for (auto at : {std::uint64_t{0}, second_copy_at}) {
    auto copy = (*file)->read_at(at, copy_bytes);
    if (!copy) return tl::unexpected(std::move(copy.error()));
    auto read = parse(*copy);
    if (read && (!newest || read->seq > newest->seq)) newest = read;
  }
  if (!newest) {
    out.unreadable = path +
                     " says up to where the log was synced, and neither of its copies holds. If "
                     "the disk is to be trusted all the same, remove it";
    return out;
  }
  out.seq = newest->seq;
  out.committed = newest->committed;
  if (!newest->mark.which.is_known()) return out;  // it was taken back
  auto reason = why_void(d, log_directory, newest->mark);
  if (!reason) return tl::unexpected(std::move(reason.error()));
  if (reason->empty())
    out.mark = newest->mark;
  else
    out.void_because = std::move(*reason), out.committed = {};
  return out;
}

sync_marker::sync_marker(disk& d, std::string log_directory, const synced_extent& found)
    : disk_(&d),
      directory_(std::move(log_directory)),
      now_(found.mark),
      committed_(found.committed),
      noted_committed_(found.committed),
      seq_(found.seq),
      is_void_(!found.is_there) {}

io_result<void> sync_marker::set(sync_mark to) {
  if (!to.which.is_known()) return forget();
  // It stays where it was when a file is begun behind nothing that it could name.
  const auto committed = std::max(std::min(committed_, to.last), noted_committed_);
  if (is_there_ && now_ && now_->file == to.file && now_->which == to.which &&
      now_->offset == to.offset && noted_committed_ == committed)
    return {};
  if (auto written = write(to, committed); !written) return written;
  now_ = to;
  is_void_ = false;
  return {};
}

io_result<void> sync_marker::forget() {
  if (is_void_) return {};
  if (auto written = write({}, noted_committed_); !written) return written;
  now_.reset();
  is_void_ = true;
  return {};
}

io_result<void> sync_marker::note_committed(zxid last) {
  const auto committed = std::min(committed_, last);
  if (committed <= noted_committed_) return {};
  return write(now_.value_or(sync_mark{}), committed);
}

io_result<void> sync_marker::write(const sync_mark& what, zxid committed) {
  auto copy = text_of({what, committed, seq_ + 1});
  copy.resize(copy_bytes, '\0');
  if (!is_there_) {
    auto whole = copy;
    whole.resize(second_copy_at, '\0');
    auto made = replace_file(*disk_, directory_, mark_name, whole + copy);
    if (!made) return made;
    is_there_ = true;
    noted_committed_ = committed;
    ++seq_;
    return {};
  }
  if (!file_) {
    auto opened = disk_->open_writable(sync_mark_path(directory_), open_mode::existing);
    if (!opened) return tl::unexpected(std::move(opened.error()));
    file_ = std::move(*opened);
  }
  auto done = file_->write_at(0, copy)
                  .and_then([&] { return file_->write_at(second_copy_at, copy); })
                  .and_then([&] { return file_->sync(); });
  if (!done) {
    file_.reset();
    is_there_ = false;  // the next one goes into a new file
    return done;
  }
  noted_committed_ = committed;
  ++seq_;
  return {};
}

}  // namespace troupe::storage
