// SPDX-License-Identifier: Apache-2.0
/// Reading transaction logs, and telling a torn tail from a corrupt middle.
///
/// A crash leaves an unfinished batch at the end of the last file; damage anywhere else means that
/// acknowledged txns are lost, and a server that went on without them would split its history from
/// its ensemble's. So, where an entry does not hold (no room for it, impossible length, wrong
/// checksum, no 'B', zeros), the directory's mark decides (sync_mark.hpp): below it this is rot and
/// refused; above it the log ends before it, whatever stands behind, for power tears a batch in any
/// order. Of a file that the mark says nothing of:
///   - the rest of the file is searched, byte by byte, for a later entry that does hold. If there
///     is one, this is a corrupt middle: refused, with file and offset. (A client's data that
///     imitates an entry can thus at worst cause a refusal, never a wrong history.)
///   - if there is none and no later file holds an entry, it is a torn tail: the log ends before
///   it.
///   - if there is none and a later file holds entries, the server that wrote this crashed here and
///     was started again, for an old file is never appended to. That is believed only of an entry
///     that is cut short (its 'B' is not there), and only if the later file goes on where this one
///     ends; a checksum or a length that is wrong there is refused.
/// Files at the end that hold no entry at all (empty, header only, zeros) are passed over, as a
/// crash right after their creation leaves them; the same before a file with entries is refused.
/// So is a file that begins before the zxid in its name: it was renamed; and one whose header says
/// that it was begun behind another txn than the one that stands before it now.
#pragma once

#include <memory>

#include "actors/storage/log_format.hpp"
#include "actors/storage/sync_mark.hpp"
#include "messages/txn.hpp"

namespace troupe::storage {

struct log_entry {
  zxid id;
  std::uint64_t offset = 0;  // of the entry's first byte
  std::uint64_t end = 0;     // one past its 'B'
  std::string payload{};
};

/// Where a file's entries end, and what is there.
struct log_tail {
  enum class kind {
    clean,    // zeros or the end of the file
    cut,      // an entry begins but is not all there
    damaged,  // an entry is all there but wrong, or its length is impossible
  };
  kind is = kind::clean;
  std::uint64_t end = 0;    // of the last good entry; 0 when not even the header is there
  std::string why{};        // empty when clean
  std::uint64_t bytes = 0;  // from there to the last that is not zero
};

/// One file's entries in order.
class log_file_reader {
 public:
  /// `synced_upto`: what is known of it by sync_mark.hpp.
  [[nodiscard]] static io_result<log_file_reader> open(
      disk& d, const std::string& path, std::optional<std::uint64_t> synced_upto = std::nullopt);
  /// The next entry; nullopt at the end, and then tail() says what ended it. An error when a good
  /// entry stands after a bad one, or the header is another format's.
  [[nodiscard]] io_result<std::optional<log_entry>> next();
  [[nodiscard]] const log_tail& tail() const { return tail_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The txn that the log stood at when the file was begun, once an entry is read; 0: not known.
  [[nodiscard]] zxid begun_after() const { return begun_after_; }

 private:
  log_file_reader(std::unique_ptr<readable_file> file, std::string path, std::uint64_t size,
                  std::optional<std::uint64_t> synced_upto);
  io_result<bool> read_header();
  io_result<std::string_view> window(std::uint64_t offset, std::size_t bytes);
  io_result<std::optional<log_entry>> entry_at(std::uint64_t offset, log_tail& problem);
  io_result<std::optional<std::uint64_t>> find_entry_after(std::uint64_t offset);
  io_result<std::uint64_t> first_nonzero(std::uint64_t offset);
  io_result<std::uint64_t> end_of_data(std::uint64_t offset);
  [[nodiscard]] damage_kind damage_here() const;
  io_result<std::optional<log_entry>> end_at(log_tail problem);

  std::unique_ptr<readable_file> file_;
  std::string path_;
  std::uint64_t size_ = 0;
  std::optional<std::uint64_t> synced_upto_;
  zxid begun_after_;
  std::uint64_t position_ = 0;  // of the next entry; 0 = the header is not read yet
  bool ended_ = false;
  log_tail tail_;
  std::string buffer_;  // what was read last, from buffer_at_ on
  std::uint64_t buffer_at_ = 0;
};

/// What the first txn of a reading must be.
enum class log_start {
  seamless,  // it follows() the zxid before `from`
  anywhere,  // whatever is the first at or after `from`: the caller judges
};

/// The txns of a directory's logs from a zxid on, through all files. Invariant: each returned txn
/// follows() the one before.
class log_reader {
 public:
  [[nodiscard]] static io_result<log_reader> open(disk& d, const std::string& directory, zxid from,
                                                  log_start start = log_start::seamless);

  /// The next txn; null at the end of the log.
  [[nodiscard]] io_result<txn_ptr> next();
  /// The file and offset of what next() returned last.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

 private:
  log_reader(disk& d, std::vector<log_file> files, synced_extent synced, zxid previous,
             log_start start);
  [[nodiscard]] bool must_follow_file_before() const;
  io_result<void> finish_file();

  disk* disk_;
  std::vector<log_file> files_;  // those still to read, the current one first; ends with the last
                                 // that holds an entry
  synced_extent synced_;
  std::size_t at_ = 0;
  std::optional<log_file_reader> current_;
  bool current_has_entries_ = false;
  bool started_ = false;  // a txn has been returned: from now on none is skipped
  zxid previous_;         // of the last txn returned, or what stands before the first
  std::string path_;
  std::uint64_t offset_ = 0;
  log_start start_;
};

/// Takes the files at the end that hold no entry off the list and returns them.
[[nodiscard]] io_result<std::vector<log_file>> drop_empty_tail(disk& d,
                                                               std::vector<log_file>& files,
                                                               const synced_extent& synced);

}  // namespace troupe::storage
