// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/survey.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "actors/core/path.hpp"
#include "actors/core/tree_walk.hpp"

namespace troupe::storage {
namespace {

constexpr std::uint64_t progress_step_bytes = std::uint64_t{1} << 20;

std::string trimmed(std::string_view text) {
  auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return std::string{text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin)};
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

void mark_ops(format_marks& marks, op_code type) {
  marks.later_ops = marks.later_ops || type == op_code::create_container ||
                    type == op_code::create_ttl || type == op_code::delete_container ||
                    type == op_code::reconfig;
}

void mark(format_marks& marks, const txn& t) {
  marks.txn_digests = marks.txn_digests || t.digest.has_value();
  mark_ops(marks, t.header.type);
  if (auto* create = std::get_if<create_txn>(&t.body); create && create->parent_cversion == -1)
    marks.creates_without_cversion = true;
  if (auto* close = std::get_if<close_session_txn>(&t.body); close && close->paths)
    marks.close_session_paths = true;
  if (auto* many = std::get_if<multi_txn>(&t.body))
    for (const auto& op : many->ops) mark_ops(marks, op.type);
}

io_result<void> look_at_small_files(disk& d, data_survey& out, data_dir_options& options) {
  auto my_id = read_file(d, join_path(out.data_dir, "myid"), 64);
  if (!my_id && !my_id.error().is_missing()) return tl::unexpected(std::move(my_id.error()));
  if (my_id) out.my_id = trimmed(*my_id);
  std::int64_t number = 0;
  if (my_id && !options.owner) {
    const auto* end = out.my_id->data() + out.my_id->size();
    auto [stop, error] = std::from_chars(out.my_id->data(), end, number);
    if (error == std::errc{} && stop == end)
      options.owner = server_id{number};
    else
      out.notes.push_back("myid is \"" + *out.my_id +
                          "\": a server of an ensemble needs a number there");
  }
  auto marker = d.exists(join_path(out.data_dir, "initialize"));
  auto meta = d.exists(join_path(out.data_dir, "actor-node.meta"));
  if (!marker) return tl::unexpected(std::move(marker.error()));
  if (!meta) return tl::unexpected(std::move(meta.error()));
  out.has_initialize_marker = *marker;
  out.marks.actor_node = *meta;
  return {};
}

void look_at_logs(disk& d, const std::vector<log_file>& files, data_survey& out,
                  const survey_progress& progress) {
  for (const auto& file : files) {
    auto note = read_log_file(
        d, file, [&out](const log_entry&, const txn& t) { mark(out.marks, t); }, progress);
    if (note.txns > 0 && note.first != file.first)
      out.notes.push_back(name_of(file.path) + " begins with txn " + to_string(note.first) +
                          ", not with the one it is named by");
    out.logs.push_back(std::move(note));
  }
}

/// What a start does about the ends of log files, in words.
void tell_of_tails(data_survey& out) {
  for (const auto& log : out.logs) {
    if (log.damage) {
      // What the start needs was read by the load, which says this itself.
      if (out.would_start())
        out.notes.push_back("not needed for a start, but damaged: " + log.damage->text());
    } else if (log.tail.is != log_tail::kind::clean) {
      out.notes.push_back(name_of(log.file.path) + " has an unfinished end at offset " +
                          std::to_string(log.tail.end) + ", as a crash leaves it (" + log.tail.why +
                          "): a start cuts " + std::to_string(log.tail.bytes) +
                          " bytes off; the history goes up to " + to_string(log.last));
    } else if (log.txns == 0) {
      out.notes.push_back(name_of(log.file.path) + " holds no txn");
    }
  }
}

void tell_of_loading(data_survey& out) {
  using origin = loaded_database::origin;
  for (const auto& why : out.how->passed_over) out.notes.push_back("passed over: " + why);
  if (!out.how->mark_note.empty())
    out.notes.push_back("up to where the log was synced is not known: " + out.how->mark_note);
  if (out.how->came == origin::unknown)
    out.notes.push_back("nothing is here, and that is not trusted: the server would not vote");
  if (const auto& first = out.digests.first)
    out.notes.push_back("the tree is not its writer's: at " + to_string(first->at) +
                        " the digest was " + to_hex(first->told) + " there and is " +
                        to_hex(first->ours) + " here (" + std::to_string(out.digests.mismatches) +
                        " times)");
  if (out.digests.fuzzy_until)
    out.notes.push_back("the snapshot has effects of txns up to " +
                        to_string(*out.digests.fuzzy_until) + ", and the log ends at " +
                        to_string(out.how->last) + ": a leader has to send the rest");
}

void try_loading(disk& d, const data_dir_options& options, const std::string& snapshot_directory,
                 const std::string& log_directory, data_survey& out) {
  image_builder builder;
  auto loaded = load_database(d, snapshot_directory, log_directory, options, builder.sink());
  if (!loaded) {
    if (options.owner && loaded.error().is_corrupt())
      out.notes.push_back(
          "as one of an ensemble it would go on all the same, without a vote until it has the "
          "others' history");
    out.problems.push_back(std::move(loaded.error()));
    return;
  }
  builder.finish(*loaded);
  out.how = std::move(*loaded);
  out.digests = builder.findings();
  bool restored = out.how->came == loaded_database::origin::restored;
  out.marks.snapshot_digest = restored && builder.image()->digest.has_value();
  out.marks.snapshot_last_zxid = restored && builder.image()->last_zxid.has_value();
  if (restored || out.how->came == loaded_database::origin::replayed)
    out.holds = count(builder.image()->data);
  auto era = epoch_files{d, snapshot_directory}.preview(out.how->last);
  if (era)
    out.era = *era;
  else
    out.problems.push_back(std::move(era.error()));
}

/// What a start writes beside txns: the notes that it replaces, and the log's mark. The log itself
/// is settled in its place.
void look_at_room(disk& d, data_survey& out) {
  constexpr std::uint64_t start_room_bytes = std::uint64_t{64} << 10;
  for (const auto& directory : {out.data_dir, out.data_log_dir}) {
    const auto room = d.free_bytes(directory);
    if (!room || *room >= start_room_bytes) continue;
    out.problems.push_back(io_error{"write into", directory, ENOSPC, -1,
                                    std::to_string(*room) + " bytes are free, and a start needs " +
                                        std::to_string(start_room_bytes)});
    return;
  }
}

}  // namespace

database_counts count(const core::tree& data) {
  database_counts out;
  out.data_bytes = static_cast<std::uint64_t>(data.approximate_data_size());
  out.sessions = data.sessions().size();
  core::walk(data, [&out](const std::string&, const core::znode& node) {
    ++out.znodes;
    switch (core::kind_of_owner(node.stats.ephemeral_owner, true)) {
      case core::owner_kind::session:
        ++out.ephemerals;
        break;
      case core::owner_kind::container:
        ++out.containers;
        break;
      case core::owner_kind::ttl:
        ++out.ttl_znodes;
        break;
      case core::owner_kind::none:
        break;
    }
  });
  if (auto config = data.find(core::config_path)) out.membership = config->data.view();
  return out;
}

log_note read_log_file(disk& d, const log_file& file,
                       const std::function<void(const log_entry&, const txn&)>& on_txn,
                       const survey_progress& progress) {
  log_note note;
  note.file = file;
  auto size = d.open_readable(file.path).and_then([](auto f) { return f->size(); });
  auto synced = read_sync_mark(d, directory_of(file.path));
  if (!synced) {
    note.damage = synced.error();
    return note;
  }
  auto reader = log_file_reader::open(d, file.path, synced->of(file.first));
  if (!size || !reader) {
    note.damage = size ? reader.error() : size.error();
    return note;
  }
  note.bytes = *size;
  std::uint64_t told = 0;
  for (;;) {
    auto entry = reader->next();
    if (!entry) {
      note.damage = entry.error();
      return note;
    }
    if (!*entry) break;
    const auto& e = **entry;
    auto t = decode_txn(e.payload);
    auto where = static_cast<std::int64_t>(e.offset);
    if (!t) {
      note.damage = io_error{"read the log", file.path, io_error::code_corrupt, where,
                             "txn " + to_string(e.id) + " is not known here or not so built"};
      return note;
    }
    if (note.txns > 0 && !follows(note.last, e.id)) {
      note.damage = io_error{"read the log", file.path, io_error::code_corrupt, where,
                             "txn " + to_string(e.id) + " stands after " + to_string(note.last) +
                                 ": there is a hole between them"};
      return note;
    }
    if (note.txns++ == 0) note.first = e.id;
    note.begun_after = reader->begun_after();
    note.last = e.id;
    if (on_txn) on_txn(e, *t);
    if (progress && e.end >= told + progress_step_bytes) progress(file.path, told = e.end, *size);
  }
  note.tail = reader->tail();
  return note;
}

io_result<data_survey> survey(disk& d, data_dir_options options, const survey_progress& progress) {
  if (options.data_log_dir.empty()) options.data_log_dir = options.data_dir;
  data_survey out;
  out.data_dir = options.data_dir;
  out.data_log_dir = options.data_log_dir;
  for (const auto& directory : {options.data_dir, options.data_log_dir})
    if (auto there = d.list_directory(directory); !there)
      return tl::unexpected(std::move(there.error()));
  if (auto done = look_at_small_files(d, out, options); !done)
    return tl::unexpected(std::move(done.error()));
  options.auto_create_database = options.auto_create_database || out.has_initialize_marker;
  if (auto usable = data_dir::check(d, options); !usable) {
    out.problems.push_back(std::move(usable.error()));
  } else {
    options.gaps = std::move(usable->gaps);
    if (usable->is_resync_asked)
      out.notes.push_back(
          "the history here is not trusted: a server of an ensemble would take the others', and a "
          "standalone one would not start");
    if (usable->is_install_unfinished)
      out.notes.push_back("the server ended while it installed its leader's snapshot of " +
                          to_string(*options.gaps.rbegin()) +
                          ": a start finishes that, and removes the snapshots that are newer");
  }

  auto snapshot_directory = join_path(options.data_dir, "version-2");
  auto log_directory = join_path(options.data_log_dir, "version-2");
  auto made = d.exists(snapshot_directory);
  if (!made) return tl::unexpected(std::move(made.error()));
  auto logs_made = d.exists(log_directory);
  if (!logs_made) return tl::unexpected(std::move(logs_made.error()));
  if (!*made) {
    out.notes.push_back("there is no " + snapshot_directory + ": a start would make it");
    if (auto logs = list_logs(d, log_directory); logs && !logs->empty())
      out.problems.push_back(
          io_error{"load the database from", snapshot_directory, io_error::code_refused, -1,
                   "there are transaction logs in " + log_directory + " but no snapshot"});
    return out;
  }
  if (!*logs_made) log_directory = snapshot_directory;  // check() has refused it if it holds a log
  auto snapshots = list_snapshots(d, snapshot_directory);
  if (!snapshots) return tl::unexpected(std::move(snapshots.error()));
  for (auto& file : *snapshots) {
    auto complete = is_complete(d, file);
    if (file.how != compression::none) out.marks.compressed_snapshot = true;
    out.snapshots.push_back({std::move(file), complete.value_or(false)});
  }
  auto logs = list_logs(d, log_directory);
  if (!logs) return tl::unexpected(std::move(logs.error()));
  look_at_logs(d, *logs, out, progress);
  try_loading(d, options, snapshot_directory, log_directory, out);
  look_at_room(d, out);
  tell_of_tails(out);
  if (out.how) tell_of_loading(out);
  return out;
}

}  // namespace troupe::storage
