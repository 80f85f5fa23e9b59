// SPDX-License-Identifier: Apache-2.0
/// Who may have a file descriptor when they are few: clients may not take those that disk and peers
/// need. The system gives out the lowest number that is free, so the line between them is a number:
/// a client's connection that got one from `clients_end()` on is closed, and what is from there on
/// stays free for all else, however many clients there are and in which order they come and go.
#pragma once

#include <algorithm>
#include <cstdint>

namespace troupe::core {

class file_budget {
 public:
  /// The program's own: standard streams, epoll, pipes, listening sockets, logs, the files of
  /// journal, scribe and a load, name look-ups, and as much again for what comes on top.
  static constexpr std::int64_t reserved_for_self = 64;
  /// Links to one other server's election and peer port, both ways, and as many while they are made
  /// anew.
  static constexpr std::int64_t reserved_for_server = 16;

  /// Without bounds.
  file_budget() = default;
  /// `open_max` is RLIMIT_NOFILE; `others` how many servers there are besides this one.
  file_budget(std::int64_t open_max, std::int64_t others)
      : open_max_(open_max), wanted_(reserved_for_self + others * reserved_for_server) {}

  [[nodiscard]] std::int64_t open_max() const { return open_max_; }
  /// Kept from clients; half of what there is when that is too little.
  [[nodiscard]] std::int64_t reserved() const { return std::min(wanted_, open_max_ / 2); }
  /// What there is does not reach for the reserve and as much again for clients.
  [[nodiscard]] bool is_scarce() const { return open_max_ > 0 && open_max_ < 2 * wanted_; }
  [[nodiscard]] std::int64_t clients_end() const { return open_max_ - reserved(); }
  [[nodiscard]] bool is_for_clients(int descriptor) const {
    return open_max_ == 0 || descriptor < clients_end();
  }

 private:
  std::int64_t open_max_ = 0;
  std::int64_t wanted_ = 0;
};

}  // namespace troupe::core
