// SPDX-License-Identifier: Apache-2.0
/// Writes one snapshot file for the journal, on a thread of its own, so that no append waits for
/// it. Takes the pieces from the database one at a time, and hands the whole file to the journal,
/// which gives it its name when the log has what the file may contain. Ends with its one snapshot.
#pragma once

#include <memory>
#include <string>

#include "actors/base/node_context.hpp"
#include "actors/interfaces/snapshots.hpp"
#include "actors/journal/messages.hpp"
#include "actors/storage/snapshot_files.hpp"

namespace troupe {

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
