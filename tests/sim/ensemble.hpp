// SPDX-License-Identifier: Apache-2.0
/// What scenarios play with: an ensemble that serves, and clients that ask what they are told to.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/world.hpp"

namespace troupe::sim {

/// Three servers that follow a leader, and a client that asks what it is told to.
struct ensemble : world {
  explicit ensemble(world_options options = {}) : world(quiet(std::move(options))) {
    start_all();
    EXPECT_TRUE(run_until(std::chrono::seconds{20}, [this] { return all_serve(); }))
        << "no leader was established";
  }
  static world_options quiet(world_options o) {
    o.clients = 0;
    o.slow_disk_percent = 0;
    return o;
  }

  /// The servers that do not lead.
  std::vector<server_id> others() {
    std::vector<server_id> out;
    for (auto id : servers())
      if (id != *leader()) out.push_back(id);
    return out;
  }

  /// Asks through `via` and waits for the answer; nullopt when none comes in time.
  std::optional<operation> ask(client& via, operation what,
                               duration limit = std::chrono::seconds{10}) {
    auto answer = std::make_shared<std::optional<operation>>();
    via.ask(std::move(what), [answer](const operation& op) { *answer = op; });
    run_until(limit, [&] { return answer->has_value(); });
    return *answer;
  }
  bool create(client& via, const std::string& path, const std::string& value) {
    auto done = ask(via, {.op = op_code::create, .path = path, .value = value});
    return done && done->how == operation::fate::answered && done->err == error_code::ok;
  }
  std::string read(client& via, const std::string& path) {
    auto done = ask(via, {.op = op_code::get_data, .path = path});
    if (!done || done->how != operation::fate::answered) return "no answer";
    return done->err == error_code::ok ? done->data : std::string(to_string(done->err));
  }

  duration sync_limit() const { return std::chrono::milliseconds{500 * 4}; }

  void expect_clean_end() {
    EXPECT_TRUE(heal_and_settle(std::chrono::seconds{60}));
    audit();
    EXPECT_THAT(failures(), testing::IsEmpty());
  }
};

}  // namespace troupe::sim
