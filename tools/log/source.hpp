// SPDX-License-Identifier: Apache-2.0
/// From the paths of a command line to logs, snapshots and databases.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/storage/image_builder.hpp"
#include "actors/storage/snapshot_files.hpp"
#include "tools/log/commands.hpp"
#include "tools/log/progress.hpp"

namespace troupe::log_tool {

/// A data directory, or its version-2.
struct directory {
  std::string data_dir;  // as given, for what is said of it
  std::string snapshots, logs;
  std::string who_runs{};  // in it, now; empty: nobody
  /// A snapshot has its name before it is whole, as a genuine ZooKeeper writes it.
  bool writes_in_place = false;
};
/// nullopt: the path is a file, of a log or a snapshot by its name or its first bytes. An error
/// when there is nothing, or something else; it says where a data directory is near.
[[nodiscard]] storage::io_result<std::optional<directory>> find_directory(
    storage::disk& d, const std::string& path, const common_options& options);

/// A file by its name: log.<zxid> or snapshot.<zxid>[.gz|.snappy], with whatever behind it. How a
/// snapshot is compressed is told by its first bytes, since files are renamed.
[[nodiscard]] storage::log_file log_at(const std::string& path);
[[nodiscard]] storage::io_result<storage::snapshot_file> snapshot_at(storage::disk& d,
                                                                     const std::string& path);

/// A database out of a snapshot file, or as a server would load it from a directory.
struct loaded {
  std::string title;  // what it was read from
  zxid last;
  std::shared_ptr<core::image> image;
  std::vector<std::string> notes;
};
[[nodiscard]] storage::io_result<loaded> load(storage::disk& d, const std::string& path,
                                              const common_options& options, progress& told);

/// One snapshot file, decoded. An error at an offset behind the last byte: its end is missing.
[[nodiscard]] storage::io_result<core::image> decode(storage::disk& d,
                                                     const storage::snapshot_file& file,
                                                     progress& told);

/// How often what a server is writing is read before it is called damaged.
inline constexpr int live_read_tries = 3;

/// On err: that a server runs there and what that means for who reads. Nothing when none does.
void tell_of_server(const directory& where, const terminal& term);

[[nodiscard]] std::string base_name_of(const std::string& path);

/// "actor-log: " and the reason, on the terminal's err. Returns exit_code::failed.
int fail(const terminal& term, const std::string& reason);

}  // namespace troupe::log_tool
