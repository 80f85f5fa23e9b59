// SPDX-License-Identifier: Apache-2.0
/// The journal on a disk in memory, with a schedule and a clock that the test moves.
#include "actors/journal.hpp"

#include <gtest/gtest.h>

#include "actors/caf.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "tests/unit/coro/world.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe {
namespace {

using storage::at;
using storage::memory_disk;
using storage::sample_txn;
using namespace std::string_literals;

logged_sink::behavior_type collect_logged(logged_sink::pointer, std::vector<zxid>* into) {
  return {[into](const logged& m) { into->push_back(m.upto); }};
}
failure_sink::behavior_type collect_failures(failure_sink::pointer,
                                             std::vector<std::string>* into) {
  return {[into](const disk_failed& m) { into->push_back(m.reason); }};
}

/// A database that gives the snapshot a test has laid out, one piece at a time.
struct laid_out_snapshot {
  std::vector<snapshot_piece> pieces;
  std::size_t sent = 0;
  int asked = 0;
  snapshot_sink to;
};
snapshot_source::behavior_type give_snapshot(snapshot_source::pointer self,
                                             laid_out_snapshot* from) {
  auto next = [self, from] {
    if (from->sent < from->pieces.size()) self->send(from->to, from->pieces[from->sent++]);
  };
  return {[from, next](const take_snapshot& m) {
            ++from->asked;
            from->sent = 0;
            from->to = m.to;
            next();
          },
          [next](const next_piece&) { next(); }};
}

class Journal : public testing::Test {
 protected:
  void SetUp() override {
    disk = std::make_shared<memory_disk>();
    ASSERT_TRUE(disk->create_directories("/z"));
    for (const char* name : {"acceptedEpoch", "currentEpoch"})
      disk->put("/z/version-2/"s + name, "3");
    config.data_dir = config.data_log_dir = "/z";
    config.log_prealloc_bytes = 0;
    config.snap_count = 1'000'000;
    start();
  }
  void TearDown() override { stop(); }

  void start() {
    auto context = std::make_shared<node_context>();
    context->config = config;
    context->me = server_id{1};
    context->disk = disk;
    context->detach_journal = false;
    world_.emplace();
    auto& system = world_->system;
    handle = caf::actor_cast<journal_actor>(system.spawn(journal, journal_options{context}));
    source = system.spawn(give_snapshot, &snapshot);
    failing = system.spawn(collect_failures, &failures);
    role = system.spawn(collect_logged, &heard);
    world_->run();
  }
  void stop() {
    snapshot.to = nullptr;
    caf::anon_send_exit(handle, caf::exit_reason::kill);
    caf::anon_send_exit(source, caf::exit_reason::kill);
    caf::anon_send_exit(failing, caf::exit_reason::kill);
    caf::anon_send_exit(role, caf::exit_reason::kill);
    handle = nullptr;
    source = nullptr;
    failing = nullptr;
    role = nullptr;
    if (world_) world_->run();
    world_.reset();
  }
  /// The process dies, then the machine loses what was not synced; then both begin anew.
  void crash() {
    stop();
    disk->crash();
    start();
  }

  template <class Reply, class Message>
  tl::expected<Reply, std::string> ask(Message m) {
    tl::expected<Reply, std::string> out = tl::unexpected("no answer"s);
    auto& system = world_->system;
    system.spawn([&](caf::event_based_actor* self) {
      self->request(handle, caf::infinite, std::move(m))
          .then([&](Reply& reply) { out = std::move(reply); },
                [&](caf::error& e) { out = tl::unexpected(system.render(e)); });
    });
    world_->run();
    return out;
  }
  tl::expected<loaded_data, std::string> load() {
    return ask<loaded_data>(load_data{source, failing});
  }
  loaded_data must_load() {
    auto loaded = load();
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error());
    return loaded.value_or(loaded_data{});
  }
  void send_append(const std::vector<zxid>& ids) {
    append_txns m;
    for (auto id : ids) m.txns.push_back(sample_txn(id));
    m.to = role;
    caf::anon_send(handle, m);
  }
  void append(const std::vector<zxid>& ids) {
    send_append(ids);
    world_->run();
  }
  std::vector<zxid> logged_ids() {
    auto all = storage::read_all(*disk, "/z/version-2");
    EXPECT_EQ(all.refusal, "");
    return all.ids;
  }
  void fail_on(std::string operation, std::string part_of_path = "") {
    disk->fail = [=](const std::string& what, const std::string& path) {
      return what == operation && path.find(part_of_path) != path.npos ? EIO : 0;
    };
  }
  static std::string tree_bytes(const core::tree& data) {
    core::snapshot_encoder encoder{data};
    std::string out;
    while (!encoder.done()) out += encoder.next(100);
    return out;
  }
  /// A database's bytes as of `id`.
  static std::string snapshot_bytes(zxid id) {
    core::tree data;
    data.set_last_processed(id);
    return tree_bytes(data);
  }
  void lay_out_snapshot(zxid as_of, zxid covers) {
    auto bytes = snapshot_bytes(as_of);
    snapshot.pieces = {{as_of, as_of, bytes.substr(0, 10), false},
                       {as_of, covers, bytes.substr(10, 100), false},
                       {as_of, covers, bytes.substr(110), true}};
  }
  std::vector<zxid> snapshots() {
    std::vector<zxid> out;
    auto files = storage::snapshot_candidates(*disk, "/z/version-2");
    for (const auto& f : *files) out.push_back(f.id);
    return out;
  }

  std::shared_ptr<memory_disk> disk;
  config::node_config config;
  laid_out_snapshot snapshot;
  std::vector<std::string> failures;
  std::vector<zxid> heard;
  std::optional<coro::test::world> world_;
  journal_actor handle;
  snapshot_source source;
  failure_sink failing;
  logged_sink role;
};

// -- loading ------------------------------------------------------------------------------------

TEST_F(Journal, BeforeItsLoadingEverythingIsRefused) {
  EXPECT_FALSE(ask<log_range>(read_log{{0}, 0}));
  EXPECT_FALSE(ask<stored>(store_epoch{epoch_kind::accepted, {1}}));
  append({at(1, 1)});
  EXPECT_TRUE(heard.empty());
  EXPECT_TRUE(failures.empty());
}

TEST_F(Journal, EmptyDirectoryGetsItsFirstSnapshot) {
  auto loaded = must_load();
  EXPECT_EQ(loaded.last_logged, zxid{0});
  ASSERT_TRUE(loaded.image);
  EXPECT_EQ(loaded.image->data.last_processed(), zxid{0});
  EXPECT_EQ(disk->content("/z/version-2/snapshot.0"), tree_bytes(core::tree{}));
  EXPECT_EQ(snapshots(), (std::vector{zxid{0}}));
}

TEST_F(Journal, GenuineDirectoryIsLoadedAndItsDigestsHold) {
  for (const char* name : {"snapshot.0", "snapshot.f", "log.1", "log.10"})
    disk->put("/z/version-2/"s + name, storage::genuine_file(name));
  std::vector<std::string> warnings;
  log::set_observer([&](log::level level, std::string_view line) {
    if (level >= log::level::warn) warnings.emplace_back(line);
  });
  auto loaded = must_load();
  log::set_observer({});
  EXPECT_EQ(warnings, (std::vector<std::string>{}));
  EXPECT_NE(loaded.image->data.find("/second"), nullptr);
  EXPECT_NE(loaded.image->data.find("/a/b"), nullptr);
  EXPECT_EQ(loaded.recent.back()->id(), loaded.last_logged);
  append({loaded.last_logged.next()});
  EXPECT_EQ(heard.size(), 1u);
}

TEST_F(Journal, RecentTxnsAreTheNewestOnes) {
  config.commit_log_count = 2;
  stop();
  start();
  must_load();
  append({at(1, 1), at(1, 2), at(1, 3)});
  crash();
  auto loaded = must_load();
  ASSERT_EQ(loaded.recent.size(), 2u);
  EXPECT_EQ(loaded.recent[0]->id(), at(1, 2));
  EXPECT_EQ(loaded.image->data.last_processed(), at(1, 3));
}

TEST_F(Journal, DirectoryThatCannotBeUsedIsSaidAndCanBeTriedAgain) {
  disk->put("/z/version-2/log.100000001", storage::log_bytes({at(1, 1)}));
  auto refused = load();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("snapshot.trust.empty"), std::string::npos) << refused.error();
  ASSERT_TRUE(disk->remove("/z/version-2/log.100000001"));
  must_load();
}

// -- group commit -------------------------------------------------------------------------------

TEST_F(Journal, AppendsThatWaitTogetherAreOneSync) {
  must_load();
  append({at(1, 1)});
  auto before = disk->count("sync");
  heard.clear();
  send_append({at(1, 2), at(1, 3)});
  send_append({at(1, 4)});
  world_->run();
  EXPECT_EQ(disk->count("sync"), before + 1);
  EXPECT_EQ(heard, (std::vector{at(1, 4)}));
}

TEST_F(Journal, WhatIsSaidToBeLoggedSurvivesACrash) {
  must_load();
  append({at(1, 1), at(1, 2)});
  append({at(2, 1)});
  EXPECT_EQ(heard, (std::vector{at(1, 2), at(2, 1)}));
  disk->crash();
  EXPECT_EQ(logged_ids(), (std::vector{at(1, 1), at(1, 2), at(2, 1)}));
}

TEST_F(Journal, EachWhoWaitsHearsOfItsOwnLastTxn) {
  must_load();
  std::vector<zxid> other_heard;
  auto other = world_->system.spawn(collect_logged, &other_heard);
  send_append({at(1, 1)});
  caf::anon_send(handle, append_txns{{sample_txn(at(1, 2))}, other});
  caf::anon_send(handle, append_txns{{sample_txn(at(1, 3))}, logged_sink{}});
  world_->run();
  EXPECT_EQ(heard, (std::vector{at(1, 1)}));
  EXPECT_EQ(other_heard, (std::vector{at(1, 2)}));
  caf::anon_send_exit(other, caf::exit_reason::kill);
}

TEST_F(Journal, ReadingIsABarrier) {
  must_load();
  send_append({at(1, 1)});
  auto range = ask<log_range>(read_log{{0}, 0});
  ASSERT_TRUE(range);
  EXPECT_EQ(range->last_logged, at(1, 1));
  EXPECT_TRUE(range->txns.empty());
  disk->crash();
  EXPECT_EQ(logged_ids(), (std::vector{at(1, 1)}));
}

// -- failures -----------------------------------------------------------------------------------

TEST_F(Journal, FailedSyncIsSaidOnceAndNothingIsAckedAnyMore) {
  must_load();
  append({at(1, 1)});
  fail_on("sync");
  append({at(1, 2)});
  disk->fail = nullptr;
  append({at(1, 3)});
  EXPECT_EQ(heard, (std::vector{at(1, 1)}));
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].find("log.100000001"), std::string::npos) << failures[0];
  EXPECT_FALSE(ask<log_range>(read_log{{0}, 0}));
  EXPECT_FALSE(ask<stored>(store_epoch{epoch_kind::accepted, {9}}));
}

TEST_F(Journal, AfterAFailureLoadingGoesOnFromWhatWasDurable) {
  must_load();
  append({at(1, 1)});
  fail_on("sync");
  append({at(1, 2)});
  disk->fail = nullptr;
  EXPECT_EQ(must_load().last_logged, at(1, 1)) << "1:2 never reached the disk";
  append({at(1, 2)});
  EXPECT_EQ(heard.back(), at(1, 2));
  disk->crash();
  EXPECT_EQ(logged_ids(), (std::vector{at(1, 1), at(1, 2)}));
}

TEST_F(Journal, LoadingWaitsUntilTheDiskTakesBackWhatFailed) {
  must_load();
  append({at(1, 1)});
  fail_on("sync");
  append({at(1, 2)});
  EXPECT_FALSE(load());
  disk->fail = nullptr;
  EXPECT_EQ(must_load().last_logged, at(1, 1));
}

// ZOOKEEPER-4925.
TEST_F(Journal, HoleIsRefusedAndBreaksTheJournal) {
  must_load();
  append({at(1, 1)});
  append({at(1, 3)});
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].find("hole"), std::string::npos);
  EXPECT_EQ(must_load().last_logged, at(1, 1));
}

// -- epochs -------------------------------------------------------------------------------------

TEST_F(Journal, StoredEpochsSurviveACrash) {
  must_load();
  ASSERT_TRUE(ask<stored>(store_epoch{epoch_kind::accepted, {5}}));
  ASSERT_TRUE(ask<stored>(store_epoch{epoch_kind::current, {4}}));
  crash();
  auto loaded = must_load();
  EXPECT_EQ(loaded.accepted, epoch{5});
  EXPECT_EQ(loaded.current, epoch{4});
  EXPECT_EQ(ask<log_range>(read_log{{0}, 0})->accepted, epoch{5});
}

TEST_F(Journal, EpochNeverGoesBack) {
  must_load();
  ASSERT_TRUE(ask<stored>(store_epoch{epoch_kind::accepted, {5}}));
  EXPECT_FALSE(ask<stored>(store_epoch{epoch_kind::accepted, {4}}));
  ASSERT_TRUE(ask<stored>(store_epoch{epoch_kind::accepted, {5}}));
  EXPECT_TRUE(failures.empty());
}

TEST_F(Journal, CurrentEpochIsStoredAfterTheTxnsBeforeIt) {
  must_load();
  send_append({at(1, 1)});
  disk->history.clear();
  ASSERT_TRUE(ask<stored>(store_epoch{epoch_kind::current, {3}}));
  auto place = [this](const std::string& line) {
    return std::find(disk->history.begin(), disk->history.end(), line) - disk->history.begin();
  };
  EXPECT_LT(place("sync /z/version-2/log.100000001"),
            place("create /z/version-2/currentEpoch.tmp"));
}

TEST_F(Journal, EpochThatCannotBeStoredBreaksTheJournal) {
  must_load();
  fail_on("rename");
  EXPECT_FALSE(ask<stored>(store_epoch{epoch_kind::accepted, {5}}));
  EXPECT_EQ(failures.size(), 1u);
}

// -- reading for others -------------------------------------------------------------------------

TEST_F(Journal, RangeFollowsATxnOfTheLog) {
  must_load();
  append({at(1, 1), at(1, 2), at(2, 1), at(2, 2)});
  auto range = ask<log_range>(read_log{at(1, 2), 1 << 20});
  ASSERT_TRUE(range);
  ASSERT_EQ(range->txns.size(), 2u);
  EXPECT_EQ(range->txns[0]->id(), at(2, 1));
  EXPECT_TRUE(range->complete);
  EXPECT_TRUE(range->holds_after);
}

TEST_F(Journal, RangeEndsWhereItWouldBeTooLong) {
  must_load();
  append({at(1, 1), at(1, 2), at(1, 3)});
  auto range = ask<log_range>(read_log{at(1, 1), 1});
  ASSERT_EQ(range->txns.size(), 1u);
  EXPECT_FALSE(range->complete);
}

TEST_F(Journal, RangeAfterATxnThatIsInAnotherHistoryIsNotVouchedFor) {
  must_load();
  append({at(1, 1), at(1, 2), at(2, 1)});
  auto range = ask<log_range>(read_log{at(1, 7), 1 << 20});
  ASSERT_TRUE(range);
  EXPECT_FALSE(range->holds_after);
}

TEST_F(Journal, RangeBeforeTheLogsBeginningIsRefused) {
  disk->put("/z/version-2/snapshot.100000005", snapshot_bytes(at(1, 5)));
  must_load();
  append({at(1, 6), at(1, 7)});
  EXPECT_FALSE(ask<log_range>(read_log{at(1, 3), 1 << 20}));
  auto range = ask<log_range>(read_log{at(1, 5), 1 << 20});
  ASSERT_TRUE(range) << range.error();
  EXPECT_EQ(range->txns.size(), 2u);
  EXPECT_TRUE(range->complete);
}

// -- TRUNC --------------------------------------------------------------------------------------

TEST_F(Journal, TruncatedLogIsLoadedAgainAndGoesOn) {
  must_load();
  append({at(1, 1), at(1, 2), at(1, 3)});
  auto left = ask<loaded_data>(truncate_log{at(1, 1)});
  ASSERT_TRUE(left) << left.error();
  EXPECT_EQ(left->last_logged, at(1, 1));
  EXPECT_EQ(left->image->data.last_processed(), at(1, 1));
  append({at(2, 1)});
  disk->crash();
  EXPECT_EQ(logged_ids(), (std::vector{at(1, 1), at(2, 1)}));
}

TEST_F(Journal, SnapshotsThatMayHoldACutTxnGoWithIt) {
  must_load();
  append({at(1, 1), at(1, 2), at(1, 3)});
  disk->put("/z/version-2/snapshot.100000002", snapshot_bytes(at(1, 2)));
  auto left = ask<loaded_data>(truncate_log{at(1, 1)});
  ASSERT_TRUE(left) << left.error();
  EXPECT_EQ(snapshots(), (std::vector{zxid{0}}));
}

TEST_F(Journal, TruncatingToWhatIsNotThereIsRefusedAndChangesNothing) {
  must_load();
  append({at(1, 1), at(1, 2)});
  EXPECT_FALSE(ask<loaded_data>(truncate_log{at(1, 9)}));
  EXPECT_TRUE(failures.empty());
  append({at(1, 3)});
  EXPECT_EQ(logged_ids().size(), 3u);
}

// -- snapshots of its own -----------------------------------------------------------------------

class JournalSnapshot : public Journal {
 protected:
  void SetUp() override {
    config.snap_count = 4;
    Journal::SetUp();
    config.snap_count = 4;
    stop();
    start();
    must_load();
  }
  /// As many txns as it takes until the database is asked.
  zxid append_until_asked() {
    auto asked = snapshot.asked;
    while (snapshot.asked == asked && next < 20) append({at(1, ++next)});
    return at(1, next);
  }
  std::int64_t next = 0;
};

TEST_F(JournalSnapshot, IsWrittenAfterSoManyTxns) {
  lay_out_snapshot(at(1, 2), at(1, 3));
  auto last = append_until_asked();
  EXPECT_GE(last, at(1, 3)) << "more than half of snapCount";
  EXPECT_LE(last, at(1, 4));
  EXPECT_EQ(snapshots(), (std::vector{at(1, 2), zxid{0}}));
  EXPECT_EQ(disk->content("/z/version-2/snapshot.100000002"), snapshot_bytes(at(1, 2)));
}

TEST_F(JournalSnapshot, LogBeginsANewFileWithIt) {
  lay_out_snapshot(at(1, 2), at(1, 2));
  auto last = append_until_asked();
  append({last.next()});
  EXPECT_TRUE(disk->has("/z/version-2/" + storage::log_name(last.next())));
}

TEST_F(JournalSnapshot, IsDurableAndLoadedAfterACrash) {
  lay_out_snapshot(at(1, 2), at(1, 2));
  auto last = append_until_asked();
  crash();
  auto loaded = must_load();
  EXPECT_EQ(loaded.last_logged, last);
  EXPECT_EQ(loaded.recent.front()->id(), at(1, 3));
}

TEST_F(JournalSnapshot, ThatHoldsMoreThanTheLogIsDropped) {
  lay_out_snapshot(at(1, 2), at(1, 50));
  append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{zxid{0}}));
  EXPECT_TRUE(failures.empty());
}

TEST_F(JournalSnapshot, WithTxnsBeyondItsNameGoesWhenThoseAreCut) {
  lay_out_snapshot(at(1, 1), at(1, 3));
  append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{at(1, 1), zxid{0}}));
  ASSERT_TRUE(ask<loaded_data>(truncate_log{at(1, 2)}));
  EXPECT_EQ(snapshots(), (std::vector{zxid{0}}));
}

TEST_F(JournalSnapshot, ThatFailsStopsNothing) {
  lay_out_snapshot(at(1, 2), at(1, 2));
  fail_on("write", "actor-node.snapshot");
  auto last = append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{zxid{0}}));
  EXPECT_TRUE(failures.empty());
  disk->fail = nullptr;
  append({last.next()});
  EXPECT_EQ(heard.back(), last.next());
  next = last.next().counter();
  append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{at(1, 2), zxid{0}}));
}

TEST_F(JournalSnapshot, UnfinishedOneIsGivenUpWhenTheLogIsCut) {
  lay_out_snapshot(at(1, 2), at(1, 2));
  snapshot.pieces.pop_back();  // the last piece does not come
  append_until_asked();
  ASSERT_TRUE(ask<loaded_data>(truncate_log{at(1, 1)}));
  auto entries = disk->list_directory("/z/version-2");
  for (const auto& e : *entries) EXPECT_EQ(e.name.find("actor-node.snapshot"), e.name.npos);
  next = 1;
  lay_out_snapshot(at(1, 1), at(1, 1));
  append_until_asked();
  EXPECT_EQ(snapshots(), (std::vector{at(1, 1), zxid{0}}));
}

TEST_F(JournalSnapshot, OldOnesArePurgedByTheClock) {
  config.purge_interval_hours = 1;
  stop();
  for (int i = 1; i <= 4; ++i)
    disk->put("/z/version-2/" + storage::snapshot_name(at(1, i)), snapshot_bytes(at(1, i)));
  start();
  must_load();
  EXPECT_EQ(snapshots().size(), 5u);
  world_->advance(std::chrono::hours{1});
  EXPECT_EQ(snapshots(), (std::vector{at(1, 4), at(1, 3), at(1, 2)}));
}

// -- the leader's snapshot ----------------------------------------------------------------------

class JournalInstall : public Journal {
 protected:
  tl::expected<stored, std::string> install(zxid as_of) {
    auto bytes = snapshot_bytes(as_of);
    auto half = bytes.size() / 2;
    auto first = ask<stored>(install_piece{as_of, bytes.substr(0, half), true, false});
    if (!first) return first;
    return ask<stored>(install_piece{as_of, bytes.substr(half), false, true});
  }
};

TEST_F(JournalInstall, LogGoesOnBehindIt) {
  must_load();
  append({at(1, 1), at(1, 2)});
  ASSERT_TRUE(install(at(3, 7)));
  append({at(3, 8)});
  EXPECT_EQ(heard.back(), at(3, 8));
  crash();
  auto loaded = must_load();
  EXPECT_EQ(loaded.last_logged, at(3, 8));
  EXPECT_EQ(loaded.recent.size(), 1u);
}

TEST_F(JournalInstall, WhatTheLogHoldsBeforeItIsNotReadForOthers) {
  must_load();
  append({at(1, 1), at(1, 2)});
  ASSERT_TRUE(install(at(3, 7)));
  append({at(3, 8)});
  for (int again = 0; again < 2; ++again) {
    EXPECT_FALSE(ask<log_range>(read_log{at(1, 1), 1 << 20}));
    auto range = ask<log_range>(read_log{at(3, 7), 1 << 20});
    ASSERT_TRUE(range) << range.error();
    EXPECT_TRUE(range->holds_after);
    EXPECT_EQ(range->txns.size(), 1u);
    crash();
    must_load();
  }
}

TEST_F(JournalInstall, DivergentLogAndSnapshotsAboveItAreOutOfTheWay) {
  must_load();
  append({at(1, 1), at(1, 2), at(1, 3)});
  disk->put("/z/version-2/snapshot.100000003", snapshot_bytes(at(1, 3)));
  ASSERT_TRUE(install(at(1, 2)));
  EXPECT_EQ(snapshots(), (std::vector{at(1, 2), zxid{0}}));
  append({at(2, 1)});
  crash();
  EXPECT_EQ(must_load().last_logged, at(2, 1));
}

TEST_F(JournalInstall, PieceWithoutABeginningIsRefused) {
  must_load();
  EXPECT_FALSE(ask<stored>(install_piece{at(1, 2), "bytes", false, false}));
  EXPECT_TRUE(failures.empty());
}

TEST_F(JournalInstall, SecondOneReplacesTheFirst) {
  must_load();
  ASSERT_TRUE(ask<stored>(install_piece{at(2, 1), "the leader died here", true, false}));
  ASSERT_TRUE(install(at(3, 7)));
  EXPECT_EQ(disk->content("/z/version-2/snapshot.300000007"), snapshot_bytes(at(3, 7)));
}

class JournalInstallCrash : public JournalInstall, public testing::WithParamInterface<int> {};

TEST_P(JournalInstallCrash, LeavesTheOldHistoryOrTheNew) {
  must_load();
  append({at(1, 1), at(1, 2), at(1, 3)});
  int steps = GetParam();
  disk->fail = [&steps](const std::string&, const std::string&) { return steps-- > 0 ? 0 : EIO; };
  bool done = install(at(2, 4)).has_value();
  disk->fail = nullptr;
  EXPECT_EQ(failures.empty(), done);
  crash();
  auto last = must_load().last_logged;
  EXPECT_TRUE(last == at(2, 4) || (last == at(1, 3) && !done)) << to_string(last);
  append({at(3, 1)});
  EXPECT_EQ(heard.back(), at(3, 1));
}
INSTANTIATE_TEST_SUITE_P(AfterSteps, JournalInstallCrash, testing::Range(0, 16));

}  // namespace
}  // namespace troupe
