// SPDX-License-Identifier: Apache-2.0
/// Makes histories that hold, of clients of an imagined tree: each request takes effect at one
/// moment between its sending and its answer. For tests of the checks, and to see how long they
/// take.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/history/history.hpp"

namespace troupe::history {

struct generator_options {
  std::uint64_t seed = 1;
  std::size_t operations = 1'000;
  std::size_t keys = 10;
  std::size_t clients = 5;
  unsigned unknown_percent = 2;  // of requests nobody hears the answer; one half of them happens
  unsigned read_percent = 40;    // behind a sync
  bool tells_stats = true;       // versions; and zxids, if these are told, too
  bool tells_zxids = true;
  std::size_t values = 0;  // so many different ones are written; 0: each is unique
};

[[nodiscard]] history generate(const generator_options& options);

}  // namespace troupe::history
