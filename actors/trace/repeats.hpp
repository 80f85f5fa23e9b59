// SPDX-License-Identifier: Apache-2.0
/// Keeps lines that somebody outside can cause at will from filling a log: of one event about one
/// thing (a client's address, a server) so many in a minute, and of one event so many in all. What
/// is held back is counted, and told with the next line of the kind.
/// Units: milliseconds of the caller's clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::log {

class repeats {
 public:
  static constexpr std::int64_t window_ms = 60'000;
  static constexpr int lines_about_one_max = 10;
  static constexpr int lines_of_event_max = 100;
  /// So many things are told apart; further ones have the event's lines together.
  static constexpr std::size_t things_max = 1024;

  struct verdict {
    bool is_told = false;
    std::uint64_t suppressed = 0;  // of the kind, since the last one that was told
  };
  [[nodiscard]] verdict admit(std::string_view event, std::string_view about, std::int64_t now_ms);

  [[nodiscard]] std::size_t size() const { return things_.size(); }

 private:
  struct count {
    std::int64_t since_ms = 0;
    int lines = 0;
    std::uint64_t suppressed = 0;
  };
  count* find_or_add(std::string_view event, std::string_view about, std::int64_t now_ms);

  std::map<std::string, count, std::less<>> events_;  // their names are the program's own
  std::map<std::pair<std::string, std::string>, count> things_;
};

}  // namespace troupe::log
