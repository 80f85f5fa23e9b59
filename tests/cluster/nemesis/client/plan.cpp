// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/nemesis/client/plan.hpp"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace troupe::nemesis {

std::atomic<bool> is_ending{false};

plan plan::load(const std::string& path) {
  std::ifstream file{path};
  const auto from = nlohmann::json::parse(file);
  plan out;
  from.at("history").get_to(out.history_path);
  from.at("servers").get_to(out.servers);
  from.at("begin_us").get_to(out.begin_us);
  from.at("round_us").get_to(out.round_us);
  from.at("rounds").get_to(out.rounds);
  from.at("session_ms").get_to(out.session_ms);
  from.at("pace_ms").get_to(out.pace_ms);
  from.at("seed").get_to(out.seed);
  from.at("first_client").get_to(out.first_client);
  for (const auto& x : from.at("workers"))
    out.workers.push_back({x.at("workload").get<std::string>(), x.at("number").get<int>()});
  return out;
}

int plan::round_at(std::int64_t now) const {
  return static_cast<int>(
      std::clamp<std::int64_t>((now - begin_us) / round_us, 0, std::int64_t{rounds} - 1));
}

std::string plan::hosts_for(const worker& who) const {
  const auto first = static_cast<std::size_t>(who.number) % servers.size();
  if (who.number % 3 == 2) return servers[first];
  std::string out;
  for (std::size_t n = 0; n < servers.size(); ++n)
    out += (out.empty() ? "" : ",") + servers[(first + n) % servers.size()];
  return out;
}

std::int64_t now_us() {
  timespec x{};
  ::clock_gettime(CLOCK_MONOTONIC, &x);
  return std::int64_t{x.tv_sec} * 1'000'000 + x.tv_nsec / 1'000;
}

void rest_ms(int ms) {
  for (const auto until = now_us() + ms * 1'000; !is_ending && now_us() < until;)
    std::this_thread::sleep_for(
        std::chrono::microseconds{std::min<std::int64_t>(50'000, until - now_us() + 1)});
}

}  // namespace troupe::nemesis
