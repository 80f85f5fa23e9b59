// SPDX-License-Identifier: Apache-2.0
/// What the journal, which alone touches the disk, is asked and told: what the data directory
/// holds, appends, epochs, cuts, and that the disk or the log refuses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/interfaces/local_message.hpp"
#include "actors/interfaces/snapshots.hpp"
#include "config/membership.hpp"
#include "messages/ids.hpp"
#include "messages/txn.hpp"

namespace troupe {

namespace core {
struct image;  // tree, sessions and the last zxid applied to them: what a snapshot holds
}

/// Everything up to `upto` is on disk.
struct logged {
  TROUPE_STAYS_LOCAL;
  zxid upto;
};

/// Hears that its appends are on disk, in order.
using logged_sink = caf::typed_actor<reacts_to<logged>>;

/// Writes these txns ahead; `to`, if given, hears when they are durable.
struct append_txns {
  TROUPE_STAYS_LOCAL;
  std::vector<txn_ptr> txns;
  logged_sink to;
};

/// The disk failed: nothing more is acked from that file, the server must leave its role.
struct disk_failed {
  TROUPE_STAYS_LOCAL;
  std::string reason;
};

/// The log was to hold what it must not (a hole, or more than a txn can be): nothing is acked any
/// more, and the server must leave its role. Says nothing of the disk.
struct log_refused {
  TROUPE_STAYS_LOCAL;
  std::string reason;
};

/// Hears why nothing is logged any more (peer).
using failure_sink = caf::typed_actor<reacts_to<disk_failed>, reacts_to<log_refused>>;

/// The data directory's content. The receiver takes the image over.
struct loaded_data {
  TROUPE_STAYS_LOCAL;
  std::shared_ptr<core::image> image;
  std::vector<txn_ptr> recent;  // the newest txns, contiguous, ending at the image's last zxid
  zxid last_logged;
  epoch accepted;
  epoch current;
  std::uint64_t digest_mismatches = 0;  // found while it was read
  bool tree_differs = false;            // from what the newest digest says
  std::string damaged{};  // not empty: why nothing of the past can be read here; the image is empty
  std::int64_t session_time_ms = 0;  // see install_image
  zxid committed{};  // known to be committed up to here, at least; the image ends there if it can
};

/// Asks the journal for what the data directory holds, and tells it whom to ask for snapshots and
/// whom to tell of failures from now on. Asked again after a failure, it reads the directory anew
/// and begins a new log file. `may_resync`: what cannot be read for what its bytes are may come
/// from the other servers. `whole`: the image holds all that is logged; else what is not known to
/// be committed stays in the log alone, if the newest snapshot holds nothing of it.
struct load_data {
  TROUPE_STAYS_LOCAL;
  snapshot_source snapshots;
  failure_sink failures;
  bool may_resync = false;
  bool whole = false;
};

/// From a role whose epoch is established: all up to `upto` is committed. Noted on the disk some
/// time later.
struct known_committed {
  TROUPE_STAYS_LOCAL;
  zxid upto;
};

/// Whether the disk works: answered when files were written, synced and removed.
struct probe_disk {
  TROUPE_STAYS_LOCAL;
};

enum class epoch_kind { accepted, current };

/// Replaces acceptedEpoch or currentEpoch; the reply comes when the new file is durable.
struct store_epoch {
  TROUPE_STAYS_LOCAL;
  epoch_kind kind = epoch_kind::accepted;
  epoch era;
};

struct stored {
  TROUPE_STAYS_LOCAL;
};

/// Cuts the log after `keep_upto` and loads again what is left (leader-driven TRUNC).
struct truncate_log {
  TROUPE_STAYS_LOCAL;
  zxid keep_upto;
};

/// Keeps a list of servers that is committed in zoo.cfg's dynamic file, before anything that is
/// appended later. A failure is that of the disk.
struct store_membership {
  TROUPE_STAYS_LOCAL;
  membership_ptr committed;
};

/// Asks for logged txns after `after`, oldest first, as far as `bytes_max` allows. All appends sent
/// before are on disk when the reply comes, so with `bytes_max` 0 it is a barrier.
struct read_log {
  TROUPE_STAYS_LOCAL;
  zxid after;
  std::uint64_t bytes_max = 0;
};

struct log_range {
  TROUPE_STAYS_LOCAL;
  std::vector<txn_ptr> txns;
  bool complete = false;  // reaches the end of the log
  bool holds_after =
      false;  // a txn of exactly `after` is in the log: what follows it continues that history
  zxid last_logged;
  epoch accepted;  // the epoch files' content
  epoch current;
  bool damaged = false;  // what was logged here is lost
};

/// The only actor that touches the disk: group commit, epochs, truncation, snapshots.
using journal_actor = caf::typed_actor<
    replies_to<load_data>::with<loaded_data>, reacts_to<append_txns>,
    replies_to<store_epoch>::with<stored>, replies_to<truncate_log>::with<loaded_data>,
    replies_to<read_log>::with<log_range>, replies_to<install_piece>::with<stored>,
    replies_to<probe_disk>::with<stored>, reacts_to<store_membership>, reacts_to<known_committed>>;

}  // namespace troupe
