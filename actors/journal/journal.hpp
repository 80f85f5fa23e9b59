// SPDX-License-Identifier: Apache-2.0
/// Writes ahead; the only actor that touches the disk (ZooKeeper's SyncRequestProcessor and
/// FileTxnSnapLog). Every reply means: this is durable.
///
/// Group commit: an append only gathers, and queues one flush behind what is already in the
/// mailbox; the flush makes all that came until then durable with one fdatasync and tells everybody
/// who waits. Whatever else is asked flushes first, so requests see the log as their sender left
/// it. Snapshots: when enough txns have come, the database is asked for one; a scribe writes its
/// pieces on a thread of its own, and the file gets its name only when the log is durable up to the
/// last txn it may contain: a recovery never stands on a txn that the log has not. What is synced
/// is noted a moment later, which tells rot from a torn batch after a crash (sync_mark.hpp).
/// Errors: after a failed write the journal is broken: it says so once to the failure sink, answers
/// every request with the reason and drops appends, until load_data opens the log anew. A past that
/// cannot be read although the disk works is none, if other servers may have it: then there are
/// epochs and no log, until a snapshot is installed.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/node_context.hpp"
#include "actors/core/sync_note.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/snapshots.hpp"
#include "actors/journal/messages.hpp"
#include "actors/storage/data_dir.hpp"
#include "actors/storage/epochs.hpp"
#include "actors/storage/snapshot_files.hpp"
#include "actors/storage/txn_log.hpp"

namespace troupe {

struct journal_options {
  context_ptr context;
};

/// With what it says to itself, and what its scribe says to it.
using journal_with_helpers =
    journal_actor::extend<reacts_to<flush_log>, reacts_to<note_synced>, reacts_to<purge_files>,
                          reacts_to<snapshot_sealed>, reacts_to<snapshot_failed>,
                          reacts_to<snapshot_given_up>>;

struct journal_state {
  static inline const char* name = "zk.journal";

  journal_options options;
  snapshot_source snapshots;  // null until load_data
  failure_sink failures;
  std::optional<storage::data_dir> directory;  // holds the lock; stays open once it is
  std::optional<storage::txn_log> log;         // absent until load_data has succeeded
  storage::epochs era;
  membership_ptr to_keep;  // the newest list of servers that is to be in the files
  zxid kept;               // the version that is
  zxid committed;          // known to be, of all servers' history
  std::string broken = "load_data was not asked yet";  // empty: the journal can be used
  bool broken_by_disk = false;                         // and by nothing else
  bool may_resync = false;
  std::string damaged;  // not empty: why there is no log although nothing is broken

  std::vector<std::pair<logged_sink, zxid>> waiting;  // who hears of the next flush
  std::int64_t unsynced_bytes = 0;                    // of this journal in shared_gauges
  bool flush_queued = false;
  bool note_queued = false;
  caf::timespan note_after = core::sync_note_interval({});  // the last note's cost sets it
  std::uint64_t room_needed = 0;  // bytes that the disk did not take the last time

  // Our own snapshots. Invariant: at most one is being written.
  std::uint64_t txns_since_snapshot = 0;
  std::uint64_t bytes_since_snapshot = 0;
  // Drawn anew for each, so that servers do not coincide.
  std::uint64_t txns_until_snapshot = 0;
  std::uint64_t bytes_until_snapshot = 0;  // 0: no limit
  std::mt19937_64 spread;
  snapshot_sink scribe;  // null: none is being written

  std::optional<storage::snapshot_writer> incoming;  // the leader's snapshot, while it arrives
};

using journal_ptr = journal_with_helpers::stateful_pointer<journal_state>;

journal_with_helpers::behavior_type journal(journal_ptr self, journal_options options);

}  // namespace troupe
