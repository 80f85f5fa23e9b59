// SPDX-License-Identifier: Apache-2.0
/// Writes ahead; the only actor that touches the disk (ZooKeeper's SyncRequestProcessor and
/// FileTxnSnapLog). Every reply means: this is durable.
///
/// Group commit: an append only gathers, and queues one flush behind what is already in the
/// mailbox; the flush makes all that came until then durable with one fdatasync and tells everybody
/// who waits. Whatever else is asked flushes first, so requests see the log as their sender left it.
/// Snapshots: when enough txns have come, the database is asked for one; its pieces go through a
/// scribe on a thread of its own, and the file gets its name only when the log is durable up to the
/// last txn it may contain: a recovery never stands on a txn that the log has not.
/// Errors: after a failed write the journal is broken: it says so once to the failure sink, answers
/// every request with the reason and drops appends, until load_data opens the directory anew.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "actors/node_context.hpp"
#include "actors/sinks.hpp"
#include "actors/storage/data_dir.hpp"
#include "actors/storage/epochs.hpp"
#include "actors/storage/snapshot_files.hpp"
#include "actors/storage/txn_log.hpp"

namespace troupe {

struct journal_options {
  context_ptr context;
};

// -- between the journal and its own helpers ----------------------------------------------------

/// To itself, behind the appends that wait in the mailbox.
struct flush_log {
  TROUPE_STAYS_LOCAL;
};
/// To itself, each purge_interval_hours.
struct purge_files {
  TROUPE_STAYS_LOCAL;
};
/// From the scribe: a piece is written, the last one published or, with a reason, neither.
struct piece_written {
  TROUPE_STAYS_LOCAL;
  zxid as_of;
  bool published = false;
  std::string failure{};
};
/// To the scribe: the log is durable up to what the snapshot covers.
struct publish_snapshot {
  TROUPE_STAYS_LOCAL;
};
/// Writes one snapshot file, piece by piece; ends with it.
using scribe_actor = caf::typed_actor<reacts_to<snapshot_piece>, reacts_to<publish_snapshot>>;

using journal_self =
    journal_actor::extend<reacts_to<flush_log>, reacts_to<purge_files>, reacts_to<piece_written>>;

struct journal_state {
  static inline const char* name = "zk.journal";

  journal_options options;
  snapshot_source snapshots;  // null until load_data
  failure_sink failures;
  std::optional<storage::data_dir> directory;  // holds the lock; stays open once it is
  std::optional<storage::txn_log> log;         // absent until load_data has succeeded
  storage::epochs era;
  std::string broken;  // why the journal cannot be used; empty when it can

  // Who hears of the next flush: the last zxid of each.
  std::map<caf::actor_addr, std::pair<logged_sink, zxid>> waiting;
  bool flush_queued = false;

  // Our own snapshots. Invariant: at most one is being written.
  std::uint64_t txns_since_snapshot = 0;
  std::uint64_t txns_until_snapshot = 0;  // drawn anew for each, so that servers do not coincide
  std::mt19937_64 spread;
  scribe_actor scribe;  // null: none is being written
  zxid scribe_as_of;

  std::optional<storage::snapshot_writer> incoming;  // the leader's snapshot, while it arrives
};

journal_self::behavior_type journal(journal_self::stateful_pointer<journal_state> self,
                                    journal_options options);

}  // namespace troupe
