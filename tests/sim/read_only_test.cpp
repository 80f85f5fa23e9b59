// SPDX-License-Identifier: Apache-2.0
// Servers without a leader show what was committed and nothing else to clients that accept reads
// only, whatever they have logged or were being sent; and whoever has seen more than a server has
// comes back all the same, if what it saw was cut off.
#include <chrono>
#include <memory>
#include <string>

#include "tests/sim/ensemble.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

/// A client of one server that is content with reads, and whose words no history is held to. Lives
/// as long as the world: its timers do.
struct reader {
  reader(world& w, server_id of)
      : it(w.clock(), w.client_side(), rng{7}, wishes(of), log, [](auto) {}) {
    it.stop_asking();
    it.start();
  }
  static client_options wishes(server_id of) {
    client_options o;
    o.number = 99;
    o.servers = {of};
    o.accepts_read_only = true;
    return o;
  }
  operation_log log;
  client it;
};

/// It may be just about to look for a better server.
std::string read_without_a_leader(ensemble& w, reader& by, const std::string& path) {
  for (int tries = 0; tries < 10; ++tries) {
    if (!w.run_until(60s, [&] { return by.it.is_reading_only(); })) return "not served";
    if (auto said = w.read(by.it, path); said != "no answer") return said;
  }
  return "no answer";
}

struct readable : ensemble {
  explicit readable(world_options options = {}) : ensemble(with_reads(std::move(options))) {}
  static world_options with_reads(world_options o) {
    o.read_only_mode = true;
    return o;
  }
  /// The others crash; then this one is asked for a znode that it alone comes to log.
  void log_alone(server_id who, client& via, const std::string& path) {
    for (auto id : servers())
      if (id != who) crash(id);
    via.ask({.op = op_code::create, .path = path, .value = "v"});
    run_for(500ms);
  }
  bool lead_without(server_id left_out) {
    isolate({left_out});
    for (auto id : servers())
      if (id != left_out) start(id);
    return run_until(60s, [&] { return leader() && *leader() != left_out; });
  }
};

// -- what one server alone has logged
// ---------------------------------------------------------------

TEST(ReadOnlyService, ShowsNothingThatOneServerAloneHasLogged) {
  readable w;
  const auto led = *w.leader();
  auto& asks = w.make_client(led);
  ASSERT_TRUE(w.create(asks, "/a", "v"));
  w.run_for(2s);
  w.log_alone(led, asks, "/ghost");
  reader before{w, led};  // the same process, once it has lost its quorum
  EXPECT_EQ(read_without_a_leader(w, before, "/a"), "v");
  EXPECT_EQ(read_without_a_leader(w, before, "/ghost"), "no_node");
  before.it.close();
  w.crash(led, world::crash_kind::process);
  w.start(led);
  reader after{w, led};
  EXPECT_EQ(read_without_a_leader(w, after, "/a"), "v");
  EXPECT_EQ(read_without_a_leader(w, after, "/ghost"), "no_node");
  ASSERT_TRUE(w.lead_without(led));
  w.wires().heal_all();
  EXPECT_TRUE(w.run_until(20s, [&] { return w.all_serve(); }));
  EXPECT_TRUE(w.run_until(10s, [&] { return after.it.is_live() && !after.it.is_reading_only(); }));
  EXPECT_EQ(w.read(after.it, "/ghost"), "no_node");
  after.it.close();
  w.expect_clean_end();
}

/// It serves reads because it cannot write, whether that mode is on or not.
TEST(ReadOnlyService, OfAServerWhoseDiskFailsShowsNothingThatItAloneHasLogged) {
  ensemble w;
  const auto led = *w.leader();
  auto& asks = w.make_client(led);
  ASSERT_TRUE(w.create(asks, "/a", "v"));
  w.run_for(2s);
  for (auto id : w.others()) w.crash(id);
  asks.ask({.op = op_code::create, .path = "/ghost", .value = "v"});
  w.run_for(100ms);  // not so long that it leaves its role first
  w.disk_of(led).faults.sync_percent = 100;
  asks.ask({.op = op_code::create, .path = "/occasion", .value = "v"});
  reader content{w, led};
  EXPECT_EQ(read_without_a_leader(w, content, "/a"), "v");
  EXPECT_EQ(read_without_a_leader(w, content, "/ghost"), "no_node");
  content.it.close();
  w.disk_of(led).faults = {};
  w.expect_clean_end();
}

/// It has begun to follow, and applied for that what may be cut off: nobody is shown it.
TEST(ReadOnlyService, OfAServerWhoseDiskFailsBeforeItsLeaderIsEstablishedIsNone) {
  ensemble w;
  const auto led = *w.leader();
  auto& asks = w.make_client(led);
  ASSERT_TRUE(w.create(asks, "/a", "v"));
  w.run_for(2s);
  for (auto id : w.others()) w.crash(id);
  asks.ask({.op = op_code::create, .path = "/ghost", .value = "v"});
  w.run_for(500ms);
  w.crash(led, world::crash_kind::process);
  w.isolate({led});
  for (auto id : w.servers())
    if (id != led) w.start(id);
  ASSERT_TRUE(w.run_until(60s, [&] { return w.leader().has_value(); }));
  w.start(led);
  w.run_for(3s);
  w.disk_of(led).faults.sync_percent = 100;
  w.wires().heal_all();
  reader content{w, led};
  w.run_for(30s);
  EXPECT_FALSE(content.it.is_live());
  w.disk_of(led).faults = {};
  EXPECT_TRUE(w.run_until(60s, [&] { return content.it.is_live(); }));
  EXPECT_EQ(w.read(content.it, "/ghost"), "no_node");
  content.it.close();
  w.expect_clean_end();
}

// -- what a leader sends before its epoch is established
// ----------------------------------------------

/// The receiver of a leader's snapshot crashes when it has it, and starts alone. The copy holds
/// parts of what was committed while it was sent.
TEST(ReadOnlyService, ShowsNoMixedTreeAfterACrashBehindASnapshot) {
  world_options o;
  o.snapshot_size_factor = -1;
  o.commit_log_count = 3;
  o.steps_per_slice = 1;  // many pieces
  readable w{o};
  const auto behind = w.others().front();
  auto& asks = w.make_client(*w.leader());
  ASSERT_TRUE(w.create(asks, "/a", "v"));
  w.run_for(2s);
  w.crash(behind);
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(w.create(asks, "/n" + std::to_string(i), std::string(200, 'v')));
  w.trap(world::moment::snapshot, 2, [&](server_id, server_id) {
    for (int i = 0; i < 40; ++i)
      asks.ask({.op = op_code::set_data, .path = "/n" + std::to_string(i), .value = "changed"});
  });
  bool has_it = false;
  w.trap(world::moment::new_leader, 0, [&](server_id, server_id to) {
    has_it = true;
    w.clock().after(20ms, [&w, to] { w.crash(to); });
  });
  w.start(behind);
  ASSERT_TRUE(w.run_until(30s, [&] { return has_it && !w.is_up(behind); }));
  w.isolate({behind});
  w.start(behind);
  reader of_the_rest{w, behind};
  w.run_for(30s);
  EXPECT_FALSE(of_the_rest.it.is_live()) << "it shows nothing rather than a tree that never was";
  of_the_rest.it.close();
  EXPECT_THAT(w.failures(), IsEmpty());
  w.expect_clean_end();
}

/// One that has followed shows all of it, also after a crash with nothing written since.
TEST(ReadOnlyService, ShowsASnapshotOnceItsLeadersEpochIsEstablished) {
  world_options o;
  o.snapshot_size_factor = -1;
  o.commit_log_count = 3;
  readable w{o};
  const auto behind = w.others().front();
  auto& asks = w.make_client(*w.leader());
  w.crash(behind);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(w.create(asks, "/n" + std::to_string(i), "v"));
  w.start(behind);
  ASSERT_TRUE(w.run_until(30s, [&] { return w.all_serve(); }));
  w.run_for(5s);
  w.crash(behind);
  w.isolate({behind});
  w.start(behind);
  reader of_all{w, behind};
  EXPECT_EQ(read_without_a_leader(w, of_all, "/n9"), "v");
  of_all.it.close();
  w.expect_clean_end();
}

/// A term that was not established leaves a tree that nobody may see; what is on the disk is read
/// anew, up to what is known to be committed, when no leader comes for long.
TEST(ReadOnlyService, ComesBackAfterATermThatWasNotEstablished) {
  readable w;
  const auto led = *w.leader();
  auto& asks = w.make_client(led);
  ASSERT_TRUE(w.create(asks, "/a", "v"));
  w.run_for(2s);
  w.log_alone(led, asks, "/ghost");
  w.crash(led, world::crash_kind::process);
  bool cut = false;
  w.trap(world::moment::ack_epoch, 0, [&](server_id, server_id) {
    cut = true;  // it leads, and nobody comes to follow it
    for (auto id : w.servers())
      if (id != led) w.crash(id);
  });
  w.start_all();
  ASSERT_TRUE(w.run_until(60s, [&] { return cut; }));
  reader content{w, led};
  EXPECT_EQ(read_without_a_leader(w, content, "/a"), "v");
  EXPECT_EQ(read_without_a_leader(w, content, "/ghost"), "no_node");
  content.it.close();
  EXPECT_THAT(w.failures(), IsEmpty());
}

// -- who comes back
// ---------------------------------------------------------------------------------

TEST(ReturningClient, ThatWasShownWhatWasCutOffIsLetInThoughNobodyWrites) {
  readable w;
  auto& asks = w.make_client();
  ASSERT_TRUE(w.create(asks, "/a", "v"));
  EXPECT_TRUE(w.let_in_after_an_idle_epoch(30s));
  w.expect_clean_end();
}

}  // namespace
}  // namespace troupe::sim
