// SPDX-License-Identifier: Apache-2.0
/// The bounds that the journal keeps, to the very number; what an unfinished snapshot of its own
/// comes to when a leader's arrives; and logs in a directory of their own.
#include <gmock/gmock.h>

#include "tests/actor/journal_world.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;

struct JournalBounds : journal_world {
  void restart() {
    stop();
    start();
    must_load();
  }
};

/// Half of snapCount and up to as much again, drawn by chance: of two that is one, and one more.
TEST_F(JournalBounds, TxnsUntilASnapshot) {
  config.snap_count = 2;
  restart();
  lay_out_snapshot(at(1, 2), at(1, 2));
  append({at(1, 1)});
  EXPECT_EQ(snapshot.asked, 0);
  append({at(1, 2)});
  EXPECT_EQ(snapshot.asked, 1);
  append({at(1, 3)});
  EXPECT_EQ(snapshot.asked, 1) << "it is counted anew";
  append({at(1, 4)});
  EXPECT_EQ(snapshot.asked, 2);
}

/// Whoever appended last need not come again for it.
TEST_F(JournalBounds, SnapshotIsAskedForBehindTheLastTxnAndBecomesWholeWithoutAnother) {
  config.snap_count = 2;
  restart();
  lay_out_snapshot(at(1, 2), at(1, 2));
  append({at(1, 1), at(1, 2)});
  EXPECT_THAT(heard, ElementsAre(at(1, 2)));
  EXPECT_THAT(snapshots(), ElementsAre(at(1, 2), zxid{0}));
}

TEST_F(JournalBounds, LengthOfALogFile) {
  const auto whole =
      static_cast<std::int64_t>(storage::log_header_bytes + storage::entry_overhead_bytes +
                                sample_txn(at(1, 1))->bytes.size());
  for (std::int64_t n = 1; n <= 3; ++n) {
    const auto over = 2 - n;  // by how much the first txn makes the file too long: 1, 0, -1
    config.log_file_bytes_max = whole - over;
    stop();
    disk->clear();
    ASSERT_TRUE(disk->create_directories("/z"));
    start();
    must_load();
    append({at(1, 1)});
    append({at(1, 2)});
    EXPECT_EQ(disk->has("/z/version-2/" + storage::log_name(at(1, 2))), over > 0) << over;
  }
}

/// Roles add what they give; nothing of it stays, whatever becomes of the disk.
TEST_F(JournalBounds, WhatWaitsForTheDiskIsTakenAwayWhenItHasItOrWillNotGetIt) {
  auto& waits = gauges->unlogged_bytes;
  const auto give = [&](const std::vector<zxid>& ids) {
    for (auto id : ids) waits += core::held_bytes(*sample_txn(id));
    append(ids);
  };
  give({at(1, 1)});
  EXPECT_EQ(waits, 0) << "before it was asked to load anything";
  must_load();
  give({at(1, 1), at(1, 2)});
  EXPECT_EQ(waits, 0) << "synced";
  fail_on("sync");
  give({at(1, 3)});
  EXPECT_EQ(waits, 0) << "the disk has failed";
  give({at(1, 4)});
  EXPECT_EQ(waits, 0) << "broken";
  disk->fail = nullptr;
  must_load();
  give({at(1, 3)});
  EXPECT_EQ(waits, 0);
}

TEST_F(JournalBounds, TxnsThatAreReadForOthersAtOnce) {
  must_load();
  append({at(1, 1), at(1, 2), at(1, 3)});
  const auto one = sample_txn(at(1, 1))->bytes.size();
  for (const auto& [bytes, count] :
       {std::pair{2 * one - 1, 2u}, std::pair{2 * one, 2u}, std::pair{2 * one + 1, 3u}}) {
    auto range = ask<log_range>(read_log{zxid{0}, bytes});
    ASSERT_TRUE(range) << range.error();
    EXPECT_EQ(range->txns.size(), count) << "until so much is read";
    EXPECT_EQ(range->complete, count == 3);
  }
}

/// It holds txns that are in no history any more, and the log soon reaches further than they did.
TEST_F(JournalBounds, UnfinishedSnapshotIsGivenUpWhenALeadersArrives) {
  config.snap_count = 2;
  restart();
  lay_out_snapshot(at(1, 2), at(1, 2));
  auto last = std::move(snapshot.pieces.back());
  snapshot.pieces.pop_back();
  append({at(1, 1), at(1, 2)});
  ASSERT_EQ(snapshot.asked, 1);
  const auto bytes = snapshot_bytes(at(1, 1));
  ASSERT_TRUE(ask<stored>(install_piece{at(1, 1), bytes.substr(0, 60), true, false}));
  ASSERT_TRUE(ask<stored>(install_piece{at(1, 1), bytes.substr(60), false, true}));
  append({at(2, 1)});
  caf::anon_send(snapshot.to, std::move(last));
  world_->run();
  EXPECT_THAT(snapshots(), ElementsAre(at(1, 1), zxid{0}));
  crash();
  EXPECT_EQ(must_load().last_logged, at(2, 1));
}

TEST_F(JournalBounds, LogsMayHaveADirectoryOfTheirOwn) {
  stop();
  disk->clear();
  for (const char* directory : {"/z", "/l"}) ASSERT_TRUE(disk->create_directories(directory));
  for (const char* name : {"acceptedEpoch", "currentEpoch"})
    disk->put(std::string{"/z/version-2/"} + name, "3");
  config.data_log_dir = "/l";
  start();
  must_load();
  append({at(1, 1)});
  EXPECT_TRUE(disk->has("/l/version-2/log.100000001"));
  EXPECT_FALSE(disk->has("/z/version-2/log.100000001"));
  EXPECT_TRUE(disk->has("/z/version-2/snapshot.0"));
  crash();
  EXPECT_EQ(must_load().last_logged, at(1, 1));
}

}  // namespace
}  // namespace troupe::test
