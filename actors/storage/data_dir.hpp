// SPDX-License-Identifier: Apache-2.0
/// A server's data directory, opened for this process alone and checked to be what the server may
/// use; and the rules by which a database is loaded from it (FileTxnSnapLog).
///
///     dataDir/actor-node.lock      flock: one process a directory. Java takes none, so its
///                                  zookeeper_server.pid is looked at too
///     dataDir/actor-node.meta      our own notes: which server the directory belongs to, from
///                                  where on its log is one history, what its snapshots may contain
///     dataDir/initialize           zkServer-initialize's marker: an empty database may be trusted
///     dataDir/resync               made by us or by an operator: what is logged here is not to be
///                                  believed, and the history comes from the other servers
///     dataDir/version-2/           snapshot.*, acceptedEpoch, currentEpoch
///     dataLogDir/version-2/        log.*, and actor-node.synced (sync_mark.hpp)
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/storage/disk.hpp"
#include "actors/storage/log_format.hpp"
#include "messages/txn.hpp"

namespace troupe::storage {

struct data_dir_options {
  std::string data_dir;
  std::string data_log_dir{};         // empty: the same as data_dir
  std::optional<server_id> owner{};   // nullopt: a standalone server, which owns any directory
  bool trust_empty_snapshot = false;  // snapshot.trust.empty
  bool auto_create_database = true;   // db.autocreate
  std::int64_t wall_ms = 0;           // the wall clock; 0: nobody will number sessions by it
  /// The log leads over none of these from before it to behind it: a leader's snapshot of it stood
  /// between.
  std::set<zxid> gaps{};
};

/// How a database comes out of load_database.
struct loaded_database {
  enum class origin {
    restored,  // from a snapshot and the logs
    replayed,  // from logs alone: there was no snapshot, and that was trusted
    created,   // nothing was there: the empty database at zxid 0. The caller writes snapshot.0
    unknown,   // nothing was there and that is not trusted: zxid -1, must not vote
  };
  origin came = origin::created;
  zxid last;      // the last txn's, or the snapshot's when no txn follows it
  zxid snapshot;  // 0 when there was none
  std::uint64_t snapshot_bytes = 0;
  std::uint64_t txns = 0;                  // replayed after the snapshot
  std::vector<std::string> passed_over{};  // snapshots that could not be used, and why
  std::vector<zxid> unusable{};            // their names
  std::string mark_note{};                 // not empty: why the log's mark says nothing
};

/// What load_database calls, in this order: begin, chunk*, end (again from begin when a snapshot
/// turns out to be bad), then txn*. A text returned ends that snapshot, or the loading.
struct database_sink {
  std::function<void()> begin_snapshot;  // forget everything
  std::function<tl::expected<void, std::string>(std::string_view)> chunk;
  std::function<tl::expected<void, std::string>(zxid)> end_snapshot;
  std::function<tl::expected<void, std::string>(const txn_ptr&)> apply;
};

/// What this program's own files in a data directory say of the history there.
struct history_words {
  std::set<zxid> gaps{};               // see data_dir_options
  bool is_resync_asked = false;        // it is to be replaced by the others'
  bool is_install_unfinished = false;  // the last gap's snapshot is there, and what it replaces
};

class data_dir {
 public:
  /// Locks and checks the directories, making them when missing. Removes what a crash has left
  /// under temporary names of ours.
  [[nodiscard]] static io_result<data_dir> open(disk& d, data_dir_options options);

  /// What open() would refuse, but for a server that runs there; changes and locks nothing.
  /// Directories that are missing are no fault.
  [[nodiscard]] static io_result<history_words> check(disk& d, data_dir_options options);

  /// dataDir/version-2 and dataLogDir/version-2.
  [[nodiscard]] const std::string& snapshot_directory() const { return snapshot_directory_; }
  [[nodiscard]] const std::string& log_directory() const { return log_directory_; }

  /// The time that session ids of this life begin with: the wall clock's, or one that no earlier
  /// life here has come to with its ids, if the clock was set back since. Durable on return, and
  /// the same again for as long as this lives.
  [[nodiscard]] io_result<std::int64_t> claim_session_time();

  /// Loads the newest usable snapshot and every txn after it.
  [[nodiscard]] io_result<loaded_database> load_database(const database_sink& sink);

  /// Txns at or below this are not to be read from the log for others: a snapshot received from a
  /// leader stands there, and what the log holds before it may be another history.
  [[nodiscard]] zxid history_after() const {
    return noted_.gaps.empty() ? zxid{} : *noted_.gaps.rbegin();
  }
  /// Such a snapshot is there now, and none that is newer. Durable on return.
  [[nodiscard]] io_result<void> set_history_after(zxid id);
  /// The history ends at `last`: what was noted of later snapshots is void. Durable on return.
  [[nodiscard]] io_result<void> set_history_end(zxid last);

  /// Notes that a leader's snapshot of `id` is about to be published. Until its file is there, what
  /// history_after() says still holds, whatever crashes: an older snapshot of a leader's may be all
  /// that leads over a gap in the log.
  [[nodiscard]] io_result<void> expect_snapshot(zxid id);
  [[nodiscard]] std::optional<zxid> expected_snapshot() const { return noted_.expected; }
  /// It is there by now, under a name that may not be durable yet: history_after() is its zxid from
  /// now on, and the snapshots that may hold more go. Durable on return.
  [[nodiscard]] io_result<void> snapshot_has_come();
  /// What a crash cut short: the same if such a snapshot is there; if not, none is expected now.
  /// One of our own that has its name keeps its note. Durable on return; load_database() begins
  /// with it.
  [[nodiscard]] io_result<void> finish_install();

  /// Notes that the snapshot `id` with this end_mark() may hold txns up to `covers`; to be called
  /// before it is published. One that is there under its name keeps its own note. `mark` 0: any.
  [[nodiscard]] io_result<void> set_snapshot_covers(zxid id, zxid covers, std::int64_t mark = 0);
  /// It is published: what was noted of another one under its name is void. Durable on return.
  [[nodiscard]] io_result<void> snapshot_is_published(zxid id, std::int64_t mark);
  /// As was noted; `id` when nothing was. Of a file that was replaced while nobody held the
  /// directory nothing is noted.
  [[nodiscard]] zxid snapshot_covers(zxid id) const;
  /// Removes every snapshot that may hold a txn above `last`, before the log is cut to `last`. An
  /// error, and nothing removed, when no complete one would remain, or none at history_after() or
  /// behind it: until the log is cut what remains has to lead to all of it.
  [[nodiscard]] io_result<void> remove_snapshots_after(zxid last);

  /// Writes, syncs and removes a file of this size in both directories: whether the disk works.
  [[nodiscard]] io_result<void> probe(std::uint64_t bytes);

  /// The history here is not to be believed until resync_is_done(), whatever crashes in between.
  [[nodiscard]] io_result<bool> is_resync_asked() const;
  [[nodiscard]] io_result<void> ask_for_resync();
  [[nodiscard]] io_result<void> resync_is_done();
  /// Logs and snapshots stay under names that nobody reads (damaged.log.1), for people.
  [[nodiscard]] io_result<void> set_history_aside();

 private:
  /// Up to where a snapshot may hold txns.
  struct cover {
    zxid upto;
    std::int64_t mark = 0;  // which one under its name; 0: any, as an earlier version noted it
  };
  /// What actor-node.meta says.
  struct notes {
    std::optional<server_id> owner{};
    /// The last is where the present history begins; one before it counts again when that is cut
    /// off.
    std::set<zxid> gaps{};
    std::optional<zxid> expected{};     // a leader's snapshot that is being installed
    std::int64_t session_time_ms = 0;   // until claimed: of the last life
    /// By the snapshot's zxid; absent: what it is named by. Two while one takes another's place.
    std::multimap<zxid, cover> covers{};
  };

  data_dir(disk& d, data_dir_options options);
  io_result<void> lock();
  io_result<void> check_no_java_server();
  [[nodiscard]] io_result<void> check_layout() const;
  io_result<void> read_meta();
  [[nodiscard]] io_result<void> check_owner() const;
  io_result<void> claim();
  io_result<void> forget_covers_of_others();
  [[nodiscard]] io_result<bool> has_expected_come() const;
  [[nodiscard]] std::set<zxid> gaps_behind(zxid id) const;
  [[nodiscard]] notes without_expected() const;
  io_result<void> take_over(notes next);
  io_result<void> begin_history(notes next, zxid id);
  io_result<void> write_meta(notes next);

  disk* disk_;
  data_dir_options options_;
  std::string snapshot_directory_, log_directory_;
  std::unique_ptr<file_lock> lock_, log_lock_;
  notes noted_;  // as the file says: what could not be written is not so
  bool is_session_time_claimed_ = false;
};

/// The same, read-only and without a lock, for tools.
[[nodiscard]] io_result<loaded_database> load_database(disk& d,
                                                       const std::string& snapshot_directory,
                                                       const std::string& log_directory,
                                                       const data_dir_options& options,
                                                       const database_sink& sink);

}  // namespace troupe::storage
