// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/txn_log.hpp"

#include <algorithm>
#include <cerrno>

#include "actors/core/mutants.hpp"

namespace troupe::storage {
namespace {

/// What a burst needed is given back, so that one large batch does not stay for ever.
constexpr std::size_t pending_bytes_kept = std::size_t{4} << 20;
constexpr std::size_t settle_block_bytes = std::size_t{1} << 20;

struct log_end {
  zxid last;
  log_tail tail;
};
io_result<log_end> find_end(disk& d, const log_file& file, const synced_extent& synced) {
  auto reader = log_file_reader::open(d, file.path, synced.of(file.first));
  if (!reader) return tl::unexpected(std::move(reader.error()));
  log_end end;
  for (;;) {
    auto entry = reader->next();
    if (!entry) return tl::unexpected(std::move(entry.error()));
    if (!*entry) break;
    end.last = (*entry)->id;
  }
  end.tail = reader->tail();
  return end;
}

io_result<void> cut_file(disk& d, const std::string& path, std::uint64_t size) {
  auto file = d.open_writable(path, open_mode::existing);
  if (!file) return tl::unexpected(std::move(file.error()));
  return (*file)->resize(size).and_then([&] { return (*file)->sync(); }).and_then([&] {
    return (*file)->close();
  });
}

/// What is not known to be synced is written in its place, byte for byte as it is: a crash in
/// between leaves what a crash before would have, and no room is needed.
io_result<void> settle_in_place(disk& d, const std::string& path, std::uint64_t synced_upto,
                                std::uint64_t end) {
  auto from = d.open_readable(path);
  if (!from) return tl::unexpected(std::move(from.error()));
  auto to = d.open_writable(path, open_mode::existing);
  if (!to) return tl::unexpected(std::move(to.error()));
  for (auto at = std::min(synced_upto, end); at < end;) {
    auto bytes = (*from)->read_at(at, std::min<std::uint64_t>(settle_block_bytes, end - at));
    if (!bytes) return tl::unexpected(std::move(bytes.error()));
    if (bytes->empty())
      return corrupt("settle the log", path, static_cast<std::int64_t>(at), "it ends here by now");
    if (auto written = (*to)->write_at(at, *bytes); !written) return written;
    at += bytes->size();
  }
  return (*to)->resize(end).and_then([&] { return (*to)->sync(); }).and_then([&] {
    return (*to)->close();
  });
}

/// Makes the good entries that are found in the file durable, and cuts off the rest. They are
/// written anew: if a sync or a cut failed, the system shows what was to be from its cache, takes
/// it for written, and another sync would prove nothing. Where the disk does not take them in their
/// place, all of them go into another file that takes its name.
io_result<void> settle_file(disk& d, const std::string& directory, const log_file& file,
                            std::uint64_t synced_upto, std::uint64_t end) {
  auto settled = settle_in_place(d, file.path, synced_upto, end);
  if (settled || settled.error().code == ENOSPC) return settled;
  return d.open_readable(file.path)
      .and_then([&](auto from) { return from->read_at(0, end); })
      .and_then([&](const std::string& content) {
        return replace_file(d, directory, log_name(file.first), content);
      });
}

/// Newest first and each for good before the next, so that a crash never leaves a hole.
io_result<void> remove_logs(disk& d, const std::string& directory,
                            const std::vector<log_file>& ascending) {
  for (auto file = ascending.rbegin(); file != ascending.rend(); ++file) {
    auto removed = d.remove(file->path).and_then([&] { return d.sync_directory(directory); });
    if (!removed) return removed;
  }
  return {};
}

}  // namespace

txn_log::txn_log(disk& d, log_options options, const synced_extent& synced)
    : disk_(&d), options_(std::move(options)), marker_(d, options_.directory, synced) {}

io_result<txn_log> txn_log::open(disk& d, log_options options) {
  auto files = list_logs(d, options.directory);
  if (!files) return tl::unexpected(std::move(files.error()));
  auto synced = read_sync_mark(d, options.directory);
  if (!synced) return tl::unexpected(std::move(synced.error()));
  auto empty = drop_empty_tail(d, *files, *synced);
  if (!empty) return tl::unexpected(std::move(empty.error()));
  std::reverse(empty->begin(), empty->end());  // they came newest first
  txn_log log{d, std::move(options), *synced};
  // A mark at the beginning of a file holds when that file is gone, and it alone tells that the
  // file's first batch is torn, not rotten: so it moves on after them.
  const auto remove_empty = [&] { return remove_logs(d, log.options_.directory, *empty); };
  const auto move_mark = [&] {
    return files->empty() ? log.marker_.forget() : log.settle(files->back(), *synced);
  };
  auto done = mutated(mutant::mark_moved_before_torn_files)
                  ? move_mark().and_then(remove_empty)
                  : remove_empty().and_then(move_mark);
  if (!done) return tl::unexpected(std::move(done.error()));
  return log;
}

io_result<void> txn_log::settle(const log_file& newest, const synced_extent& synced) {
  auto end = find_end(*disk_, newest, synced);
  if (!end) return tl::unexpected(std::move(end.error()));
  const auto& tail = end->tail;
  if (!mutated(mutant::tail_taken_for_durable))
    if (auto settled = settle_file(*disk_, options_.directory, newest,
                                   synced.of(newest.first).value_or(0), tail.end);
        !settled)
      return settled;
  appended_ = synced_ = end->last;
  if (tail.is != log_tail::kind::clean) cut_at_open_ = torn_batch{newest.path, tail};
  return mark_end_of(newest.first, newest.path, tail.end, end->last);
}

io_result<void> txn_log::mark_end_of(zxid file, const std::string& path, std::uint64_t size,
                                     zxid last) {
  auto which = disk_->identity(path);
  if (!which) return tl::unexpected(std::move(which.error()));
  return marker_.set({file, *which, size, last});
}

std::optional<std::uint64_t> txn_log::synced_of(zxid file) const {
  const auto& mark = marker_.now();
  return mark && mark->file == file ? std::optional{mark->offset} : std::nullopt;
}

zxid txn_log::known_committed() const { return std::min(marker_.known_committed(), synced_); }

bool txn_log::is_synced_unnoted() const {
  const auto& mark = marker_.now();
  return options_.force_sync && file_ && mark && mark->which == which_ && mark->offset < durable_;
}

bool txn_log::is_mark_behind() const {
  const bool knows_more = options_.force_sync && known_committed() > marker_.noted_committed();
  return is_synced_unnoted() || knows_more;
}

io_result<void> txn_log::note_synced() {
  if (poison_) return tl::unexpected(*poison_);
  if (!is_mark_behind()) return {};
  auto noted = is_synced_unnoted() ? marker_.set({first_of_file_, which_, durable_, synced_})
                                   : marker_.note_committed(synced_);
  if (!noted) return poisoned(std::move(noted.error()));
  return {};
}

tl::unexpected<io_error> txn_log::poisoned(io_error why) {
  poison_ = std::move(why);
  return tl::unexpected(*poison_);
}

io_result<void> txn_log::append(zxid id, std::string_view payload) {
  if (poison_) return tl::unexpected(*poison_);
  const auto refused = [this](std::string why) {
    return tl::unexpected(io_error{"append to the log", options_.directory, io_error::code_refused,
                                   -1, std::move(why)});
  };
  if (!follows(appended_, id) && !mutated(mutant::discontinuous_proposal))
    return refused("txn " + to_string(id) + " does not follow " + to_string(appended_) +
                   ": there would be a hole");
  if (payload.size() < payload_bytes_min || payload.size() > txn_bytes_max)
    return refused("txn " + to_string(id) + " has " + std::to_string(payload.size()) + " bytes; " +
                   std::to_string(payload_bytes_min) + " to " + std::to_string(txn_bytes_max) +
                   " are possible");
  if (!file_ && pending_.empty()) {
    first_pending_ = id;
    // A snapshot may be named by an epoch's zeroth zxid, which is no txn's.
    begun_after_ = appended_.counter() == 0 ? zxid{} : appended_;
    pending_ = encode_log_header(begun_after_);
    padded_ = log_header_bytes;
  }
  padded_ = padded_size(position_ + pending_.size(), padded_, options_.prealloc_bytes);
  append_entry(pending_, payload);
  appended_ = id;
  return {};
}

io_result<void> txn_log::create_file() {
  path_ = join_path(options_.directory, log_name(first_pending_));
  auto file = disk_->open_writable(path_, open_mode::create_new);
  if (!file) return tl::unexpected(std::move(file.error()));
  file_ = std::move(*file);
  size_ = durable_ = 0;
  first_of_file_ = first_pending_;
  auto which = disk_->identity(path_);
  if (!which) return tl::unexpected(std::move(which.error()));
  which_ = *which;
  // Before its first byte: what stands in it from now on, and is not noted, may be torn.
  if (!options_.force_sync) return {};
  return marker_.set({first_of_file_, which_, 0, begun_after_});
}

io_result<void> txn_log::write_pending() {
  bool is_new = file_ == nullptr;
  if (is_new)
    if (auto created = create_file(); !created) return created;
  if (padded_ > size_) {
    if (auto extended = file_->resize(padded_); !extended) return extended;
    size_ = padded_;
  }
  if (mutated(mutant::mark_before_sync))
    (void)marker_.set({first_of_file_, which_, position_ + pending_.size(), appended_});
  if (auto written = file_->write_at(position_, pending_); !written) return written;
  position_ += pending_.size();
  size_ = std::max(size_, position_);
  if (options_.force_sync)
    if (auto synced = file_->sync(); !synced) return synced;
  if (is_new)
    if (auto named = disk_->sync_directory(options_.directory); !named) return named;
  durable_ = position_;
  return {};
}

io_result<void> txn_log::sync() {
  if (poison_) return tl::unexpected(*poison_);
  if (pending_.empty()) return {};
  if (auto written = write_pending(); !written && !mutated(mutant::hole_after_failed_write))
    return poisoned(std::move(written.error()));
  pending_.clear();
  if (pending_.capacity() > pending_bytes_kept) pending_.shrink_to_fit();
  synced_ = appended_;
  if (options_.size_limit_bytes > 0 &&
      position_ > static_cast<std::uint64_t>(options_.size_limit_bytes))
    return roll();
  return {};
}

io_result<void> txn_log::take_back_unsynced() {
  file_.reset();
  if (path_.empty()) return {};
  if (durable_ > 0) return cut_file(*disk_, path_, durable_);
  auto removed = disk_->remove(path_);
  if (!removed && !removed.error().is_missing()) return removed;
  return disk_->sync_directory(options_.directory);
}

io_result<void> txn_log::roll() {
  if (auto synced = sync().and_then([&] { return note_synced(); }); !synced) return synced;
  if (!file_) return {};
  auto closed = file_->close();
  file_.reset();
  path_.clear();
  position_ = durable_ = 0;
  if (!closed) return poisoned(std::move(closed.error()));
  return {};
}

io_result<void> txn_log::truncate_to(zxid last) {
  if (!pending_.empty())
    return tl::unexpected(io_error{"cut the log", options_.directory, io_error::code_refused, -1,
                                   "txns up to " + to_string(appended_) + " wait for a sync"});
  if (auto rolled = roll(); !rolled) return rolled;
  if (auto possible = check_cut(last); !possible) return possible;
  auto at = find_cut(last);
  if (!at) return tl::unexpected(std::move(at.error()));
  if (auto cut = perform(*at); !cut) return cut;
  appended_ = synced_ = last;
  return {};
}

io_result<void> txn_log::check_cut(zxid last) {
  auto at = find_cut(last);
  if (!at) return tl::unexpected(std::move(at.error()));
  if (!at->holds_last)
    return tl::unexpected(io_error{"cut the log", options_.directory, io_error::code_refused, -1,
                                   "it does not hold txn " + to_string(last)});
  return {};
}

/// No mark may speak of what is cut off: what is written there next may end earlier. It goes down
/// to what stays, which is all synced, in whichever file: what power leaves of the cut is no rot.
io_result<void> txn_log::lower_mark(const cut_place& at) {
  if (mutated(mutant::mark_survives_cut)) return {};
  const auto& mark = marker_.now();
  if (!mark) return {};
  if (at.path.empty()) return marker_.forget();
  const bool speaks_of_it =
      mark->file > at.file || (mark->file == at.file && mark->offset > at.size);
  return speaks_of_it ? mark_end_of(at.file, at.path, at.size, at.last) : io_result<void>{};
}

/// Newer files go before the cut: in every order of crashes the log stays without a hole. What the
/// mark says goes before both.
io_result<void> txn_log::perform(const cut_place& at) {
  if (auto lowered = lower_mark(at); !lowered) return poisoned(std::move(lowered.error()));
  if (mutated(mutant::cut_before_newer_logs) && !at.path.empty())
    if (auto early = cut_file(*disk_, at.path, at.size); !early) return early;
  auto done = remove_logs(*disk_, options_.directory, at.newer);
  if (done && !at.path.empty())
    done = cut_file(*disk_, at.path, at.size).and_then([&] {
      return mark_end_of(at.file, at.path, at.size, at.last);
    });
  if (!done) return poisoned(std::move(done.error()));
  return {};
}

/// What has to be done so that no txn above `last` is in the log. Reads only. Rot before it is an
/// error: cut off, it would take the mark, the only witness, along.
io_result<txn_log::cut_place> txn_log::find_cut(zxid last) {
  auto files = list_logs(*disk_, options_.directory);
  if (!files) return tl::unexpected(std::move(files.error()));
  auto after = std::find_if(files->begin(), files->end(),
                            [last](const log_file& f) { return f.first > last; });
  cut_place place;
  place.newer.assign(after, files->end());
  if (after != files->begin()) {
    auto reader = log_file_reader::open(*disk_, (after - 1)->path, synced_of((after - 1)->first));
    if (!reader) return tl::unexpected(std::move(reader.error()));
    place.path = (after - 1)->path;
    place.file = (after - 1)->first;
    place.size = log_header_bytes;
    while (!place.holds_last) {
      auto entry = reader->next();
      if (!entry) return tl::unexpected(std::move(entry.error()));
      if (!*entry || (*entry)->id > last) break;
      place.holds_last = (*entry)->id == last;
      place.last = (*entry)->id;
      place.size = (*entry)->end;
    }
  }
  // A log that stands or begins right after `last` (a snapshot is there) may be cut to it as well.
  if (place.newer.empty())
    place.holds_last = place.holds_last || appended_ == last;
  else if (auto next = place.newer.front().first; follows(last, next))
    place.holds_last = place.holds_last || last == zxid{} || next.in_epoch() == last.in_epoch();
  return place;
}

io_result<void> txn_log::continue_after(zxid last) {
  if (auto rolled = roll(); !rolled) return rolled;
  if (last < appended_) {
    auto at = find_cut(last);
    if (!at) return tl::unexpected(std::move(at.error()));
    if (auto cut = perform(*at); !cut) return cut;
  }
  appended_ = synced_ = last;
  return {};
}

}  // namespace troupe::storage
