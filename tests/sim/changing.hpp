// SPDX-License-Identifier: Apache-2.0
/// What scenarios play with in which the servers of an ensemble change.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "config/membership.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

using namespace std::chrono_literals;

inline std::set<server_id> ids(std::initializer_list<std::int64_t> numbers) {
  std::set<server_id> out;
  for (auto n : numbers) out.insert({n});
  return out;
}

/// Some servers that are the ensemble and some that want to be, all up; a client that asks what it
/// is told to.
struct changing : world {
  changing(int voters, int spares) : changing(quiet(voters, spares)) {}
  explicit changing(world_options options) : world(std::move(options)) {
    start_all();
    EXPECT_TRUE(run_until(30s, [this] { return all_serve(); })) << "not served by all";
  }
  static world_options quiet(int voters, int spares) {
    world_options o;
    o.voters = voters;
    o.spares = spares;
    o.reconfig = true;
    o.clients = 0;
    o.slow_disk_percent = 0;
    return o;
  }

  /// Asks until the answer is no passing refusal.
  error_code change_to(const std::set<server_id>& voters, const std::set<server_id>& watch = {}) {
    for (int tries = 0; tries < 20; ++tries) {
      std::optional<operation> done;
      reconfigure(voters, watch, [&done](const operation& op) { done = op; });
      run_until(20s, [&] { return done.has_value(); });
      bool passing = !done || done->how != operation::fate::answered ||
                     done->err == error_code::new_config_no_quorum ||
                     done->err == error_code::reconfig_in_progress;
      if (!passing) return done->err;
      run_for(500ms);
    }
    return error_code::operation_timeout;
  }
  bool write(const std::string& path) {
    auto& via = make_client();
    bool ok = false;
    via.ask({.op = op_code::create, .path = path, .value = "x"}, [&ok](const operation& op) {
      ok = op.how == operation::fate::answered && op.err == error_code::ok;
    });
    run_until(20s, [&ok] { return ok; });
    return ok;
  }
  std::set<server_id> members() const {
    std::set<server_id> out;
    for (const auto& x : agreed_members().servers) out.insert(x.id);
    return out;
  }
  void expect_clean_end() {
    EXPECT_TRUE(heal_and_settle(120s));
    audit();
    EXPECT_THAT(failures(), testing::IsEmpty());
  }
};

}  // namespace troupe::sim
