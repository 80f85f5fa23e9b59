// SPDX-License-Identifier: Apache-2.0
// Watchers who also write. Each sees a znode only by watching it: it reads when it has heard of a
// change and at no other time. So when the writing has ended, what it saw last is the last there
// is, or a watch was lost. Glances between show changes of which no event has told yet.
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "tests/cluster/nemesis/client/connection.hpp"
#include "tests/cluster/nemesis/client/workloads.hpp"

namespace troupe::nemesis {
namespace {

constexpr int settled_after_ms = 25'000;  // operations of a round that is over have ended by then
constexpr int settle_ms = 10'000;         // the same at the end, when all is healed
constexpr int patience_ms = 20'000;

class watch_worker {
 public:
  explicit watch_worker(const worker_task& task)
      : task_(task),
        zk_(task.of, task.to, task.of.hosts_for(task.who),
            [this](int, const std::string& path) { flag(path); }) {}

  void run() {
    while (!is_ending) {
      take_up_round();
      follow();
      const int die = task_.random.below(100);
      if (die < 40) write();
      if (die >= 60) glance();
      task_.rest();
    }
    follow_for(settle_ms);
    for (const auto& [number, zxid] : seen_) check(number);
  }

 private:
  static std::string key_of(int number) { return "watch/" + std::to_string(number); }

  void flag(const std::string& path) {
    std::lock_guard lock{guard_};
    flagged_.insert(path);
  }

  void take_up_round() {
    const int round = task_.round();
    if (round != round_) {
      round_ = round;
      for (int n = 0; n < watches_a_round; ++n) {
        seen_[round * watches_a_round + n] = 0;
        flag("/" + key_of(round * watches_a_round + n));
      }
    }
    const auto into_ms = (now_us() - task_.of.begin_us) / 1'000 - round * task_.of.round_us / 1'000;
    if (into_ms < settled_after_ms) return;
    while (!seen_.empty() && seen_.begin()->first / watches_a_round < round) {
      check(seen_.begin()->first);
      seen_.erase(seen_.begin());
    }
  }

  /// Reads what we were told of, and watches it anew.
  void follow() {
    // A session that was taken up again keeps its watches; a new one has none.
    if (const auto session = zk_.session_number(); session != session_) {
      session_ = session;
      for (const auto& [number, zxid] : seen_) flag("/" + key_of(number));
    }
    std::set<std::string> told;
    {
      std::lock_guard lock{guard_};
      told.swap(flagged_);
    }
    for (const auto& path : told) {
      operation x{"get", path.substr(1), path, {}};
      x.is_watching = true;
      const auto got = zk_.ask(x);
      if (got.is_ok()) {
        if (auto it = seen_.find(std::stoi(path.substr(7))); it != seen_.end())
          it->second = std::max<std::int64_t>(it->second, got.stat.mzxid);
      } else {
        flag(path);
      }
    }
  }

  void follow_for(int ms) {
    for (const auto until = now_us() + ms * 1'000; now_us() < until;) {
      follow();
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  }

  void write() {
    const auto key = key_of(round_ * watches_a_round + task_.random.below(watches_a_round));
    (void)zk_.ask({"set", key, "/" + key,
                   "w" + std::to_string(zk_.number()) + "-" + std::to_string(++writes_)});
  }

  /// Whoever looks without waiting to be told must have been told before he sees.
  void glance() {
    const auto key = key_of(round_ * watches_a_round + task_.random.below(watches_a_round));
    (void)zk_.ask({"exists", key, "/" + key, {}});
  }

  void check(int number) {
    const auto key = key_of(number);
    std::int64_t last = 0;
    for (const auto deadline = now_us() + patience_ms * 1'000; now_us() < deadline;) {
      const auto found = zk_.ask_synced({"exists", key, "/" + key, {}});
      if (found.is_ok()) last = found.stat.mzxid;
      follow_for(200);
      if (last != 0 && seen_[number] >= last) return;
    }
    task_.tell_problem("client " + std::to_string(zk_.number()) + " of session " + zk_.session() +
                       " watches /" + key + " and has seen it at mzxid " +
                       std::to_string(seen_[number]) + " last; it is at " + std::to_string(last) +
                       ", and no event has told so");
  }

  const worker_task& task_;
  std::mutex guard_;
  std::set<std::string> flagged_;
  std::map<int, std::int64_t> seen_;  // by number, mzxid
  int round_ = -1;
  int writes_ = 0;
  std::int64_t session_ = 0;
  connection zk_;  // last: its events use what stands above
};

}  // namespace

void run_watches(const worker_task& task) { watch_worker{task}.run(); }

}  // namespace troupe::nemesis
