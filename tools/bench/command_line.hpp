// SPDX-License-Identifier: Apache-2.0
/// actor-bench's command line as one value, or why there is none.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tools/bench/run.hpp"

namespace troupe::bench {

struct command {
  std::vector<target> targets;      // one, or the two to compare
  std::vector<workload> workloads;  // one, or a suite
  run_options options;              // for each of them
  std::uint32_t rounds = 2;         // of A B B A
  std::string json_path;            // empty: none
  bool is_quiet = false;
  bool is_suite = false;  // a table at the end, even of one row

  [[nodiscard]] bool is_comparison() const { return targets.size() == 2; }
};

/// The program's end: what was printed, and the exit code.
struct ended {
  int exit_code = 0;
};

/// Help and errors are printed.
[[nodiscard]] std::variant<command, ended> parse_command_line(int argc, const char* const* argv);

}  // namespace troupe::bench
