// SPDX-License-Identifier: Apache-2.0
// What an ensemble does when the world is unkind, told step by step. Each scenario runs the
// production actors of whole servers on one virtual clock; nothing here takes real time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "tests/sim/run.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

/// Three servers that follow a leader, and a client that asks what it is told to.
struct ensemble : world {
  explicit ensemble(world_options options = {}) : world(quiet(std::move(options))) {
    start_all();
    EXPECT_TRUE(run_until(20s, [this] { return all_serve(); })) << "no leader was established";
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
  std::optional<operation> ask(client& via, operation what, duration limit = 10s) {
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
    EXPECT_TRUE(heal_and_settle(60s));
    audit();
    EXPECT_THAT(failures(), IsEmpty());
  }
};

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
