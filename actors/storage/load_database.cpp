// SPDX-License-Identifier: Apache-2.0
#include "actors/core/mutants.hpp"
#include "actors/storage/data_dir.hpp"
#include "actors/storage/log_reader.hpp"
#include "actors/storage/snapshot_files.hpp"

namespace troupe::storage {
namespace {

using origin = loaded_database::origin;

constexpr const char* loading = "load the database from";
constexpr std::size_t snapshots_tried_max = 100;  // as ZooKeeper does

/// Feeds the newest snapshot that can be read. False: there is no complete one.
io_result<bool> load_snapshot(disk& d, const std::string& directory, const database_sink& sink,
                              loaded_database& out) {
  auto all = list_snapshots(d, directory);
  if (!all) return tl::unexpected(std::move(all.error()));
  std::size_t tried = 0;
  for (const auto& file : *all) {
    if (tried == snapshots_tried_max) break;
    auto complete = is_complete(d, file);
    if (!complete || !*complete) {
      out.unusable.push_back(file.id);
      out.passed_over.push_back(complete ? file.path + ": it is not complete"
                                         : complete.error().text());
      continue;
    }
    ++tried;
    sink.begin_snapshot();
    auto taken = read_snapshot(d, file, sink.chunk);
    if (taken)
      if (auto ended = sink.end_snapshot(file.id); !ended)
        taken = corrupt("read the snapshot", file.path, -1, std::move(ended.error()));
    if (taken) {
      out.snapshot = file.id;
      out.snapshot_bytes = file.size;
      return true;
    }
    out.unusable.push_back(file.id);
    out.passed_over.push_back(taken.error().text());
  }
  if (tried == 0) return false;
  std::string why = "none of its " + std::to_string(tried) + " complete snapshots can be used";
  for (const auto& reason : out.passed_over) why += "; " + reason;
  return corrupt(loading, directory, -1, std::move(why));
}

io_result<bool> has_txns(disk& d, const std::string& directory, const synced_extent& synced) {
  auto logs = list_logs(d, directory);
  if (!logs) return tl::unexpected(std::move(logs.error()));
  auto dropped = drop_empty_tail(d, *logs, synced);
  if (!dropped) return tl::unexpected(std::move(dropped.error()));
  return !logs->empty();
}

/// A snapshot of txns that cannot be used, and nothing else: something was here. ZooKeeper would
/// begin with an empty database, and an ensemble could elect the server that has forgotten.
io_result<void> refuse_to_forget(disk& d, const std::string& directory) {
  auto all = list_snapshots(d, directory);
  if (!all) return tl::unexpected(std::move(all.error()));
  if (all->empty() || all->front().id == zxid{}) return {};
  const auto& newest = all->front();
  return corrupt(loading, newest.path, static_cast<std::int64_t>(newest.size),
                 "the snapshot is not complete, it ends here, and there is neither another one nor "
                 "a transaction log. If the database may begin anew, move it away, or start once "
                 "with snapshot.trust.empty=true");
}

/// A leader's snapshot that was here, which no txn leads to: what is older is no beginning of the
/// history that this server has acknowledged. One that never came is another matter: then there is
/// neither its file nor anything behind it.
tl::unexpected<io_error> lost_history(const std::string& path, std::int64_t offset, zxid gap,
                                      const loaded_database& out) {
  return corrupt(loading, path, offset,
                 "the leader's snapshot of " + to_string(gap) +
                     " cannot be used, and what is older ends at " + to_string(out.last));
}

/// Nobody knows then whether the log's end is all that was acknowledged. Others of an ensemble do;
/// a server that stands alone starts as it would without a mark.
io_result<void> check_mark(const std::string& directory, const data_dir_options& options,
                           const synced_extent& synced, loaded_database& out) {
  if (!synced.unreadable.empty() && options.owner)
    return corrupt(loading, directory, -1, synced.unreadable);
  out.mark_note = synced.unreadable.empty() ? synced.void_because : synced.unreadable;
  return {};
}

/// Files that were synced and are not there, or hold nothing any more.
io_result<void> check_end(const std::string& directory, const synced_extent& synced,
                          const loaded_database& out) {
  if (!synced.mark || out.last >= synced.mark->last || mutated(mutant::rot_taken_for_a_torn_batch))
    return {};
  return corrupt(loading, directory, -1,
                 "its log ends at " + to_string(out.last) + ", and was synced up to " +
                     to_string(synced.mark->last));
}

io_result<void> replay(disk& d, const std::string& directory, const data_dir_options& options,
                       const database_sink& sink, loaded_database& out) {
  auto reader = log_reader::open(d, directory, out.snapshot.next());
  if (!reader) return tl::unexpected(std::move(reader.error()));
  for (;;) {
    auto t = reader->next();
    if (!t) return tl::unexpected(std::move(t.error()));
    if (!*t) return {};
    const auto gap = options.gaps.upper_bound(out.last);
    if (gap != options.gaps.end() && (*t)->id() > *gap)
      return lost_history(reader->path(), static_cast<std::int64_t>(reader->offset()), *gap, out);
    if (auto applied = sink.apply(*t); !applied)
      return corrupt("replay the log", reader->path(), static_cast<std::int64_t>(reader->offset()),
                     "txn " + to_string((*t)->id()) + ": " + applied.error());
    out.last = (*t)->id();
    ++out.txns;
  }
}

}  // namespace

io_result<loaded_database> load_database(disk& d, const std::string& snapshot_directory,
                                         const std::string& log_directory,
                                         const data_dir_options& options,
                                         const database_sink& sink) {
  loaded_database out;
  auto synced = read_sync_mark(d, log_directory);
  if (!synced) return tl::unexpected(std::move(synced.error()));
  if (auto usable = check_mark(log_directory, options, *synced, out); !usable)
    return tl::unexpected(std::move(usable.error()));
  auto found = load_snapshot(d, snapshot_directory, sink, out);
  if (!found) return tl::unexpected(std::move(found.error()));
  if (!*found) {
    sink.begin_snapshot();
    auto logged = has_txns(d, log_directory, *synced);
    if (!logged) return tl::unexpected(std::move(logged.error()));
    if (!*logged) {
      if (auto whole = check_end(log_directory, *synced, out); !whole)
        return tl::unexpected(std::move(whole.error()));
      if (!options.trust_empty_snapshot)
        if (auto empty = refuse_to_forget(d, snapshot_directory); !empty)
          return tl::unexpected(std::move(empty.error()));
      bool trusted = options.auto_create_database;
      out.came = trusted ? origin::created : origin::unknown;
      out.last = trusted ? zxid{0} : zxid{-1};
      return out;
    }
    if (!options.trust_empty_snapshot && !out.passed_over.empty()) {
      std::string why = "there are transaction logs in " + log_directory +
                        ", and of the snapshots that they begin behind none is complete";
      for (const auto& reason : out.passed_over) why += "; " + reason;
      return corrupt(loading, snapshot_directory, -1, std::move(why));
    }
    if (!options.trust_empty_snapshot)
      return tl::unexpected(io_error{
          loading, snapshot_directory, io_error::code_refused, -1,
          "there are transaction logs in " + log_directory +
              " but no complete snapshot. If this database has never had one (ZooKeeper before "
              "3.5), start once with snapshot.trust.empty=true"});
  }
  out.came = *found ? origin::restored : origin::replayed;
  out.last = out.snapshot;
  if (auto done = replay(d, log_directory, options, sink, out).and_then([&] {
        return check_end(log_directory, *synced, out);
      });
      !done)
    return tl::unexpected(std::move(done.error()));
  for (auto bad : out.unusable)
    if (out.last < bad && options.gaps.contains(bad))
      return lost_history(snapshot_directory, -1, bad, out);
  return out;
}

}  // namespace troupe::storage
