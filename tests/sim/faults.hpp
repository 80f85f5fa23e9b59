// SPDX-License-Identifier: Apache-2.0
/// The nemesis: draws faults from the seed and lets them loose on a world for a while, each for a
/// limited time, several at once when it comes so.
/// Each fault has a number and draws from a stream of its own, so that a life may be repeated with
/// some of its faults left out and the others as they were.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "tests/sim/rng.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

/// Weights of the faults; 0: never. Times are virtual.
struct fault_options {
  duration mean_pause{1'500'000};  // between two faults
  int crash = 10;                  // one server loses power or its process is killed
  int crash_in_disk_call = 10;     // in the middle of a write, a sync, a rename
  int crash_at_message = 10;       // at a moment of the conversation between two servers
  int crash_all = 2;
  int pause = 6;
  int isolate_one = 8;
  int split = 5;
  int split_at_message = 6;  // the two that speak are cut off from all others, or from each other
  int two_leaders = 4;       // who has joined a new leader hears the old one again
  int one_way_cut = 6;
  int reset = 8;
  int reset_in_conversation = 8;  // after the next few messages
  int slow_wire = 4;
  int break_client = 8;
  int freeze_client = 4;
  int disk_error = 4;
  int disk_full = 2;
  int rot = 0;          // a bit turns in a log or a snapshot, always of the same server
  int disk_slow = 3;    // each call takes up to seconds
  int slow_server = 3;  // each message of each of its actors waits
  int wall_clock = 3;
  int replace_leader = 0;  // unseen by it: for a while two lead
  int lose_snapshot = 0;   // of txns that one server alone has logged
  int break_snapshot = 0;  // a leader's, while its receiver's disk takes its time
  int promise_later = 0;   // one server has promised an epoch that no other has heard of
  int reconfig = 0;        // the servers change, often with a fault close behind
  duration outage_max{12'000'000};
  std::set<unsigned> left_out{};  // the numbers of faults that do not come
};

class faults {
 public:
  faults(world& on, rng chance, fault_options options)
      : on_(on), pace_(chance), chance_(chance), options_(std::move(options)) {}

  /// Faults come until `until`; what is still broken then is the caller's to heal.
  void unleash(duration until);
  /// How many there were, those left out among them: they have the numbers below this.
  [[nodiscard]] unsigned count() const { return count_; }

 private:
  void next();
  void strike();
  void crash_one();
  void crash_in_disk_call();
  void crash_at_message();
  void crash_all();
  void pause_one();
  void isolate_one();
  void replace_leader();
  struct lone_tail;
  void lose_snapshot();
  void lead_with(lone_tail story);
  void go_on_without(lone_tail story, server_id received);
  void start(const std::vector<server_id>& group);
  void crash(const std::vector<server_id>& group, world::crash_kind how);
  void split();
  void split_at_message();
  void two_leaders();
  void lure(server_id follower, server_id leads, server_id old_leader, duration lured);
  void cut_one_way();
  void reset();
  void reset_in_conversation();
  void slow_wire();
  void break_client();
  void freeze_client();
  void disk_errors();
  void disk_full();
  void rot();
  void disk_slow();
  void slow_server();
  void shift_clock();
  void break_snapshot();
  void promise_later();
  void reconfigure();
  void split_new_from_old(std::vector<server_id> voters);
  void heal_disk_later(server_id who);
  [[nodiscard]] world::crash_kind any_crash();
  /// Two servers, or one twice: then there is nothing between them to break.
  [[nodiscard]] std::pair<server_id, server_id> any_two();
  [[nodiscard]] server_id any_server();
  [[nodiscard]] duration outage();
  template <class F>
  void later(F f) {
    on_.clock().after(outage(), [this, f] {
      if (on_.now() < until_) f();
    });
  }

  world& on_;
  rng pace_;    // when the next one comes
  rng chance_;  // of the fault that came last
  fault_options options_;
  duration until_{0};
  unsigned count_ = 0;
};

}  // namespace troupe::sim
