// SPDX-License-Identifier: Apache-2.0
/// The operator of an ensemble whose files alone say who its servers are. Each change of the list
/// goes from server to server, one restart at a time: a voter more, a voter fewer, other ports; and
/// now and then a file from which lines were lost, which is put right later. Where a change stays
/// half done, the last words of a leader may be in the log of the new voter alone.
/// Invariant: two lists are about at most. A change begins when all servers serve by the list of
/// the one before, as docs/ARCHITECTURE.md asks of operators; and whoever has a file that is wrong
/// is no quorum of it by itself.
#pragma once

#include <optional>
#include <vector>

#include "config/node_config.hpp"
#include "tests/sim/rng.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

class list_changes {
 public:
  list_changes(world& on, rng chance, duration pause_max);

  /// Changes come until `until`.
  void unleash(duration until);
  /// A file that is wrong is put right. A change that is under way is finished, or left where it
  /// is: the ensemble has to serve with both lists, too.
  void finish();

 private:
  using lines = std::vector<config::server_entry>;
  enum class kind { voter_more, voter_fewer, ports, lost_lines };

  void next();
  void step();
  void begin(kind what);
  void add_voter();
  void remove_voter();
  void change_ports();
  void lose_lines();
  void take_turns(server_id who, server_id another);
  void leave_last_words();
  /// The file is there, and a server that runs begins anew with it.
  void give(server_id who, const lines& list);
  [[nodiscard]] std::vector<server_id> voters() const;
  [[nodiscard]] std::vector<server_id> shuffled(std::vector<server_id> of);

  world& on_;
  rng chance_;
  duration pause_max_;
  duration until_{0};
  lines list_;                         // what all servers have, or are to have
  std::vector<server_id> left_;        // have the list before yet; the last one is next
  std::optional<server_id> newest_;    // the last voter more
  std::optional<server_id> mistaken_;  // has a file that is wrong
  duration noticed_{0};                // when that is
};

}  // namespace troupe::sim
