// SPDX-License-Identifier: Apache-2.0
/// The last messages of one server: a bounded ring of events, newest kept, for a look back when
/// something went wrong.
/// Owns: its events. Invariant: holds at most events_max, in the order in which they were recorded.
/// Order: every function may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "actors/trace/event.hpp"

namespace troupe::trace {

class sink {
 public:
  /// Time is the caller's: steady in production, virtual in a simulation. Called from any thread.
  using clock_ns = std::function<std::int64_t()>;

  sink(server_id server, std::size_t events_max, clock_ns now);
  sink(const sink&) = delete;
  sink& operator=(const sink&) = delete;

  /// `actor` and `message` must outlive the program: literals, or what type_name() returns.
  void record(direction way, std::string_view actor, std::string_view message, std::string fields);

  /// The events, oldest first.
  [[nodiscard]] std::vector<event> snapshot() const;

  /// How many events made room for newer ones.
  [[nodiscard]] std::uint64_t dropped() const;

  /// Writes the events to `path`, oldest first, one JSON object a line; through a file beside it
  /// that is renamed, so that a reader sees all or nothing. The error names path and cause.
  [[nodiscard]] tl::expected<void, std::string> write_to(const std::string& path) const;

 private:
  const server_id server_;
  const std::size_t events_max_;
  const clock_ns now_;

  mutable std::mutex guard_;
  std::vector<event> ring_;  // grows to events_max_, then is overwritten from the oldest on
  std::size_t oldest_ = 0;   // always 0 while the ring still grows
  std::uint64_t dropped_ = 0;
};

/// `{"at_ns":1,"server":1,"actor":"zk.leader","direction":"handled","message":"ack",
///   "fields":"zxid=0x1"}`, on one line.
[[nodiscard]] std::string to_json(const event& x);

}  // namespace troupe::trace
