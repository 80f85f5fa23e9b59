// SPDX-License-Identifier: Apache-2.0
/// One znode as a sequential object, for the search of linearizability.hpp: what its existence,
/// data, version and zxids allow an answer to be. What an answer does not tell is not judged; what
/// it tells prunes: a version or an mzxid says which write came before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::history {

/// What the znode may be. What is not known of it is `unknown`, 0 or -1, and fits everything.
struct znode_state {
  enum class presence : std::uint8_t { unknown, absent, present };
  presence is = presence::absent;
  std::int32_t version = -1;
  std::uint32_t data = 0;
  std::uint32_t owner = 0;
  std::int64_t mzxid = 0;
  std::int64_t last = 0;  // the greatest zxid known to have changed it

  bool operator==(const znode_state&) const = default;
  /// For people; `data_of` gives the text of a data's number.
  [[nodiscard]] std::string text() const;
};

/// An operation on the znode with its answer, or what an unanswered one would do.
struct znode_operation {
  enum class outcome : std::uint8_t {
    created,
    removed,
    written,
    read,
    found_absent,   // no_node, or a create that its parent prevented
    found_present,  // node_exists, not_empty, or a read that tells no more
    found_other_version,
    session_ended,  // of `owner`: its ephemeral goes
  };
  outcome how = outcome::read;
  std::int32_t expected = -1;  // the version that was asked for; -1: any
  std::int32_t version = -1;   // as told; -1: not told
  std::uint32_t data = 0;      // written or read; 0: not told
  std::uint32_t owner = 0;     // of whom it is or was shown to be an ephemeral; 0: not told
  std::int32_t writes = 1;     // of one txn: a multi may write a znode several times
  std::int64_t zxid = 0;       // of the write; of a read the mzxid shown; 0: not told

  bool operator==(const znode_operation&) const = default;
};

class znode_model {
 public:
  using state = znode_state;
  using operation = znode_operation;

  /// Data and owners are numbers that the caller gives; these are taken.
  static constexpr std::uint32_t nobody = 1;  // owner of what is no ephemeral
  static constexpr std::uint32_t unread = 1;  // data that no read has shown

  /// Versions of a znode that nobody ever asked for or was told need not be counted.
  explicit znode_model(bool counts_versions) : counts_versions_(counts_versions) {}

  [[nodiscard]] std::optional<state> step(const state& before, const operation& op) const;
  [[nodiscard]] bool only_looks(const operation& op) const;
  [[nodiscard]] std::size_t hash(const state& s) const;

 private:
  [[nodiscard]] std::optional<state> create(const operation& op) const;
  [[nodiscard]] std::optional<state> write(const state& before, const operation& op) const;
  [[nodiscard]] static std::optional<state> read(const state& before, const operation& op);

  bool counts_versions_;
};

}  // namespace troupe::history
