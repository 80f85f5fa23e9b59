// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/txn_log.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

class TxnLog : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(d.create_directories("/d")); }

  txn_log open(std::int64_t size_limit_bytes = 0) {
    auto options = options_for("/d");
    options.size_limit_bytes = size_limit_bytes;
    auto log = txn_log::open(d, options);
    if (!log) throw std::runtime_error{log.error().text()};
    return std::move(*log);
  }
  void write(txn_log& log, const std::vector<zxid>& ids) {
    for (auto id : ids) {
      auto appended = log.append(*sample_txn(id));
      ASSERT_TRUE(appended) << appended.error().text();
    }
    auto synced = log.sync();
    ASSERT_TRUE(synced) << synced.error().text();
  }
  std::vector<zxid> stored() {
    auto all = read_all(d, "/d");
    EXPECT_EQ(all.refusal, "");
    return all.ids;
  }

  memory_disk d;
};

TEST_F(TxnLog, AppendTouchesNoDisk) {
  auto log = open();
  d.history.clear();
  ASSERT_TRUE(log.append(*sample_txn(at(1, 1))));
  EXPECT_TRUE(d.history.empty());
  EXPECT_EQ(log.last_zxid(), at(1, 1));
  EXPECT_EQ(log.synced_zxid(), zxid{0});
}

TEST_F(TxnLog, WhatWaitsIsOneWriteAndOneSync) {
  auto log = open();
  write(log, {at(1, 1)});
  d.history.clear();
  write(log, {at(1, 2), at(1, 3), at(1, 4)});
  EXPECT_EQ(d.history,
            (std::vector<std::string>{"write /d/log.100000001", "sync /d/log.100000001"}));
  EXPECT_EQ(log.synced_zxid(), at(1, 4));
}

TEST_F(TxnLog, NewFileIsDurableWithItsName) {
  auto log = open();
  write(log, {at(1, 1)});
  d.crash();
  EXPECT_EQ(stored(), (std::vector{at(1, 1)}));
}

TEST_F(TxnLog, CrashLosesOnlyWhatWasNotSynced) {
  auto log = open();
  write(log, {at(1, 1), at(1, 2)});
  ASSERT_TRUE(log.append(*sample_txn(at(1, 3))));
  d.crash();
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2)}));
}

TEST_F(TxnLog, SyncWithNothingToDoTouchesNoDisk) {
  auto log = open();
  write(log, {at(1, 1)});
  d.history.clear();
  ASSERT_TRUE(log.sync());
  EXPECT_TRUE(d.history.empty());
}

TEST_F(TxnLog, RestartBeginsANewFile) {
  {
    auto log = open();
    write(log, {at(1, 1), at(1, 2)});
  }
  auto log = open();
  EXPECT_EQ(log.last_zxid(), at(1, 2));
  write(log, {at(1, 3)});
  EXPECT_TRUE(d.has("/d/log.100000003"));
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2), at(1, 3)}));
}

TEST_F(TxnLog, RollBeginsANewFileNamedByItsFirstTxn) {
  auto log = open();
  ASSERT_TRUE(log.append(*sample_txn(at(1, 1))));
  ASSERT_TRUE(log.roll());
  EXPECT_EQ(log.synced_zxid(), at(1, 1));
  write(log, {at(1, 2)});
  EXPECT_TRUE(d.has("/d/log.100000002"));
}

TEST_F(TxnLog, FileBeyondItsLimitIsRolled) {
  auto log = open(90);
  write(log, {at(1, 1)});
  write(log, {at(1, 2)});
  EXPECT_TRUE(d.has("/d/log.100000002"));
  EXPECT_EQ(stored().size(), 2u);
}

TEST_F(TxnLog, HoleIsRefusedAndTheLogGoesOn) {
  auto log = open();
  write(log, {at(1, 1)});
  auto refused = log.append(*sample_txn(at(1, 3)));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("hole"), std::string::npos);
  write(log, {at(1, 2)});
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2)}));
}

/// Which is no fault of the disk, and no reason to think so.
TEST_F(TxnLog, TxnLongerThanAnyLeaderPlansIsRefused) {
  auto log = open();
  write(log, {at(1, 1)});
  // Never touched, so that it takes no memory.
  const std::unique_ptr<void, decltype(&std::free)> room{std::calloc(txn_bytes_max + 1, 1), &free};
  ASSERT_TRUE(room);
  auto refused = log.append(at(1, 2), {static_cast<const char*>(room.get()), txn_bytes_max + 1});
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().is_of_the_disk());
  EXPECT_FALSE(log.poison());
  auto short_of_a_header = log.append(at(1, 2), "short");
  ASSERT_FALSE(short_of_a_header);
  EXPECT_FALSE(short_of_a_header.error().is_of_the_disk());
  write(log, {at(1, 2)});
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2)}));
}

/// Another server may have been told to take longer requests than this one.
TEST_F(TxnLog, LongTxnIsLoggedAndReadBackWhoeverPlannedIt) {
  auto log = open();
  ASSERT_TRUE(log.append(*sample_txn(at(1, 1), std::size_t{5} << 20)));
  ASSERT_TRUE(log.sync());
  EXPECT_EQ(stored(), std::vector{at(1, 1)});
}

TEST_F(TxnLog, LargeTxnsPassThePadding) {
  auto log = open();
  std::vector<zxid> ids;
  for (int i = 1; i <= 5; ++i) {
    ids.push_back(at(1, i));
    ASSERT_TRUE(log.append(*sample_txn(ids.back(), 9000)));
  }
  ASSERT_TRUE(log.sync());
  EXPECT_EQ(stored(), ids);
}

class TxnLogFailure : public TxnLog, public testing::WithParamInterface<const char*> {};

// ZOOKEEPER-4882: a disk error that passes must not leave a hole behind.
TEST_P(TxnLogFailure, PoisonsTheLogForGood) {
  auto log = open();
  if (GetParam() == std::string{"sync"}) write(log, {at(1, 1)});
  auto next = log.last_zxid() == zxid{0} ? at(1, 1) : at(1, 2);
  ASSERT_TRUE(log.append(*sample_txn(next)));
  d.fail = [](const std::string& operation, const std::string&) {
    return operation == GetParam() ? EIO : 0;
  };
  auto first = log.sync();
  ASSERT_FALSE(first);
  d.fail = nullptr;
  EXPECT_EQ(log.sync().error().text(), first.error().text());
  EXPECT_EQ(log.append(*sample_txn({next.value + 1})).error().text(), first.error().text());
  EXPECT_EQ(log.roll().error().text(), first.error().text());
  EXPECT_LT(log.synced_zxid(), next);
}
INSTANTIATE_TEST_SUITE_P(EachStep, TxnLogFailure,
                         testing::Values("create", "resize", "write", "sync", "sync_directory"));

TEST_F(TxnLog, OpenedAnewAfterAFailureGoesOnWithoutAHole) {
  {
    auto log = open();
    write(log, {at(1, 1)});
    ASSERT_TRUE(log.append(*sample_txn(at(1, 2))));
    d.fail = [](const std::string& operation, const std::string&) {
      return operation == "sync" ? EIO : 0;
    };
    ASSERT_FALSE(log.sync());
  }
  d.fail = nullptr;
  d.crash(30);  // a part of the failed write reached the disk
  auto log = open();
  EXPECT_EQ(log.last_zxid(), at(1, 1));
  write(log, {at(1, 2)});
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2)}));
}

// The system may still show what it failed to write, until the machine is restarted.
TEST_P(TxnLogFailure, WhatTheDiskNeverGotIsTakenBack) {
  auto log = open();
  if (GetParam() == std::string{"sync"}) write(log, {at(1, 1)});
  auto durable = log.synced_zxid();
  ASSERT_TRUE(log.append(*sample_txn(durable == zxid{0} ? at(1, 1) : at(1, 2))));
  d.fail = [](const std::string& operation, const std::string&) {
    return operation == GetParam() ? EIO : 0;
  };
  ASSERT_FALSE(log.sync());
  if (GetParam() == std::string{"sync"}) {
    EXPECT_EQ(stored().back(), at(1, 2)) << "the cache has it";
  }
  d.fail = nullptr;
  ASSERT_TRUE(log.take_back_unsynced());
  auto again = open();
  EXPECT_EQ(again.last_zxid(), durable);
  d.crash();
  EXPECT_EQ(stored().empty() ? zxid{0} : stored().back(), durable);
}

TEST_F(TxnLog, WhatAKilledRunLeftUnsyncedIsSyncedAtOpening) {
  auto log = open();
  write(log, {at(1, 1)});
  ASSERT_TRUE(log.append(*sample_txn(at(1, 2))));
  d.fail = [](const std::string& operation, const std::string&) {
    return operation == "sync" ? EIO : 0;
  };
  ASSERT_FALSE(log.sync());  // stands for a kill between write and sync: the bytes are in the cache
  d.fail = nullptr;
  EXPECT_EQ(open().last_zxid(), at(1, 2));
  d.crash();
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2)}));
}

TEST_F(TxnLog, WithoutForceSyncNothingIsSynced) {
  auto options = options_for("/d");
  options.force_sync = false;
  auto log = txn_log::open(d, options);
  write(*log, {at(1, 1)});
  EXPECT_EQ(d.count("sync"), 0u);
  EXPECT_EQ(log->synced_zxid(), at(1, 1));
}

TEST_F(TxnLog, TornTailIsCutAtOpening) {
  auto bytes = log_bytes({at(1, 1), at(1, 2)});
  d.put("/d/log.100000001", bytes.substr(0, bytes.size() - 3));
  auto log = open();
  EXPECT_EQ(log.last_zxid(), at(1, 1));
  EXPECT_EQ(d.content("/d/log.100000001"), log_bytes({at(1, 1)}));
  write(log, {at(1, 2)});
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2)}));
}

/// What a failed cut or sync left of a file is shown by the system's cache, whatever the disk has.
TEST_F(TxnLog, LogThatIsFoundIsWrittenAnewIntoAnotherFile) {
  d.put("/d/log.100000001", log_bytes({at(1, 1), at(1, 2), at(1, 3)}));
  {
    auto log = open();
    d.fail = [](const std::string& operation, const std::string& path) {
      return operation == "sync" && path == "/d/log.100000001" ? EIO : 0;
    };
    EXPECT_FALSE(log.truncate_to(at(1, 1)));
  }
  auto log = open();  // although no sync of that very file ever succeeds
  EXPECT_EQ(log.last_zxid(), at(1, 1));
  d.crash();
  EXPECT_EQ(stored(), (std::vector{at(1, 1)}));
}

// ZOOKEEPER-2332: a power cut right after a file's creation must not keep the server down.
TEST_F(TxnLog, FilesAtTheEndWithoutATxnAreRemovedAtOpening) {
  d.put("/d/log.100000001", log_bytes({at(1, 1)}));
  d.put("/d/log.100000002", encode_log_header());
  d.put("/d/log.200000001", "");
  auto log = open();
  EXPECT_EQ(log.last_zxid(), at(1, 1));
  EXPECT_FALSE(d.has("/d/log.100000002"));
  EXPECT_FALSE(d.has("/d/log.200000001"));
  write(log, {at(1, 2)});
}

TEST_F(TxnLog, CorruptMiddleOfTheLastFileIsRefusedAtOpening) {
  auto bytes = log_bytes({at(1, 1), at(1, 2)});
  bytes[40] ^= 1;
  d.put("/d/log.100000001", bytes);
  auto opened = txn_log::open(d, options_for("/d"));
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().is_corrupt());
}

// -- TRUNC --------------------------------------------------------------------------------------

class TxnLogTruncate : public TxnLog {
 protected:
  /// log.1:1..2, log.3:3..4, log.5:5..6 of epoch 1.
  txn_log three_files() {
    auto log = open();
    for (int i = 1; i <= 5; i += 2) {
      write(log, {at(1, i), at(1, i + 1)});
      EXPECT_TRUE(log.roll());
    }
    return log;
  }
};

TEST_F(TxnLogTruncate, LeavesTheTxnsUpToTheTarget) {
  auto log = three_files();
  ASSERT_TRUE(log.truncate_to(at(1, 3)));
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2), at(1, 3)}));
  EXPECT_EQ(log.last_zxid(), at(1, 3));
  EXPECT_FALSE(d.has("/d/log.100000005"));
  write(log, {at(2, 1)});
  EXPECT_EQ(stored().back(), at(2, 1));
}

TEST_F(TxnLogTruncate, CutFileEndsRightAfterTheTarget) {
  auto log = three_files();
  ASSERT_TRUE(log.truncate_to(at(1, 3)));
  EXPECT_EQ(d.content("/d/log.100000003"),
            encode_log_header(at(1, 2)) + log_bytes({at(1, 3)}).substr(log_header_bytes));
}

TEST_F(TxnLogTruncate, IsDurable) {
  auto log = three_files();
  ASSERT_TRUE(log.truncate_to(at(1, 1)));
  d.crash();
  EXPECT_EQ(stored(), (std::vector{at(1, 1)}));
}

TEST_F(TxnLogTruncate, ToTheEndChangesNothing) {
  auto log = three_files();
  ASSERT_TRUE(log.truncate_to(at(1, 6)));
  EXPECT_EQ(stored().size(), 6u);
}

TEST_F(TxnLogTruncate, ToZeroEmptiesTheLog) {
  auto log = three_files();
  ASSERT_TRUE(log.truncate_to(zxid{0}));
  EXPECT_TRUE(stored().empty());
  write(log, {at(2, 1)});
}

TEST_F(TxnLogTruncate, ToATxnThatIsNotThereIsRefusedAndChangesNothing) {
  auto log = three_files();
  for (auto target : {at(1, 7), at(2, 1), at(0, 9)}) {
    auto cut = log.truncate_to(target);
    ASSERT_FALSE(cut);
    EXPECT_NE(cut.error().text().find("does not hold"), std::string::npos);
  }
  EXPECT_EQ(stored().size(), 6u);
  write(log, {at(1, 7)});
}

TEST_F(TxnLogTruncate, ToTheSnapshotThatTheLogBeginsAfter) {
  auto log = open();
  ASSERT_TRUE(log.continue_after(at(1, 10)));
  write(log, {at(1, 11)});
  ASSERT_TRUE(log.truncate_to(at(1, 10)));
  EXPECT_EQ(log.last_zxid(), at(1, 10));
  EXPECT_TRUE(stored().empty());
}

TEST_F(TxnLogTruncate, WithUnsyncedTxnsIsRefused) {
  auto log = three_files();
  ASSERT_TRUE(log.append(*sample_txn(at(1, 7))));
  EXPECT_FALSE(log.truncate_to(at(1, 3)));
}

class TxnLogTruncateCrash : public TxnLogTruncate, public testing::WithParamInterface<int> {};

// Compare ZOOKEEPER-5094: stopped at whatever step, the log has no hole and the cut can be redone.
TEST_P(TxnLogTruncateCrash, LeavesAPrefixAndRedoingCompletesIt) {
  {
    auto log = three_files();
    int steps = GetParam();
    d.fail = [&steps](const std::string&, const std::string&) { return steps-- > 0 ? 0 : EIO; };
    auto cut = log.truncate_to(at(1, 1));
    d.fail = nullptr;
    EXPECT_EQ(cut.has_value(), !log.poison());
  }
  d.crash();
  auto left = stored();
  ASSERT_FALSE(left.empty());
  for (std::size_t i = 0; i < left.size(); ++i)
    EXPECT_EQ(left[i], at(1, static_cast<std::int64_t>(i) + 1));
  auto again = open();
  ASSERT_TRUE(again.truncate_to(at(1, 1)));
  EXPECT_EQ(stored(), (std::vector{at(1, 1)}));
}
INSTANTIATE_TEST_SUITE_P(AfterSteps, TxnLogTruncateCrash, testing::Range(0, 9));

TEST_F(TxnLogTruncate, ContinueAfterASnapshotBelowTheEndCutsWhatIsAbove) {
  auto log = three_files();
  ASSERT_TRUE(log.continue_after(at(1, 5)));
  EXPECT_EQ(stored().back(), at(1, 5));
  write(log, {at(1, 6)});
  EXPECT_EQ(stored().size(), 6u);
}

}  // namespace
}  // namespace troupe::storage
