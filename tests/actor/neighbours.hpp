// SPDX-License-Identifier: Apache-2.0
/// Stand-ins for the neighbours of a role: each writes down in words what it is told, in one list
/// of the test's, so that a test can state an order across actors; some answer as the test has laid
/// out. The schedule and the clock stand still until the test moves them.
#pragma once

#include <gmock/gmock.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/caf.hpp"
#include "actors/base/node_context.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/roles.hpp"
#include "actors/interfaces/snapshots.hpp"
#include "actors/interfaces/synchronization.hpp"
#include "config/membership.hpp"
#include "tests/unit/coro/world.hpp"
#include "tests/unit/storage/log_samples.hpp"

namespace troupe::test {

using storage::at;
using storage::sample_txn;

inline std::vector<txn_ptr> txns_of(const std::vector<zxid>& ids) {
  std::vector<txn_ptr> out;
  for (auto id : ids) out.push_back(sample_txn(id));
  return out;
}

/// A reconfig that makes these servers the voters.
inline txn_ptr reconfig_txn(zxid id, const std::vector<std::int64_t>& voters,
                            const std::vector<std::int64_t>& observers = {}) {
  std::string text;
  for (auto n : voters) text += "server." + std::to_string(n) + "=h:2888:3888\n";
  for (auto n : observers) text += "server." + std::to_string(n) + "=h:2888:3888:observer\n";
  txn t;
  t.header = {session_id{0x1000}, cxid{8}, id, 1'700'000'000'000, op_code::reconfig};
  t.body = set_data_txn{"/zookeeper/config", text + "version=" + to_hex(id.value).substr(2), -1};
  return make_logged(std::move(t));
}

/// Holds back the answers of a stand-in while the test says so.
class gate {
 public:
  void open_in(caf::actor_system& system) { keeper_ = system.spawn(keep); }
  void close_down() {
    caf::anon_send_exit(keeper_, caf::exit_reason::kill);
    keeper_ = nullptr;
  }
  void hold() { caf::anon_send(keeper_, caf::put_atom::value); }
  void release_one() { caf::anon_send(keeper_, caf::get_atom::value); }
  void release() { caf::anon_send(keeper_, caf::flush_atom::value); }

  /// Answers ok_atom, when it lets it pass.
  [[nodiscard]] const caf::actor& keeper() const { return keeper_; }

  /// The answer to the request that `self` handles now, made when the gate lets it pass.
  template <class Reply, class Self>
  caf::result<Reply> answer(Self* self, std::function<Reply()> make) {
    auto promise = self->template make_response_promise<Reply>();
    self->request(keeper_, caf::infinite, caf::ok_atom::value)
        .then([promise, make](caf::ok_atom) mutable { promise.deliver(make()); });
    return promise;
  }

 private:
  static caf::behavior keep(caf::event_based_actor* self) {
    auto held = std::make_shared<std::deque<caf::response_promise>>();
    auto holding = std::make_shared<bool>(false);
    auto pass_one = [held] {
      if (held->empty()) return;
      held->front().deliver(caf::ok_atom::value);
      held->pop_front();
    };
    return {[=](caf::ok_atom) -> caf::result<caf::ok_atom> {
              if (!*holding) return caf::ok_atom::value;
              held->push_back(self->make_response_promise());
              return held->back();
            },
            [=](caf::put_atom) { *holding = true; }, [=](caf::get_atom) { pass_one(); },
            [=](caf::flush_atom) {
              *holding = false;
              while (!held->empty()) pass_one();
            }};
  }

  caf::actor keeper_;
};

/// What the stand-ins heard, and how they answer.
struct scene {
  std::vector<std::string> heard;
  void note(std::string words) { heard.push_back(std::move(words)); }
  /// What was heard since the last time this was asked.
  std::vector<std::string> news() { return std::exchange(heard, {}); }
  /// The same of one of them: what different actors hear at once has no order.
  std::vector<std::string> news_of(std::string_view who) {
    auto all = news();
    std::erase_if(all, [who](const std::string& words) { return !words.starts_with(who); });
    return all;
  }

  gate disk;  // the journal's
  loaded_data on_disk;
  std::deque<log_range> ranges;  // answers to read_log; when used up: complete and empty
  bool has_new_history = false;  // the journal: in place of what it is asked for next
  zxid last_logged;
  bool probe_fails = false;
  std::vector<std::size_t> snapshot_bytes;  // of each message of a snapshot, as a learner sees it
  int pings = 0;                     // that the leader had its handlers send, as each half tick
  std::uint64_t round_of_pings = 0;  // of the last of these

  gate touches;  // the database's
  std::vector<session_id> touched;
  bool leads = true;
  sync_source plan;
  zxid applied;
  std::string shown_membership;
  std::deque<snapshot_piece> pieces;
};

// The stand-ins, spawned.
journal_actor fake_journal(caf::actor_system& system, scene* on);
database_actor fake_database(caf::actor_system& system, scene* on);
role_sink fake_peer(caf::actor_system& system, scene* on);
/// A handler, as its leader or its learner sees it.
learner_handler_actor fake_handler(caf::actor_system& system, scene* on, std::string name);
/// A learner, as its handler sees it.
learner_actor fake_learner(caf::actor_system& system, scene* on);

/// A room with one schedule, one clock and one scene. Whatever is spawned through it ends with it.
class room : public testing::Test {
 protected:
  room() : context(std::make_shared<node_context>()) {
    context->me = server_id{1};
    context->detach_journal = false;
    on.disk.open_in(system());
    on.touches.open_in(system());
    auto& config = context->config;
    config.my_id = context->me;
    config.tick_ms = 1000;
    config.init_limit_ticks = 10;
    config.sync_limit_ticks = 4;
    for (int n = 1; n <= 3; ++n)
      config.servers.push_back({.id = {n},
                                .host = "host" + std::to_string(n),
                                .peer_port = 2888,
                                .election_port = 3888,
                                .observer = false});
  }
  void TearDown() override {
    on.disk.close_down();
    on.touches.close_down();
    for (auto& x : spawned_) caf::anon_send_exit(x, caf::exit_reason::kill);
    spawned_.clear();
    world_.run();
  }

  template <class Handle>
  Handle keep(Handle x) {
    spawned_.push_back(caf::actor_cast<caf::actor>(x));
    return x;
  }
  void kill(const caf::actor& x) {
    caf::anon_send_exit(x, caf::exit_reason::kill);
    run();
  }
  void run() { world_.run(); }
  void advance(std::chrono::nanoseconds by) { world_.advance(by); }
  /// Lets time pass in steps short enough for every timer.
  void pass(std::chrono::milliseconds span) {
    for (; span.count() > 0; span -= std::chrono::milliseconds{100})
      advance(std::chrono::milliseconds{100});
  }
  caf::actor_system& system() { return world_.system; }

  scene on;
  std::shared_ptr<node_context> context;

 private:
  coro::test::world world_;
  std::vector<caf::actor> spawned_;
};

}  // namespace troupe::test
