// SPDX-License-Identifier: Apache-2.0
// What an ensemble does when the world is unkind, told step by step. Each scenario runs the
// production actors of whole servers on one virtual clock; nothing here takes real time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "tests/sim/ensemble.hpp"
#include "tests/sim/run.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

TEST(Ensemble, WriteThroughAFollowerIsReadThroughEveryServer) {
  ensemble w;
  auto& writer = w.make_client(w.others().front());
  ASSERT_TRUE(w.create(writer, "/greeting", "hello"));
  for (auto id : w.servers()) {
    auto& reader = w.make_client(id);
    w.ask(reader, {.op = op_code::sync, .path = "/"});
    EXPECT_EQ(w.read(reader, "/greeting"), "hello") << "server " << id.value;
  }
  w.expect_clean_end();
}

TEST(Ensemble, IsolatedLeaderStopsServingWithinSyncLimit) {
  ensemble w;
  auto deposed = *w.leader();
  w.isolate({deposed});
  EXPECT_TRUE(w.run_until(w.sync_limit() + 2s, [&] { return !w.is_serving(deposed); }));
  EXPECT_TRUE(w.run_until(20s, [&] { return w.leader() && *w.leader() != deposed; }))
      << "the other two did not elect a leader of their own";
  w.expect_clean_end();
}

TEST(Ensemble, UncommittedTxnOfAnIsolatedLeaderIsTruncatedWhenItComesBack) {
  ensemble w;
  auto deposed = *w.leader();
  auto survivors = w.others();
  auto& doomed = w.make_client(deposed);
  ASSERT_TRUE(w.create(doomed, "/before", "committed"));

  w.isolate({deposed});
  auto lost = w.ask(doomed, {.op = op_code::create, .path = "/lost", .value = "never"});
  EXPECT_TRUE(!lost || lost->how == operation::fate::unknown) << "nobody may have acknowledged it";
  ASSERT_TRUE(w.run_until(20s, [&] { return w.leader() && *w.leader() != deposed; }));
  auto& other = w.make_client(survivors.front());
  ASSERT_TRUE(w.create(other, "/after", "of the next epoch"));

  ASSERT_TRUE(w.heal_and_settle(60s));
  auto& reader = w.make_client(deposed);
  EXPECT_EQ(w.read(reader, "/lost"), "no_node");
  EXPECT_EQ(w.read(reader, "/before"), "committed");
  EXPECT_EQ(w.read(reader, "/after"), "of the next epoch");
  w.expect_clean_end();
}

TEST(Ensemble, LearnerFarBehindGetsASnapshot) {
  world_options o;
  o.commit_log_count = 10;
  o.snapshot_size_factor = -1;  // a log on disk never serves a learner
  ensemble w{o};
  auto behind = w.others().front();
  auto& writer = w.make_client(*w.leader());
  ASSERT_TRUE(w.create(writer, "/first", "seen by all"));
  w.run_for(1s);
  w.crash(behind);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(w.create(writer, "/n" + std::to_string(i), "x"));

  w.start(behind);
  ASSERT_TRUE(w.run_until(20s, [&] { return w.is_serving(behind); }));
  EXPECT_EQ(w.images_installed(behind), 2u) << "its own at the start, then the leader's";
  auto& reader = w.make_client(behind);
  EXPECT_EQ(w.read(reader, "/n49"), "x");
  w.expect_clean_end();
}

TEST(Ensemble, LearnerALittleBehindGetsOnlyWhatItLacks) {
  ensemble w;
  auto behind = w.others().front();
  auto& writer = w.make_client(*w.leader());
  ASSERT_TRUE(w.create(writer, "/first", "seen by all"));
  w.run_for(1s);
  w.crash(behind);
  ASSERT_TRUE(w.create(writer, "/second", "missed"));
  w.start(behind);
  ASSERT_TRUE(w.run_until(20s, [&] { return w.is_serving(behind); }));
  EXPECT_EQ(w.images_installed(behind), 1u) << "no snapshot beside its own";
  w.expect_clean_end();
}

TEST(Ensemble, FollowerThatIsHeardButHearsNothingLeavesAndComesBack) {
  ensemble w;
  auto deaf = w.others().front();
  w.wires().cut(*w.leader(), deaf);
  EXPECT_TRUE(w.run_until(w.sync_limit() + 2s, [&] { return !w.is_serving(deaf); }));
  EXPECT_TRUE(w.leader()) << "the other two are a quorum and go on";
  w.wires().heal_all();
  EXPECT_TRUE(w.run_until(30s, [&] { return w.all_serve(); }));
  w.expect_clean_end();
}

/// Its vote is the best, and the others would wait for it to lead until initLimit, again and again.
TEST(Ensemble, LeaderThatIsHeardButHearsNothingIsReplaced) {
  ensemble w;
  const auto deaf = *w.leader();
  for (auto id : w.others()) w.wires().cut(id, deaf);
  EXPECT_TRUE(w.run_until(w.sync_limit() + 2s, [&] { return w.leader() && *w.leader() != deaf; }));
  w.run_for(60s);
  EXPECT_TRUE(w.leader() && *w.leader() != deaf);
  w.wires().heal_all();
  EXPECT_TRUE(w.run_until(30s, [&] { return w.all_serve(); }));
  w.expect_clean_end();
}

TEST(Ensemble, PowerLossOfAllServersLosesNoAcknowledgedWrite) {
  ensemble w;
  auto& writer = w.make_client();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(w.create(writer, "/n" + std::to_string(i), std::to_string(i)));
  for (auto id : w.servers()) w.crash(id, world::crash_kind::power);
  for (auto id : w.servers()) w.start(id);
  ASSERT_TRUE(w.run_until(30s, [&] { return w.all_serve(); }));
  auto& reader = w.make_client();
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(w.read(reader, "/n" + std::to_string(i)), std::to_string(i));
  w.expect_clean_end();
}

TEST(Ensemble, SessionMovesToAnotherServerWithItsEphemeral) {
  ensemble w;
  auto first = w.others().front();
  auto& c = w.make_client(first);
  ASSERT_TRUE(w.create(c, "/e-mine", "alive"));
  auto session = c.session();
  w.crash(first);
  c.prefer(*w.leader());
  ASSERT_TRUE(w.run_until(20s, [&] { return c.is_live(); }));
  EXPECT_EQ(c.session(), session);
  EXPECT_EQ(w.read(c, "/e-mine"), "alive");
  w.expect_clean_end();
}

TEST(Ensemble, EphemeralOfAClientThatWentSilentGoesWithItsSession) {
  ensemble w;
  auto& silent = w.make_client(*w.leader());
  ASSERT_TRUE(w.create(silent, "/e-mine", "alive"));
  silent.vanish();
  auto& other = w.make_client();
  EXPECT_EQ(w.read(other, "/e-mine"), "alive");
  w.run_for(15s);
  EXPECT_EQ(w.read(other, "/e-mine"), "no_node");
  w.expect_clean_end();
}

TEST(Ensemble, ServerWithAFullDiskLeavesAndTheOthersGoOn) {
  ensemble w;
  auto full = w.others().front();
  w.disk_of(full).faults.capacity_bytes = 0;
  auto& writer = w.make_client(*w.leader());
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(w.create(writer, "/n" + std::to_string(i), std::string(200, 'x')));
  EXPECT_FALSE(w.is_serving(full));
  w.expect_clean_end();
}

TEST(Seed, GivesTheSameRunTwiceAndAnotherSeedAnotherRun) {
  auto first = run_seed({.seed = 11});
  auto again = run_seed({.seed = 11});
  auto other = run_seed({.seed = 12});
  EXPECT_EQ(first.hash, again.hash);
  EXPECT_EQ(first.jobs, again.jobs);
  EXPECT_NE(first.hash, other.hash);
  EXPECT_THAT(first.failures, IsEmpty());
}

}  // namespace
}  // namespace troupe::sim
