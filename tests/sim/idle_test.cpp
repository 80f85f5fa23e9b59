// SPDX-License-Identifier: Apache-2.0
// An ensemble in which nothing happens but one thing at a time: whatever is asked is done at once,
// and not when the next tick's ping or somebody else's write pushes it. A tick is five seconds
// here, so that whatever waits for one is seen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "tests/sim/ensemble.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

/// Some wires and disks, and no tick.
constexpr duration at_once = 200ms;

struct Idle : testing::Test {
  static world_options with_long_ticks() {
    world_options o;
    o.tick_ms = 5'000;
    o.observers = 1;
    o.wires.slow_percent = 0;
    o.client.timeout_ms = 60'000;
    return o;
  }
  /// A client that is served, of each server.
  client& client_of(server_id id) {
    auto& c = w.make_client(id);
    const auto began = w.now();
    EXPECT_TRUE(w.run_until(10s, [&] { return c.is_live(); }));
    EXPECT_LT(w.now() - began, at_once) << "a session of server " << id.value;
    return c;
  }
  /// Nothing else happens for a while, in which no two ticks are apart by a whole one.
  void rest() { w.run_for(1'300ms); }
  void expect_at_once(client& c, operation what) {
    const auto text = what.text();
    const auto asked = w.now();
    auto done = w.ask(c, std::move(what));
    ASSERT_TRUE(done && done->how == operation::fate::answered) << text;
    EXPECT_EQ(done->err, error_code::ok) << text;
    EXPECT_LT(w.now() - asked, at_once) << text;
  }
  /// The last write is applied by everybody, though none comes behind it.
  void expect_all_have_it() {
    const auto began = w.now();
    EXPECT_TRUE(w.run_until(10s, [&] {
      return std::ranges::all_of(w.servers(), [&](server_id id) {
        return w.last_applied(id) == w.last_applied(*w.leader());
      });
    }));
    EXPECT_LT(w.now() - began, at_once);
  }

  ensemble w{with_long_ticks()};
};

TEST_F(Idle, EachOperationIsAnsweredAtOnceByEachServerAndReachesAllOthers) {
  for (auto id : w.servers()) {
    auto& c = client_of(id);
    const auto path = "/of-" + std::to_string(id.value);
    for (auto& what : std::vector<operation>{{.op = op_code::create, .path = path, .value = "a"},
                                             {.op = op_code::set_data, .path = path, .value = "b"},
                                             {.op = op_code::get_data, .path = path},
                                             {.op = op_code::exists, .path = path},
                                             {.op = op_code::get_children, .path = "/"},
                                             {.op = op_code::sync, .path = "/"},
                                             {.op = op_code::remove, .path = path}}) {
      rest();
      const bool is_write = what.is_write();
      expect_at_once(c, std::move(what));
      if (is_write) expect_all_have_it();
    }
  }
  w.expect_clean_end();
}

TEST_F(Idle, WatchIsToldAtOnceOfTheLastWrite) {
  auto& writer = client_of(*w.leader());
  ASSERT_TRUE(w.create(writer, "/x", "a"));
  for (auto id : w.servers()) {
    auto& watcher = client_of(id);
    rest();
    expect_at_once(watcher, {.op = op_code::get_data, .path = "/x", .watch = true});
    rest();
    const auto events = w.operations().events.size();
    const auto asked = w.now();
    expect_at_once(writer, {.op = op_code::set_data, .path = "/x", .value = "b"});
    EXPECT_TRUE(w.run_until(10s, [&] { return w.operations().events.size() > events; }));
    EXPECT_LT(w.now() - asked, at_once) << "server " << id.value;
  }
  w.expect_clean_end();
}

TEST_F(Idle, EndOfASessionIsTheEndOfWhatItOwnsAtOnce) {
  auto& other = client_of(*w.leader());
  for (auto id : w.servers()) {
    auto& c = client_of(id);
    const auto path = "/e-of-" + std::to_string(id.value);
    ASSERT_TRUE(w.create(c, path, "mine"));
    rest();
    EXPECT_EQ(w.read(other, path), "mine");
    const auto asked = w.now();
    c.close();
    EXPECT_TRUE(w.run_until(10s, [&] { return !c.is_live(); }));
    EXPECT_LT(w.now() - asked, at_once);
    expect_all_have_it();
    EXPECT_EQ(w.read(other, path), "no_node");
  }
  w.expect_clean_end();
}

/// With one server away there is just a quorum: each ack is needed.
TEST_F(Idle, QuorumThatIsJustOneDoesAllAtOnceToo) {
  w.crash(w.others().front());
  for (auto id : {*w.leader(), w.others().back()}) {
    auto& c = client_of(id);
    for (int i = 0; i < 5; ++i) {
      rest();
      const auto path = "/" + std::to_string(id.value) + "-" + std::to_string(i);
      expect_at_once(c, {.op = op_code::create, .path = path, .value = "x"});
      rest();
      expect_at_once(c, {.op = op_code::sync, .path = "/"});
    }
  }
  w.expect_clean_end();
}

}  // namespace
}  // namespace troupe::sim
