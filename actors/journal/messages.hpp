// SPDX-License-Identifier: Apache-2.0
/// What the journal says to itself and hears from its scribe. Nobody else says these.
#pragma once

#include <memory>
#include <string>

#include "actors/interfaces/snapshots.hpp"
#include "actors/storage/snapshot_files.hpp"

namespace troupe {

/// Journal to itself, behind the appends that wait in the mailbox.
struct flush_log {
  TROUPE_STAYS_LOCAL;
};
/// Journal to itself, a moment after a sync: the log's mark goes up.
struct note_synced {
  TROUPE_STAYS_LOCAL;
};
/// Journal to itself, each purge_interval_hours.
struct purge_files {
  TROUPE_STAYS_LOCAL;
};

/// A snapshot is durable under a temporary name. Who gets this owns the file.
struct snapshot_sealed {
  TROUPE_STAYS_LOCAL;
  zxid as_of;
  zxid covers;
  std::shared_ptr<storage::snapshot_writer> file;
};
struct snapshot_failed {
  TROUPE_STAYS_LOCAL;
  std::string reason;
};
using scribe_owner = caf::typed_actor<reacts_to<snapshot_sealed>, reacts_to<snapshot_failed>,
                                      reacts_to<snapshot_given_up>>;

}  // namespace troupe
