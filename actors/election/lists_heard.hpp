// SPDX-License-Identifier: Apache-2.0
/// What the lists of servers that others tell are to ours: kept by sender, told in `status`, and in
/// the log once for each text. No actor of its own: the election's.
/// Invariant: at most core::refused_senders_max senders are remembered.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/core/quorum.hpp"
#include "actors/interfaces/status.hpp"
#include "actors/trace/log.hpp"
#include "config/list_difference.hpp"

namespace troupe {

class lists_heard {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  struct telling {
    server_id from;
    std::string_view lines;  // as config::told_lines()
    time_point now;
    server_id me;
    bool only_files_say = true;  // no reconfig: another list may be one that is being rolled out
  };

  /// Ours is another one from now on.
  void compare_with(membership_ptr ours);
  /// Says in the log what is new about it. The sender's list as a quorum; nullopt: it has ours, or
  /// its text is no list.
  std::optional<core::quorum> note(const telling& x, const log::logger& to);
  /// The sender's list is of another time, so that nothing follows from a difference.
  void forget(server_id from) { heard_.erase(from); }

  [[nodiscard]] std::vector<election_status::differing_list> differing() const;
  /// Who has no line for this server.
  [[nodiscard]] std::vector<server_id> without_us() const;

 private:
  struct heard {
    std::string lines;
    config::list_difference difference;
    election_status::differing_list::kind what = election_status::differing_list::kind::refused;
    std::optional<core::quorum> list;
    bool has_us = true;
    std::optional<time_point> said;
  };
  void tell(server_id from, const heard& x, const log::logger& to) const;

  membership_ptr ours_;
  std::string our_lines_;
  std::map<server_id, heard> heard_;
};

}  // namespace troupe
