// SPDX-License-Identifier: Apache-2.0
/// Many seeds, each in a process of its own so that a crash is one seed's failure and not the
/// swarm's end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tests/sim/run.hpp"

namespace troupe::sim {

struct swarm_options {
  std::optional<std::uint64_t> seeds;  // without it: until the time is over
  std::uint64_t first_seed = 1;
  std::optional<double> minutes;  // no seed begins later
  std::optional<int> servers;     // voters; else 3 or 5 by seed
  bool reconfigs = false;         // in every life; else in a part of them
  unsigned jobs = 2;
  std::string broken;   // a rule of breakage.hpp
  std::string planted;  // a name of mutants.hpp
  bool expect_failure = false;
  bool quiet = false;
};

[[nodiscard]] run_options options_for(const swarm_options& s, std::uint64_t seed);
/// What to type to see this seed again.
[[nodiscard]] std::string command_for(const swarm_options& s, std::uint64_t seed);

/// One life in a process of its own: what is heard of it. A run that hangs is ended, and has
/// failed.
class apart {
 public:
  explicit apart(const run_options& options);

  [[nodiscard]] int pipe() const { return pipe_; }
  /// What came by the pipe; true: that was all, and result() stands.
  bool hear();
  [[nodiscard]] const run_result& result() const { return result_; }

 private:
  void finish();

  pid_t pid_ = 0;
  int pipe_ = -1;
  std::string said_;
  run_result result_;
};

class swarm {
 public:
  explicit swarm(swarm_options s) : options_(std::move(s)) {}

  /// 0: it went as was wanted. A line a failure and one of progress now and then, unless quiet.
  int run();

  [[nodiscard]] const std::map<std::uint64_t, std::string>& failures() const { return failures_; }
  [[nodiscard]] double virtual_s() const { return virtual_s_; }

 private:
  [[nodiscard]] bool wants_another() const;
  void finish(std::uint64_t seed, const run_result& r);
  void tell_progress();
  [[nodiscard]] double elapsed_s() const;
  void summarize() const;

  swarm_options options_;
  std::chrono::steady_clock::time_point started_;
  double told_at_s_ = 0;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, apart> running_;  // by seed
  std::map<std::uint64_t, std::string> failures_;
  std::size_t seeds_run_ = 0, txns_ = 0, answered_ = 0, leaders_ = 0;
  std::uint64_t jobs_ = 0;
  double virtual_s_ = 0;
};

/// Plants every mutant in turn and tells which seed finds it. 1: fewer than `enough` were found.
int find_mutants(swarm_options s, std::size_t enough);

}  // namespace troupe::sim
