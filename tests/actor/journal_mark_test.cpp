// SPDX-License-Identifier: Apache-2.0
/// The journal and the log's mark: when what is synced is noted, and what a start makes of a log's
/// end and of a full disk.
#include <gmock/gmock.h>

#include <cerrno>
#include <chrono>

#include "actors/core/sync_note.hpp"
#include "tests/actor/journal_world.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* logs = "/z/version-2";

struct JournalMark : journal_world {
  zxid noted() {
    auto read = storage::read_sync_mark(*disk, logs);
    EXPECT_TRUE(read);
    return read->mark ? read->mark->last : zxid{};
  }
  void be_one_of_three() {
    stop();
    config.servers.resize(3);
    for (std::int64_t n : {1, 2, 3}) config.servers[static_cast<std::size_t>(n - 1)].id = {n};
    start();
  }
  /// The bytes of the newest log, changed and put back as they are on the disk.
  template <class Change>
  void change_log(Change change) {
    auto path = storage::list_logs(*disk, logs)->back().path;
    auto bytes = disk->content(path);
    change(bytes);
    auto file = std::move(*disk->open_writable(path, storage::open_mode::existing));
    ASSERT_TRUE(file->resize(0));
    ASSERT_TRUE(file->write_at(0, bytes));
    ASSERT_TRUE(file->sync());
  }
  std::vector<std::string> warnings_while(const std::function<void()>& work) {
    std::vector<std::string> out;
    log::set_observer([&](log::level level, std::string_view line) {
      if (level == log::level::warn) out.emplace_back(line);
    });
    work();
    log::set_observer({});
    return out;
  }
};

TEST(SyncNoteInterval, IsAHundredTimesWhatANoteTakesWithinItsBounds) {
  EXPECT_EQ(core::sync_note_interval(0ns), 200ms);
  EXPECT_EQ(core::sync_note_interval(2ms), 200ms);
  EXPECT_EQ(core::sync_note_interval(2ms + 1us), 200ms + 100us);
  EXPECT_EQ(core::sync_note_interval(20ms), 2s);
  EXPECT_EQ(core::sync_note_interval(5s), 2s);
}

TEST_F(JournalMark, FollowsALittleLaterAlsoWhenNothingMoreComes) {
  must_load();
  append({at(1, 1)});
  append({at(1, 2)});
  const auto syncs = disk->count("sync");
  EXPECT_LT(noted(), at(1, 2)) << "no sync of its own for each batch";
  world_->advance(core::sync_note_interval_min);
  EXPECT_EQ(noted(), at(1, 2));
  EXPECT_EQ(disk->count("sync"), syncs + 1);
  world_->advance(10s);
  EXPECT_EQ(disk->count("sync"), syncs + 1) << "and then there is nothing to note";
}

TEST_F(JournalMark, IsUpToDateBehindAnEpoch) {
  must_load();
  append({at(1, 1), at(1, 2)});
  ASSERT_TRUE(ask<stored>(store_epoch{epoch_kind::accepted, epoch{4}}));
  EXPECT_EQ(noted(), at(1, 2));
}

TEST_F(JournalMark, IsUpToDateBehindACleanStop) {
  must_load();
  append({at(1, 1), at(1, 2)});
  caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  world_->run();
  EXPECT_EQ(noted(), at(1, 2));
}

TEST_F(JournalMark, TornBatchIsCutAndTheLogSaysHowMuch) {
  must_load();
  append({at(1, 1)});
  world_->advance(1s);
  append({at(1, 2), at(1, 3)});
  const auto entry = sample_txn(at(1, 1))->bytes.size() + storage::entry_overhead_bytes;
  stop();
  change_log([&](std::string& bytes) {
    bytes.replace(storage::log_header_bytes + entry, entry, std::string(entry, '\0'));
  });
  start();
  const auto said = warnings_while([&] { EXPECT_EQ(must_load().last_logged, at(1, 1)); });
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], testing::HasSubstr("torn_batch_cut"));
  EXPECT_THAT(said[0], testing::HasSubstr("bytes=" + std::to_string(2 * entry)));
  append({at(1, 2)});
  EXPECT_EQ(logged_ids(), (std::vector{at(1, 1), at(1, 2)}));
}

TEST_F(JournalMark, RotOfWhatWasNotedIsADamagedHistory) {
  must_load();
  append({at(1, 1), at(1, 2)});
  world_->advance(1s);
  stop();
  change_log([](std::string& bytes) { bytes[bytes.size() - 10] ^= 1; });
  start();
  auto refused = load();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), testing::HasSubstr("was synced up to"));
  auto damaged = ask<loaded_data>(load_data{source, failing, true});
  ASSERT_TRUE(damaged);
  EXPECT_THAT(damaged->damaged, testing::HasSubstr("was synced up to"));
}

// -- what is committed --------------------------------------------------------------------------

TEST_F(JournalMark, StartHoldsBackWhatIsNotKnownToBeCommittedAndSaysThatItIsLogged) {
  be_one_of_three();
  must_load();
  append({at(1, 1), at(1, 2), at(1, 3)});
  caf::anon_send(handle, known_committed{at(1, 2)});
  world_->run();
  world_->advance(1s);
  crash();
  auto left = must_load();
  EXPECT_EQ(left.last_logged, at(1, 3)) << "a vote is for all of it";
  EXPECT_EQ(left.committed, at(1, 2));
  EXPECT_EQ(left.image->data.last_processed(), at(1, 2));
  ASSERT_FALSE(left.recent.empty());
  EXPECT_EQ(left.recent.back()->id(), at(1, 2));
  auto rest = ask<log_range>(read_log{at(1, 2), 1 << 20});
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->txns.size(), 1u);
  EXPECT_EQ(rest->txns[0]->id(), at(1, 3));
  append({at(1, 4)});
  EXPECT_EQ(logged_ids(), (std::vector{at(1, 1), at(1, 2), at(1, 3), at(1, 4)}));
}

TEST_F(JournalMark, WholeLogIsAppliedWhenThatIsAskedFor) {
  be_one_of_three();
  must_load();
  append({at(1, 1), at(1, 2)});
  caf::anon_send(handle, known_committed{at(1, 1)});
  world_->advance(1s);
  crash();
  auto all = ask<loaded_data>(load_data{source, failing, false, true});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->image->data.last_processed(), at(1, 2));
  EXPECT_EQ(all->committed, at(1, 1));
}

TEST_F(JournalMark, WhereNothingIsKnownAllIsAppliedAndNothingVouchedFor) {
  be_one_of_three();
  must_load();
  append({at(1, 1), at(1, 2)});
  world_->advance(1s);
  crash();
  auto left = must_load();
  EXPECT_EQ(left.image->data.last_processed(), at(1, 2));
  EXPECT_EQ(left.committed, zxid{});
}

/// The next load of the same life knows what no note has said yet.
TEST_F(JournalMark, WhatRolesHaveSaidCountsBeforeItIsNoted) {
  be_one_of_three();
  must_load();
  append({at(1, 1), at(1, 2)});
  caf::anon_send(handle, known_committed{at(1, 1)});
  auto again = must_load();
  EXPECT_EQ(again.committed, at(1, 1));
  EXPECT_EQ(again.image->data.last_processed(), at(1, 1));
}

TEST_F(JournalMark, WhatAStandaloneServerHasLoggedIsCommitted) {
  must_load();
  append({at(1, 1), at(1, 2)});
  crash();
  auto alone = must_load();
  EXPECT_EQ(alone.committed, at(1, 2));
  EXPECT_EQ(alone.image->data.last_processed(), at(1, 2));
}

// -- room ---------------------------------------------------------------------------------------

TEST_F(JournalMark, FullDiskIsPurgedAndTheLoadTriedAgain) {
  config.purge_interval_hours = 1;
  config.purge_retain_count = 3;
  stop();
  for (std::int64_t n = 1; n <= 5; ++n)
    disk->put(std::string{logs} + "/snapshot." + std::to_string(n), snapshot_bytes(zxid{n}));
  start();
  bool is_full = true;
  disk->fail = [&](const std::string& what, const std::string& path) {
    if (what == "remove" && path.find("snapshot.1") != path.npos) is_full = false;
    return is_full && what == "write" ? ENOSPC : 0;
  };
  must_load();
  EXPECT_FALSE(disk->has(std::string{logs} + "/snapshot.1"));
  EXPECT_TRUE(disk->has(std::string{logs} + "/snapshot.3"));
}

/// What is older may be all that a start can begin with.
TEST_F(JournalMark, FullDiskIsNotPurgedWhileTheNewestSnapshotDoesNotHold) {
  config.purge_interval_hours = 1;
  config.purge_retain_count = 3;
  stop();
  for (std::int64_t n = 1; n <= 5; ++n) {
    auto bytes = snapshot_bytes(zxid{n});
    if (n > 1) bytes[bytes.size() / 2] ^= 1;
    disk->put(std::string{logs} + "/snapshot." + std::to_string(n), bytes);
  }
  start();
  bool is_full = true;
  disk->fail = [&](const std::string& what, const std::string&) {
    return is_full && what == "write" ? ENOSPC : 0;
  };
  EXPECT_FALSE(load());
  EXPECT_FALSE(ask<stored>(probe_disk{}));
  EXPECT_TRUE(disk->has(std::string{logs} + "/snapshot.1"));
  is_full = false;
  EXPECT_EQ(must_load().last_logged, zxid{1});
}

TEST_F(JournalMark, ProbeAsksForTheRoomThatASnapshotLacked) {
  must_load();
  const auto bytes = snapshot_bytes(at(2, 1));
  bool is_full = false;
  disk->fail = [&](const std::string& what, const std::string& path) {
    return is_full && what == "write" && path.find("snapshot") != path.npos ? ENOSPC : 0;
  };
  ASSERT_TRUE(ask<stored>(install_piece{at(2, 1), bytes.substr(0, 60), true, false}));
  is_full = true;
  EXPECT_FALSE(ask<stored>(install_piece{at(2, 1), bytes.substr(60), false, true}));
  disk->forget_bytes_written();
  ASSERT_TRUE(ask<stored>(probe_disk{}));
  EXPECT_EQ(disk->bytes_written(std::string{logs} + "/actor-node.probe"),
            2 * ((std::uint64_t{1} << 20) + bytes.size()))
      << "dataDir and dataLogDir are one here, so twice";
}

TEST_F(JournalMark, UnfinishedCopiesOfFormerStartsAreRemoved) {
  stop();
  for (const char* name : {"/log.100000001.tmp", "/actor-node.probe", "/snapshot.7.tmp"})
    disk->put(logs + std::string{name}, "half of it");
  disk->put(logs + std::string{"/notes.tmp"}, "somebody's own");
  start();
  must_load();
  for (const char* name : {"/log.100000001.tmp", "/actor-node.probe"})
    EXPECT_FALSE(disk->has(logs + std::string{name})) << name;
  EXPECT_TRUE(disk->has(logs + std::string{"/notes.tmp"}));
}

}  // namespace
}  // namespace troupe::test
