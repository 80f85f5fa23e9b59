// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/data_dir.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "actors/core/mutants.hpp"
#include "actors/storage/file_names.hpp"
#include "actors/storage/snapshot_files.hpp"

namespace troupe::storage {
namespace {

constexpr const char* opening = "open the data directory";
constexpr const char* lock_name = "actor-node.lock";
constexpr const char* meta_name = "actor-node.meta";
constexpr const char* java_pid_name = "zookeeper_server.pid";
constexpr const char* initialize_name = "initialize";
constexpr const char* resync_name = "resync";
constexpr const char* probe_name = "actor-node.probe";
constexpr std::uint64_t probe_block_bytes = std::uint64_t{1} << 20;
constexpr const char* damaged_prefix = "damaged.";
constexpr const char* version_name = "version-2";
constexpr std::string_view session_time_name = "session_time_ms";
constexpr std::string_view expected_name = "snapshot_expected";
/// 65,536 session ids are in a millisecond: no life hands out so many.
constexpr std::int64_t session_time_step_ms = 1'000;
/// A snapshot may have two lines of at most 62 bytes each: room for 130,000 of them.
constexpr std::size_t meta_bytes_max = std::size_t{16} << 20;
constexpr std::string_view covers_prefix = "covers.";  // the snapshot's zxid, a dash, its mark: hex

/// Nothing that a call to the disk has said.
tl::unexpected<io_error> refuse(const std::string& path, std::string why) {
  return tl::unexpected(io_error{opening, path, io_error::code_refused, -1, std::move(why)});
}

/// The number in `text`, blanks around it allowed; nullopt for anything else.
std::optional<std::int64_t> parse_number(std::string_view text) {
  auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct noted_snapshot {
  zxid id;
  std::int64_t mark = 0;
};
std::optional<noted_snapshot> snapshot_of_note(std::string_view name) {
  if (name.substr(0, covers_prefix.size()) != covers_prefix) return std::nullopt;
  name.remove_prefix(covers_prefix.size());
  const auto dash = name.find('-');
  const auto id = parse_bare_hex(name.substr(0, dash));
  const auto mark = dash == name.npos ? zxid{} : parse_bare_hex(name.substr(dash + 1));
  if (!id || !mark) return std::nullopt;
  return noted_snapshot{*id, mark->value};
}

/// What was noted of snapshots that are not there (any more).
template <class Covers>
void forget_missing(Covers& covers, const std::vector<snapshot_file>& there) {
  std::erase_if(covers, [&there](const auto& note) {
    return std::ranges::none_of(there, [&](const snapshot_file& f) { return f.id == note.first; });
  });
}

bool is_other_version(std::string_view name) {
  constexpr std::string_view prefix = "version-";
  if (name == version_name || name.substr(0, prefix.size()) != prefix) return false;
  return parse_number(name.substr(prefix.size())).has_value();
}

/// None when there is no such directory.
io_result<std::vector<directory_entry>> entries_of(disk& d, const std::string& directory) {
  auto entries = d.list_directory(directory);
  if (!entries && entries.error().is_missing()) return std::vector<directory_entry>{};
  return entries;
}

/// Copies of logs that were to take a log's place, and probes: they take room, and nobody reads
/// them.
io_result<void> remove_unfinished(disk& d, const std::string& directory) {
  auto entries = entries_of(d, directory);
  if (!entries) return tl::unexpected(std::move(entries.error()));
  constexpr std::string_view temporary = ".tmp";
  for (const auto& entry : *entries) {
    const std::string_view name{entry.name};
    const bool is_copy =
        name.ends_with(temporary) && parse_log_name(name.substr(0, name.size() - temporary.size()));
    if (!entry.is_directory && (is_copy || name == probe_name))
      if (auto removed = d.remove(join_path(directory, entry.name)); !removed) return removed;
  }
  return {};
}

io_result<std::unique_ptr<file_lock>> lock_directory(disk& d, const std::string& directory) {
  auto locked = d.lock_file(join_path(directory, lock_name));
  if (!locked && locked.error().code == EWOULDBLOCK)
    return refuse(directory, "another server uses it: its " + std::string{lock_name} + " is " +
                                 locked.error().why);
  return locked;
}

}  // namespace

data_dir::data_dir(disk& d, data_dir_options options)
    : disk_(&d),
      options_(std::move(options)),
      snapshot_directory_(join_path(options_.data_dir, version_name)),
      log_directory_(join_path(options_.data_log_dir, version_name)) {}

io_result<data_dir> data_dir::open(disk& d, data_dir_options options) {
  if (options.data_log_dir.empty()) options.data_log_dir = options.data_dir;
  data_dir out{d, std::move(options)};
  auto done = d.create_directories(out.snapshot_directory_)
                  .and_then([&] { return d.create_directories(out.log_directory_); })
                  .and_then([&] { return out.lock(); })
                  .and_then([&] { return out.check_no_java_server(); })
                  .and_then([&] { return out.check_layout(); })
                  .and_then([&] { return out.read_meta(); })
                  .and_then([&] { return out.check_owner(); })
                  .and_then([&] { return remove_unfinished_snapshots(d, out.snapshot_directory_); })
                  .and_then([&] { return remove_unfinished(d, out.log_directory_); })
                  .and_then([&] { return remove_unfinished(d, out.snapshot_directory_); })
                  .and_then([&] { return out.forget_covers_of_others(); })
                  .and_then([&] { return out.claim(); });
  if (!done) return tl::unexpected(std::move(done.error()));
  return out;
}

io_result<history_words> data_dir::check(disk& d, data_dir_options options) {
  if (options.data_log_dir.empty()) options.data_log_dir = options.data_dir;
  data_dir seen{d, std::move(options)};
  auto usable = seen.check_layout().and_then([&] { return seen.read_meta(); }).and_then([&] {
    return seen.check_owner();
  });
  if (!usable) return tl::unexpected(std::move(usable.error()));
  auto resync = seen.is_resync_asked();
  if (!resync) return tl::unexpected(std::move(resync.error()));
  auto come = seen.has_expected_come();
  if (!come) return tl::unexpected(std::move(come.error()));
  return history_words{*come ? seen.gaps_behind(*seen.noted_.expected) : seen.noted_.gaps, *resync,
                       *come};
}

io_result<void> data_dir::lock() {
  auto locked = lock_directory(*disk_, options_.data_dir);
  if (!locked) return tl::unexpected(std::move(locked.error()));
  lock_ = std::move(*locked);
  if (options_.data_log_dir == options_.data_dir) return {};
  locked = lock_directory(*disk_, options_.data_log_dir);
  if (!locked) return tl::unexpected(std::move(locked.error()));
  log_lock_ = std::move(*locked);
  return {};
}

/// Java locks nothing. What zkServer.sh wrote may name a process that has long ended, and whose
/// number another program has now; so only a process that is a ZooKeeper by its command line
/// counts.
io_result<void> data_dir::check_no_java_server() {
  auto path = join_path(options_.data_dir, java_pid_name);
  auto content = read_file(*disk_, path, 64);
  if (!content && content.error().is_missing()) return {};
  if (!content) return tl::unexpected(std::move(content.error()));
  auto pid = parse_number(*content);
  if (!pid || *pid <= 0) return {};
  auto command = disk_->process_command(*pid);
  if (!command || command->find("org.apache.zookeeper.server") == std::string::npos) return {};
  return refuse(options_.data_dir, "a Java ZooKeeper uses it: " + std::string{java_pid_name} +
                                       " names process " + std::to_string(*pid) +
                                       ", which runs; stop it first");
}

io_result<void> data_dir::check_layout() const {
  for (const auto& directory : {options_.data_dir, options_.data_log_dir}) {
    auto entries = entries_of(*disk_, directory);
    if (!entries) return tl::unexpected(std::move(entries.error()));
    for (const auto& entry : *entries)
      if (entry.is_directory && is_other_version(entry.name))
        return refuse(join_path(directory, entry.name),
                      "a database of another format version; only version-2 is known");
  }
  auto snapshots = entries_of(*disk_, snapshot_directory_);
  if (!snapshots) return tl::unexpected(std::move(snapshots.error()));
  auto logs = entries_of(*disk_, log_directory_);
  if (!logs) return tl::unexpected(std::move(logs.error()));
  if (options_.data_log_dir == options_.data_dir) return {};
  for (const auto& entry : *snapshots)
    if (parse_log_name(entry.name))
      return refuse(join_path(snapshot_directory_, entry.name),
                    "a transaction log in dataDir, while dataLogDir is " + options_.data_log_dir +
                        ": move the logs there, or set dataLogDir back");
  for (const auto& entry : *logs)
    if (parse_snapshot_name(entry.name))
      return refuse(join_path(log_directory_, entry.name),
                    "a snapshot in dataLogDir, while dataDir is " + options_.data_dir +
                        ": move the snapshots there, or set dataDir back");
  return {};
}

/// actor-node.meta has one `name=number` a line; names that a later version may add are passed
/// over. `history_after` comes once for each gap, the last one last.
io_result<void> data_dir::read_meta() {
  auto path = join_path(options_.data_dir, meta_name);
  auto content = read_file(*disk_, path, meta_bytes_max);
  if (!content && !content.error().is_missing()) return tl::unexpected(std::move(content.error()));
  for (std::string_view rest = content ? std::string_view{*content} : ""; !rest.empty();) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    auto equals = line.find('=');
    auto value = equals == line.npos ? std::nullopt : parse_number(line.substr(equals + 1));
    if (!value)
      return corrupt(opening, path, -1,
                     "\"" + std::string{line} + "\" is not of the form name=number");
    const auto name = line.substr(0, equals);
    if (name == "server_id") noted_.owner = server_id{*value};
    if (name == "history_after" && *value != 0) noted_.gaps.insert(zxid{*value});
    if (name == expected_name) noted_.expected = zxid{*value};
    if (name == session_time_name) noted_.session_time_ms = *value;
    if (auto of = snapshot_of_note(name))
      noted_.covers.insert({of->id, cover{zxid{*value}, of->mark}});
  }
  return {};
}

/// An operator, or a backup, may have put another file where one of ours was. The file of notes is
/// written with the next one.
io_result<void> data_dir::forget_covers_of_others() {
  if (noted_.covers.empty()) return {};
  auto files = list_snapshots(*disk_, snapshot_directory_);
  if (!files) return tl::unexpected(std::move(files.error()));
  forget_missing(noted_.covers, *files);
  for (const auto& file : *files) {
    if (!noted_.covers.contains(file.id)) continue;
    // What cannot be read is no reason not to start: it keeps its note, so TRUNC may remove it.
    const auto mark = end_mark(*disk_, file.path);
    if (!mark) continue;
    std::erase_if(noted_.covers, [&](const auto& note) {
      return note.first == file.id && note.second.mark != 0 && note.second.mark != *mark;
    });
  }
  return {};
}

io_result<void> data_dir::check_owner() const {
  if (options_.owner && noted_.owner && noted_.owner != options_.owner)
    return refuse(options_.data_dir,
                  "it belongs to server " + std::to_string(noted_.owner->value) +
                      ", and this is server " + std::to_string(options_.owner->value) +
                      " (myid). Two servers on one history break the ensemble; if this one was "
                      "renumbered on purpose, remove " +
                      join_path(options_.data_dir, meta_name));
  return {};
}

io_result<void> data_dir::claim() {
  if (!options_.owner || noted_.owner == options_.owner) return {};
  auto next = noted_;
  next.owner = options_.owner;
  return write_meta(std::move(next));
}

/// Whoever holds the id and password of a session that is over must not meet another one under that
/// id. Unwritten, the time would be that of the next life, too.
io_result<std::int64_t> data_dir::claim_session_time() {
  if (is_session_time_claimed_ || options_.wall_ms == 0) return noted_.session_time_ms;
  auto next = noted_;
  next.session_time_ms = std::max(options_.wall_ms, noted_.session_time_ms + session_time_step_ms);
  if (auto written = write_meta(std::move(next)); !written)
    return tl::unexpected(std::move(written.error()));
  is_session_time_claimed_ = true;
  return noted_.session_time_ms;
}

io_result<void> data_dir::write_meta(notes next) {
  std::string content;
  const auto line = [&content](std::string_view name, std::int64_t value) {
    content += std::string{name} + "=" + std::to_string(value) + "\n";
  };
  if (next.owner) line("server_id", next.owner->value);
  for (auto gap : next.gaps) line("history_after", gap.value);
  if (next.expected) line(expected_name, next.expected->value);
  if (next.session_time_ms != 0) line(session_time_name, next.session_time_ms);
  for (const auto& [id, covers] : next.covers)
    line(std::string{covers_prefix} + bare_hex(id.value) +
             (covers.mark == 0 ? std::string{} : "-" + bare_hex(covers.mark)),
         covers.upto.value);
  auto written = replace_file(*disk_, options_.data_dir, meta_name, content);
  if (written) noted_ = std::move(next);
  return written;
}

/// Those that matter once a leader's snapshot of `id` is there.
std::set<zxid> data_dir::gaps_behind(zxid id) const {
  std::set<zxid> out{noted_.gaps.begin(), noted_.gaps.lower_bound(id)};
  out.insert(id);
  return out;
}

io_result<void> data_dir::set_history_after(zxid id) { return begin_history(noted_, id); }

io_result<void> data_dir::begin_history(notes next, zxid id) {
  next.gaps = gaps_behind(id);
  // No start can begin before the oldest snapshot.
  auto files = list_snapshots(*disk_, snapshot_directory_);
  if (!files) return tl::unexpected(std::move(files.error()));
  const auto needed = files->empty() ? id : std::min(id, files->back().id);
  next.gaps.erase(next.gaps.begin(), next.gaps.lower_bound(needed));
  return write_meta(std::move(next));
}

io_result<void> data_dir::set_history_end(zxid last) {
  auto next = noted_;
  next.gaps.erase(next.gaps.upper_bound(last), next.gaps.end());
  return write_meta(std::move(next));
}

io_result<void> data_dir::expect_snapshot(zxid id) {
  auto next = noted_;
  next.expected = id;
  return write_meta(std::move(next));
}

io_result<bool> data_dir::has_expected_come() const {
  if (!noted_.expected) return false;
  // Not what can be read alone: to take one that a bad block is in for one that never came would
  // forget that the log leads over a gap.
  auto there = snapshot_candidates(*disk_, snapshot_directory_);
  if (!there && there.error().is_missing()) return false;
  if (!there) return tl::unexpected(std::move(there.error()));
  return std::any_of(there->begin(), there->end(),
                     [this](const snapshot_file& f) { return f.id == *noted_.expected; });
}

io_result<void> data_dir::finish_install() {
  auto come = has_expected_come();
  if (!come) return tl::unexpected(std::move(come.error()));
  if (!noted_.expected) return {};
  return *come ? take_over(noted_) : write_meta(without_expected());
}

io_result<void> data_dir::snapshot_has_come() {
  auto next = noted_;
  next.covers.erase(*next.expected);  // what was noted was of ours, which it has replaced
  return take_over(std::move(next));
}

/// The file may be ours of that name, if a crash came before the leader's: a note of ours stays
/// then, and says that it is not to be believed.
io_result<void> data_dir::take_over(notes next) {
  const auto came = *std::exchange(next.expected, std::nullopt);
  // Its name may be one that a crash of the machine would take again.
  auto durable = disk_->sync_directory(snapshot_directory_).and_then([&] {
    return remove_snapshots(*disk_, snapshot_directory_, [&](const snapshot_file& f) {
      return f.id != came && snapshot_covers(f.id) > came;
    });
  });
  if (!durable) return durable;
  return begin_history(std::move(next), came);
}

data_dir::notes data_dir::without_expected() const {
  auto next = noted_;
  next.expected.reset();
  return next;
}

io_result<void> data_dir::set_snapshot_covers(zxid id, zxid covers, std::int64_t mark) {
  // Only what is still there is worth a note.
  auto files = list_snapshots(*disk_, snapshot_directory_);
  if (!files) return tl::unexpected(std::move(files.error()));
  auto next = noted_;
  forget_missing(next.covers, *files);
  next.covers.insert({id, cover{covers, mark}});
  return write_meta(std::move(next));
}

io_result<void> data_dir::snapshot_is_published(zxid id, std::int64_t mark) {
  auto next = noted_;
  const auto forgotten = std::erase_if(next.covers, [&](const auto& note) {
    return note.first == id && note.second.mark != mark;
  });
  return forgotten == 0 ? io_result<void>{} : write_meta(std::move(next));
}

zxid data_dir::snapshot_covers(zxid id) const {
  auto out = id;
  const auto [first, end] = noted_.covers.equal_range(id);
  for (auto note = first; note != end; ++note) out = std::max(out, note->second.upto);
  return out;
}

io_result<void> data_dir::remove_snapshots_after(zxid last) {
  const auto goes = [&](const snapshot_file& f) { return snapshot_covers(f.id) > last; };
  auto complete = readable_candidates(*disk_, snapshot_directory_);
  if (!complete) return tl::unexpected(std::move(complete.error()));
  const bool spans_gap = std::ranges::any_of(
      *complete, [&](const snapshot_file& f) { return f.id >= history_after() && !goes(f); });
  if (history_after() != zxid{} && !spans_gap && !mutated(mutant::cut_below_a_gap))
    return tl::unexpected(
        io_error{"remove snapshots from", snapshot_directory_, io_error::code_refused, -1,
                 "what is older than the leader's snapshot of " + to_string(history_after()) +
                     " does not lead to the log behind it"});
  return remove_snapshots(*disk_, snapshot_directory_, goes);
}

io_result<void> data_dir::probe(std::uint64_t bytes) {
  for (const auto& directory : {snapshot_directory_, log_directory_}) {
    auto path = join_path(directory, probe_name);
    auto file = disk_->open_writable(path, open_mode::create_or_truncate);
    if (!file) return tl::unexpected(std::move(file.error()));
    io_result<void> written;
    for (std::uint64_t at = 0; written && at < bytes; at += probe_block_bytes)
      written = (*file)->write_at(
          at, std::string(std::min<std::uint64_t>(probe_block_bytes, bytes - at), '?'));
    written = std::move(written).and_then([&] { return (*file)->sync(); }).and_then([&] {
      return (*file)->close();
    });
    file->reset();
    auto removed = disk_->remove(path);
    auto done = written.and_then([&] { return removed; }).and_then([&] {
      return disk_->sync_directory(directory);
    });
    if (!done) return done;
  }
  return {};
}

io_result<bool> data_dir::is_resync_asked() const {
  return disk_->exists(join_path(options_.data_dir, resync_name));
}

io_result<void> data_dir::ask_for_resync() {
  return replace_file(*disk_, options_.data_dir, resync_name,
                      "The history of this server comes from the others.\n");
}

io_result<void> data_dir::resync_is_done() {
  return disk_->remove(join_path(options_.data_dir, resync_name)).and_then([&] {
    return disk_->sync_directory(options_.data_dir);
  });
}

io_result<void> data_dir::set_history_aside() {
  for (const auto& directory : {snapshot_directory_, log_directory_}) {
    auto entries = entries_of(*disk_, directory);
    if (!entries) return tl::unexpected(std::move(entries.error()));
    for (const auto& entry : *entries) {
      if (!parse_log_name(entry.name) && !parse_snapshot_name(entry.name)) continue;
      auto moved = disk_->rename(join_path(directory, entry.name),
                                 join_path(directory, damaged_prefix + entry.name));
      if (!moved) return moved;
    }
    if (auto synced = disk_->sync_directory(directory); !synced) return synced;
  }
  if (noted_.covers.empty()) return {};
  auto next = noted_;
  next.covers.clear();
  return write_meta(std::move(next));
}

io_result<loaded_database> data_dir::load_database(const database_sink& sink) {
  if (auto finished = finish_install(); !finished)
    return tl::unexpected(std::move(finished.error()));
  auto marker = join_path(options_.data_dir, initialize_name);
  auto marked = disk_->exists(marker);
  if (!marked) return tl::unexpected(std::move(marked.error()));
  auto options = options_;
  options.auto_create_database = options.auto_create_database || *marked;
  options.gaps = noted_.gaps;
  auto loaded = storage::load_database(*disk_, snapshot_directory_, log_directory_, options, sink);
  // It goes when a database is there, not before: a crash in between must not leave neither.
  if (loaded && *marked && loaded->came == loaded_database::origin::restored)
    if (auto removed = disk_->remove(marker); !removed)
      return tl::unexpected(std::move(removed.error()));
  return loaded;
}

}  // namespace troupe::storage
