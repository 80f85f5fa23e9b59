// SPDX-License-Identifier: Apache-2.0
/// The election actors of several servers in one process, on CAF's deterministic scheduler and in
/// virtual time.
#pragma once

#include "actors/election/election.hpp"

#include <gmock/gmock.h>

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>

#include "actors/interfaces/election.hpp"
#include "actors/interfaces/links.hpp"
#include "config/membership.hpp"
#include "config/node_config.hpp"

namespace troupe::test {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// Who can be dialled. Stands for the network of all servers.
struct switchboard {
  std::map<server_id, caf::strong_actor_ptr> published;
  int dials = 0;
};

inline links_actor::behavior_type fake_links(links_actor::pointer,
                                             std::shared_ptr<switchboard> board) {
  return {[board](const dial& x) -> caf::result<linked> {
    ++board->dials;
    auto it = board->published.find(x.to);
    if (it == board->published.end())
      return caf::make_error(caf::sec::cannot_connect_to_node,
                             "host" + std::to_string(x.to.value) + ":3888: connection refused");
    return linked{x.to, it->second};
  }};
}

struct deterministic : caf::actor_system_config {
  deterministic() { set("scheduler.policy", caf::atom("testing")); }
};

inline config::node_config list_of(int voters, int observers = 0) {
  config::node_config cfg;
  for (int n = 1; n <= voters + observers; ++n)
    cfg.servers.push_back({.id = {n},
                           .host = "host" + std::to_string(n),
                           .peer_port = 2888,
                           .election_port = 3888,
                           .observer = n > voters});
  return cfg;
}

inline zxid at(std::int64_t era, std::int64_t counter) { return {(era << 32) | counter}; }
inline const look_for_leader same_history{at(1, 7), epoch{1}};

class Election : public ::testing::Test {
 protected:
  ~Election() override {
    while (!servers_.empty()) kill(servers_.begin()->first.value);
    board_->published.clear();
  }

  /// A server's process begins; its election actor can be dialled.
  void start(int id, config::node_config cfg) {
    auto ctx = std::make_shared<node_context>();
    ctx->config = std::move(cfg);
    ctx->config.my_id = server_id{id};
    ctx->me = {id};
    auto links = system_.spawn(fake_links, board_);
    auto actor = system_.spawn(
        election,
        election_options{ctx, links, config::make_view(config::membership_of(ctx->config))});
    servers_[{id}] = actor;
    board_->published[{id}] = caf::actor_cast<caf::strong_actor_ptr>(actor);
  }
  void kill(int id) {
    board_->published.erase({id});
    if (auto it = servers_.find({id}); it != servers_.end())
      caf::anon_send_exit(it->second, caf::exit_reason::kill);
    servers_.erase({id});
    run();
  }

  /// What a peer does when it has no leader.
  void look(int id, look_for_leader own = same_history) {
    caf::anon_send(servers_.at({id}), role_taken{server_state::looking, {}});
    results_.erase({id});
    system_.spawn([this, id, own, to = servers_.at({id})](caf::event_based_actor* self) {
      self->request(to, caf::infinite, own).then([this, id](const elected& x) {
        results_[{id}] = x;
      });
    });
  }

  std::string account(int id) { return status(id).last_reason; }

  election_status status(int id) {
    election_status out;
    system_.spawn([&out, to = servers_.at({id})](caf::event_based_actor* self) {
      self->request(to, caf::infinite, get_election_status{}).then([&out](election_status& x) {
        out = std::move(x);
      });
    });
    run();
    return out;
  }

  void run() {
    auto& jobs = clock_.jobs;
    while (!jobs.empty()) {
      if (shuffle_) std::swap(jobs.front(), jobs[(*shuffle_)() % jobs.size()]);
      clock_.run_once();
    }
  }
  /// Lets time pass until these servers have a leader; how long that took, within 10 ms.
  milliseconds until_elected(const std::set<int>& ids, milliseconds limit = 10s) {
    milliseconds passed{0};
    run();
    auto all = [&] {
      return std::all_of(ids.begin(), ids.end(), [&](int id) { return results_.contains({id}); });
    };
    while (!all() && passed < limit) pass(10ms), passed += 10ms;
    EXPECT_TRUE(all()) << "no leader within " << limit.count() << " ms";
    return passed;
  }
  void pass(milliseconds time) {
    clock_.advance_time(time);
    run();
  }
  std::int64_t leader_of(int id) { return results_.at({id}).leader.value; }

  void start_and_look(const std::set<int>& ids, const config::node_config& cfg) {
    for (int id : ids) start(id, cfg);
    for (int id : ids) look(id);
  }

 private:
  deterministic config_;

 protected:
  caf::actor_system system_{config_};
  caf::scheduler::test_coordinator& clock_ =
      dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  std::shared_ptr<switchboard> board_ = std::make_shared<switchboard>();
  std::map<server_id, election_actor> servers_;
  std::map<server_id, elected> results_;
  std::optional<std::mt19937> shuffle_;
};

}  // namespace troupe::test
