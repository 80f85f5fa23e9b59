// SPDX-License-Identifier: Apache-2.0
/// What the journal does with a data directory's files, apart from being an actor: a database out
/// of them, a first snapshot into them, a range of txns from the log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/node_context.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/storage/data_dir.hpp"
#include "actors/storage/image_builder.hpp"
#include "actors/storage/snapshot_files.hpp"
#include "actors/storage/txn_log.hpp"
#include "actors/trace/log.hpp"
#include "config/node_config.hpp"

namespace troupe {

/// The server's own, for this process alone.
[[nodiscard]] storage::io_result<storage::data_dir> open_data_dir(const node_context& context);
[[nodiscard]] storage::data_dir_options directory_options(const config::node_config& config,
                                                          server_id me, std::int64_t wall_ms);
[[nodiscard]] storage::log_options log_options(const config::node_config& config,
                                               std::string directory);

/// Makes the names that are found in the directories durable. A process that died between giving
/// one and the sync of its directory has left a name that the machine's next crash may take, and
/// whatever is read is built on: a promise read in acceptedEpoch is not stored again.
[[nodiscard]] storage::io_result<void> settle_names(storage::disk& d,
                                                    const storage::data_dir& directory,
                                                    const config::node_config& config);

/// The newest txns that are kept in memory: so many, and so many bytes, but one in any case.
struct recent_window {
  std::size_t txns_max = 0;
  std::int64_t bytes_max = 0;
};

[[nodiscard]] recent_window window_of(const node_context& context);

/// The newest snapshot with the logged txns applied to it.
struct read_database {
  storage::loaded_database how;
  std::shared_ptr<core::image> image;
  std::vector<txn_ptr> recent;  // the newest txns, at most as many as were asked for
  storage::digest_findings digests;
  zxid committed;  // known to be, of what is logged; 0: nothing is
  /// The snapshot is one of ours, and the log was cut behind what it may hold a part of: a leader's
  /// was to take its place when the server died.
  bool holds_what_was_cut = false;
};
/// What of the log is known to be committed, besides what its mark says; and whether the image is
/// to hold the rest, too.
struct known_part {
  zxid committed;
  bool whole = false;
};
[[nodiscard]] storage::io_result<read_database> read_data(const node_context& context,
                                                          storage::data_dir& directory,
                                                          known_part known);

/// Logs what people should know of it.
void report(const log::logger& log, const read_database& data);

/// snapshot.compression.method.
[[nodiscard]] storage::compression compression_of(const config::node_config& config);

[[nodiscard]] storage::io_result<void> append_to(storage::txn_log& log, const logged_txn& next,
                                                 const config::node_config& config);
/// Txns have come where a snapshot has to be first.
[[nodiscard]] storage::io_error no_history(const storage::data_dir& directory);

/// Writes the whole of a database that does not change meanwhile.
[[nodiscard]] storage::io_result<storage::snapshot_file> write_snapshot(
    storage::disk& d, const std::string& directory, const core::tree& data,
    storage::compression how);

/// Answers `asked` from the files of a log whose appends are all written. An error when the log
/// cannot tell what came after `asked.after`: it was purged, or is another history.
[[nodiscard]] storage::io_result<log_range> read_range(storage::disk& d,
                                                       const storage::data_dir& directory,
                                                       const storage::txn_log& log,
                                                       const read_log& asked);

}  // namespace troupe
