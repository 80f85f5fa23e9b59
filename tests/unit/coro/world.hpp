// SPDX-License-Identifier: Apache-2.0
/// What the tests of this room share: a token that counts what lives in frames, and an actor system
/// whose schedule and clock stand still until the test moves them.
#pragma once

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace troupe::coro::test {

/// Passed to a task by value, it lives exactly as long as the task's frame.
using token = std::shared_ptr<int>;
[[nodiscard]] inline token make_token() { return std::make_shared<int>(0); }
/// Copies of the token beside the test's own.
[[nodiscard]] inline long held(const token& x) { return x.use_count() - 1; }

using trail = std::vector<std::string>;

struct deterministic : caf::actor_system_config {
  deterministic() { set("scheduler.policy", caf::atom("testing")); }
};

class world {
 public:
  world() : clock_(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())) {}

  void run() { clock_.run(); }
  void advance(std::chrono::nanoseconds by) {
    clock_.advance_time(by);
    clock_.run();
  }
  [[nodiscard]] bool has_timeout() const { return clock_.has_pending_timeout(); }

 private:
  deterministic config_;

 public:
  caf::actor_system system{config_};

 private:
  caf::scheduler::test_coordinator& clock_;
};

}  // namespace troupe::coro::test
