// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "actors/storage/survey.hpp"
#include "tools/log/commands.hpp"
#include "tools/log/describe.hpp"
#include "tools/log/progress.hpp"
#include "tools/log/source.hpp"

namespace troupe::log_tool {
namespace {

using storage::io_error;
using storage::io_result;
using storage::log_file;
using storage::log_tail;
using storage::snapshot_file;

struct checked_snapshot {
  snapshot_file file;
  std::optional<io_error> damage;
  std::uint64_t znodes = 0;
  std::optional<core::zxid_digest> digest;
  std::optional<std::int64_t> content_digest;  // if it is another
  bool is_being_written = false;               // by the server that runs there, perhaps
  bool ends_early = false;                     // what there is of it is as it should be
};

/// What the txns make of a snapshot, against what was written beside them.
struct replay_report {
  std::string from;
  std::uint64_t txns = 0, digests_compared = 0, snapshots_compared = 0;
  zxid last;
  std::vector<std::string> differences;
};

/// Of one directory, or of all single files that were named.
struct report {
  std::vector<checked_snapshot> snapshots;  // oldest first
  std::vector<storage::log_note> logs;
  std::vector<std::string> holes;  // between files
  std::optional<replay_report> replay;
  std::string no_replay;  // why there is none
  std::string who_runs;   // in the directory, while it is read; empty: nobody

  [[nodiscard]] bool is_fine() const {
    return holes.empty() && (!replay || replay->differences.empty()) &&
           std::none_of(snapshots.begin(), snapshots.end(),
                        [](const auto& s) { return s.damage.has_value(); }) &&
           std::none_of(logs.begin(), logs.end(),
                        [](const auto& log) { return log.damage.has_value(); });
  }
};

void check_snapshot(storage::disk& d, const snapshot_file& file, report& out, progress& told) {
  checked_snapshot entry{file, std::nullopt, 0, std::nullopt};
  auto decoded = decode(d, file, told);
  if (!decoded) {
    entry.damage = decoded.error();
    entry.ends_early =
        entry.damage->is_corrupt() && entry.damage->offset >= static_cast<std::int64_t>(file.size);
  } else {
    entry.znodes = decoded->data.node_count() - 1;  // the root counts twice there
    entry.digest = decoded->digest;
    if (entry.digest && !decoded->data.expect_digest(*entry.digest))
      entry.content_digest = decoded->data.digest();
  }
  out.snapshots.push_back(std::move(entry));
}

/// A snapshot whose content has another digest than it says. Not if txns came after it: its server
/// may have applied the next one before it noted that one's zxid; the replay compares these.
void judge_digests(report& out) {
  for (auto& s : out.snapshots) {
    bool went_on = std::any_of(out.logs.begin(), out.logs.end(), [&s](const auto& log) {
      return log.txns > 0 && log.last > s.file.id;
    });
    if (s.content_digest && !went_on)
      s.damage = io_error{"read the snapshot", s.file.path, io_error::code_corrupt, -1,
                          "its digest is " + to_hex(s.digest->value) + ", its content has " +
                              to_hex(*s.content_digest)};
  }
}

/// A leader's snapshot may stand between two files.
bool has_snapshot_of(const report& out, zxid id) {
  return std::any_of(out.snapshots.begin(), out.snapshots.end(),
                     [id](const auto& s) { return s.file.id == id; });
}

void check_log(storage::disk& d, const log_file& file, report& out, progress& told) {
  auto read = [&] {
    return storage::read_log_file(
        d, file, {}, [&](const std::string& path, std::uint64_t done, std::uint64_t total) {
          told.at("checking " + base_name_of(path), done, total);
        });
  };
  auto note = read();
  // A txn that was half written when its front was read is whole by now; damage stays.
  for (int n = 1; n < live_read_tries && note.damage && !out.who_runs.empty(); ++n) note = read();
  if (note.damage && note.damage->is_missing() && !out.who_runs.empty()) return;  // purged
  auto before = std::find_if(out.logs.rbegin(), out.logs.rend(),
                             [](const auto& log) { return log.txns > 0; });
  if (note.txns > 0 && before != out.logs.rend() && !storage::follows(before->last, note.first))
    out.holes.push_back("txn " + to_string(note.first) + " of " + file.path + " stands after " +
                        to_string(before->last) + " of " + before->file.path +
                        ": there is a hole between them");
  if (note.txns > 0 && before != out.logs.rend() && storage::follows(before->last, note.first) &&
      note.begun_after != zxid{} && note.begun_after != before->last &&
      !has_snapshot_of(out, note.begun_after))
    out.holes.push_back(file.path + " was begun behind txn " + to_string(note.begun_after) +
                        ", and " + before->file.path + " ends at " + to_string(before->last) +
                        ": txns are missing");
  out.logs.push_back(std::move(note));
}

/// The digest that each later snapshot was finished with, by the txn it was then.
std::multimap<zxid, const checked_snapshot*> digests_to_meet(const report& seen, zxid after) {
  std::multimap<zxid, const checked_snapshot*> out;
  for (const auto& s : seen.snapshots)
    if (!s.damage && !s.is_being_written && s.digest && s.digest->version == core::digest_version &&
        s.digest->at > after)
      out.emplace(s.digest->at, &s);
  return out;
}

/// Replays every txn after `from`. False: the log does not go on from there.
bool replay_from(storage::disk& d, const std::string& log_directory, const checked_snapshot* from,
                 report& out, progress& told) {
  auto start = from ? from->file.id : zxid{};
  core::tree tree;
  if (from) {
    auto decoded = decode(d, from->file, told);
    if (!decoded) return false;
    tree = std::move(decoded->data);
    tree.set_last_processed(start);
    if (decoded->digest) (void)tree.expect_digest(*decoded->digest);  // checked before
  }
  auto reader = storage::log_reader::open(d, log_directory, start.next());
  if (!reader) return false;
  auto to_meet = digests_to_meet(out, start);
  replay_report r;
  r.from = from ? base_name_of(from->file.path) : "an empty database";
  r.last = start;
  auto differs = [&r](zxid at, const std::string& who, std::int64_t told_digest,
                      std::int64_t ours) {
    r.differences.push_back("at " + to_string(at) + " " + who + " says digest " +
                            to_hex(told_digest) + ", replay gives " + to_hex(ours));
  };
  for (;;) {
    auto t = reader->next();
    if (!t && r.txns == 0) return false;
    if (!t || !*t) break;  // damage was told of by check_log
    auto applied = tree.apply((*t)->value);
    auto id = r.last = (*t)->id();
    if ((*t)->value.digest && !tree.fuzzy_until()) ++r.digests_compared;
    if (!applied.digest_matches) differs(id, "the log", applied.digest_told, tree.digest());
    auto [first, last] = to_meet.equal_range(id);
    for (auto s = first; s != last; ++s) {
      ++r.snapshots_compared;
      if (s->second->digest->value != tree.digest() && !tree.fuzzy_until())
        differs(id, base_name_of(s->second->file.path), s->second->digest->value, tree.digest());
    }
    if (++r.txns % 1000 == 0) told.at("replaying, txns", r.txns, 0);
  }
  out.replay = std::move(r);
  return true;
}

/// From the oldest snapshot that the log goes on from, so that most is compared.
void replay(storage::disk& d, const directory& where, const common_options& options, report& out,
            progress& told) {
  bool has_txns =
      std::any_of(out.logs.begin(), out.logs.end(), [](const auto& log) { return log.txns > 0; });
  if (!has_txns) {
    const bool has_a_past = !out.snapshots.empty() && out.snapshots.back().file.id != zxid{};
    out.no_replay = out.logs.empty() && options.data_log_dir.empty() && has_a_past
                        ? "no txn log is here; where dataLogDir is another directory, "
                          "--data-log-dir names it"
                        : "there are no txns";
    return;
  }
  if (replay_from(d, where.logs, nullptr, out, told)) return;
  for (const auto& s : out.snapshots)
    if (!s.damage && !s.is_being_written && replay_from(d, where.logs, &s, out, told)) return;
  out.no_replay = "no whole snapshot has its next txn in the logs";
}

/// Who runs there may have purged a snapshot since it was listed, and may be writing the newest one
/// in its place: then its end is missing, and nothing else is the matter with it.
void drop_unfinished_snapshot(const directory& where, report& out) {
  if (where.who_runs.empty()) return;
  std::erase_if(out.snapshots, [](const auto& s) { return s.damage && s.damage->is_missing(); });
  if (!where.writes_in_place || out.snapshots.empty() || !out.snapshots.back().ends_early) return;
  auto& newest = out.snapshots.back();
  newest.is_being_written = true;
  newest.damage.reset();
}

io_result<report> check_directory(storage::disk& d, const directory& where,
                                  const common_options& options, progress& told) {
  report out;
  out.who_runs = where.who_runs;
  auto snapshots = storage::list_snapshots(d, where.snapshots);
  if (!snapshots) return tl::unexpected(std::move(snapshots.error()));
  std::reverse(snapshots->begin(), snapshots->end());
  for (const auto& file : *snapshots) check_snapshot(d, file, out, told);
  auto logs = storage::list_logs(d, where.logs);
  if (!logs) return tl::unexpected(std::move(logs.error()));
  for (const auto& file : *logs) check_log(d, file, out, told);
  if (out.snapshots.empty() && out.logs.empty())
    return tl::unexpected(
        io_error{"read", where.data_dir, 0, -1, "neither a snapshot nor a txn log is there"});
  drop_unfinished_snapshot(where, out);
  judge_digests(out);
  replay(d, where, options, out, told);
  return out;
}

io_result<void> check_file(storage::disk& d, const std::string& path, report& out, progress& told) {
  out.no_replay = "that takes a whole directory";
  if (!base_name_of(path).starts_with("snapshot.")) {
    check_log(d, log_at(path), out, told);
    return {};
  }
  auto file = snapshot_at(d, path);
  if (!file) return tl::unexpected(std::move(file.error()));
  check_snapshot(d, *file, out, told);
  return {};
}

io_result<std::vector<report>> check(storage::disk& d, const std::vector<std::string>& paths,
                                     const common_options& options, progress& told) {
  std::vector<report> out;
  report files;
  for (const auto& path : paths) {
    auto where = find_directory(d, path, options);
    if (!where) return tl::unexpected(std::move(where.error()));
    if (*where) {
      auto checked = check_directory(d, **where, options, told);
      if (!checked) return tl::unexpected(std::move(checked.error()));
      out.push_back(std::move(*checked));
    } else if (auto checked = check_file(d, path, files, told); !checked) {
      return tl::unexpected(std::move(checked.error()));
    }
  }
  if (!files.no_replay.empty()) out.push_back(std::move(files));
  return out;
}

std::string snapshot_line(const checked_snapshot& s) {
  if (s.damage) return s.damage->text();
  if (s.is_being_written) return s.file.path + ": not whole; the server may be writing it";
  auto out = s.file.path + ": whole, " + std::to_string(s.znodes) + " znodes";
  if (s.digest) out += ", digest " + to_hex(s.digest->value) + " at " + to_string(s.digest->at);
  return out;
}

std::string log_line(const storage::log_note& log) {
  if (log.damage) return log.damage->text();
  auto out = log.file.path + ": ";
  if (log.txns == 0)
    out += "no txn";
  else
    out += std::to_string(log.txns) + " txns, " + to_string(log.first) + " to " +
           to_string(log.last) + ", checksums right, no hole";
  if (log.tail.is != log_tail::kind::clean)
    out += "; unfinished end at offset " + std::to_string(log.tail.end) + " (" + log.tail.why + ")";
  return out;
}

std::string text_of(const report& r) {
  std::string out;
  if (!r.who_runs.empty())
    out +=
        r.who_runs + ", runs here: read only, and its newest log may end in the middle of a txn\n";
  for (const auto& s : r.snapshots) out += snapshot_line(s) + "\n";
  for (const auto& log : r.logs) out += log_line(log) + "\n";
  for (const auto& hole : r.holes) out += hole + "\n";
  if (r.replay) {
    out += "replay from " + r.replay->from + ": " + std::to_string(r.replay->txns) + " txns to " +
           to_string(r.replay->last) + ", " + std::to_string(r.replay->digests_compared) +
           " digests of the log and " + std::to_string(r.replay->snapshots_compared) +
           " of snapshots compared, " + std::to_string(r.replay->differences.size()) + " differ\n";
    for (const auto& difference : r.replay->differences) out += "  " + difference + "\n";
  } else if (!r.no_replay.empty()) {
    out += "no replay: " + r.no_replay + "\n";
  }
  return out + (r.is_fine() ? "all right\n" : "damaged\n");
}

json json_of(const report& r) {
  json out{{"all_right", r.is_fine()}};
  if (!r.who_runs.empty()) out["who_runs"] = r.who_runs;
  auto damage = [](const std::optional<io_error>& e) -> json {
    if (!e) return nullptr;
    return {{"offset", e->offset}, {"text", e->text()}};
  };
  out["snapshots"] = json::array();
  for (const auto& s : r.snapshots)
    out["snapshots"].push_back(
        {{"file", s.file.path}, {"znodes", s.znodes}, {"damage", damage(s.damage)}});
  out["logs"] = json::array();
  for (const auto& log : r.logs) {
    json entry{{"file", log.file.path}, {"txns", log.txns}, {"damage", damage(log.damage)}};
    if (log.txns > 0) {
      entry["first_zxid"] = to_string(log.first);
      entry["last_zxid"] = to_string(log.last);
    }
    if (log.tail.is != log_tail::kind::clean) entry["unfinished_end"] = log.tail.end;
    out["logs"].push_back(std::move(entry));
  }
  out["holes"] = r.holes;
  if (r.replay)
    out["replay"] = {{"from", r.replay->from},
                     {"txns", r.replay->txns},
                     {"last_zxid", to_string(r.replay->last)},
                     {"digests_compared", r.replay->digests_compared},
                     {"snapshots_compared", r.replay->snapshots_compared},
                     {"differences", r.replay->differences}};
  else
    out["no_replay"] = r.no_replay;
  return out;
}

}  // namespace

int verify(storage::disk& d, const std::vector<std::string>& paths, const common_options& options,
           const terminal& term) {
  progress told{term};
  auto seen = check(d, paths, options, told);
  told.clear();
  if (!seen) return fail(term, seen.error().text());
  for (const auto& one : *seen)
    term.out << (options.json ? dump(json_of(one)) + "\n" : text_of(one));
  return std::all_of(seen->begin(), seen->end(), [](const report& r) { return r.is_fine(); })
             ? exit_code::fine
             : exit_code::found;
}

}  // namespace troupe::log_tool
