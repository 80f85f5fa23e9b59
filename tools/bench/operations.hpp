// SPDX-License-Identifier: Apache-2.0
/// The operations of one connection: what each of its slots asks next, and when that is done. A
/// slot is one of the connection's `window` operations under way. No socket, no clock.
///
/// set, get, mixed   one request on one of the shared keys, chosen by chance
/// create            one request; a new znode each time, under a parent of the connection's own
/// ephemeral         one request; in turns the create of an ephemeral znode and its delete
/// watch             three things: a get that sets a watch, a set, and the event that it causes
///
/// Invariant: a name is used once, so that a request whose outcome a lost connection hid disturbs
/// nobody.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tools/bench/pipeline.hpp"
#include "tools/bench/workload.hpp"

namespace troupe::bench {

/// What all connections of a run share.
struct key_space {
  key_space(std::string at, const workload& work);

  std::string root;
  std::string value;
  std::vector<std::string> keys;  // of set, get and mixed
};

class operations {
 public:
  operations(const workload& work, std::shared_ptr<const key_space> keys, std::uint32_t connection,
             std::uint64_t seed);

  /// Asks for what must be there before the first operation, and that the server has seen what
  /// other servers were asked for. Done when nothing is outstanding.
  void prepare(pipeline& on);
  /// The same on a later connection, when all is there already.
  void catch_up(pipeline& on) const { on.sync({}, keys_->root); }

  [[nodiscard]] std::uint32_t slots() const { return work_.window; }
  [[nodiscard]] std::size_t under_way() const { return slots_.size() - free_.size(); }
  [[nodiscard]] bool has_free_slot() const { return !free_.empty(); }

  /// Starts the next operation in a free slot, of which there must be one.
  void start(std::int64_t since_ns, pipeline& on);

  /// Since when the operation was waited for that ended with this reply or event, if one did. An
  /// event that nobody waits for sets unasked().
  std::optional<std::int64_t> on_answered(const answered& done);
  std::optional<std::int64_t> on_event(const watch_event& event);
  [[nodiscard]] const std::optional<failure>& unasked() const { return unasked_; }

  /// Forgets the operations under way, and returns how many they are.
  std::size_t on_connection_lost();

 private:
  struct slot {
    std::string path;       // ephemeral: what is there and is deleted next; watch: its own znode
    bool is_there = false;  // ephemeral
    std::uint32_t awaited = 0;
    bool awaits_event = false;
    std::int64_t since_ns = 0;
  };

  std::optional<std::int64_t> on_part(std::uint32_t number);
  [[nodiscard]] const std::string& any_key();
  [[nodiscard]] std::string own_path(char kind) const;

  workload work_;
  std::shared_ptr<const key_space> keys_;
  std::uint32_t connection_;
  std::minstd_rand chance_;
  std::uint64_t names_used_ = 0;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  std::optional<failure> unasked_;
};

}  // namespace troupe::bench
