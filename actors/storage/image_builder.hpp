// SPDX-License-Identifier: Apache-2.0
/// A database in memory, built of what load_database reads: the snapshot decoded, the txns after it
/// applied, digests compared on the way. The server and the tools load through this one, the server
/// with what is not known to be committed held back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "actors/core/snapshot_codec.hpp"
#include "actors/storage/data_dir.hpp"

namespace troupe::storage {

/// What was found out about the tree while it was built. None of it ends the loading, as in
/// ZooKeeper: the bytes were whole, so an older snapshot would hold nothing better.
struct digest_findings {
  struct difference {
    zxid at;
    std::int64_t told = 0;  // by the txn or the snapshot, written by the server that had that tree
    std::int64_t ours = 0;
  };
  std::uint64_t mismatches = 0;
  std::optional<difference> first;
  /// The newest digest there is is another tree's. A later one that matches proves the tree: a
  /// digest is of the whole of it.
  bool differs_at_end = false;
  /// The snapshot has effects of txns up to this one, and the log ends before it: they were not yet
  /// logged here when the server died, and are completed when the leader sends them.
  std::optional<zxid> fuzzy_until;
};

/// Txns behind `committed` are read and not applied, unless the snapshot holds something of them:
/// then the tree is none that ever was before all of it is applied.
struct hold_back {
  zxid committed;
  /// The last txn that our own snapshot of this name may hold a part of, as was noted; may be
  /// empty.
  std::function<zxid(zxid snapshot)> covers{};
};

class image_builder {
 public:
  /// `on_txn` hears of every txn after it was applied.
  explicit image_builder(std::function<void(const txn_ptr&)> on_txn = {},
                         std::optional<hold_back> held = {})
      : on_txn_(std::move(on_txn)), held_(std::move(held)) {}

  /// To be given to load_database; this must outlive its use.
  [[nodiscard]] database_sink sink();

  /// After the loading: the tree stands at `how.last`, or where what is held back begins.
  void finish(const loaded_database& how);
  [[nodiscard]] const std::shared_ptr<core::image>& image() const { return image_; }
  [[nodiscard]] const digest_findings& findings() const { return findings_; }

 private:
  void note_difference(zxid at, std::int64_t told);
  [[nodiscard]] zxid covered_by_snapshot(zxid as_of) const;

  std::function<void(const txn_ptr&)> on_txn_;
  std::optional<hold_back> held_;
  std::optional<zxid> apply_upto_;  // none: all
  zxid applied_;
  bool holds_some_ = false;
  std::unique_ptr<core::snapshot_decoder> decoder_;
  std::shared_ptr<core::image> image_ = std::make_shared<core::image>();
  digest_findings findings_;
};

}  // namespace troupe::storage
