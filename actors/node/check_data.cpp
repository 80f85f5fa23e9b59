// SPDX-License-Identifier: Apache-2.0
#include "actors/node/check_data.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "actors/storage/data_place.hpp"
#include "actors/storage/disk.hpp"
#include "actors/storage/running_server.hpp"
#include "messages/printable.hpp"

namespace troupe {
namespace {

using storage::data_survey;
using storage::log_note;
using origin = storage::loaded_database::origin;
using json = nlohmann::ordered_json;

constexpr std::size_t files_shown_max = 6;
constexpr std::size_t notes_shown_max = 8;

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string how_many(std::uint64_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

/// "label           text", with the lines after the first under it.
void put(std::string& out, std::string label, std::string_view text) {
  constexpr std::size_t indent = 16;
  label.resize(std::max(indent, label.size() + 1), ' ');
  for (;;) {
    auto line = text.substr(0, text.find('\n'));
    out.append(label).append(line).append("\n");
    if (line.size() == text.size()) return;
    text.remove_prefix(line.size() + 1);
    label.assign(indent, ' ');
  }
}

std::string verdict(const data_survey& seen) {
  if (!seen.would_start()) return "no";
  if (!seen.how || seen.how->came == origin::created) return "yes, with a new, empty database";
  if (seen.how->came == origin::unknown) return "yes, but it would wait to be told a database";
  auto from = seen.how->came == origin::replayed
                  ? std::string{"the logs alone"}
                  : "the snapshot at " + to_string(seen.how->snapshot);
  return "yes, from " + from + " and " + how_many(seen.how->txns, "txn") +
         " after it; the last is " + to_string(seen.how->last);
}

std::string snapshots_text(const data_survey& seen) {
  if (seen.snapshots.empty()) return "none";
  auto out =
      std::to_string(seen.snapshots.size()) + (seen.snapshots.size() == 1 ? "" : ", newest first");
  for (std::size_t i = 0; i < seen.snapshots.size() && i < files_shown_max; ++i) {
    const auto& s = seen.snapshots[i];
    out += "\n" + name_of(s.file.path) + "  " + how_many(s.file.size, "byte") +
           (s.is_complete ? "" : "  not complete");
  }
  if (seen.snapshots.size() > files_shown_max)
    out += "\nand " + std::to_string(seen.snapshots.size() - files_shown_max) + " older";
  return out;
}

std::string log_line(const log_note& log) {
  auto out = name_of(log.file.path) + "  ";
  if (log.txns == 0)
    out += "no txn";
  else
    out += to_string(log.first) + " to " + to_string(log.last) + ", " + how_many(log.txns, "txn");
  out += "  " + how_many(log.bytes, "byte");
  if (log.damage) return out + "  damaged at offset " + std::to_string(log.damage->offset);
  if (log.tail.is != storage::log_tail::kind::clean)
    out += "  unfinished end at offset " + std::to_string(log.tail.end);
  return out;
}

std::string logs_text(const data_survey& seen) {
  if (seen.logs.empty()) return "none";
  std::uint64_t txns = 0;
  for (const auto& log : seen.logs) txns += log.txns;
  auto out = std::to_string(seen.logs.size()) + " with " + how_many(txns, "txn") +
             (seen.logs.size() == 1 ? "" : ", newest first");
  auto shown = std::min(seen.logs.size(), files_shown_max);
  for (auto log = seen.logs.rbegin();
       log != seen.logs.rbegin() + static_cast<std::ptrdiff_t>(shown); ++log)
    out += "\n" + log_line(*log);
  if (seen.logs.size() > shown)
    out += "\nand " + std::to_string(seen.logs.size() - shown) + " older";
  return out;
}

/// What the formats tell of who wrote here; a guess, and said to be one.
std::string written_by(const storage::format_marks& m) {
  std::string signs, version;
  auto add = [&signs](std::string_view sign) {
    signs += signs.empty() ? "" : ", ";
    signs += sign;
  };
  if (m.creates_without_cversion) add("creates of before 3.4");
  if (m.later_ops) add("container, TTL or reconfig txns");
  if (m.compressed_snapshot) add("compressed snapshots");
  if (m.close_session_paths) add("paths in closed sessions");
  if (m.txn_digests || m.snapshot_digest) add("digests");
  if (m.snapshot_last_zxid) add("the last zxid in the snapshot");
  if (m.snapshot_last_zxid)
    version = "ZooKeeper 3.9 or later";
  else if (m.compressed_snapshot || m.close_session_paths || m.txn_digests || m.snapshot_digest)
    version = "ZooKeeper 3.6 or later";
  else if (m.later_ops)
    version = "ZooKeeper 3.5 or later";
  else
    version = "any ZooKeeper";
  if (m.actor_node) version = "actor-node" + (signs.empty() ? std::string{} : " or " + version);
  return signs.empty() ? version : version + " (" + signs + ")";
}

std::string database_text(const data_survey& seen) {
  const auto& h = seen.holds;
  return how_many(h.znodes, "znode") + " with " + how_many(h.data_bytes, "byte") +
         " of paths and data: " + how_many(h.ephemerals, "ephemeral") + ", " +
         how_many(h.containers, "container") + ", " + how_many(h.ttl_znodes, "TTL znode") + "; " +
         how_many(h.sessions, "session");
}

std::string limited(const std::vector<std::string>& lines) {
  std::string out;
  for (std::size_t i = 0; i < lines.size() && i < notes_shown_max; ++i)
    out += (i == 0 ? "" : "\n") + lines[i];
  if (lines.size() > notes_shown_max)
    out += "\nand " + std::to_string(lines.size() - notes_shown_max) + " more (--json shows them)";
  return out;
}

json file_json(const storage::io_error& e) {
  json out{{"file", e.path}};
  if (e.offset >= 0) out["offset"] = e.offset;
  out["text"] = e.text();
  return out;
}

json log_json(const log_note& log) {
  json out{{"file", log.file.path}, {"bytes", log.bytes}, {"txns", log.txns}};
  if (log.txns > 0) {
    out["first_zxid"] = to_string(log.first);
    out["last_zxid"] = to_string(log.last);
  }
  if (log.damage) out["damage"] = file_json(*log.damage);
  if (!log.damage && log.tail.is != storage::log_tail::kind::clean)
    out["unfinished_end"] = json{{"offset", log.tail.end}, {"why", log.tail.why}};
  return out;
}

json database_json(const data_survey& seen) {
  const auto& h = seen.holds;
  json out{{"snapshot_zxid", to_string(seen.how->snapshot)},
           {"txns_replayed", seen.how->txns},
           {"last_zxid", to_string(seen.how->last)},
           {"znodes", h.znodes},
           {"data_bytes", h.data_bytes},
           {"ephemerals", h.ephemerals},
           {"containers", h.containers},
           {"ttl_znodes", h.ttl_znodes},
           {"sessions", h.sessions},
           {"digest_mismatches", seen.digests.mismatches}};
  if (!h.membership.empty()) out["membership"] = h.membership;
  return out;
}

/// Of a database that is there: without its logs it would be an older one. Empty: the log directory
/// is one.
std::string why_not_these_logs(storage::disk& d, const storage::data_dir_options& options) {
  if (options.data_log_dir.empty() || options.data_log_dir == options.data_dir) return {};
  auto place = storage::look_at_place(d, options.data_log_dir);
  if (!place) return place.error().text();
  return place->is_readable() ? std::string{} : "as dataLogDir: " + place->refusal();
}

/// Why this is no place to look at; empty: it is one. A version-2 stands for its data directory.
std::string why_not_here(storage::disk& d, storage::data_dir_options& options, bool is_named) {
  using kind = storage::data_place::kind;
  auto place = storage::look_at_place(d, options.data_dir);
  if (!place) return place.error().text();
  const auto above = options.data_dir.substr(0, options.data_dir.rfind('/'));
  if (place->is == kind::version_directory && name_of(options.data_dir) == "version-2") {
    if (options.data_log_dir == options.data_dir) options.data_log_dir.clear();
    options.data_dir = above.empty() ? "/" : above;
    return {};
  }
  if (place->is == kind::data_directory) return why_not_these_logs(d, options);
  if (place->is == kind::prepared && place->near.empty()) return {};
  if (is_named || place->is == kind::missing || place->is == kind::file)
    return place->refusal() +
           (place->is == kind::empty ? "; a server would begin a new, empty database there" : "");
  const auto filled = storage::filled_below(d, options.data_dir);
  if (filled.empty()) return {};
  return "dataDir=" + options.data_dir +
         " holds no database, so a server would begin a new, empty one; there is one at " +
         filled.front();
}

}  // namespace

std::string survey_text(const data_survey& seen, const std::string& who_runs) {
  std::string out;
  put(out, "Data directory", seen.data_dir);
  if (seen.data_log_dir != seen.data_dir) put(out, "Log directory", seen.data_log_dir);
  if (!who_runs.empty())
    put(out, "In use", "by " + who_runs + "; another is not started meanwhile");
  put(out, "Would start", verdict(seen));
  std::vector<std::string> why;
  for (const auto& problem : seen.problems) why.push_back(problem.text());
  if (!why.empty()) put(out, "Why not", limited(why));
  put(out, "Snapshots", snapshots_text(seen));
  put(out, "Logs", logs_text(seen));
  if (!seen.snapshots.empty() || !seen.logs.empty()) put(out, "Written by", written_by(seen.marks));
  if (seen.holds.znodes > 0) put(out, "Database", database_text(seen));
  if (seen.era)
    put(out, "Epochs",
        "accepted " + std::to_string(seen.era->accepted.value) + ", current " +
            std::to_string(seen.era->current.value));
  put(out, "myid", seen.my_id.value_or("none; a standalone server needs none"));
  if (!seen.holds.membership.empty()) put(out, "Membership", seen.holds.membership);
  if (!seen.notes.empty()) put(out, "Notes", limited(seen.notes));
  return out;
}

std::string survey_json(const data_survey& seen, const std::string& who_runs) {
  json out{{"data_dir", seen.data_dir},
           {"data_log_dir", seen.data_log_dir},
           {"would_start", seen.would_start()},
           {"verdict", verdict(seen)}};
  if (!who_runs.empty()) out["in_use_by"] = who_runs;
  out["problems"] = json::array();
  for (const auto& problem : seen.problems) out["problems"].push_back(file_json(problem));
  out["snapshots"] = json::array();
  for (const auto& s : seen.snapshots)
    out["snapshots"].push_back({{"file", s.file.path},
                                {"zxid", to_string(s.file.id)},
                                {"bytes", s.file.size},
                                {"complete", s.is_complete}});
  out["logs"] = json::array();
  for (const auto& log : seen.logs) out["logs"].push_back(log_json(log));
  out["written_by"] = written_by(seen.marks);
  if (seen.how) out["database"] = database_json(seen);
  if (seen.era)
    out["epochs"] = {{"accepted", seen.era->accepted.value}, {"current", seen.era->current.value}};
  if (seen.my_id) out["myid"] = *seen.my_id;
  out["notes"] = seen.notes;
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

int check_data(storage::disk& d, storage::data_dir_options options, bool as_json, std::ostream& out,
               std::ostream& err, bool is_named) {
  if (auto why = why_not_here(d, options, is_named); !why.empty()) {
    err << why << "\n";
    return check_data_code::cannot_look;
  }
  const auto running = storage::running_in(options.data_dir);
  const auto who_runs = running ? running->text() : std::string{};
  auto seen = storage::survey(d, std::move(options));
  if (!seen) {
    err << "the directory cannot be looked at: " << seen.error().text() << "\n";
    return check_data_code::cannot_look;
  }
  if (!who_runs.empty())
    seen->notes.push_back("what the running server is writing may read as an unfinished end");
  const bool has_a_past = !seen->snapshots.empty() && seen->snapshots.front().file.id != zxid{};
  if (seen->logs.empty() && has_a_past && seen->data_log_dir == seen->data_dir)
    seen->notes.push_back(
        "no txn log is here: where dataLogDir is another directory, --data-log-dir names it");
  out << (as_json ? survey_json(*seen, who_runs) : printable(survey_text(*seen, who_runs), "\n"));
  return seen->would_start() ? check_data_code::would_start : check_data_code::would_not;
}

}  // namespace troupe
