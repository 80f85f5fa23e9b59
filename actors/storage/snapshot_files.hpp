// SPDX-License-Identifier: Apache-2.0
/// Snapshots as files: their names, which of them are whole, reading and writing their bytes. What
/// the bytes mean is core/snapshot_codec.hpp's business.
///
/// A snapshot is snapshot.<zxid, hex>, with .gz or .snappy after it when compressed. A txn beyond
/// that zxid may already be in it; replaying the log from the next zxid on is harmless and
/// completes it. A whole plain file ends with the 5 bytes of the string "/" (FileSnap,
/// SnapStream.isValidSnapshot).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/storage/disk.hpp"
#include "messages/ids.hpp"

namespace troupe::storage {

enum class compression { none, gzip, snappy };

struct snapshot_file {
  zxid id;
  std::string path;
  compression how = compression::none;
  std::uint64_t size = 0;  // bytes on disk
};

[[nodiscard]] std::string snapshot_name(zxid id, compression how = compression::none);
/// nullopt for foreign names. `path` of the result is the name, `size` 0.
[[nodiscard]] std::optional<snapshot_file> parse_snapshot_name(std::string_view name);

/// All snapshot files of a directory, newest first, whole or not.
[[nodiscard]] io_result<std::vector<snapshot_file>> list_snapshots(disk& d,
                                                                   const std::string& directory);

/// Whether the file looks whole, by ZooKeeper's own test: a plain one by its last bytes, a
/// compressed one by its first.
[[nodiscard]] io_result<bool> is_complete(disk& d, const snapshot_file& f);

/// Those of list_snapshots that are complete: what to try, in order. ZooKeeper tries up to 100.
[[nodiscard]] io_result<std::vector<snapshot_file>> snapshot_candidates(
    disk& d, const std::string& directory);

/// The same of what can be read: one that a bad block is in counts as not whole, as it does for who
/// loads. For those who remove files, so that one bad block does not keep all of them.
[[nodiscard]] io_result<std::vector<snapshot_file>> readable_candidates(
    disk& d, const std::string& directory);

/// Tells a snapshot from another one under its name, as a backup brings it back: by its length and
/// its end, where the sums over all its bytes stand. Never 0.
[[nodiscard]] io_result<std::int64_t> end_mark(disk& d, const std::string& path);

/// Takes the next piece of a snapshot's (uncompressed) bytes; an error's text ends the reading.
using chunk_sink = std::function<tl::expected<void, std::string>(std::string_view)>;

/// Streams a snapshot's uncompressed bytes into `sink`. An error's offset is that of the block on
/// disk in which the reading ended.
[[nodiscard]] io_result<void> read_snapshot(disk& d, const snapshot_file& f,
                                            const chunk_sink& sink);

/// Writes one snapshot under a temporary name and gives it its own when it is whole and durable, so
/// a snapshot.* of ours is never torn. Destroying it before publish() abandons it.
class snapshot_writer {
 public:
  [[nodiscard]] static io_result<snapshot_writer> begin(disk& d, const std::string& directory,
                                                        zxid id,
                                                        compression how = compression::none);
  snapshot_writer(snapshot_writer&&) noexcept;
  snapshot_writer& operator=(snapshot_writer&&) noexcept;
  ~snapshot_writer();

  [[nodiscard]] io_result<void> append(std::string_view chunk);
  /// Makes what was appended durable, still under the temporary name. Nothing is appended after it.
  [[nodiscard]] io_result<void> seal();
  /// Gives a sealed snapshot its name, for good: it is there when this has returned a file.
  [[nodiscard]] io_result<snapshot_file> publish();
  /// Both.
  [[nodiscard]] io_result<snapshot_file> finish();
  /// Removes the temporary file.
  void abandon();

  [[nodiscard]] std::uint64_t bytes_written() const;  // on disk so far
  /// The end_mark() of what is sealed.
  [[nodiscard]] io_result<std::int64_t> mark() const;

 private:
  struct state;
  explicit snapshot_writer(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

/// Removes what a crash left under temporary names of snapshot_writer.
[[nodiscard]] io_result<void> remove_unfinished_snapshots(disk& d, const std::string& directory);

/// Removes the snapshots that `goes` names, for good on return. An error, and nothing removed, when
/// no complete one would remain.
[[nodiscard]] io_result<void> remove_snapshots(
    disk& d, const std::string& directory, const std::function<bool(const snapshot_file&)>& goes);

struct purged {
  std::vector<std::string> snapshots, logs;  // paths removed
};
inline constexpr int snapshots_kept_min = 3;

/// Keeps the `keep` newest complete snapshots (at least 3, autopurge.snapRetainCount) and every log
/// file that a recovery from the oldest of them needs; removes what is older (PurgeTxnLog).
[[nodiscard]] io_result<purged> purge(disk& d, const std::string& snapshot_directory,
                                      const std::string& log_directory, int keep);

}  // namespace troupe::storage
