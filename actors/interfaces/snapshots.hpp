// SPDX-License-Identifier: Apache-2.0
/// Snapshots in pieces: from the database to the disk, and from a leader to the disk.
#pragma once

#include <string>

#include "actors/interfaces/local_message.hpp"
#include "messages/ids.hpp"

namespace troupe {

/// A piece of a snapshot file. `as_of` names the file; `covers` is the last zxid any piece so far
/// may contain.
struct snapshot_piece {
  TROUPE_STAYS_LOCAL;
  zxid as_of;
  zxid covers;
  std::string bytes;
  bool last = false;
};

/// No further piece comes: the tree was replaced meanwhile, or is not what a digest says.
struct snapshot_given_up {
  TROUPE_STAYS_LOCAL;
  std::string reason;
};

/// The journal is ready for the next piece (one is in flight at a time).
struct next_piece {
  TROUPE_STAYS_LOCAL;
  zxid as_of;
};

/// A snapshot that came from the leader, piece by piece. The reply comes when the piece is written;
/// for the last one: when the snapshot is durable, older and divergent logs are out of the way, and
/// appends go behind it.
struct install_piece {
  TROUPE_STAYS_LOCAL;
  zxid as_of;
  std::string bytes;
  bool first = false;
  bool last = false;
};

/// Takes snapshot pieces for the disk (journal_scribe).
using snapshot_sink = caf::typed_actor<reacts_to<snapshot_piece>, reacts_to<snapshot_given_up>>;

/// Begin a fuzzy snapshot and send it to `to`, the first piece at once and each further one on
/// `next_piece`, until the last one or `snapshot_given_up`.
struct take_snapshot {
  TROUPE_STAYS_LOCAL;
  snapshot_sink to;
};

/// Gives snapshots when the journal wants one (database).
using snapshot_source = caf::typed_actor<reacts_to<take_snapshot>, reacts_to<next_piece>>;

}  // namespace troupe
