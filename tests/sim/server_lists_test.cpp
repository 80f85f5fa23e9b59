// SPDX-License-Identifier: Apache-2.0
// Files alone say who the servers are, and are not the same on all of them: what operators do on
// purpose, one restart at a time, and what they do by mistake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "tests/sim/ensemble.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

struct listed : ensemble {
  listed(int voters, int spares) : ensemble(with(voters, spares)) {}
  static world_options with(int voters, int spares) {
    world_options o;
    o.voters = voters;
    o.spares = spares;
    o.lists_change = true;
    return o;
  }
  /// What these say of themselves, `moved` further ports up.
  std::vector<config::server_entry> lines_of(std::initializer_list<std::int64_t> numbers,
                                             std::uint16_t moved = 0) {
    std::vector<config::server_entry> out;
    for (auto n : numbers)
      for (auto line : files_of({n}).servers)
        if (line.id == server_id{n}) {
          line.peer_port = static_cast<std::uint16_t>(line.peer_port + moved);
          line.election_port = static_cast<std::uint16_t>(line.election_port + moved);
          out.push_back(line);
        }
    return out;
  }
  void restart_with(server_id who, const std::vector<config::server_entry>& list) {
    enlist(who, list);
    crash(who);
    start(who);
  }
  /// All in use serve, with whatever lists are about, and one more write is acknowledged.
  void expect_served() {
    ASSERT_TRUE(run_until(60s, [this] { return all_serve(); }));
    auto& via = make_client(*leader());
    ASSERT_TRUE(create(via, "/n" + std::to_string(writes_++), "x"));
  }
  int writes_ = 0;
};

TEST(ServerLists, VoterMoreAndFewerAndOtherPortsOneRestartAtATimeAreServedThroughout) {
  listed w{3, 1};
  const auto four = w.lines_of({1, 2, 3, 4});
  for (std::int64_t n : {4, 2, 1, 3}) {
    w.restart_with({n}, four);
    w.expect_served();
  }
  const auto elsewhere = w.lines_of({1, 2, 3, 4}, 7);
  for (std::int64_t n : {3, 4, 1, 2}) {
    w.restart_with({n}, elsewhere);
    w.expect_served();
  }
  w.retire({2});
  const auto without = w.lines_of({1, 3, 4}, 0);
  for (std::int64_t n : {1, 3, 4}) {
    w.restart_with({n}, without);
    w.expect_served();
  }
  w.crash({1});
  ASSERT_TRUE(w.run_until(60s, [&] { return w.is_serving({3}) && w.is_serving({4}); }))
      << "two of three are a quorum";
  w.expect_clean_end();
}

/// By {1, 2, 3} these two would be a quorum, and by the list of the others those three are one.
TEST(ServerLists, ServerWhoseFileLostLinesGetsNobodyToDecideWithIt) {
  listed w{5, 0};
  w.restart_with({1}, w.lines_of({1, 2, 3}));
  ASSERT_TRUE(w.run_until(60s, [&] { return w.is_serving({2}) && w.is_serving({5}); }));
  w.isolate({{1}, {2}});
  w.run_for(60s);
  EXPECT_FALSE(w.is_serving({1}) || w.is_serving({2}));
  EXPECT_TRUE(w.is_serving({3}) && w.is_serving({4}) && w.is_serving({5}));
  w.wires().heal_all();
  w.restart_with({1}, w.files_of({2}).servers);
  w.expect_served();
  w.expect_clean_end();
}

}  // namespace
}  // namespace troupe::sim
