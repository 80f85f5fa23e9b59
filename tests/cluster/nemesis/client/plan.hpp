// SPDX-License-Identifier: Apache-2.0
/// What a process of clients is to do, as nemesis.py writes it for all of them: who the workers
/// are, where the servers are, and which objects a moment has. Objects come in rounds, so that the
/// history of one stays short. Units: times are microseconds of CLOCK_MONOTONIC.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace troupe::nemesis {

struct plan {
  struct worker {
    std::string workload;
    int number = 0;
  };
  std::string history_path;
  std::vector<std::string> servers;  // host:port
  std::int64_t begin_us = 0;
  std::int64_t round_us = 0;
  int rounds = 0;
  int session_ms = 0;
  int pace_ms = 0;
  std::uint32_t seed = 0;
  std::int64_t first_client = 0;
  std::vector<worker> workers;

  /// Error: an exception of nlohmann::json that says what is missing.
  [[nodiscard]] static plan load(const std::string& path);

  [[nodiscard]] int round_at(std::int64_t now_us) const;
  /// All servers, or for every third worker one alone: its session ends when that server is away.
  [[nodiscard]] std::string hosts_for(const worker& who) const;
};

[[nodiscard]] std::int64_t now_us();

/// A worker's own dice.
class dice {
 public:
  explicit dice(std::uint32_t seed) : from_(seed) {}
  [[nodiscard]] int below(int limit) { return std::uniform_int_distribution{0, limit - 1}(from_); }
  template <class T>
  [[nodiscard]] const T& one_of(const std::vector<T>& x) {
    return x[static_cast<std::size_t>(below(static_cast<int>(x.size())))];
  }

 private:
  std::mt19937 from_;
};

/// Set when the workers are to come to their end.
extern std::atomic<bool> is_ending;

/// Returns early at the end.
void rest_ms(int ms);

}  // namespace troupe::nemesis
