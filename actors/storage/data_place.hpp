// SPDX-License-Identifier: Apache-2.0
/// What a path is that was given as a data directory, and where one is near when it is none: nobody
/// shall be told that all is right because the wrong place was looked at.
#pragma once

#include <string>
#include <vector>

#include "actors/storage/disk.hpp"

namespace troupe::storage {

struct data_place {
  enum class kind {
    data_directory,     // has a version-2
    version_directory,  // a version-2 itself, whatever its name: logs, snapshots or epochs
    prepared,           // for a server that has not run yet: at most a myid and the like
    empty,
    other,  // something else's
    file,
    missing,
  };
  std::string path;
  kind is = kind::missing;
  std::vector<std::string> near{};  // data directories below it, beside it or above it
  std::string misspelt{};           // missing: the name beside it that was probably meant

  [[nodiscard]] bool is_readable() const {
    return is == kind::data_directory || is == kind::version_directory;
  }
  /// "this is no ZooKeeper data directory: it has no version-2; there is one at run/server.1/data"
  [[nodiscard]] std::string reason() const;
  /// The path in front of the reason.
  [[nodiscard]] std::string refusal() const;
};

/// Reads names only, and no more directories than a hundred.
[[nodiscard]] io_result<data_place> look_at_place(disk& d, const std::string& path);

/// Data directories below the path that hold a log or a snapshot.
[[nodiscard]] std::vector<std::string> filled_below(disk& d, const std::string& path);

}  // namespace troupe::storage
