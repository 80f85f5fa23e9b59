// SPDX-License-Identifier: Apache-2.0
/// The tree's digest, version 2 of ZooKeeper (DigestCalculator, AdHash): the wrapping sum over all
/// znodes of a CRC-32 of path, data and stat. Equal trees have equal digests on every server, so a
/// txn that carries the leading server's digest shows a replica that has drifted.
#pragma once

#include <cstdint>
#include <string_view>

#include "messages/client/records.hpp"

namespace troupe::core {

inline constexpr std::int32_t digest_version = 2;

/// CRC-32 of a znode's path and data: the part that a change of stat alone leaves as it was.
[[nodiscard]] std::uint32_t content_crc(std::string_view path, std::string_view data);

/// A znode's share of the digest.
[[nodiscard]] std::uint32_t node_digest(std::uint32_t content, const stat_persisted& s);

/// False below /zookeeper/: those znodes are changed locally and count nothing.
[[nodiscard]] bool is_digested(std::string_view path);

/// The sum. Order of additions and removals does not matter.
class tree_digest {
 public:
  void add(std::uint32_t node) { sum_ += node; }
  void remove(std::uint32_t node) { sum_ -= node; }
  [[nodiscard]] std::int64_t value() const { return static_cast<std::int64_t>(sum_); }
  static tree_digest of(std::int64_t value) {
    tree_digest d;
    d.sum_ = static_cast<std::uint64_t>(value);
    return d;
  }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace troupe::core
