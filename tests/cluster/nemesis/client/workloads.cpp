// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/nemesis/client/workloads.hpp"

#include <algorithm>
#include <charconv>

#include "tests/cluster/nemesis/client/connection.hpp"

namespace troupe::nemesis {
namespace {

/// "register", 7: key register/7 and znode /register/7.
operation on(const char* op, const std::string& kind, int number) {
  const auto key = kind + "/" + std::to_string(number);
  return {op, key, "/" + key, {}};
}

class values {
 public:
  explicit values(const connection& of) : of_(of) {}
  std::string next() { return "c" + std::to_string(of_.number()) + "-" + std::to_string(++last_); }

 private:
  const connection& of_;
  int last_ = 0;
};

int to_number(const std::string& text) {
  int x = 0;
  std::from_chars(text.data(), text.data() + text.size(), x);
  return x;
}

}  // namespace

void run_registers(const worker_task& task) {
  connection zk{task.of, task.to, task.of.hosts_for(task.who)};
  values fresh{zk};
  int number = -1;
  int version = -1;
  while (!is_ending) {
    const int now = task.round() * registers_a_round + task.random.below(registers_a_round);
    if (now != number) version = -1;
    number = now;
    auto x = on("get", "register", number);
    const int die = task.random.below(100);
    reply got;
    if (die < 20) {
      got = zk.ask(x);
    } else if (die < 38) {
      got = zk.ask_synced(x);
    } else if (die < 88) {
      x.op = die < 75 ? "set" : "create";
      x.data = fresh.next();
      if (x.op == "set" && die < 58) x.version = version;
      got = zk.ask(x);
    } else {
      x.op = "delete";
      if (die < 94) x.version = version;
      got = zk.ask(x);
    }
    if (got.is_ok() && x.op != "delete") version = got.stat.version;
    task.rest();
  }
}

void run_sets(const worker_task& task) {
  connection zk{task.of, task.to, task.of.hosts_for(task.who)};
  values fresh{zk};
  while (!is_ending) {
    auto x = on("children", "set", task.round());
    const int die = task.random.below(100);
    if (die < 75) {
      x.op = "create";
      x.data = fresh.next();
      x.path += "/e-" + *x.data;
      (void)zk.ask(x);
    } else if (die < 88) {
      (void)zk.ask(x);
    } else {
      (void)zk.ask_synced(x);
    }
    task.rest();
  }
}

void run_counters(const worker_task& task) {
  connection zk{task.of, task.to, task.of.hosts_for(task.who)};
  while (!is_ending) {
    auto x = on("get", "counter", task.round());
    const auto found = task.random.below(4) == 0 ? zk.ask_synced(x) : zk.ask(x);
    if (found.is_ok()) {
      x.op = "set";
      x.data = std::to_string(to_number(found.data) + 1);
      x.version = found.stat.version;
      (void)zk.ask(x);
    }
    task.rest();
  }
}

void run_queues(const worker_task& task) {
  connection zk{task.of, task.to, task.of.hosts_for(task.who)};
  values fresh{zk};
  while (!is_ending) {
    auto x = on("children", "queue", task.round());
    if (task.random.below(2) == 0) {
      x.op = "create";
      x.path += "/q-";
      x.data = fresh.next();
      x.is_sequential = true;
      (void)zk.ask(x);
    } else {
      const auto found = zk.ask(x);
      const auto& all = found.children;
      if (const auto first = std::min_element(all.begin(), all.end()); first != all.end()) {
        x.op = "delete";
        x.path += "/" + *first;
        (void)zk.ask(x);
      }
    }
    task.rest();
  }
}

void run_ephemerals(const worker_task& task) {
  connection zk{task.of, task.to, task.of.hosts_for(task.who)};
  values fresh{zk};
  const auto mine = on("exists", "ephemeral", task.who.number);
  while (!is_ending) {
    auto x = mine;
    x.op = "create";
    x.data = fresh.next();
    x.is_ephemeral = true;
    (void)zk.ask(x);
    const int looks = 5 + task.random.below(20);
    for (int n = 0; n < looks && !is_ending; ++n) {
      const auto whose =
          task.random.below(3) == 0 ? task.random.below(task.who.number + 1) : task.who.number;
      const auto look = on("exists", "ephemeral", whose);
      (void)(task.random.below(2) == 0 ? zk.ask(look) : zk.ask_synced(look));
      task.rest();
    }
    if (task.random.below(3) == 0) {
      x = mine;
      x.op = "delete";
      (void)zk.ask(x);
    } else {
      zk.renew();
      (void)zk.ask_synced(mine);
    }
  }
}

}  // namespace troupe::nemesis
