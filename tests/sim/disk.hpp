// SPDX-License-Identifier: Apache-2.0
/// A disk in memory that knows what was only written and what was synced (the promises that
/// storage::disk states, and no more).
///   - A crash leaves of each file what was synced, and of the writes after that either a random
///     prefix, the last one torn at a random byte, or any of their sectors (of 512 or 4096 bytes),
///     in any order, one of them torn, under a length that the file had meanwhile.
///   - What was synced may rot when it is not quite new: any bit, or the end of a log's last entry.
///   - Of the names changed since a directory's last sync any survive, each by itself, or a prefix
///     in the order in which they were changed. So does the name of a directory.
///   - What a failed sync did not write is never written by a later one.
/// Owns: `platters` holds the bytes and outlives every server that uses them; a `sim_disk` is the
/// door of one life of one server and is dead after its crash: it fails and changes nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/storage/disk.hpp"
#include "tests/sim/rng.hpp"

namespace troupe::sim {

/// What goes wrong, in percent of the calls. Errors are EIO unless the disk is full (ENOSPC).
struct disk_faults {
  double write_percent = 0;
  double sync_percent = 0;
  std::uint64_t capacity_bytes = UINT64_MAX;
  /// Deliberately broken disks, to prove that the checkers see it.
  bool lies_about_log_sync = false;
  bool forgets_epochs = false;
};

class platters {
 public:
  /// The operator has made a directory for zoo.cfg.
  explicit platters(rng chance) : chance_(chance) {
    for (const auto* made : {"/", "/conf"}) directories_[made].is_named = true;
  }

  disk_faults faults;
  std::function<duration()> clock;  // null: all that was synced is old

  /// Runs when the given number of further changing calls on paths that contain `part` has been
  /// made, before the next of them takes effect. For crashes in the middle of anything.
  void crash_within(std::uint64_t calls, std::string part, std::function<void()> crash);
  void forget_crash() { crash_ = nullptr; }

  /// Turns a bit in the middle of the last file, by name, of those whose path contains `part`.
  /// False: there is none with a content.
  bool rot(const std::string& part);
  /// Turns any bit of any of these files, or spoils the end of a log: a bit of its last entry, that
  /// entry's last byte, or all of it, is zeros then. Of a log only what has been synced for `age`,
  /// or had been when its server stopped: nobody can tell rot of what is newer from a write that
  /// was cut short. False: there is no such bit.
  bool rot(const std::string& part, rng& chance, duration age);

  enum class spoils { a_bit, its_last_byte, all_of_it };  // the last two with zeros
  /// Rot of the last entry of the log that has so many newer ones. False: there is none.
  bool rot_last_entry(spoils how, std::size_t newer_logs = 0);
  /// Leaves what power may leave of a batch whose sync had not returned: the place of its first
  /// entry is empty, and a whole one stands behind it. In the newest log. False: there is none.
  bool tear_a_batch();

  /// Its server has promised an epoch that is so much later, to a leader of which nothing else is
  /// left. Its server must be down. False: it has promised none yet.
  bool promise_later(std::int64_t by);

  /// Its server does nothing for a while: what it has not noted by now stays so, however old it
  /// becomes. Until it syncs a note again.
  void stop_noting();

  /// Forgets what was not synced. Whoever had the disk open must be dead.
  void lose_power();
  /// Only the process is dead: the system keeps what was written, the locks are free.
  void let_go();

  [[nodiscard]] std::uint64_t syncs() const { return syncs_; }
  /// Calls that were answered with an error, as `faults` asks.
  [[nodiscard]] std::uint64_t refusals() const { return refusals_; }

 private:
  friend class sim_disk;
  friend class sim_writable;
  friend class sim_readable;

  struct change {
    std::uint64_t offset = 0;
    std::string bytes;
    std::int64_t resize = -1;  // >= 0: the file was cut or extended to this
    bool lost = false;         // a sync failed: never written
  };
  struct inode {
    std::uint64_t number = 0;
    std::string content;  // as read
    std::string durable;
    std::vector<change> unsynced;
    /// When what ends where was synced: of the writes, for padding does not count. Ascending.
    std::deque<std::pair<duration, std::uint64_t>> synced_at;
  };
  using inode_ptr = std::shared_ptr<inode>;
  struct name_change {
    std::string from;  // removed; empty: none
    std::string to;    // set to `file`; empty: none
    inode_ptr file;
  };
  struct directory {
    std::map<std::string, inode_ptr> names;
    std::map<std::string, inode_ptr> durable;
    std::vector<name_change> unsynced;
    bool is_named = false;  // its own name is durable
  };

  static void apply(std::string& content, const change& c);
  static void apply(std::map<std::string, inode_ptr>& names, const name_change& c);
  void sync(inode& file) const;
  [[nodiscard]] std::string left_in_order(const inode& file);
  [[nodiscard]] std::string left_in_any_order(const inode& file);
  [[nodiscard]] std::size_t end_of_old(const inode& file, duration age) const;
  [[nodiscard]] std::vector<std::pair<std::string, inode_ptr>> files_with(
      const std::string& part) const;
  [[nodiscard]] std::vector<inode_ptr> logs() const;  // newest first; those that hold an entry
  void count_call(const std::string& path);
  tl::unexpected<storage::io_error> refuse(const char* operation, const std::string& path,
                                           int code);
  [[nodiscard]] std::uint64_t used_bytes() const;
  [[nodiscard]] directory* find(const std::string& path);
  [[nodiscard]] bool is_reachable(const std::string& directory) const;

  rng chance_;
  std::map<std::string, directory> directories_;
  std::set<std::string> locks_;
  std::uint64_t calls_until_crash_ = 0;
  std::string crash_part_;
  std::function<void()> crash_;
  std::uint64_t syncs_ = 0;
  std::uint64_t refusals_ = 0;
  std::uint64_t inodes_ = 0;
  std::optional<duration> stopped_;
};

class sim_disk : public storage::disk {
 public:
  explicit sim_disk(std::shared_ptr<platters> on) : on_(std::move(on)) {}

  /// The server has crashed: from now on every call fails and changes nothing.
  void die() { *alive_ = false; }

  storage::io_result<std::unique_ptr<storage::writable_file>> open_writable(
      const std::string& path, storage::open_mode mode) override;
  storage::io_result<std::unique_ptr<storage::readable_file>> open_readable(
      const std::string& path) override;
  storage::io_result<std::vector<storage::directory_entry>> list_directory(
      const std::string& path) override;
  storage::io_result<void> rename(const std::string& from, const std::string& to) override;
  storage::io_result<void> remove(const std::string& path) override;
  storage::io_result<bool> exists(const std::string& path) override;
  storage::io_result<storage::file_identity> identity(const std::string& path) override;
  storage::io_result<void> make_directory(const std::string& path) override;
  storage::io_result<void> sync_directory(const std::string& path) override;
  storage::io_result<std::unique_ptr<storage::file_lock>> lock_file(
      const std::string& path) override;

 private:
  /// Counts a changing call; the error when the disk is dead, or dies of this call.
  [[nodiscard]] storage::io_result<void> begin_change(const char* operation,
                                                      const std::string& path);
  [[nodiscard]] storage::io_result<void> check_alive(const char* operation,
                                                     const std::string& path) const;

  std::shared_ptr<platters> on_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace troupe::sim
