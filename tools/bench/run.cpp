// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/run.hpp"

#include <algorithm>
#include <deque>
#include <thread>

#include "tools/bench/janitor.hpp"
#include "tools/bench/worker.hpp"

namespace troupe::bench {
namespace {

constexpr std::int64_t start_in_ns = 50'000'000;  // after all are ready; more than two ticks
constexpr std::int64_t news_every_ms = 50;

class load_run {
 public:
  load_run(const run_options& options, const std::vector<address>& servers,
           const std::function<void(const second_record&)>& on_second,
           const std::function<bool()>& interrupted)
      : options_(options),
        servers_(servers),
        on_second_(on_second),
        interrupted_(interrupted),
        board_(options.threads) {}

  void run(std::shared_ptr<const key_space> keys, run_result& result) {
    std::deque<worker> workers;  // they stay where they are
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < options_.threads; ++i) {
      auto& one = workers.emplace_back(options_, i, servers_, keys, board_);
      threads.emplace_back([&one] { one.run(); });
    }
    lead(result);
    for (auto& each : threads) each.join();
    const auto total = board_.total();
    result.failure = board_.failure();
    result.latency = total.latency;
    result.not_sent = total.not_sent;
    result.losses = total.losses;
    result.lost = total.lost;
    result.elapsed_s = elapsed_s(total, result.interrupted, !result.failure.empty());
  }

 private:
  void lead(run_result& result) {
    const auto tell = [&](std::uint32_t second, const histogram& latency) {
      const bool is_counted = second >= options_.warmup_s;
      result.seconds.push_back(
          {second + 1, latency.count(), latency.at_percentile(99), is_counted});
      on_second_(result.seconds.back());
    };
    while (!board_.all_finished()) {
      board_.wait(news_every_ms, tell);
      if (board_.start_ns() == 0 && board_.all_ready()) board_.start(now_ns() + start_in_ns);
      if (!result.interrupted && interrupted_()) {
        result.interrupted = true;
        ended_ns_ = now_ns();
        board_.stop();
      }
    }
    board_.wait(0, tell);
  }

  [[nodiscard]] double elapsed_s(const tally& total, bool interrupted, bool has_failed) const {
    if (board_.start_ns() == 0) return 0;
    const auto begun_ns = board_.start_ns() + static_cast<std::int64_t>(options_.warmup_s * 1e9);
    const auto until_last_s = static_cast<double>(total.last_ns - begun_ns) / 1e9;
    if (interrupted) return std::max(0.0, static_cast<double>(ended_ns_ - begun_ns) / 1e9);
    // It ends with its last operation, by plan or by failing there.
    if (options_.operations > 0 || has_failed) return std::max(0.0, until_last_s);
    if (options_.rate_per_s > 0) return std::max(options_.seconds, until_last_s);
    return options_.seconds;
  }

  const run_options& options_;
  const std::vector<address>& servers_;
  const std::function<void(const second_record&)>& on_second_;
  const std::function<bool()>& interrupted_;
  scoreboard board_;
  std::int64_t ended_ns_ = 0;  // when it was interrupted
};

/// By a connection of its own, since the one that made it may have been lost.
outcome clean_up(const std::vector<address>& servers, const run_options& options) {
  janitor sweeper{servers, options.session_timeout_ms};
  auto done = sweeper.arrive();
  if (done) done = sweeper.remove_tree(options.root);
  if (done) done = sweeper.leave();
  return done;
}

}  // namespace

run_result run_load(const run_options& asked,
                    const std::function<void(const second_record&)>& on_second,
                    const std::function<bool()>& interrupted) {
  run_result result;
  auto options = asked;
  options.threads = std::min(asked.threads, asked.work.connections);
  // An open loop of so many operations is one of so many seconds.
  if (options.rate_per_s > 0 && options.operations > 0) {
    options.seconds = static_cast<double>(options.operations) / options.rate_per_s;
    options.operations = 0;
  }
  const auto servers = resolve(options.servers);
  if (!servers) {
    result.failure = servers.error();
    return result;
  }
  const auto keys = std::make_shared<const key_space>(options.root, options.work);
  janitor maker{*servers, options.session_timeout_ms};
  auto made = maker.arrive();
  if (made) made = maker.make(*keys);
  if (made) made = maker.leave();
  if (made)
    load_run{options, *servers, on_second, interrupted}.run(keys, result);
  else
    result.failure = made.error();
  if (!maker.has_made_root()) return result;
  if (auto swept = clean_up(*servers, options); !swept)
    result.failure += (result.failure.empty() ? "" : "; and ") + options.root +
                      " could not be removed: " + swept.error();
  return result;
}

}  // namespace troupe::bench
