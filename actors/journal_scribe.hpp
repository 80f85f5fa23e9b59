// SPDX-License-Identifier: Apache-2.0
/// Writes one snapshot file for the journal, on a thread of its own, so that no append waits for
/// it. Takes the pieces from the database one at a time, and hands the whole file to the journal,
/// which gives it its name when the log has what the file may contain. Ends with its one snapshot.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "actors/node_context.hpp"
#include "actors/sinks.hpp"
#include "actors/storage/snapshot_files.hpp"

namespace troupe {

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
using scribe_owner = caf::typed_actor<reacts_to<snapshot_sealed>, reacts_to<snapshot_failed>>;

struct scribe_options {
  context_ptr context;
  std::string directory;
  snapshot_source source;
  scribe_owner journal;
};

struct scribe_state {
  static inline const char* name = "zk.scribe";

  scribe_options options;
  std::shared_ptr<storage::snapshot_writer> file;  // null until the first piece
};

snapshot_sink::behavior_type journal_scribe(snapshot_sink::stateful_pointer<scribe_state> self,
                                            scribe_options options);

}  // namespace troupe
