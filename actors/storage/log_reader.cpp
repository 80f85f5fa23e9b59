// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/log_reader.hpp"

#include <algorithm>
#include <utility>

#include "actors/core/mutants.hpp"
#include "messages/client/jute.hpp"

namespace troupe::storage {
namespace {

constexpr const char* reading = "read the log";
constexpr std::size_t block_bytes = std::size_t{256} << 10;

struct entry_head {
  std::int64_t checksum = 0;
  std::int32_t length = 0;
};
entry_head parse_head(std::string_view bytes) {
  jute::reader r{bytes};
  entry_head head;
  r(head.checksum, head.length);
  return head;
}

bool all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

std::int64_t offset_of(std::uint64_t at) { return static_cast<std::int64_t>(at); }

/// The type in a payload's txn header, for a message about a txn that is not understood.
std::int32_t type_of(std::string_view payload) {
  jute::reader r{payload.substr(payload_bytes_min - 4)};
  return r.i32();
}

zxid zxid_of(std::string_view payload) {
  jute::reader r{payload.substr(12)};  // after the session id and the cxid
  return {r.i64()};
}

}  // namespace

// -- one file -----------------------------------------------------------------------------------

log_file_reader::log_file_reader(std::unique_ptr<readable_file> file, std::string path,
                                 std::uint64_t size, std::optional<std::uint64_t> synced_upto)
    : file_(std::move(file)), path_(std::move(path)), size_(size), synced_upto_(synced_upto) {}

io_result<log_file_reader> log_file_reader::open(disk& d, const std::string& path,
                                                 std::optional<std::uint64_t> synced_upto) {
  auto file = d.open_readable(path);
  if (!file) return tl::unexpected(std::move(file.error()));
  auto size = (*file)->size();
  if (!size) return tl::unexpected(std::move(size.error()));
  return log_file_reader{std::move(*file), path, *size, synced_upto};
}

/// Up to `bytes` bytes from `offset`; valid until the next call.
io_result<std::string_view> log_file_reader::window(std::uint64_t offset, std::size_t bytes) {
  auto held = [&] { return offset >= buffer_at_ && offset + bytes <= buffer_at_ + buffer_.size(); };
  if (!held()) {
    auto block = file_->read_at(offset, std::max(bytes, block_bytes));
    if (!block) return tl::unexpected(std::move(block.error()));
    buffer_ = std::move(*block);
    buffer_at_ = offset;
  }
  return std::string_view{buffer_}.substr(static_cast<std::size_t>(offset - buffer_at_), bytes);
}

/// False when the file is too young to have a header: empty, cut short in it, zeros, or torn.
io_result<bool> log_file_reader::read_header() {
  auto head = window(0, log_header_bytes);
  if (!head) return tl::unexpected(std::move(head.error()));
  constexpr std::string_view magic = "ZKLG";
  auto written = head->find_last_not_of('\0') + 1;  // 0 when there is nothing but zeros
  bool is_torn = written < magic.size() && head->substr(0, written) == magic.substr(0, written);
  // A header that was not synced may be torn anywhere, like what stands behind it.
  is_torn = is_torn || (judge_damage(synced_upto_, 0) == damage_kind::torn &&
                        head->substr(0, magic.size()) != magic);
  if (head->size() < log_header_bytes || is_torn) return false;
  if (head->substr(0, magic.size()) != magic)
    return corrupt(reading, path_, 0,
                   "this is no transaction log: it begins with " +
                       to_hex(jute::reader{*head}.i32() & 0xffffffffLL) + ", not with \"ZKLG\"");
  jute::reader after{head->substr(log_header_bytes - 8)};
  begun_after_ = zxid{after.i64()};
  return true;
}

/// What an entry is that does not hold where the next one should be.
damage_kind log_file_reader::damage_here() const {
  const auto is = judge_damage(synced_upto_, position_);
  if (is == damage_kind::torn && mutated(mutant::torn_batch_taken_for_rot))
    return damage_kind::unknown;
  if (is == damage_kind::rot && mutated(mutant::rot_taken_for_a_torn_batch))
    return damage_kind::torn;
  return is;
}

/// The entry that begins at `offset`, when all of it is there and right; else `problem` says what
/// is there instead.
io_result<std::optional<log_entry>> log_file_reader::entry_at(std::uint64_t offset,
                                                              log_tail& problem) {
  auto found = [&problem](log_tail::kind kind, std::string why) {
    problem.is = kind;
    problem.why = std::move(why);
    return std::nullopt;
  };
  auto left = offset < size_ ? size_ - offset : 0;
  auto bytes = window(offset, entry_head_bytes);
  if (!bytes) return tl::unexpected(std::move(bytes.error()));
  if (all_zero(*bytes)) return found(log_tail::kind::clean, {});
  if (bytes->size() < entry_head_bytes)
    return found(log_tail::kind::cut, "the file ends in an entry's checksum and length");
  auto head = parse_head(*bytes);
  if (head.length == 0) return found(log_tail::kind::cut, "an entry's length is not there");
  if (head.length < static_cast<std::int32_t>(payload_bytes_min) ||
      head.length > static_cast<std::int32_t>(txn_bytes_max))
    return found(log_tail::kind::damaged, "an entry's length is " + std::to_string(head.length) +
                                              "; " + std::to_string(payload_bytes_min) + " to " +
                                              std::to_string(txn_bytes_max) + " are possible");
  auto whole = static_cast<std::size_t>(head.length) + entry_overhead_bytes;
  if (whole > left)
    return found(log_tail::kind::cut, "an entry of " + std::to_string(whole) +
                                          " bytes begins, and the file has " +
                                          std::to_string(left));
  constexpr const char* endless = "an entry does not end with its 'B'";
  if (whole >
      block_bytes) {  // a length that is none may span the whole file: look at its end first
    auto mark = file_->read_at(offset + whole - 1, 1);
    if (!mark) return tl::unexpected(std::move(mark.error()));
    if (*mark != "B") return found(log_tail::kind::cut, endless);
  }
  bytes = window(offset, whole);
  if (!bytes) return tl::unexpected(std::move(bytes.error()));
  if (bytes->size() < whole) return found(log_tail::kind::cut, "the file was cut meanwhile");
  if ((*bytes)[whole - 1] != 'B') return found(log_tail::kind::cut, endless);
  auto payload = bytes->substr(entry_head_bytes, whole - entry_overhead_bytes);
  if (head.checksum != std::int64_t{checksum_of(payload)})
    return found(log_tail::kind::damaged, "an entry's checksum is " + to_hex(head.checksum) +
                                              ", its bytes have " + to_hex(checksum_of(payload)));
  return log_entry{zxid_of(payload), offset, offset + whole, std::string{payload}};
}

/// Where the first good entry at or after `offset` begins. Zeros are skipped, not searched.
io_result<std::optional<std::uint64_t>> log_file_reader::find_entry_after(std::uint64_t offset) {
  log_tail ignored;
  for (auto at = offset; at + entry_overhead_bytes + payload_bytes_min <= size_; ++at) {
    auto bytes = window(at, entry_head_bytes);
    if (!bytes) return tl::unexpected(std::move(bytes.error()));
    if (all_zero(*bytes)) {
      auto data = first_nonzero(at);
      if (!data) return tl::unexpected(std::move(data.error()));
      if (*data >= size_) return std::nullopt;
      at = *data - entry_head_bytes;  // and one more by the loop: the head's last byte is not zero
      continue;
    }
    // A checksum has 32 bits in its 64: most places are ruled out by these four bytes.
    if (!all_zero(bytes->substr(0, 4))) continue;
    auto entry = entry_at(at, ignored);
    if (!entry) return tl::unexpected(std::move(entry.error()));
    if (*entry) return at;
  }
  return std::nullopt;
}

/// The first byte at or after `offset` that is not zero; the file's size when there is none.
io_result<std::uint64_t> log_file_reader::first_nonzero(std::uint64_t offset) {
  for (auto at = offset; at < size_;) {
    auto data = file_->next_data(at);
    if (!data) return data;
    at = *data;
    auto bytes = window(at, block_bytes);
    if (!bytes) return tl::unexpected(std::move(bytes.error()));
    if (bytes->empty()) break;
    auto found = bytes->find_first_not_of('\0');
    if (found != std::string_view::npos) return at + found;
    at += bytes->size();
  }
  return size_;
}

/// One past the last byte that is not zero; `offset` when there is none behind it.
io_result<std::uint64_t> log_file_reader::end_of_data(std::uint64_t offset) {
  auto end = offset;
  for (auto at = offset; at < size_;) {
    auto data = first_nonzero(at);
    if (!data || *data >= size_) return data ? io_result<std::uint64_t>{end} : data;
    auto bytes = window(*data, block_bytes);
    if (!bytes) return tl::unexpected(std::move(bytes.error()));
    if (bytes->empty()) break;
    end = *data + bytes->find_last_not_of('\0') + 1;
    at = *data + bytes->size();
  }
  return end;
}

/// Ends the file at `position_`, where `problem` stands, if that may be its end.
io_result<std::optional<log_entry>> log_file_reader::end_at(log_tail problem) {
  const auto is = damage_here();
  if (is == damage_kind::rot)
    return corrupt(
        reading, path_, offset_of(position_),
        (problem.why.empty() ? std::string{"zeros stand where an entry should"} : problem.why) +
            ", and the file was synced up to offset " + std::to_string(*synced_upto_) +
            ": this is damage, not an unfinished write");
  auto later = find_entry_after(problem.is == log_tail::kind::clean ? position_ : position_ + 1);
  if (!later) return tl::unexpected(std::move(later.error()));
  if (is == damage_kind::torn && problem.is == log_tail::kind::damaged)
    problem.is = log_tail::kind::cut;
  if (*later && is == damage_kind::torn) {
    problem = {
        log_tail::kind::cut, 0,
        (problem.why.empty() ? std::string{"zeros stand where an entry should"} : problem.why) +
            "; a whole entry of the same batch stands behind it at offset " +
            std::to_string(**later)};
  } else if (*later && !mutated(mutant::rot_taken_for_the_end)) {
    auto what =
        problem.why.empty() ? std::string{"zeros stand where an entry should"} : problem.why;
    return corrupt(reading, path_, offset_of(position_),
                   what + ", and a good entry follows at offset " + std::to_string(**later) +
                       ": this is damage, not an unfinished write");
  }
  if (problem.is == log_tail::kind::clean) {
    auto data = first_nonzero(position_);
    if (!data) return tl::unexpected(std::move(data.error()));
    if (*data < size_)
      problem = {log_tail::kind::cut, 0,
                 "bytes that are no entry stand at offset " + std::to_string(*data)};
  }
  if (problem.is != log_tail::kind::clean) {
    auto end = end_of_data(position_);
    if (!end) return tl::unexpected(std::move(end.error()));
    problem.bytes = *end - position_;
  }
  problem.end = position_;
  tail_ = std::move(problem);
  ended_ = true;
  return std::nullopt;
}

io_result<std::optional<log_entry>> log_file_reader::next() {
  if (ended_) return std::nullopt;
  if (position_ == 0) {
    auto has_header = read_header();
    if (!has_header) return tl::unexpected(std::move(has_header.error()));
    if (!*has_header) return end_at({log_tail::kind::cut, 0, "the file's header is not there"});
    position_ = log_header_bytes;
  }
  log_tail problem;
  auto entry = entry_at(position_, problem);
  if (!entry) return entry;
  if (!*entry) return end_at(std::move(problem));
  // The order of files is that of their names: this one would stand behind its own continuation.
  const auto named = parse_log_name(std::string_view{path_}.substr(path_.rfind('/') + 1));
  if (position_ == log_header_bytes && named && (*entry)->id < *named)
    return corrupt(reading, path_, offset_of(position_),
                   "the file's name says that it begins at " + to_string(*named) +
                       ", but it does at " + to_string((*entry)->id));
  position_ = (*entry)->end;
  return entry;
}

// -- a directory's files ------------------------------------------------------------------------

io_result<std::vector<log_file>> drop_empty_tail(disk& d, std::vector<log_file>& files,
                                                 const synced_extent& synced) {
  std::vector<log_file> dropped;
  for (; !files.empty(); files.pop_back()) {
    auto reader = log_file_reader::open(d, files.back().path, synced.of(files.back().first));
    if (!reader) return tl::unexpected(std::move(reader.error()));
    auto first = reader->next();
    if (!first) return tl::unexpected(std::move(first.error()));
    if (*first) break;
    dropped.push_back(files.back());
  }
  return dropped;
}

log_reader::log_reader(disk& d, std::vector<log_file> files, synced_extent synced, zxid previous,
                       log_start start)
    : disk_(&d),
      files_(std::move(files)),
      synced_(std::move(synced)),
      previous_(previous),
      start_(start) {}

io_result<log_reader> log_reader::open(disk& d, const std::string& directory, zxid from,
                                       log_start start) {
  auto files = list_logs(d, directory);
  if (!files) return tl::unexpected(std::move(files.error()));
  auto synced = read_sync_mark(d, directory);
  if (!synced) return tl::unexpected(std::move(synced.error()));
  auto dropped = drop_empty_tail(d, *files, *synced);
  if (!dropped) return tl::unexpected(std::move(dropped.error()));
  // The newest file that begins at or before `from` holds it, if any does.
  auto after = std::find_if(files->begin(), files->end(),
                            [from](const log_file& f) { return f.first > from; });
  if (after != files->begin()) files->erase(files->begin(), after - 1);
  return log_reader{d, std::move(*files), std::move(*synced), zxid{from.value - 1}, start};
}

/// Goes on to the next file, if this one may end where it ends.
io_result<void> log_reader::finish_file() {
  const auto& tail = current_->tail();
  bool is_last = at_ + 1 == files_.size();
  auto where = offset_of(tail.end);
  if (!is_last && !current_has_entries_)
    return corrupt(reading, current_->path(), where,
                   "the file holds no txn, but later files do: txns may be missing");
  if (!is_last && tail.is == log_tail::kind::damaged)
    return corrupt(reading, current_->path(), where, tail.why + ", and later files hold txns");
  current_.reset();
  ++at_;
  return {};
}

/// A reading that may begin anywhere, or at an epoch's first txn, does not say what was before.
bool log_reader::must_follow_file_before() const {
  if (started_) return true;
  return start_ == log_start::seamless && (previous_ == zxid{} || previous_.counter() > 0) &&
         previous_.value >= 0;
}

io_result<txn_ptr> log_reader::next() {
  while (at_ < files_.size()) {
    if (!current_) {
      auto opened = log_file_reader::open(*disk_, files_[at_].path, synced_.of(files_[at_].first));
      if (!opened) return tl::unexpected(std::move(opened.error()));
      current_.emplace(std::move(*opened));
      current_has_entries_ = false;
    }
    auto entry = current_->next();
    if (!entry) return tl::unexpected(std::move(entry.error()));
    if (!*entry) {
      if (auto done = finish_file(); !done) return tl::unexpected(std::move(done.error()));
      continue;
    }
    const bool is_first = !std::exchange(current_has_entries_, true);
    auto id = (*entry)->id;
    if (!started_ && id <= previous_) continue;
    path_ = current_->path();
    offset_ = (*entry)->offset;
    if (const auto after = current_->begun_after();
        is_first && after.counter() != 0 && after != previous_ && must_follow_file_before() &&
        !mutated(mutant::file_ends_not_compared))
      return corrupt(reading, path_, offset_of(offset_),
                     "this file was begun behind txn " + to_string(after) +
                         ", and what stands before it ends at " + to_string(previous_) +
                         ": txns are missing");
    bool may_jump = !started_ && start_ == log_start::anywhere;
    if (!may_jump && !follows(previous_, id))
      return corrupt(reading, path_, offset_of(offset_),
                     "txn " + to_string(id) + " stands after " + to_string(previous_) +
                         ": there is a hole between them");
    auto type = type_of((*entry)->payload);
    auto parsed = parse_logged(std::move((*entry)->payload));
    if (!parsed)
      return corrupt(reading, path_, offset_of(offset_),
                     "txn " + to_string(id) + " is of type " + std::to_string(type) +
                         ", which is not known here or not so built");
    started_ = true;
    previous_ = id;
    return parsed;
  }
  return txn_ptr{};
}

}  // namespace troupe::storage
