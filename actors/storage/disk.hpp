// SPDX-License-Identifier: Apache-2.0
/// The one door to the operating system's files. Everything in storage goes through a `disk`, so
/// that a simulated one can forget what was not synced, tear the last write and fail on demand.
///
/// What a caller may rely on, and all that a simulated disk has to keep:
///   - A file's bytes and length survive a crash once `sync()` of that file has returned. Before
///     that, a crash leaves any of the sectors that were written since, in any order and one of
///     them torn, under any length that the file had meanwhile.
///   - A name (create, rename, remove) survives a crash once `sync_directory()` of its directory
///     has returned. Before that, the old or the new state of each name may be found.
///   - After a failed write or sync the content of that file beyond what was synced is unknown;
///     a later successful sync proves nothing about it.
///
/// Errors: values (`io_error`), never exceptions.
/// Threads: a disk may be used from several threads at once; one open file by one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace troupe::storage {

/// What failed, on which file and why. `code` is an errno that the system answered with;
/// `code_corrupt` when it served the bytes but they are not what the format allows; `code_refused`
/// when it was not asked, since what the caller wants must not be: a hole in the log, say.
struct io_error {
  std::string operation;  // "open", "write", "fdatasync", "read the log", ...
  std::string path;
  int code = 0;
  std::int64_t offset = -1;  // bytes from the start of the file; -1: not at a place in the file
  std::string why{};         // more than the errno says; may be empty

  static constexpr int code_corrupt = 74;  // EBADMSG
  static constexpr int code_refused = 0;
  [[nodiscard]] bool is_corrupt() const { return code == code_corrupt; }
  /// The disk did not do what it was told. Nothing else says anything of the disk.
  [[nodiscard]] bool is_of_the_disk() const { return code != code_refused && !is_corrupt(); }
  [[nodiscard]] bool is_missing() const;  // ENOENT

  /// The code of an errno: a file system whose own checksum fails says EBADMSG, which is EIO here,
  /// for it has not served the bytes.
  [[nodiscard]] static constexpr int code_of_errno(int code) {
    constexpr int eio = 5;
    return code == code_corrupt ? eio : code;
  }

  /// One line for a person: operation, file, offset, reason.
  [[nodiscard]] std::string text() const;
};

template <class T>
using io_result = tl::expected<T, io_error>;

/// A refusal because of what the bytes are, not because the system failed.
[[nodiscard]] tl::unexpected<io_error> corrupt(std::string operation, std::string path,
                                               std::int64_t offset, std::string why);

/// A file open for writing. Destroying it closes it; nothing is synced by that.
class writable_file {
 public:
  virtual ~writable_file() = default;
  /// Writes all of `bytes` at `offset`, growing the file when it ends before that.
  [[nodiscard]] virtual io_result<void> write_at(std::uint64_t offset, std::string_view bytes) = 0;
  /// Cuts the file, or extends it with zeros, to exactly `size` bytes.
  [[nodiscard]] virtual io_result<void> resize(std::uint64_t size) = 0;
  /// Makes the content and the length durable (fdatasync).
  [[nodiscard]] virtual io_result<void> sync() = 0;
  [[nodiscard]] virtual io_result<std::uint64_t> size() const = 0;
  [[nodiscard]] virtual io_result<void> close() = 0;
};

class readable_file {
 public:
  virtual ~readable_file() = default;
  /// Up to `bytes_max` bytes from `offset`; fewer only at the end of the file.
  [[nodiscard]] virtual io_result<std::string> read_at(std::uint64_t offset,
                                                       std::size_t bytes_max) const = 0;
  [[nodiscard]] virtual io_result<std::uint64_t> size() const = 0;
  /// The first place at or after `offset` that may hold other bytes than zero (SEEK_DATA); the
  /// file's size when none does. Answering `offset` itself is always right, only slower.
  [[nodiscard]] virtual io_result<std::uint64_t> next_data(std::uint64_t offset) const {
    return offset;
  }
};

/// Held as long as the object lives; a crash of the process lets go of it.
class file_lock {
 public:
  virtual ~file_lock() = default;
};

/// Tells a file from another one under its name, also after a rename.
struct file_identity {
  std::uint64_t inode = 0;
  std::int64_t born_ns = 0;  // 0 where the file system does not say
  [[nodiscard]] bool is_known() const { return inode != 0; }
  friend bool operator==(const file_identity&, const file_identity&) = default;
};

struct directory_entry {
  std::string name;
  bool is_directory = false;
  std::uint64_t size = 0;
};

enum class open_mode {
  create_new,          // error (EEXIST) when the file exists
  create_or_truncate,  // an existing file is emptied
  existing,            // error (ENOENT) when there is none
};

class disk {
 public:
  virtual ~disk() = default;
  [[nodiscard]] virtual io_result<std::unique_ptr<writable_file>> open_writable(
      const std::string& path, open_mode mode) = 0;
  [[nodiscard]] virtual io_result<std::unique_ptr<readable_file>> open_readable(
      const std::string& path) = 0;
  /// Sorted by name; without "." and "..".
  [[nodiscard]] virtual io_result<std::vector<directory_entry>> list_directory(
      const std::string& path) = 0;
  /// Replaces `to` when it exists, in one step.
  [[nodiscard]] virtual io_result<void> rename(const std::string& from, const std::string& to) = 0;
  /// Error (ENOENT) when there is no such file.
  [[nodiscard]] virtual io_result<void> remove(const std::string& path) = 0;
  [[nodiscard]] virtual io_result<bool> exists(const std::string& path) = 0;
  /// Makes one directory; no error when it is there. Its name survives a crash as any other does.
  /// Error (ENOENT) when there is none above it.
  [[nodiscard]] virtual io_result<void> make_directory(const std::string& path) = 0;
  /// Makes the directory and those above it; no error when it is there. The names of all of them
  /// are durable on return, whoever made them: a process that was killed, or an operator.
  [[nodiscard]] io_result<void> create_directories(const std::string& path);
  [[nodiscard]] virtual io_result<void> sync_directory(const std::string& path) = 0;
  /// Locks `path`, made when missing, against every other process and every other lock of this
  /// one (flock). When another holds it, the error's `why` names its process id if it is known.
  [[nodiscard]] virtual io_result<std::unique_ptr<file_lock>> lock_file(
      const std::string& path) = 0;
  /// The command line of a running process, words separated by blanks; nullopt when there is none.
  [[nodiscard]] virtual std::optional<std::string> process_command(std::int64_t /*pid*/) {
    return std::nullopt;
  }
  /// Unknown where files have none. Error (ENOENT) when there is no such file.
  [[nodiscard]] virtual io_result<file_identity> identity(const std::string& path) = 0;
  /// What an unprivileged program may still write there; nullopt when that is not known.
  [[nodiscard]] virtual std::optional<std::uint64_t> free_bytes(const std::string& /*path*/) {
    return std::nullopt;
  }
};

[[nodiscard]] std::string join_path(std::string_view directory, std::string_view name);

/// The whole of a file that is known to be small; an error when it is longer than `bytes_max`.
[[nodiscard]] io_result<std::string> read_file(disk& d, const std::string& path,
                                               std::size_t bytes_max = 1 << 20);

/// Puts `content` where `directory/name` is, so that a crash leaves the old content or the new:
/// name.tmp, its sync, a rename, the directory's sync.
[[nodiscard]] io_result<void> replace_file(disk& d, const std::string& directory,
                                           const std::string& name, std::string_view content);

/// Bytes of all files below; what cannot be read counts nothing.
[[nodiscard]] std::int64_t bytes_below(disk& d, const std::string& directory);

}  // namespace troupe::storage
