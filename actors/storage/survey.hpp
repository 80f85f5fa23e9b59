// SPDX-License-Identifier: Apache-2.0
/// A data directory looked at and left as it is: what it holds, whether a server would start on it,
/// and why not. Nothing is written, made or locked, so a running server's directory can be looked
/// at too; what it writes meanwhile may then read as an unfinished end.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/storage/data_dir.hpp"
#include "actors/storage/epochs.hpp"
#include "actors/storage/image_builder.hpp"
#include "actors/storage/log_reader.hpp"
#include "actors/storage/snapshot_files.hpp"

namespace troupe::storage {

struct snapshot_note {
  snapshot_file file;
  bool is_complete = false;
};

struct log_note {
  log_file file;
  std::uint64_t bytes = 0;  // on disk, preallocated zeros included
  std::uint64_t txns = 0;
  zxid first, last;  // of its txns; 0 when it has none
  zxid begun_after;  // what stood before its first one then; 0 when it does not say
  log_tail tail;
  std::optional<io_error> damage;  // what ended the reading before the end
};

/// Marks of the formats, from which the version that wrote can be guessed.
struct format_marks {
  bool creates_without_cversion = false;  // before 3.4
  bool later_ops = false;                 // container, TTL or reconfig txns: 3.5 and later
  bool close_session_paths = false;       // 3.6 and later
  bool txn_digests = false;               // 3.6 and later, unless digest.enabled=false
  bool compressed_snapshot = false;       // 3.6 and later
  bool snapshot_digest = false;           // of the snapshot that is loaded: 3.6 and later
  bool snapshot_last_zxid = false;        // of the snapshot that is loaded: 3.9 and later
  bool actor_node = false;                // a server of ours has been here
};

struct database_counts {
  std::uint64_t znodes = 0, data_bytes = 0;  // bytes of paths and data
  std::uint64_t sessions = 0, ephemerals = 0, containers = 0, ttl_znodes = 0;
  std::string membership;  // the data of /zookeeper/config
};
[[nodiscard]] database_counts count(const core::tree& data);

struct data_survey {
  std::string data_dir, data_log_dir;
  std::vector<snapshot_note> snapshots;  // newest first
  std::vector<log_note> logs;            // ascending
  format_marks marks;
  std::optional<std::string> my_id;  // the text of myid, blanks around it aside
  bool has_initialize_marker = false;

  std::vector<io_error> problems;  // why a server would not start; empty: it would
  std::vector<std::string> notes;  // what to know all the same

  // What a start would come to; absent when the loading fails.
  std::optional<loaded_database> how;
  std::optional<epochs> era;
  database_counts holds;
  digest_findings digests;

  [[nodiscard]] bool would_start() const { return problems.empty(); }
};

/// Hears of the reading: the file, and how many of its bytes are read.
using survey_progress =
    std::function<void(const std::string& path, std::uint64_t done, std::uint64_t total)>;

/// An error when the directory cannot be looked at. `options.owner` is taken from myid when not
/// given.
[[nodiscard]] io_result<data_survey> survey(disk& d, data_dir_options options,
                                            const survey_progress& progress = {});

/// One log file read to its end, `on_txn` called for each of its txns.
[[nodiscard]] log_note read_log_file(
    disk& d, const log_file& file, const std::function<void(const log_entry&, const txn&)>& on_txn,
    const survey_progress& progress = {});

}  // namespace troupe::storage
