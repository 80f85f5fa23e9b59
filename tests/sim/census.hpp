// SPDX-License-Identifier: Apache-2.0
/// Whether what the servers keep is as much as what lives warrants: who forgets to clean up after a
/// client, a session, a learner or a znode breaks no rule that a client could see, and grows for
/// ever. Every table of every actor of a server is looked at, once all faults are over, and once
/// more when all clients have gone.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "tests/sim/world.hpp"
#include "tests/unit/core/tree_tables.hpp"

namespace troupe::sim {

class census_taker {
 public:
  using census = core::testing::census;

  /// Before the first server is started: it has to see every actor.
  explicit census_taker(world& w);

  /// What one server keeps: how many actors of each kind, as "zk.leader", and each table of all
  /// actors of that kind together, as "zk.leader learners".
  [[nodiscard]] census of(server_id who) const;

  /// At rest, with every server serving: each table is as large as tree, connections and learners
  /// say, and what is about work under way is empty.
  void check();
  /// Every client goes, some with a word and some without; once all sessions are over nothing is
  /// left of them anywhere.
  void check_that_nothing_is_left();

 private:
  template <class Visit>
  void for_each_actor(server_id who, Visit visit) const;
  void come_to_rest();
  void check_at_rest(server_id who);
  void check_tree(server_id who, const census& now);
  void check_clients(server_id who, const census& now);
  void check_without_clients(server_id who);
  void expect(server_id who, const census& in, const std::string& table, std::size_t size);
  void expect_up_to(server_id who, const census& in, const std::string& table, std::size_t most);
  [[nodiscard]] bool have_sessions_ended() const;

  world& w_;
  using actors = std::map<realm, std::map<caf::actor_id, caf::weak_actor_ptr>>;
  std::shared_ptr<actors> seen_ = std::make_shared<actors>();
  std::set<std::string> told_;
};

}  // namespace troupe::sim
