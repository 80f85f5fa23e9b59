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

/// Server 3 leads by the list of four, which it and server 4 have; 1 and 2 have that of three. The
/// last words of 3 are in the log of server 4 alone, which nobody could elect: 1 and 2 have no
/// address of it.
struct tail_at_the_new_voter : listed {
  tail_at_the_new_voter() : listed{3, 1} {
    const auto four = lines_of({1, 2, 3, 4});
    restart_with({4}, four);
    restart_with({3}, four);
    expect_served();
    while (leader() != server_id{3}) {
      const auto leads = *leader();
      crash(leads);
      EXPECT_TRUE(run_until(20s, [this] { return leader().has_value(); }));
      start(leads);
      EXPECT_TRUE(run_until(20s, [this] { return all_serve(); }));
    }
    auto& via = make_client(server_id{3});
    EXPECT_TRUE(run_until(5s, [&] { return via.is_live(); }));
    bool arrived = false;
    trap(moment::ack, 0, [&](server_id from, server_id) { arrived = from == server_id{4}; });
    for (std::int64_t n : {1, 2}) wires().cut_both({3}, {n});
    slow_disk_down({3}, 10h);
    via.ask({.op = op_code::create, .path = "/tail", .value = "x"});
    EXPECT_TRUE(run_until(1s, [&] { return arrived; }));
    for (auto id : servers()) crash(id);
    slow_disk_down({3}, 0s);
    wires().heal_all();
  }
  bool leads_soon() {
    return run_until(30s, [this] { return leader().has_value(); });
  }
};

TEST(ServerLists, TailThatANewVoterAloneHoldsBlocksNobody) {
  tail_at_the_new_voter w;
  w.start_all();
  ASSERT_TRUE(w.leads_soon());
  w.expect_served();
  w.expect_clean_end();
}

/// By its own list server 3 needs the promise of 4, and by that of 1 the two are a quorum.
TEST(ServerLists, WhoNeedsTheHolderOfATailByItsListLeavesItToWhoDoesNot) {
  tail_at_the_new_voter w;
  w.retire({2});
  for (std::int64_t n : {1, 3, 4}) w.start({n});
  ASSERT_TRUE(w.leads_soon());
  EXPECT_EQ(w.leader(), server_id{1});
  w.expect_served();
  w.reuse({2});
  w.expect_clean_end();
}

}  // namespace
}  // namespace troupe::sim
