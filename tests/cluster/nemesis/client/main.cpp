// SPDX-License-Identifier: Apache-2.0
// nemesis-client: the workers of the nemesis that speak through ZooKeeper's own C client. They end
// when stdin does. Exit code: 0 nothing wrong, 1 something was and is told, 2 they could not begin.
#include <zookeeper/zookeeper.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "actors/node/program.hpp"
#include "tests/cluster/nemesis/client/dump.hpp"
#include "tests/cluster/nemesis/client/workloads.hpp"

namespace troupe::nemesis {
namespace {

const std::map<std::string, void (*)(const worker_task&)> all_workloads{
    {"register", run_registers},   {"set", run_sets},
    {"counter", run_counters},     {"queue", run_queues},
    {"ephemeral", run_ephemerals}, {"lock", run_locks},
    {"watch", run_watches}};

int run_all(const std::string& plan_path) {
  const auto wanted = plan::load(plan_path);
  recorder to{wanted.history_path, wanted.first_client};
  std::mutex telling;
  std::atomic<bool> is_wrong{false};
  std::vector<std::thread> threads;
  for (const auto& who : wanted.workers)
    threads.emplace_back([&, who, seed = wanted.seed * 1'000 + threads.size()] {
      dice random{static_cast<std::uint32_t>(seed)};
      all_workloads.at(who.workload)({wanted, who, to, random, [&](const std::string& what) {
                                        std::lock_guard lock{telling};
                                        is_wrong = true;
                                        std::cout << "problem: " << what << std::endl;
                                      }});
    });
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  is_ending = true;
  for (auto& x : threads) x.join();
  return is_wrong ? 1 : 0;
}

}  // namespace
}  // namespace troupe::nemesis

int main(int argc, char** argv) {
  CLI::App app{"Workers of the nemesis on ZooKeeper's C client; nemesis.py starts them.",
               "nemesis-client"};
  std::string plan_path, server, out_path;
  auto* run = app.add_option("--plan", plan_path, "What to do, as nemesis.py writes it");
  auto* dump =
      app.add_option("--dump", server, "HOST:PORT of a server whose tree to write")->excludes(run);
  app.add_option("--out", out_path, "Where the tree goes")->needs(dump);
  if (auto code = troupe::program::parse(app, argc, argv, std::cout, std::cerr)) return *code;
  zoo_set_debug_level(static_cast<ZooLogLevel>(0));
  try {
    if (!server.empty()) return troupe::nemesis::dump_tree(server, out_path) ? 0 : 1;
    if (!plan_path.empty()) return troupe::nemesis::run_all(plan_path);
    std::cerr << "nemesis-client: accepted: --plan FILE, or --dump HOST:PORT --out FILE\n";
  } catch (const std::exception& e) {
    std::cerr << "nemesis-client: " << e.what() << "\n";
  }
  return 2;
}
