// SPDX-License-Identifier: Apache-2.0
// Disks that are full, fail, are slow or rot, and trees that are not what they should be: who
// leaves, who goes on, and how it comes back. (A server of ZooKeeper's that cannot write exits, and
// one whose tree differs goes on and counts it: ZOOKEEPER-3512.)
#include <chrono>
#include <string>

#include "tests/sim/ensemble.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

constexpr auto tick = 500ms;

/// A client of one server that is content with reads, and whose words no history is held to.
struct reader {
  reader(world& w, server_id of, bool accepts_read_only = true)
      : it(w.clock(), w.client_side(), rng{7}, wishes(of, accepts_read_only), log, [](auto) {}) {
    it.stop_asking();
    it.start();
  }
  static client_options wishes(server_id of, bool accepts_read_only) {
    client_options o;
    o.number = 99;
    o.servers = {of};
    o.accepts_read_only = accepts_read_only;
    return o;
  }
  operation_log log;
  client it;
};

std::string path_of(int i) { return "/n" + std::to_string(i); }

struct faulty : ensemble {
  using ensemble::ensemble;

  void create_some(client& via, int from, int to) {
    for (int i = from; i < to; ++i) ASSERT_TRUE(create(via, path_of(i), "value " + path_of(i)));
  }
  void expect_some(server_id at, int upto) {
    auto& asks = make_client(at);
    ask(asks, {.op = op_code::sync, .path = "/"});
    for (int i = 0; i < upto; ++i)
      EXPECT_EQ(read(asks, path_of(i)), "value " + path_of(i)) << "server " << at.value;
  }
  /// Until the first call of its disk has failed, of which the next write is the occasion.
  void write_until_it_leaves(server_id leader) {
    auto& writes = make_client(leader);
    writes.ask({.op = op_code::create,
                .path = "/occasion",
                .value = std::string(20'000, 'x')});  // more than the log's file has room for
    EXPECT_TRUE(run_until(tick, [&] { return !is_serving(leader); })) << "not within a tick";
  }
  /// All are down. A server that lost what it acknowledged and one that never had it do not elect;
  /// with `whole`, which has it, all is there.
  void expect_no_vote_of(server_id rotten, server_id behind, server_id whole, int upto) {
    start(rotten);
    start(behind);
    EXPECT_FALSE(run_until(60s, [&] { return leader().has_value(); }))
        << "they would have forgotten what was acknowledged";
    start(whole);
    ASSERT_TRUE(run_until(30s, [&] { return all_serve(); }));
    for (auto id : servers()) expect_some(id, upto);
    expect_clean_end();
  }
  bool another_leads(server_id than, duration limit) {
    return run_until(limit, [this, than] { return leader() && *leader() != than; });
  }
};

class LeaderThatCannotWrite : public testing::TestWithParam<disk_faults> {};

TEST_P(LeaderThatCannotWrite, LeavesWithinATickServesReadsAndComesBackWhenTheDiskWorks) {
  faulty w;
  auto broken = *w.leader();
  w.create_some(w.make_client(broken), 0, 10);
  w.disk_of(broken).faults = GetParam();
  w.write_until_it_leaves(broken);
  EXPECT_TRUE(w.another_leads(broken, 2s)) << "the others elect at once";
  auto& writes = w.make_client(*w.leader());
  w.create_some(writes, 10, 20);

  reader content{w, broken};
  ASSERT_TRUE(w.run_until(5s, [&] { return content.it.is_live(); })) << "reads are served";
  EXPECT_EQ(w.read(content.it, "/n3"), "value /n3");
  auto refused = w.ask(content.it, {.op = op_code::create, .path = "/no", .value = "x"});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->err, error_code::not_read_only);
  reader strict{w, broken, false};
  w.run_for(5s);
  EXPECT_FALSE(strict.it.is_live()) << "who did not ask for it is not shown the past";
  content.it.close();
  strict.it.close();

  w.run_for(60s);
  EXPECT_FALSE(w.is_serving(broken)) << "no election brings it back while it cannot write";
  w.disk_of(broken).faults = {};
  EXPECT_TRUE(w.run_until(10s, [&] { return w.is_serving(broken); })) << "probed within five ticks";
  w.expect_some(broken, 20);
  w.expect_clean_end();
}

INSTANTIATE_TEST_SUITE_P(Disks, LeaderThatCannotWrite,
                         testing::Values(disk_faults{.capacity_bytes = 0},
                                         disk_faults{.write_percent = 100},
                                         disk_faults{.sync_percent = 100}));

TEST(SlowDisk, OfTheLeaderCostsNeitherItsPlaceNorTheOthersWrites) {
  faulty w;
  auto slow = *w.leader();
  auto& writes = w.make_client(w.others().front());
  ASSERT_TRUE(w.create(writes, "/before", "x"));
  w.slow_disk_down(slow, 20s);
  auto era = w.last_applied(slow).in_epoch();
  for (int i = 0; i < 30; ++i) {
    w.create_some(writes, i, i + 1);
    w.run_for(2s);
    ASSERT_EQ(*w.leader(), slow) << "in second " << 2 * i;
  }
  EXPECT_EQ(w.last_applied(slow).in_epoch(), era) << "it led all the time, in one epoch";
  w.expect_clean_end();
}

/// Heartbeats and clients' pings wait for no disk: nobody is given up, no session expires.
TEST(SlowDisk, OfEveryServerEndsNoEpochAndNoSession) {
  faulty w;
  auto leads = *w.leader();
  auto& writes = w.make_client(w.others().front());
  ASSERT_TRUE(w.create(writes, "/e-mine", "alive"));
  auto session = writes.session();
  auto era = w.last_applied(leads).in_epoch();
  for (auto id : w.servers()) w.slow_disk_down(id, 5s);
  bool all = true;
  w.run_until(60s, [&] {
    all = all && w.all_serve() && *w.leader() == leads;
    return !all;
  });
  EXPECT_TRUE(all) << "somebody was given up";
  for (auto id : w.servers()) w.slow_disk_down(id, 0s);
  ASSERT_TRUE(w.create(writes, "/after", "x"));
  EXPECT_EQ(writes.session(), session);
  EXPECT_EQ(w.last_applied(leads).in_epoch(), era);
  w.expect_clean_end();
}

/// The others go on; what waits is memory, and a sync that does not return would let it grow
/// without end, at the leader and at a follower.
TEST(SlowDisk, ThatHangsWhileMuchIsWrittenMakesItsServerLeaveAndNobodyElse) {
  for (const bool leads : {true, false}) {
    world_options o;
    o.memory_limit = core::memory_budget::limit_min;
    ensemble w{o};
    const auto hangs = leads ? *w.leader() : w.others().front();
    auto other = w.servers();
    std::erase(other, hangs);
    if (!leads) std::erase(other, *w.leader());
    auto& writes = w.make_client(other.front());
    ASSERT_TRUE(w.create(writes, "/before", "x"));
    w.slow_disk_down(hangs, 10h);
    const auto may_wait = core::memory_budget{o.memory_limit}.unlogged_max();
    const std::string data(50'000, 'x');
    int written = 0;
    for (int i = 0; i < 200; ++i) written += w.create(writes, "/n" + std::to_string(i), data);
    EXPECT_GT(written, 150) << "the others' quorum took them";
    EXPECT_GT(written * 50'000 * 2, 2 * may_wait);
    EXPECT_FALSE(w.is_serving(hangs));
    EXPECT_LE(w.unlogged_bytes(hangs), may_wait + 4 * 50'000);
    EXPECT_GT(w.unlogged_bytes(hangs), may_wait / 2);
    w.slow_disk_down(hangs, 0s);
    w.crash(hangs);
    w.expect_clean_end();
  }
}

TEST(FullDisk, OfAFollowerMakesItNoCandidate) {
  faulty w;
  auto leads = *w.leader();
  auto full = w.others().front();
  auto& writes = w.make_client(leads);
  w.disk_of(full).faults.capacity_bytes = 0;
  w.create_some(writes, 0, 5);
  EXPECT_FALSE(w.is_serving(full));
  w.crash(leads);
  EXPECT_FALSE(w.run_until(30s, [&] { return w.leader().has_value(); }))
      << "one that can write is no quorum, and one that cannot is nobody's";
  w.disk_of(full).faults = {};
  EXPECT_TRUE(w.run_until(20s, [&] { return w.leader().has_value(); }));
  w.expect_clean_end();
}

// -- trees that are wrong -------------------------------------------------------------------------

TEST(WrongTree, OfAFollowerIsServedToNobodyAndReadAnewFromItsDisk) {
  faulty w;
  w.expect_error("digest_mismatch");
  auto wrong = w.others().front();
  auto& writes = w.make_client(*w.leader());
  auto before = w.images_installed(wrong);
  w.garble_next_create(wrong);
  w.create_some(writes, 0, 1);
  w.create_some(writes, 1, 2);  // its digest is of the right tree
  ASSERT_TRUE(w.run_until(20s, [&] { return w.images_installed(wrong) > before; }));
  ASSERT_TRUE(w.run_until(20s, [&] { return w.all_serve(); }));
  EXPECT_EQ(w.images_installed(wrong), before + 1) << "its log was right, so its disk is enough";
  w.create_some(writes, 2, 10);
  w.expect_some(wrong, 10);
  w.expect_clean_end();
}

/// The leader plans on its own tree, so its digests are right for it and wrong for everybody else.
TEST(WrongTree, OfTheLeaderIsSeenByTheOthersAndReplacedByTheirs) {
  faulty w;
  w.expect_error("digest_mismatch");
  auto wrong = *w.leader();
  auto& writes = w.make_client(w.others().front());
  w.garble_next_create(wrong);
  w.create_some(writes, 0, 1);
  writes.ask({.op = op_code::create, .path = "/seen", .value = "x"});
  ASSERT_TRUE(w.another_leads(wrong, 20s));
  auto before = w.images_installed(wrong);
  ASSERT_TRUE(w.run_until(30s, [&] { return w.all_serve(); }));
  EXPECT_EQ(w.images_installed(wrong), before + 1) << "the other leader's snapshot";
  auto& goes_on = w.make_client(*w.leader());
  w.create_some(goes_on, 1, 10);
  for (auto id : w.servers()) w.expect_some(id, 10);
  w.expect_clean_end();
}

// -- bit rot --------------------------------------------------------------------------------------

TEST(Rot, InTheMiddleOfALogIsReplacedByTheOthersHistory) {
  faulty w;
  w.expect_error("history_damaged");
  auto rotten = w.others().front();
  auto& writes = w.make_client(*w.leader());
  w.create_some(writes, 0, 20);
  w.run_for(2s);
  w.crash(rotten);
  ASSERT_TRUE(w.disk_of(rotten).rot("log."));
  w.create_some(writes, 20, 25);
  w.start(rotten);
  ASSERT_TRUE(w.run_until(20s, [&] { return w.all_serve(); }));
  w.expect_some(rotten, 25);
  // What it has now is as good as any.
  w.crash(rotten);
  w.start(rotten);
  ASSERT_TRUE(w.run_until(20s, [&] { return w.all_serve(); }));
  EXPECT_EQ(w.images_installed(rotten), 1u) << "its own disk was enough";
  w.expect_some(rotten, 25);
  w.expect_clean_end();
}

/// Whoever has lost what it acknowledged must not vote as if it never had: with a server that is
/// behind it would be a quorum (Alagappan et al., Protocol-Aware Recovery, FAST 2018).
TEST(Rot, LeavesTheServerNoVoteThatCouldLoseAnAcknowledgedWrite) {
  faulty w;
  w.expect_error("history_damaged");
  auto leads = *w.leader();
  auto behind = w.others().front(), rotten = w.others().back();
  w.crash(behind);
  auto& writes = w.make_client(leads);
  w.create_some(writes, 0, 20);  // acknowledged by two, of whom one will lose it
  w.run_for(2s);
  w.crash(leads);
  w.crash(rotten);
  ASSERT_TRUE(w.disk_of(rotten).rot("log."));
  w.expect_no_vote_of(rotten, behind, leads, 20);
}

/// At each step of the replacement: what is found after it is the old history, which is not
/// believed, or the new one.
TEST(Rot, PowerLostWhileTheHistoryIsReplacedLosesNothing) {
  int crashes = 0;
  for (std::uint64_t calls = 0; calls < 60; calls += 2) {
    faulty w;
    w.expect_error("history_damaged");
    auto rotten = w.others().front();
    auto& writes = w.make_client(*w.leader());
    w.create_some(writes, 0, 20);
    w.run_for(2s);
    w.crash(rotten);
    ASSERT_TRUE(w.disk_of(rotten).rot("log."));
    w.start(rotten);
    w.crash_at_disk_call(rotten, calls);
    w.run_for(3s);
    w.disk_of(rotten).forget_crash();
    crashes += !w.is_up(rotten);
    w.start(rotten);
    ASSERT_TRUE(w.run_until(20s, [&] { return w.all_serve(); })) << "after " << calls << " calls";
    w.expect_some(rotten, 20);
    w.expect_clean_end();
  }
  EXPECT_GT(crashes, 10);
}

/// It is no unfinished write: who forgets it must not elect with a server that was behind.
class RotOfTheLastEntry : public testing::TestWithParam<platters::spoils> {};

TEST_P(RotOfTheLastEntry, ThatWasAcknowledgedLeavesTheServerNoVote) {
  faulty w;
  w.expect_error("history_damaged");
  const auto leads = *w.leader();
  const auto rotten = w.others().front(), behind = w.others().back();
  w.crash(behind);
  w.create_some(w.make_client(leads), 0, 3);
  w.run_for(1s);  // nothing more comes, and it is noted all the same
  w.crash(rotten);
  w.crash(leads);
  ASSERT_TRUE(w.disk_of(rotten).rot_last_entry(GetParam()));
  w.expect_no_vote_of(rotten, behind, leads, 3);
}

/// Of a file that is not the last, where the next one begins an epoch: no hole in the numbers
/// tells.
TEST_P(RotOfTheLastEntry, BeforeALaterEpochsFileIsSeen) {
  faulty w;
  w.expect_error("history_damaged");
  const auto first = *w.leader();
  const auto rotten = w.others().front();
  w.create_some(w.make_client(first), 0, 5);
  w.crash(first);
  w.crash(rotten);
  w.start(first);
  w.start(rotten);
  ASSERT_TRUE(w.run_until(30s, [&] { return w.all_serve(); }));
  w.create_some(w.make_client(*w.leader()), 5, 8);  // in a later epoch, and a file of its own
  w.run_for(1s);
  w.crash(rotten);
  ASSERT_TRUE(w.disk_of(rotten).rot_last_entry(GetParam(), 1));
  w.start(rotten);
  ASSERT_TRUE(w.run_until(30s, [&] { return w.all_serve(); }));
  EXPECT_EQ(w.images_installed(rotten), 2u) << "an empty one at the start, then the leader's";
  w.expect_some(rotten, 8);
  w.expect_clean_end();
}

INSTANTIATE_TEST_SUITE_P(Kinds, RotOfTheLastEntry,
                         testing::Values(platters::spoils::a_bit, platters::spoils::its_last_byte,
                                         platters::spoils::all_of_it));

/// A batch is written in any order until its sync has returned.
TEST(TornBatch, OfAllServersIsCutOffAndWhatWasAcknowledgedIsThere) {
  faulty w;
  w.create_some(w.make_client(*w.leader()), 0, 5);
  w.run_for(1s);
  for (auto id : w.servers()) w.crash(id);
  for (auto id : w.servers()) ASSERT_TRUE(w.disk_of(id).tear_a_batch());
  for (auto id : w.servers()) w.start(id);
  ASSERT_TRUE(w.run_until(30s, [&] { return w.all_serve(); })) << "nobody is damaged";
  for (auto id : w.servers()) w.expect_some(id, 5);
  w.create_some(w.make_client(*w.leader()), 5, 8);
  for (auto id : w.servers()) w.expect_some(id, 8);
  w.expect_clean_end();
}

TEST(Rot, InASnapshotIsPassedOverOrReplaced) {
  world_options o;
  o.snap_count = 20;
  faulty w{o};
  w.expect_error("history_damaged");
  auto rotten = w.others().front();
  auto& writes = w.make_client(*w.leader());
  w.create_some(writes, 0, 60);
  w.run_for(2s);
  w.crash(rotten);
  ASSERT_TRUE(w.disk_of(rotten).rot("snapshot."));
  w.start(rotten);
  ASSERT_TRUE(w.run_until(20s, [&] { return w.all_serve(); }));
  w.expect_some(rotten, 60);
  w.expect_clean_end();
}

}  // namespace
}  // namespace troupe::sim
