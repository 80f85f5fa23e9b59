// SPDX-License-Identifier: Apache-2.0
/// Histories that a leader replaces or cuts, with the disk failing once, the process dying or the
/// power going at each call: what is on the disk is the old history or the new one, and no server
/// whose disk lost nothing is damaged.
#include <cerrno>

#include "tests/actor/journal_world.hpp"

namespace troupe {
namespace {

using namespace test;

class JournalReplaced : public journal_world {
 public:
  void SetUp() override {
    journal_world::SetUp();
    for (const char* name : {"acceptedEpoch", "currentEpoch"})
      disk->put(std::string{"/z/version-2/"} + name, "9");
  }
  tl::expected<stored, std::string> install(zxid as_of) {
    return ask<stored>(install_piece{as_of, snapshot_bytes(as_of), true, true});
  }
  tl::expected<loaded_data, std::string> load_among_others() {
    return ask<loaded_data>(load_data{source, failing, true});
  }
  loaded_data must_load_sound() {
    auto loaded = load_among_others();
    EXPECT_TRUE(loaded) << loaded.error();
    EXPECT_EQ(loaded.value_or(loaded_data{}).damaged, "");
    return loaded.value_or(loaded_data{});
  }
  void log(const std::vector<zxid>& ids) { append(ids); }
  void cut(zxid last) { (void)ask<loaded_data>(truncate_log{last}); }
  /// A history behind a leader's snapshot, and the one that it has taken the place of before it.
  void make_gap() {
    must_load_sound();
    append({at(1, 1), at(1, 2)});
    ASSERT_TRUE(install(at(3, 7)));
    append({at(4, 1)});
  }
  /// A snapshot of our own up to `covers`, and the log a little further.
  void make_own_snapshot(zxid as_of, zxid covers) {
    config.snap_count = 4;
    stop();
    start();
    must_load_sound();
    lay_out_snapshot(as_of, covers);
    for (auto id = at(1, 1); id <= at(1, 6); id = id.next()) append({id});
    ASSERT_EQ(snapshots(), (std::vector{as_of, zxid{}}));
  }
};

/// Before it is cut the log needs the snapshot that leads over the gap.
TEST_F(JournalReplaced, CutBelowALeadersSnapshotIsRefusedAndChangesNothing) {
  make_gap();
  const auto calls = disk->history.size();
  ASSERT_FALSE(ask<loaded_data>(truncate_log{at(1, 2)}));
  EXPECT_EQ(disk->history.size(), calls);
  EXPECT_TRUE(failures.empty());
  append({at(4, 2)});
  EXPECT_EQ(heard.back(), at(4, 2)) << "the journal works";
  ASSERT_TRUE(install(at(1, 2))) << "the leader sends a snapshot instead";
  append({at(5, 1)});
  crash();
  EXPECT_EQ(must_load_sound().last_logged, at(5, 1));
}

TEST_F(JournalReplaced, CutThatNeedsNoGapIsMade) {
  make_gap();
  append({at(4, 2)});
  ASSERT_TRUE(ask<loaded_data>(truncate_log{at(4, 1)}));
  crash();
  EXPECT_EQ(must_load_sound().last_logged, at(4, 1));
}

/// Our own copy of that txn, begun right behind the leader's, has its name and may hold more.
TEST_F(JournalReplaced, CutIsRefusedWhereTheSnapshotInTheGapMayHoldWhatGoes) {
  config.snap_count = 4;
  stop();
  start();
  must_load_sound();
  append({at(1, 1)});
  ASSERT_TRUE(install(at(3, 7)));
  lay_out_snapshot(at(3, 7), at(3, 9));
  for (auto id = at(3, 8); id <= at(3, 13); id = id.next()) append({id});
  ASSERT_GE(snapshot.asked, 1);
  ASSERT_FALSE(ask<loaded_data>(truncate_log{at(3, 7)}));
  EXPECT_EQ(snapshots(), (std::vector{at(3, 7), zxid{}}));
  crash();
  EXPECT_EQ(must_load_sound().last_logged, at(3, 13));
}

TEST_F(JournalReplaced, DiskThatFailsTheCutHasFailed) {
  make_own_snapshot(at(1, 2), at(1, 3));
  fail_on("remove", "snapshot.100000002");
  ASSERT_FALSE(ask<loaded_data>(truncate_log{at(1, 2)}));
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].find("refused"), std::string::npos) << failures[0];
}

struct change {
  const char* name;
  void (*prepare)(JournalReplaced&);
  void (*act)(JournalReplaced&);
  /// Where the history may end behind it: as before, as asked, or where a file between ends.
  std::vector<zxid> ends;
};
void PrintTo(const change& x, std::ostream* out) { *out << x.name; }

class JournalChange : public JournalReplaced, public testing::WithParamInterface<change> {
 protected:
  static constexpr int calls_max = 200;
  /// The change, with this of its calls to the disk failing, and all after it if `for_good`. False:
  /// there are no more calls.
  bool change_failing_at(int call, bool for_good) {
    stop();
    config.snap_count = 1'000'000;
    failures.clear();
    SetUp();
    GetParam().prepare(*this);
    int calls = 0;
    disk->fail = [&calls, call, for_good](const std::string&, const std::string&) {
      const auto at = calls++;
      return at == call || (for_good && at > call) ? EIO : 0;
    };
    GetParam().act(*this);
    disk->fail = nullptr;
    return calls > call;
  }
  void expect_an_end(int call) {
    const auto loaded = must_load_sound();
    EXPECT_NE(std::ranges::count(GetParam().ends, loaded.last_logged), 0)
        << to_string(loaded.last_logged) << ", call " << call;
  }
};

TEST_P(JournalChange, CutShortByAKillLeavesASoundHistory) {
  for (int call = 0; change_failing_at(call, true); ++call) {
    ASSERT_LT(call, calls_max);
    stop();
    start();
    expect_an_end(call);
    crash();
    expect_an_end(call);
  }
}

TEST_P(JournalChange, CutShortByPowerLeavesASoundHistory) {
  for (int call = 0; change_failing_at(call, true); ++call) {
    ASSERT_LT(call, calls_max);
    crash();
    expect_an_end(call);
  }
}

/// One call fails, the same process goes on with what it has, and power goes much later.
TEST_P(JournalChange, ThatFailsOnceAndIsLivedWithLeavesASoundHistory) {
  for (int call = 0; change_failing_at(call, false); ++call) {
    ASSERT_LT(call, calls_max);
    expect_an_end(call);
    append({at(9, 1)});
    ASSERT_FALSE(heard.empty());
    ASSERT_EQ(heard.back(), at(9, 1)) << "call " << call;
    crash();
    ASSERT_EQ(must_load_sound().last_logged, at(9, 1)) << "call " << call;
  }
}

const change changes[] = {
    {"cut", [](JournalReplaced& j) { j.must_load_sound(); j.log({at(1, 1), at(1, 2), at(1, 3)}); },
     [](JournalReplaced& j) { j.cut(at(1, 2)); },
     {at(1, 2), at(1, 3)}},
    {"cut_below_a_gap", [](JournalReplaced& j) { j.make_gap(); },
     [](JournalReplaced& j) { j.cut(at(1, 2)); },
     {at(1, 2), at(4, 1)}},
    {"cut_with_own_snapshot",
     [](JournalReplaced& j) { j.make_own_snapshot(at(1, 2), at(1, 3)); },
     [](JournalReplaced& j) { j.cut(at(1, 2)); },
     {at(1, 2), at(1, 3), at(1, 6)}},
    {"install", [](JournalReplaced& j) { j.must_load_sound(); j.log({at(1, 1), at(1, 2)}); },
     [](JournalReplaced& j) { (void)j.install(at(3, 7)); },
     {at(1, 2), at(3, 7)}},
    {"install_behind_a_gap", [](JournalReplaced& j) { j.make_gap(); },
     [](JournalReplaced& j) { (void)j.install(at(5, 2)); },
     {at(4, 1), at(5, 2)}},
    {"install_below_a_gap", [](JournalReplaced& j) { j.make_gap(); },
     [](JournalReplaced& j) { (void)j.install(at(2, 2)); },
     {at(4, 1), at(3, 7), at(2, 2)}},
    {"install_over_own", [](JournalReplaced& j) { j.make_own_snapshot(at(1, 2), at(1, 3)); },
     [](JournalReplaced& j) { (void)j.install(at(1, 2)); },
     {at(1, 2), at(1, 3), at(1, 6)}},
};
INSTANTIATE_TEST_SUITE_P(Changes, JournalChange, testing::ValuesIn(changes),
                         [](const auto& x) { return std::string{x.param.name}; });

// -- our own snapshot under the leader's name ---------------------------------------------------

/// What was noted of ours, which it has replaced, says nothing of it.
TEST_F(JournalReplaced, LeadersSnapshotOfThatNameStays) {
  make_own_snapshot(at(1, 2), at(1, 3));
  ASSERT_TRUE(install(at(1, 2)));
  EXPECT_EQ(snapshots(), (std::vector{at(1, 2), zxid{}}));
  append({at(2, 1)});
  crash();
  const auto loaded = must_load_sound();
  EXPECT_EQ(loaded.last_logged, at(2, 1));
  EXPECT_FALSE(loaded.tree_differs);
}

/// The first was cut off with the txns that it held a part of; the second holds nothing of them.
TEST_F(JournalReplaced, OwnSnapshotOfANameThatWasUsedBeforeIsNotWhatWasNotedOfTheFormer) {
  make_own_snapshot(at(1, 2), at(1, 3));
  ASSERT_TRUE(ask<loaded_data>(truncate_log{at(1, 2)}));
  ASSERT_EQ(snapshots(), (std::vector{zxid{}}));
  lay_out_snapshot(at(1, 2), at(1, 2));
  for (auto id = at(2, 1); snapshots().size() == 1 && id < at(2, 9); id = id.next()) append({id});
  ASSERT_EQ(snapshots(), (std::vector{at(1, 2), zxid{}}));
  ASSERT_TRUE(ask<loaded_data>(truncate_log{at(1, 2)}));
  crash();
  const auto loaded = must_load_sound();
  EXPECT_EQ(loaded.last_logged, at(1, 2));
  EXPECT_FALSE(loaded.tree_differs);
  EXPECT_EQ(snapshots(), (std::vector{at(1, 2), zxid{}}));
}

TEST_F(JournalReplaced, LeadersSnapshotOfThatNameReplacesADamagedHistory) {
  make_own_snapshot(at(1, 2), at(1, 3));
  disk->put("/z/resync", "x");
  stop();
  start();
  ASSERT_TRUE(load_among_others());
  ASSERT_TRUE(install(at(1, 2)));
  EXPECT_TRUE(failures.empty());
  EXPECT_EQ(must_load_sound().last_logged, at(1, 2));
}

/// The log is cut, and the leader's is not there yet: what our own holds a part of was never
/// committed, or is not known to be.
TEST_F(JournalReplaced, OwnSnapshotThatHoldsWhatWasCutIsATreeInDoubt) {
  for (zxid own : {at(1, 1), at(1, 2)}) {
    stop();
    SetUp();
    make_own_snapshot(own, at(1, 3));
    fail_on("rename", "snapshot.");  // the leader's gets no name
    ASSERT_FALSE(install(at(1, 2)));
    disk->fail = nullptr;
    crash();
    const auto loaded = must_load_sound();
    EXPECT_EQ(loaded.last_logged, at(1, 2));
    EXPECT_TRUE(loaded.tree_differs) << "snapshot of " << to_string(own);
  }
}

// -- scribes ------------------------------------------------------------------------------------

TEST_F(JournalReplaced, NextSnapshotComesAfterOneThatTheDatabaseGaveUp) {
  config.snap_count = 4;
  stop();
  start();
  must_load_sound();
  snapshot.gives_up = true;
  std::int64_t next = 0;
  while (snapshot.asked == 0 && next < 20) append({at(1, ++next)});
  ASSERT_EQ(snapshot.asked, 1);
  EXPECT_EQ(snapshots(), (std::vector{zxid{}}));
  snapshot.gives_up = false;
  lay_out_snapshot(at(1, 2), at(1, 3));
  while (snapshot.asked == 1 && next < 40) append({at(1, ++next)});
  EXPECT_EQ(snapshots(), (std::vector{at(1, 2), zxid{}}));
  EXPECT_TRUE(failures.empty());
}

}  // namespace
}  // namespace troupe
