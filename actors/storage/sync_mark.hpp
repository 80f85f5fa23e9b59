// SPDX-License-Identifier: Apache-2.0
/// Up to where a log is known to be synced: what tells rot from a batch that power has torn.
///
/// A batch of txns is one write of several pages, and until its sync has returned the disk may have
/// taken any of them: a hole with whole entries behind it is all that nobody was told of. The same
/// bytes below what was synced are a loss of what was acknowledged. Only the writer can tell the
/// two apart, so it leaves a mark beside its logs, actor-node.synced:
///
///     file   = copy zeros copy         the copies at 0 and 4096, so that no torn page has both
///     copy   = one line, at most 512 bytes: synced file=<hex> inode=<n> born=<n> offset=<n>
///              last=<hex> committed=<hex> seq=<n> crc=<hex>
///                                                           the checksum is of what stands before
///
/// `committed` is a lower bound as well: of what is logged here so much is known to be committed.
/// It lets a server that starts show to clients that accept reads only what no leader can cut off
/// any more. A mark of an earlier version has none.
///
/// Invariant: the mark is true, if old. It goes up after a sync of the log, and down before the log
/// is cut. Files that another program has put there, or cut (ZooKeeper, a restored backup), are not
/// the ones that were meant: the mark holds for an inode, and for no file that ends before it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "actors/storage/disk.hpp"
#include "messages/ids.hpp"

namespace troupe::storage {

struct sync_mark {
  zxid file;  // its name is log.<file>
  file_identity which;
  std::uint64_t offset = 0;  // every byte before it was synced
  zxid last;                 // the last txn there, or in the files before
};

enum class damage_kind {
  rot,      // it was synced: what was acknowledged is lost
  torn,     // nobody was told of it
  unknown,  // nothing is known of this file
};
/// What an entry is that does not hold, at `offset` of a file synced up to `synced_upto`.
[[nodiscard]] damage_kind judge_damage(std::optional<std::uint64_t> synced_upto,
                                       std::uint64_t offset);

/// What a directory's mark says of the files that are there.
struct synced_extent {
  std::optional<sync_mark> mark;
  std::uint64_t seq = 0;
  zxid committed{};            // known to be, of what these logs hold; 0: nothing is
  bool is_there = false;       // the file is
  std::string void_because{};  // not empty: it says nothing of these files
  std::string unreadable{};    // not empty: it is damaged itself

  /// Up to where that file is known to be synced.
  [[nodiscard]] std::optional<std::uint64_t> of(zxid file) const;
};
[[nodiscard]] io_result<synced_extent> read_sync_mark(disk& d, const std::string& log_directory);
[[nodiscard]] std::string sync_mark_path(const std::string& log_directory);

/// Keeps the mark. Every call is durable on return, or the mark is as it was. The first one writes
/// a new file: what the system shows of the one that is there may be a write whose sync has failed.
class sync_marker {
 public:
  sync_marker(disk& d, std::string log_directory, const synced_extent& found);

  [[nodiscard]] io_result<void> set(sync_mark to);
  /// Nothing is known any more.
  [[nodiscard]] io_result<void> forget();
  [[nodiscard]] const std::optional<sync_mark>& now() const { return now_; }

  /// Committed up to here: goes into the mark with whatever is written next, as far as that is
  /// synced.
  void know_committed(zxid upto) { committed_ = std::max(committed_, upto); }
  [[nodiscard]] zxid known_committed() const { return committed_; }
  /// What the file says.
  [[nodiscard]] zxid noted_committed() const { return noted_committed_; }
  /// Where the log stands at `last` and is synced: the mark says what is known of it.
  [[nodiscard]] io_result<void> note_committed(zxid last);

 private:
  io_result<void> write(const sync_mark& what, zxid committed);

  disk* disk_;
  std::string directory_;
  std::optional<sync_mark> now_;
  zxid committed_, noted_committed_;
  std::uint64_t seq_;
  bool is_there_ = false;                // a file of our own, which can be written into
  bool is_void_;                         // what is there says nothing, and need not be taken back
  std::unique_ptr<writable_file> file_;  // null: opened by the next write
};

}  // namespace troupe::storage
