// SPDX-License-Identifier: Apache-2.0
/// The transaction log of one directory, open for appending: what makes a txn durable.
///
/// Owns: the file being written, and the directory's mark (sync_mark.hpp). Invariant: the log
/// never holds a hole; what sync() has confirmed is on the disk, in order, and nothing after a
/// failure is. Order: append() only gathers; sync() writes all that was gathered and makes it
/// durable with one fdatasync (group commit); the mark follows when note_synced() says so, at each
/// roll, and when a file is begun or opened. A file that a former run wrote is never appended to:
/// the first append after opening or rolling starts a new file, so a torn tail stays at an end
/// (FileTxnLog.append, rollLog). Errors: after any failed write or sync the log is poisoned: every
/// later append and sync answers the first error, for nobody knows what the disk holds
/// (ZOOKEEPER-4882). To go on, take back what was not synced, and open the log anew.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "actors/storage/log_reader.hpp"

namespace troupe::storage {

struct log_options {
  std::string directory;                                 // dataLogDir/version-2
  std::int64_t prealloc_bytes = prealloc_bytes_default;  // preAllocSize; <= 0: none
  std::int64_t size_limit_bytes = 0;                     // txnLogSizeLimitInKb; 0: no limit
  bool force_sync = true;  // forceSync; false: sync() writes and does not wait for the disk
};

class txn_log {
 public:
  /// Finds the end of the log, cuts a torn batch off, removes files at the end that hold nothing,
  /// and syncs what is left: a former run may have been killed between a write and its sync. Takes
  /// no room on the disk beyond that of the mark.
  /// Refuses a log whose last file is corrupt below what was synced, or in the middle.
  [[nodiscard]] static io_result<txn_log> open(disk& d, log_options options);

  /// Gathers a txn. A refusal, and no poisoning, when it does not follow() the last one, which
  /// would make a hole, or is longer than txn_bytes_max, which no leader plans.
  [[nodiscard]] io_result<void> append(zxid id, std::string_view payload);
  [[nodiscard]] io_result<void> append(const logged_txn& t) { return append(t.id(), t.bytes); }

  /// Makes everything appended so far durable. Nothing to do: no disk access.
  [[nodiscard]] io_result<void> sync();

  /// Syncs, and lets the next append start a new file (when a snapshot starts).
  [[nodiscard]] io_result<void> roll();

  /// Txns up to here are committed, whether they are logged here yet or not.
  void know_committed(zxid upto) { marker_.know_committed(upto); }
  /// Of what is synced, as far as it is known; 0: nothing is.
  [[nodiscard]] zxid known_committed() const;

  /// Raises the mark to all that is synced and known to be committed. Nothing to do: no disk
  /// access.
  [[nodiscard]] io_result<void> note_synced();
  [[nodiscard]] bool is_mark_behind() const;

  /// Whether truncate_to(last) would find what it needs; changes nothing.
  [[nodiscard]] io_result<void> check_cut(zxid last);

  /// Cuts the log so that `last` is its last txn; nothing may wait for a sync. An error when the
  /// log does not hold it. A crash in between leaves a log that ends at or after `last` without a
  /// hole, so doing it again completes it (compare ZOOKEEPER-5094).
  [[nodiscard]] io_result<void> truncate_to(zxid last);

  /// The database now stands at `last` by other means (a snapshot): the next append must follow it
  /// and starts a new file. What the log holds above `last` is cut off.
  [[nodiscard]] io_result<void> continue_after(zxid last);

  /// Of a poisoned log: cuts its file back to what the last good sync made durable. Without this,
  /// bytes that were written but never reached the disk would be read back from the system's cache.
  [[nodiscard]] io_result<void> take_back_unsynced();

  /// What open() cut off, and of which file; nullopt: nothing.
  struct torn_batch {
    std::string path;
    log_tail tail;
  };
  [[nodiscard]] const std::optional<torn_batch>& cut_at_open() const { return cut_at_open_; }

  [[nodiscard]] zxid last_zxid() const { return appended_; }  // appended; 0 when there is none
  [[nodiscard]] zxid synced_zxid() const { return synced_; }  // durable
  [[nodiscard]] std::uint64_t bytes_since_roll() const;       // synced or not
  [[nodiscard]] const std::optional<io_error>& poison() const { return poison_; }
  [[nodiscard]] const log_options& options() const { return options_; }

 private:
  txn_log(disk& d, log_options options, const synced_extent& synced);
  tl::unexpected<io_error> poisoned(io_error why);
  io_result<void> write_pending();
  io_result<void> create_file();
  io_result<void> settle(const log_file& newest, const synced_extent& synced);

  struct cut_place {
    std::vector<log_file> newer;  // to be removed
    std::string path;             // to be cut to `size`; empty when there is none
    zxid file;                    // as the path is named
    std::uint64_t size = 0;
    zxid last;  // its last txn then; 0 when it has none
    bool holds_last = false;
  };
  io_result<cut_place> find_cut(zxid last);
  io_result<void> perform(const cut_place& at);
  io_result<void> lower_mark(const cut_place& at);
  [[nodiscard]] std::optional<std::uint64_t> synced_of(zxid file) const;
  [[nodiscard]] bool is_synced_unnoted() const;
  io_result<void> mark_end_of(zxid file, const std::string& path, std::uint64_t size, zxid last);

  disk* disk_;
  log_options options_;
  sync_marker marker_;
  std::optional<torn_batch> cut_at_open_;
  std::unique_ptr<writable_file> file_;  // null: the next sync creates one
  zxid first_of_file_;                   // as that file is named
  file_identity which_;
  std::string path_;
  zxid first_pending_;          // names the file that the next sync creates
  zxid begun_after_;            // what stands before that file
  std::string pending_;         // bytes gathered since the last sync
  std::uint64_t position_ = 0;  // where pending_ goes
  std::uint64_t durable_ = 0;   // of the file, from its beginning
  std::uint64_t size_ = 0;      // of the file, padding included
  std::uint64_t padded_ = 0;    // Invariant: the size the file must have before pending_ is written
  zxid appended_, synced_;
  std::optional<io_error> poison_;
};

}  // namespace troupe::storage
