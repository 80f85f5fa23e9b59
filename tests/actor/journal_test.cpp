// SPDX-License-Identifier: Apache-2.0
/// Loading, group commit, failures, epochs, ranges and TRUNC.
#include <algorithm>

#include <gmock/gmock.h>

#include "tests/actor/journal_world.hpp"

namespace troupe {
namespace {

using namespace test;
using namespace std::string_literals;

using Journal = journal_world;

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

/// With db.autocreate=false an empty directory is taken for one whose disk is not mounted.
TEST_F(Journal, EmptyDirectoryThatIsNotMeantIsRefusedUntilAFileSaysThatItIs) {
  config.auto_create_database = false;
  stop();
  start();
  auto refused = load();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("db.autocreate is false"), std::string::npos) << refused.error();
  EXPECT_EQ(snapshots(), std::vector<zxid>{});
  disk->put("/z/initialize", "");
  EXPECT_EQ(must_load().last_logged, zxid{0});
}

TEST_F(Journal, LogFileThatHasBecomeTooLongIsFollowedByAnother) {
  config.log_file_bytes_max = 20;
  stop();
  start();
  must_load();
  append({at(1, 1)});
  append({at(1, 2)});
  EXPECT_TRUE(disk->has("/z/version-2/" + storage::log_name(at(1, 2))));
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

// As ZooKeeper: it is told and counted, and the database is loaded (DataTree.compareDigest).
TEST_F(Journal, DigestThatDoesNotMatchIsToldWithZxidAndBothSums) {
  core::tree empty;
  disk->put("/z/version-2/snapshot.0", tree_bytes(empty));
  txn changed;
  changed.header = {session_id{1}, cxid{1}, at(1, 1), 0, op_code::create};
  changed.body = create_txn{"/a", "x", {{31, {"world", "anyone"}}}, false, 1};
  changed.digest = txn_digest{core::digest_version, 0x4711};
  auto bytes = storage::encode_log_header();
  storage::append_entry(bytes, encode_txn(changed));
  disk->put("/z/version-2/log.100000001", bytes);
  std::vector<std::string> errors;
  log::set_observer([&](log::level level, std::string_view line) {
    if (level == log::level::error) errors.emplace_back(line);
  });
  auto loaded = must_load();
  log::set_observer({});
  EXPECT_EQ(loaded.digest_mismatches, 1u);
  EXPECT_EQ(loaded.last_logged, at(1, 1));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("digest_mismatch zxid=0x100000001 told=0x4711 ours=" +
                           to_hex(loaded.image->data.digest())),
            std::string::npos)
      << errors[0];
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

/// The leader may have been told to take longer requests than this server.
TEST_F(Journal, TxnOfAnyLengthThatALeaderPlansIsLoggedWhateverThisServersOwnBound) {
  stop();
  config.jute_buffer_bytes_max = 1024;
  start();
  must_load();
  append_txns m;
  m.txns.push_back(sample_txn(at(1, 1), 100'000));
  m.to = role;
  caf::anon_send(handle, m);
  world_->run();
  EXPECT_TRUE(failures.empty());
  EXPECT_EQ(heard, std::vector{at(1, 1)});
  EXPECT_EQ(must_load().last_logged, at(1, 1));
}

// ZOOKEEPER-4925.
TEST_F(Journal, HoleIsRefusedAndBreaksTheJournal) {
  must_load();
  append({at(1, 1)});
  append({at(1, 3)});
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_THAT(failures[0], testing::StartsWith("refused: ")) << "the disk did nothing wrong";
  EXPECT_THAT(failures[0], testing::HasSubstr("hole"));
  EXPECT_EQ(must_load().last_logged, at(1, 1));
}

// -- a disk that failed, a past that cannot be read ----------------------------------------------

TEST_F(Journal, ProbeWritesAndSyncsInBothDirectoriesAndLeavesNothing) {
  ASSERT_TRUE(disk->create_directories("/logs"));
  config.data_log_dir = "/logs";
  stop();
  start();
  must_load();
  disk->history.clear();
  EXPECT_TRUE(ask<stored>(probe_disk{}));
  for (const char* place : {"/z/version-2/", "/logs/version-2/"}) {
    EXPECT_THAT(disk->history,
                testing::Contains(std::string("sync ") + place + "actor-node.probe"));
    EXPECT_FALSE(disk->has(std::string(place) + "actor-node.probe"));
  }
  fail_on("sync", "/logs/version-2/actor-node.probe");
  auto refused = ask<stored>(probe_disk{});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), testing::HasSubstr("/logs/version-2/actor-node.probe"));
  EXPECT_FALSE(disk->has("/logs/version-2/actor-node.probe"));
}

/// A record in the middle whose checksum is wrong; behind it are good ones.
class DamagedJournal : public Journal {
 protected:
  void damage() {
    must_load();
    append({at(3, 1), at(3, 2), at(3, 3)});
    ask<stored>(store_epoch{epoch_kind::accepted, {5}});
    stop();
    auto bytes = disk->content(log_path);
    bytes[bytes.size() / 2] ^= 1;
    disk->put(log_path, bytes);
    start();
  }
  tl::expected<loaded_data, std::string> load_with_others() {
    return ask<loaded_data>(load_data{source, failing, true});
  }
  tl::expected<stored, std::string> install_all(zxid as_of) {
    EXPECT_TRUE(ask<stored>(store_epoch{epoch_kind::accepted, as_of.in_epoch()}));
    return ask<stored>(install_piece{as_of, snapshot_bytes(as_of), true, true});
  }
  std::string log_path = "/z/version-2/log.300000001";
};

TEST_F(DamagedJournal, IsRefusedWhereThereIsNobodyToLearnFrom) {
  damage();
  auto refused = load();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), testing::HasSubstr(log_path));
}

TEST_F(DamagedJournal, HasNoPastButItsPromisesAmongOthers) {
  damage();
  auto loaded = load_with_others();
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_THAT(loaded->damaged, testing::HasSubstr(log_path));
  EXPECT_EQ(loaded->last_logged, zxid{});
  EXPECT_EQ(loaded->accepted, epoch{5});
  auto range = ask<log_range>(read_log{{}, 0});
  ASSERT_TRUE(range);
  EXPECT_TRUE(range->damaged && range->complete);
  EXPECT_TRUE(ask<stored>(store_epoch{epoch_kind::accepted, {6}}));
  EXPECT_FALSE(ask<loaded_data>(truncate_log{at(3, 1)}));
  append({at(3, 4)});
  ASSERT_EQ(failures.size(), 1u) << "nothing is logged behind a hole";
  EXPECT_THAT(failures[0], testing::StartsWith("refused: "));
  EXPECT_TRUE(disk->has(log_path)) << "and nothing is thrown away";
}

TEST_F(DamagedJournal, GoesOnBehindTheSnapshotThatReplacesItAndKeepsTheOldForPeople) {
  damage();
  ASSERT_TRUE(load_with_others());
  ASSERT_TRUE(install_all(at(6, 9)));
  append({at(6, 10)});
  EXPECT_EQ(heard.back(), at(6, 10));
  EXPECT_TRUE(disk->has("/z/version-2/damaged.log.300000001"));
  EXPECT_TRUE(disk->has("/z/version-2/damaged.snapshot.0"));
  EXPECT_FALSE(disk->has("/z/resync"));
  crash();
  auto loaded = must_load();
  EXPECT_EQ(loaded.damaged, "");
  EXPECT_EQ(loaded.last_logged, at(6, 10));
}

TEST_F(DamagedJournal, PastThatWasSetAsideIsNotTakenForNoneWhenTheServerDiesThere) {
  damage();
  ASSERT_TRUE(load_with_others());
  fail_on("rename", "snapshot.600000009");
  EXPECT_FALSE(install_all(at(6, 9)));
  disk->fail = nullptr;
  crash();
  EXPECT_FALSE(load()) << "as an empty directory it could vote";
  auto loaded = load_with_others();
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_THAT(loaded->damaged, testing::HasSubstr("`resync`"));
  ASSERT_TRUE(install_all(at(6, 9)));
  crash();
  EXPECT_EQ(must_load().last_logged, at(6, 9));
}

/// What an operator does who knows better than a checksum.
TEST_F(DamagedJournal, FileOfThatNameHasTheOthersHistoryReplaceThisOne) {
  must_load();
  append({at(3, 1)});
  stop();
  disk->put("/z/resync", "");
  start();
  auto loaded = load_with_others();
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_NE(loaded->damaged, "");
}

/// A promise that was lost is nothing that a snapshot could bring back.
TEST_F(DamagedJournal, EpochThatCannotBeReadIsRefusedAllTheSame) {
  damage();
  disk->put("/z/version-2/acceptedEpoch", "x");
  EXPECT_FALSE(load_with_others());
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
  disk->put("/z/version-2/snapshot.100000002", snapshot_bytes(at(1, 2)));
  auto before = snapshots();
  EXPECT_FALSE(ask<loaded_data>(truncate_log{at(0, 9)}));
  EXPECT_EQ(snapshots(), before);
  EXPECT_FALSE(ask<loaded_data>(truncate_log{at(1, 9)}));
  EXPECT_TRUE(failures.empty());
  append({at(1, 3)});
  EXPECT_EQ(logged_ids().size(), 3u);
}

}  // namespace
}  // namespace troupe
