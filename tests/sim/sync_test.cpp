// SPDX-License-Identifier: Apache-2.0
// What a sync promises while leaders come and go: the read behind it shows whatever anybody was
// told before it was asked, even when the server that led does not know yet that it leads no more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "actors/core/mutants.hpp"
#include "tests/sim/ensemble.hpp"
#include "tests/sim/seen_history.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

/// Leaders here take ten seconds to see that they are alone.
world_options unhurried(int observers = 0) {
  world_options o;
  o.sync_limit_ticks = 20;
  o.client.timeout_ms = 10'000;
  o.observers = observers;
  return o;
}

/// Behind a cut the others have another leader, and the one they had has not seen it yet.
struct deposed_leader : ensemble {
  explicit deposed_leader(int observers = 0) : ensemble(unhurried(observers)) {
    old_leader = *leader();
    for (auto id : servers()) (id == old_leader || id.value > 3 ? old_side : others).push_back(id);
  }
  void depose() {
    isolate(old_side);
    for (auto id : others) crash(id, crash_kind::process);
    for (auto id : others) start(id);
    ASSERT_TRUE(run_until(5s, [&] { return leader() && *leader() != old_leader; }));
  }
  bool set(client& via, const std::string& path, const std::string& value) {
    auto done = ask(via, {.op = op_code::set_data, .path = path, .value = value});
    return done && done->how == operation::fate::answered && done->err == error_code::ok;
  }
  /// What the old side tells a client that asks for the newest; empty: it tells nothing.
  std::string read_behind_sync(client& via) {
    run_for(1ms);  // what was told before was told before
    via.ask({.op = op_code::sync, .path = "/x"});
    auto told = ask(via, {.op = op_code::get_data, .path = "/x"}, 30s);
    return told && told->how == operation::fate::answered ? told->data : "";
  }

  server_id old_leader;
  std::vector<server_id> old_side, others;
};

TEST(Sync, LeaderThatWasReplacedUnseenDoesNotAnswer) {
  deposed_leader w;
  auto& near = w.make_client(w.old_leader);
  ASSERT_TRUE(w.create(near, "/x", "old"));
  w.depose();
  ASSERT_TRUE(w.set(w.make_client(w.others.front()), "/x", "new"));
  ASSERT_TRUE(w.is_serving(w.old_leader)) << "it has not noticed";
  ASSERT_EQ(w.read(near, "/x"), "old") << "a plain read promises no more";
  EXPECT_EQ(w.read_behind_sync(near), "");
  EXPECT_FALSE(w.is_serving(w.old_leader)) << "that is what the client was told instead";
  w.expect_clean_end();
}

TEST(Sync, ObserverOfALeaderThatWasReplacedUnseenProvesNothing) {
  deposed_leader w{1};
  auto observer = w.old_side.back();
  ASSERT_NE(observer, w.old_leader);
  auto& near = w.make_client(observer);
  ASSERT_TRUE(w.create(near, "/x", "old"));
  w.depose();
  ASSERT_TRUE(w.set(w.make_client(w.others.front()), "/x", "new"));
  ASSERT_TRUE(w.is_serving(observer)) << "it has not noticed";
  EXPECT_EQ(w.read_behind_sync(near), "");
  w.expect_clean_end();
}

TEST(Sync, LeaderThatIsCutOffForAMomentAnswersWhenItsQuorumIsBack) {
  deposed_leader w;
  auto& near = w.make_client(w.old_leader);
  ASSERT_TRUE(w.create(near, "/x", "old"));
  w.isolate(w.old_side);
  EXPECT_FALSE(w.ask(near, {.op = op_code::sync, .path = "/x"}, 2s));
  w.wires().heal_all();
  EXPECT_EQ(w.read_behind_sync(near), "old");
  w.expect_clean_end();
}

/// It asks at once: the next ping would be due in up to 250 ms.
TEST(Sync, IsAnsweredWithoutWaitingForATickThoughOneServerIsAway) {
  world_options o;
  o.wires.slow_percent = 0;
  ensemble w{o};
  w.crash(w.others().front());
  for (auto through : {*w.leader(), w.others().back()}) {
    auto& c = w.make_client(through);
    ASSERT_TRUE(w.create(c, "/x" + std::to_string(through.value), "there"));
    for (int i = 0; i < 10; ++i) {
      auto asked = w.now();
      auto done = w.ask(c, {.op = op_code::sync, .path = "/"});
      ASSERT_TRUE(done && done->err == error_code::ok);
      EXPECT_LT(w.now() - asked, 50ms);
    }
  }
  w.expect_clean_end();
}

#ifdef TROUPE_MUTANTS
TEST(Sync, LeaderThatAsksNoQuorumIsCaughtByTheChecks) {
  present_mutant = mutant::sync_without_quorum;
  deposed_leader w;
  auto& near = w.make_client(w.old_leader);
  ASSERT_TRUE(w.create(near, "/x", "old"));
  w.depose();
  ASSERT_TRUE(w.set(w.make_client(w.others.front()), "/x", "new"));
  EXPECT_EQ(w.read_behind_sync(near), "old");
  EXPECT_TRUE(w.heal_and_settle(60s));
  w.audit();
  EXPECT_THAT(w.failures(), Contains(HasSubstr("a sync was answered before")));
  std::vector<std::string> by_clients;
  check_as_seen(w.operations(), [&](std::string what) { by_clients.push_back(std::move(what)); });
  EXPECT_THAT(by_clients, Contains(HasSubstr("linearizable: no order explains")));
  present_mutant = mutant::none;
}
#endif

}  // namespace
}  // namespace troupe::sim
