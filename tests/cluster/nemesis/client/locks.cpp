// SPDX-License-Identifier: Apache-2.0
// The recipe of a lock as ZooKeeper's documentation tells it: a sequential ephemeral child, whose
// owner waits for those before it to go. Names are such as kazoo's Lock takes for its contenders'.
#include <algorithm>

#include "tests/cluster/nemesis/client/connection.hpp"
#include "tests/cluster/nemesis/client/workloads.hpp"

namespace troupe::nemesis {
namespace {

constexpr int patience_ms = 20'000;
constexpr int guarded_registers_from = 1'000'000;  // apart from those of the registers' workload

std::string number_in(const std::string& name) {
  return name.size() < 10 ? name : name.substr(name.size() - 10);
}

class lock_worker {
 public:
  explicit lock_worker(const worker_task& task)
      : task_(task), zk_(task.of, task.to, task.of.hosts_for(task.who)) {}

  void run() {
    while (!is_ending) {
      const auto name = contend();
      if (!name.empty() && wait_turn(name)) hold(name);
      if (name.empty() || !leave(name)) zk_.renew();  // takes what may be left of us with it
      task_.rest();
    }
  }

 private:
  /// Unrecorded, as what kazoo's recipe does is: a part of the children would be nobody's.
  static operation on_lock(const char* op) {
    operation x{op, {}, "/lock/0", {}};
    x.is_recorded = false;
    return x;
  }

  /// The name of our place in the queue; empty when that is not known.
  std::string contend() {
    auto x = on_lock("create");
    x.path += "/w" + std::to_string(zk_.number()) + "__lock__";
    x.data = "";
    x.is_ephemeral = x.is_sequential = true;
    const auto got = zk_.ask(x);
    return got.is_ok() ? got.created.substr(std::string{"/lock/0/"}.size()) : "";
  }

  bool wait_turn(const std::string& name) {
    const auto deadline = now_us() + patience_ms * 1'000;
    while (!is_ending && now_us() < deadline) {
      breaks_ = zk_.breaks();
      const auto got = zk_.ask(on_lock("children"));
      if (got.is_unknown()) continue;
      const auto& all = got.children;
      if (std::find(all.begin(), all.end(), name) == all.end()) return false;
      const auto mine = number_in(name);
      if (std::none_of(all.begin(), all.end(),
                       [&](const auto& x) { return number_in(x) < mine; })) {
        token_ = std::stoll(mine);
        return zk_.breaks() == breaks_;
      }
      rest_ms(30);
    }
    return false;
  }

  void hold(const std::string&) {
    const auto from = now_us();
    const auto session = zk_.session();
    const auto client = zk_.number();
    guarded_write();
    rest_ms(20 + task_.random.below(100));
    auto to = now_us();
    // Who has lost the connection holds nothing from that moment on.
    if (zk_.breaks() != breaks_) to = std::clamp(zk_.broken_at_us(), from, to);
    zk_.write({{"lock", "lock/0"},
               {"client", client},
               {"session", session},
               {"token", token_},
               {"held_from", from},
               {"held_to", to}});
  }

  /// Fenced: who finds a later token than his own keeps away, and the version tells whether it came
  /// in between.
  void guarded_write() {
    const auto number = guarded_registers_from + task_.round();
    const auto key = "register/" + std::to_string(number);
    const auto found = zk_.ask({"get", key, "/" + key, {}});
    if (!found.is_ok() || std::stoll(found.data) > token_ || zk_.breaks() != breaks_) return;
    (void)zk_.ask({"set", key, "/" + key, std::to_string(token_), found.stat.version});
  }

  bool leave(const std::string& name) {
    auto x = on_lock("delete");
    x.path += "/" + name;
    const auto got = zk_.ask(x);
    return got.is_ok() || got.answer == "no_node";
  }

  const worker_task& task_;
  connection zk_;
  int breaks_ = 0;
  std::int64_t token_ = 0;
};

}  // namespace

void run_locks(const worker_task& task) { lock_worker{task}.run(); }

}  // namespace troupe::nemesis
