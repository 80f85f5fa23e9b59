// SPDX-License-Identifier: Apache-2.0
/// Where the threads of a run meet: who is ready, when it starts, who failed, what each second and
/// the whole brought. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tools/bench/histogram.hpp"

namespace troupe::bench {

/// What a worker counted.
struct tally {
  histogram latency;
  std::uint64_t not_sent = 0, losses = 0, lost = 0;
  std::int64_t last_ns = 0;  // when the last counted operation was answered
};

class scoreboard {
 public:
  explicit scoreboard(std::uint32_t workers) : workers_(workers) {}

  // -- the workers -----------------------------------------------------------------------------

  void ready();
  /// A second that has passed, 0 the first; each worker tells them in order until it has finished.
  void second_over(std::uint32_t second, const histogram& latency);
  void finished(const tally& counted, std::uint32_t seconds_told);
  /// The first failure is the run's; everybody stops.
  void fail(std::string why);

  /// When operations start; 0 as long as that is not known.
  [[nodiscard]] std::int64_t start_ns() const { return start_ns_; }
  [[nodiscard]] bool is_stopping() const { return stopping_; }

  // -- who leads the run -----------------------------------------------------------------------

  void start(std::int64_t at_ns) { start_ns_ = at_ns; }
  void stop() { stopping_ = true; }
  /// Waits a little for news. `tell` hears of each second that all workers have told.
  template <class Tell>
  void wait(std::int64_t ms_max, Tell tell);
  [[nodiscard]] bool all_ready();
  [[nodiscard]] bool all_finished();
  [[nodiscard]] std::string failure();
  /// The sum of all workers' counts, once all have finished.
  [[nodiscard]] tally total();

 private:
  struct second {
    std::uint32_t told_by = 0;
    histogram latency;
  };

  [[nodiscard]] bool is_whole(std::uint32_t number, const second& so_far) const;

  std::uint32_t workers_;
  std::atomic<std::int64_t> start_ns_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;  // guards all below
  std::condition_variable news_;
  std::uint32_t ready_ = 0;
  std::vector<std::uint32_t> finished_;  // for each who has, how many seconds it told
  std::string failure_;
  std::map<std::uint32_t, second> seconds_;  // not yet told on
  tally total_;
};

template <class Tell>
void scoreboard::wait(std::int64_t ms_max, Tell tell) {
  std::unique_lock held{mutex_};
  news_.wait_for(held, std::chrono::milliseconds(ms_max));
  while (!seconds_.empty() && is_whole(seconds_.begin()->first, seconds_.begin()->second)) {
    const auto whole = seconds_.extract(seconds_.begin());
    held.unlock();
    tell(whole.key(), whole.mapped().latency);
    held.lock();
  }
}

}  // namespace troupe::bench
