// SPDX-License-Identifier: Apache-2.0
/// The two promises a server keeps in files of their own: acceptedEpoch, the newest epoch it has
/// agreed to follow, and currentEpoch, the epoch whose history it has made its own. Plain decimals,
/// each replaced in one step. Invariant: current <= accepted, and no logged txn is of an epoch
/// after current. What no count of elections comes to is refused (core/epoch_bounds.hpp). Mirrors
/// QuorumPeer.loadDataBase and setAcceptedEpoch / setCurrentEpoch.
#pragma once

#include <optional>
#include <string>

#include "actors/storage/disk.hpp"
#include "messages/ids.hpp"

namespace troupe::storage {

struct epochs {
  epoch accepted;
  epoch current;
  friend bool operator==(const epochs&, const epochs&) = default;
};

class epoch_files {
 public:
  /// `directory` is dataDir/version-2.
  epoch_files(disk& d, std::string directory) : disk_(&d), directory_(std::move(directory)) {}

  /// Reads both, after the database: `last` is its last zxid. A missing file is derived from the
  /// epoch of `last` and written (a standalone server's directory has none). A currentEpoch older
  /// than that is raised to it when a crash explains it (a currentEpoch.tmp, or a promise in
  /// acceptedEpoch that reaches so far), else refused.
  [[nodiscard]] io_result<epochs> load(zxid last);
  /// What load() would answer; changes nothing.
  [[nodiscard]] io_result<epochs> preview(zxid last) const;

  [[nodiscard]] io_result<void> store_accepted(epoch e);
  [[nodiscard]] io_result<void> store_current(epoch e);

 private:
  struct decision {
    epochs value;
    bool write_current = false, write_accepted = false;
  };
  io_result<decision> decide(zxid last) const;
  io_result<std::optional<epoch>> explain(epoch logged, std::optional<epoch> accepted) const;

  disk* disk_;
  std::string directory_;
};

}  // namespace troupe::storage
