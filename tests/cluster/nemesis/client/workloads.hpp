// SPDX-License-Identifier: Apache-2.0
/// What the workers do until the end, one function a workload. All of them share their objects with
/// the workers of other processes, which do the same through another client library.
#pragma once

#include <functional>
#include <string>

#include "tests/cluster/nemesis/client/plan.hpp"
#include "tests/cluster/nemesis/client/recorder.hpp"

namespace troupe::nemesis {

struct worker_task {
  const plan& of;
  plan::worker who;
  recorder& to;
  dice& random;
  std::function<void(const std::string&)> tell_problem;

  [[nodiscard]] int round() const { return of.round_at(now_us()); }
  /// About as often as the plan wants.
  void rest() const { rest_ms(of.pace_ms / 2 + random.below(of.pace_ms + 1)); }
};

void run_registers(const worker_task& task);
void run_sets(const worker_task& task);
void run_counters(const worker_task& task);
void run_queues(const worker_task& task);
void run_ephemerals(const worker_task& task);
void run_locks(const worker_task& task);
void run_watches(const worker_task& task);

inline constexpr int registers_a_round = 4;
inline constexpr int watches_a_round = 2;

}  // namespace troupe::nemesis
