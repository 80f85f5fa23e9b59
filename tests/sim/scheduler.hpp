// SPDX-License-Identifier: Apache-2.0
/// Runs every actor of a simulated world on one thread, one message at a time, on a virtual clock.
/// Owns: the actor system, the events of the world (deliveries, faults, clients' timers).
/// Order: the next job is drawn by the seed among all that can run, so every interleaving that
/// threads could produce may come up; each actor's mailbox keeps its order. Time moves only when
/// nothing can run, to the next timeout or event. The same seed and the same calls give the same
/// run, bit for bit: trace_hash() says so.
#pragma once

#include <caf/actor_addr.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <typeinfo>
#include <unordered_map>
#include <vector>

#include "tests/sim/rng.hpp"

namespace troupe::sim {

/// A group of actors that pause and die together: one life of one server. 0 = the world's own.
using realm = std::uint32_t;

/// Folds numbers into one that differs when any of them does.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t into, std::uint64_t x) {
  into = (into ^ x) * 0x9e3779b97f4a7c15U;
  return into ^ (into >> 29);
}

class scheduler {
 public:
  explicit scheduler(std::uint64_t seed);
  ~scheduler();
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;

  [[nodiscard]] caf::actor_system& system() { return system_; }
  [[nodiscard]] duration now() const;

  // -- realms -------------------------------------------------------------------------------------

  [[nodiscard]] realm make_realm();

  /// Whatever `spawn` spawns belongs to `where`, and so do the children of those actors.
  template <class F>
  auto spawn_in(realm where, F spawn) {
    attribute_new_actors(running_);
    auto outer = std::exchange(running_, where);
    auto result = spawn();
    attribute_new_actors(where);
    running_ = outer;
    return result;
  }

  /// SIGSTOP: no actor of the realm runs; messages and timeouts pile up.
  void pause(realm which) { paused_.insert(which); }
  void resume(realm which);
  [[nodiscard]] bool is_paused(realm which) const { return paused_.count(which) != 0; }

  /// Ends every actor of the realm now, before anything else runs. Their last words are the
  /// caller's to suppress.
  void kill(realm which);

  // -- events of the world ------------------------------------------------------------------------

  void at(duration when, std::function<void()> what);
  void after(duration delay, std::function<void()> what) { at(now() + delay, std::move(what)); }

  // -- running ------------------------------------------------------------------------------------

  /// One job, or one step of time. False: nothing will ever happen again.
  bool step();
  void run_until(duration when);
  /// Runs until `done` or until the clock shows `limit`; the answer is done()'s last.
  bool run_until(duration limit, const std::function<bool()>& done);

  /// Messages go round and round at one instant: time will never move again. Nothing runs then.
  [[nodiscard]] bool is_stuck() const { return jobs_at_this_instant_ > jobs_per_instant_max; }
  static constexpr std::uint64_t jobs_per_instant_max = 500'000;

  // -- watching -----------------------------------------------------------------------------------

  /// Sees each message right before its actor handles it. `message` is null when an actor only
  /// starts.
  using spy = std::function<void(realm, const caf::abstract_actor&, caf::mailbox_element* message)>;
  void add_spy(spy s) { spies_.push_back(std::move(s)); }

  /// How long the actor is to wait before its next message (a slow disk); 0: not at all.
  using brake = std::function<duration(realm, const caf::abstract_actor&)>;
  void set_brake(brake b) { brake_ = std::move(b); }

  /// Told when an actor dies of an exception.
  void on_exception(std::function<void(realm, std::string)> f) { on_exception_ = std::move(f); }

  [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }
  [[nodiscard]] std::uint64_t jobs_run() const { return jobs_run_; }
  /// For what happens outside of actors and should make runs differ (clients' bytes, deliveries).
  void add_to_hash(std::uint64_t x) { hash_ = mix(hash_, x); }

 private:
  struct event {
    duration when;
    std::uint64_t number;  // those of one instant run in the order they were asked for
    std::function<void()> what;
  };
  struct later {
    bool operator()(const event& a, const event& b) const {
      return a.when != b.when ? a.when > b.when : a.number > b.number;
    }
  };

  bool run_job();
  bool advance(duration limit);
  void execute(caf::resumable* job, caf::abstract_actor* actor, realm where);
  void meet(caf::abstract_actor& actor, realm where);
  void note(realm where, const caf::abstract_actor& actor, caf::mailbox_element* message);
  void attribute_new_actors(realm where);
  [[nodiscard]] realm realm_of(caf::actor_id id) const;
  std::size_t pick();
  std::uint64_t hash_of(const std::type_info& type);

  std::function<void(realm, std::string)> on_exception_;  // before system_: dying actors use it
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& coordinator_;
  rng chance_;

  realm running_ = 0;
  realm realms_ = 0;
  std::vector<realm> realm_of_;  // by actor id
  std::vector<bool> met_;        // by actor id
  std::map<realm, std::vector<caf::weak_actor_ptr>> actors_;
  std::set<realm> paused_;
  std::map<realm, std::vector<caf::resumable*>> held_;  // jobs of paused realms
  std::map<caf::actor_id, std::pair<caf::resumable*, realm>> braked_;
  std::set<caf::actor_id> released_;  // waited long enough
  std::uint64_t priorities_ = 0;      // salt of the actors' priorities; 0: all alike

  std::priority_queue<event, std::vector<event>, later> events_;
  std::uint64_t events_made_ = 0;
  std::vector<spy> spies_;
  brake brake_;
  std::unordered_map<const std::type_info*, std::uint64_t> type_hashes_;  // never iterated
  std::uint64_t hash_ = 0;
  std::uint64_t jobs_run_ = 0;
  std::uint64_t jobs_at_this_instant_ = 0;
};

}  // namespace troupe::sim
