// SPDX-License-Identifier: Apache-2.0
/// What tells rot from a torn batch: that it is seen below the mark, that nothing above it is taken
/// for rot, and that the mark is never ahead of the log, whoever rewrites, cuts or replaces it.
#include "actors/storage/sync_mark.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>

#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

constexpr const char* mark_path = "/d/actor-node.synced";
constexpr const char* first_log = "/d/log.100000001";

class SyncMark : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(d.create_directories("/d")); }

  txn_log open() {
    auto log = txn_log::open(d, options_for("/d"));
    if (!log) throw std::runtime_error{log.error().text()};
    return std::move(*log);
  }
  void write(txn_log& log, const std::vector<zxid>& ids) {
    for (auto id : ids) ASSERT_TRUE(log.append(*sample_txn(id)));
    ASSERT_TRUE(log.sync());
  }
  /// Five txns; the mark is behind the first `noted` of them.
  void make_log(std::int64_t noted = 5) {
    auto log = open();
    for (std::int64_t i = 1; i <= 5; ++i) {
      write(log, {at(1, i)});
      if (i == noted) {
        ASSERT_TRUE(log.note_synced());
      }
    }
  }
  static std::size_t entry_bytes() { return sample_txn(at(1, 1))->bytes.size() + 13; }
  static std::size_t begin_of(std::size_t n) { return log_header_bytes + (n - 1) * entry_bytes(); }
  std::optional<sync_mark> mark() {
    auto read = read_sync_mark(d, "/d");
    EXPECT_TRUE(read);
    return read->mark;
  }
  /// The same file with other bytes, as rot and torn pages leave it.
  void spoil(const std::string& path, std::size_t from, std::size_t to, char mask) {
    auto file = std::move(*d.open_writable(path, open_mode::existing));
    auto bytes = d.content(path).substr(from, to - from);
    for (auto& byte : bytes) byte = static_cast<char>(mask == 0 ? 0 : byte ^ mask);
    ASSERT_TRUE(file->write_at(from, bytes));
    ASSERT_TRUE(file->sync());
  }
  std::string refusal() { return read_all(d, "/d", at(1, 1)).refusal; }
  std::vector<zxid> stored() { return read_all(d, "/d", at(1, 1)).ids; }

  memory_disk d;
};

TEST(DamageKind, IsRotBelowTheMarkTornBehindItAndUnknownWithoutOne) {
  EXPECT_EQ(judge_damage(100, 99), damage_kind::rot);
  EXPECT_EQ(judge_damage(100, 100), damage_kind::torn);
  EXPECT_EQ(judge_damage(0, 0), damage_kind::torn);
  EXPECT_EQ(judge_damage(std::nullopt, 0), damage_kind::unknown);
}

TEST_F(SyncMark, EveryDamageOfTheLastEntryIsRotOnceItIsNoted) {
  const auto last = begin_of(5), end = begin_of(6);
  for (auto byte = last; byte < end; ++byte) {
    d.clear();
    ASSERT_TRUE(d.create_directories("/d"));
    make_log();
    spoil(first_log, byte, byte + 1, 1);
    EXPECT_NE(refusal().find("was synced up to offset"), std::string::npos) << byte;
    EXPECT_FALSE(txn_log::open(d, options_for("/d")));
  }
}

TEST_F(SyncMark, ZerosInPlaceOfNotedEntriesAreRot) {
  for (std::size_t from : {0u, 1u, 3u, 5u}) {
    d.clear();
    ASSERT_TRUE(d.create_directories("/d"));
    make_log();
    spoil(first_log, from == 0 ? 0 : begin_of(from), begin_of(6), 0);
    EXPECT_NE(refusal().find("this is damage"), std::string::npos) << from;
    EXPECT_FALSE(txn_log::open(d, options_for("/d")));
  }
}

TEST_F(SyncMark, WhatIsAboveItIsATornBatchInWhateverOrder) {
  make_log(2);
  spoil(first_log, begin_of(3), begin_of(4), 0);
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2)}));
  auto log = open();
  ASSERT_TRUE(log.cut_at_open());
  EXPECT_EQ(log.cut_at_open()->tail.end, begin_of(3));
  EXPECT_EQ(log.cut_at_open()->tail.bytes, 3 * entry_bytes());
  write(log, {at(1, 3)});
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2), at(1, 3)}));
}

/// A sector may be torn at any byte, and its end come before its beginning.
TEST_F(SyncMark, HeaderTornAboveItIsAFileThatWasNotBegun) {
  for (std::size_t torn = 1; torn <= log_header_bytes; ++torn) {
    d.clear();
    ASSERT_TRUE(d.create_directories("/d"));
    make_log();
    {
      auto log = open();
      write(log, {at(1, 6)});
    }
    spoil("/d/log.100000006", 0, torn, 0);
    EXPECT_EQ(refusal(), "") << torn;
    EXPECT_EQ(open().last_zxid(), at(1, 5)) << torn;
    EXPECT_FALSE(d.has("/d/log.100000006")) << torn;
  }
}

TEST_F(SyncMark, HeaderOfAnotherFormatIsRefusedBelowItAndWithoutIt) {
  make_log();
  spoil(first_log, 1, 2, 1);
  EXPECT_NE(refusal().find("this is no transaction log"), std::string::npos);
  ASSERT_TRUE(d.remove(mark_path));
  EXPECT_NE(refusal().find("this is no transaction log"), std::string::npos);
}

TEST_F(SyncMark, WithoutItAHoleBeforeAWholeEntryIsDamageAsInAnyDirectory) {
  make_log(2);
  ASSERT_TRUE(d.remove(mark_path));
  spoil(first_log, begin_of(3), begin_of(4), 0);
  EXPECT_NE(refusal().find("a good entry follows"), std::string::npos);
}

TEST_F(SyncMark, GoesUpOnlyWhenItIsSaid) {
  auto log = open();
  write(log, {at(1, 1)});
  EXPECT_EQ(mark()->offset, 0u) << "the file is known, and nothing in it";
  EXPECT_TRUE(log.is_mark_behind());
  d.history.clear();
  ASSERT_TRUE(log.note_synced());
  EXPECT_EQ(mark()->offset, begin_of(2));
  EXPECT_EQ(mark()->last, at(1, 1));
  EXPECT_EQ(d.count("sync"), 1u);
  EXPECT_FALSE(log.is_mark_behind());
  d.history.clear();
  ASSERT_TRUE(log.note_synced());
  EXPECT_TRUE(d.history.empty());
}

TEST_F(SyncMark, ComesWithARollAndWithTheNextStart) {
  {
    auto log = open();
    write(log, {at(1, 1)});
    ASSERT_TRUE(log.roll());
    EXPECT_EQ(mark()->offset, begin_of(2));
    write(log, {at(1, 2)});
  }
  auto log = open();
  EXPECT_EQ(mark()->file, at(1, 2));
  EXPECT_EQ(mark()->offset, begin_of(2)) << "what was found is settled, and noted";
}

/// Neither the file that was begun nor the one before it may lose what was noted.
TEST_F(SyncMark, OfAFileJustBegunGuardsTheEndOfTheOneBefore) {
  make_log();
  {
    auto log = open();
    ASSERT_TRUE(log.append(*sample_txn(at(1, 6))));
    d.fail = [](const std::string& what, const std::string& path) {
      return what == "write" && path.find("log.") != std::string::npos ? EIO : 0;
    };
    ASSERT_FALSE(log.sync());
    d.fail = nullptr;
  }
  EXPECT_EQ(mark()->file, at(1, 6));
  EXPECT_EQ(mark()->last, at(1, 5));
  auto synced = read_sync_mark(d, "/d");
  ASSERT_TRUE(synced->mark);
  EXPECT_EQ(synced->of(at(1, 1)), std::nullopt);
}

// -- never ahead --------------------------------------------------------------------------------

/// Each way in which a log becomes shorter, with a crash before each call that changes the disk.
class Shortened : public SyncMark, public testing::WithParamInterface<int> {
 protected:
  static io_result<void> shorten(txn_log& log) {
    switch (GetParam()) {
      case 0:
        return log.truncate_to(at(1, 3));  // within the last file
      case 1:
        return log.truncate_to(at(1, 1));  // within the one before
      case 2:
        return log.continue_after(at(1, 4));
      default:
        return log.continue_after({});  // nothing is left
    }
  }
  void make_two_files() {
    auto log = open();
    write(log, {at(1, 1), at(1, 2)});
    ASSERT_TRUE(log.roll());
    write(log, {at(1, 3), at(1, 4), at(1, 5)});
    ASSERT_TRUE(log.roll());
  }
};

TEST_P(Shortened, TheMarkIsNeverAheadOfTheLog) {
  for (std::size_t calls = 0;; ++calls) {
    d.clear();
    ASSERT_TRUE(d.create_directories("/d"));
    make_two_files();
    bool is_whole = false;
    {
      auto log = open();
      std::size_t left = calls;
      d.fail = [&left](const std::string&, const std::string&) {
        return left == 0 ? EIO : (--left, 0);
      };
      is_whole = shorten(log).has_value();
      d.fail = nullptr;
    }
    for (bool power : {false, true}) {
      if (power) d.crash();
      EXPECT_EQ(refusal(), "") << calls;
      auto synced = read_sync_mark(d, "/d");
      ASSERT_TRUE(synced);
      if (synced->mark) {
        EXPECT_LE(synced->mark->last, txn_log::open(d, options_for("/d"))->last_zxid());
      }
    }
    auto log = open();
    const auto last = log.last_zxid();
    write(log, {last == zxid{} ? at(1, 1) : last.next()});
    EXPECT_EQ(refusal(), "") << calls;
    if (is_whole) break;
    ASSERT_LT(calls, 100u);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, Shortened, testing::Range(0, 4));

/// A cut that took rot for the end would take the mark, the only witness, along.
TEST_F(SyncMark, WhatRottedIsNotCutOff) {
  make_log();
  auto log = open();
  spoil(first_log, begin_of(5), begin_of(6), 0);
  EXPECT_FALSE(log.check_cut(at(1, 5)));
  EXPECT_FALSE(log.truncate_to(at(1, 5)));
  EXPECT_EQ(mark()->last, at(1, 5));
  ASSERT_TRUE(log.truncate_to(at(1, 4))) << "what stands above the cut may be as it is";
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(stored().size(), 4u);
}

TEST_F(SyncMark, OfAFileThatAnotherProgramHasCutIsVoid) {
  make_log();
  auto file = std::move(*d.open_writable(first_log, open_mode::existing));
  ASSERT_TRUE(file->resize(begin_of(4)));  // ZooKeeper, told by its leader to truncate
  EXPECT_EQ(mark(), std::nullopt);
  EXPECT_NE(read_sync_mark(d, "/d")->void_because.find("another program has cut it"),
            std::string::npos);
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2), at(1, 3)}));
  EXPECT_EQ(open().last_zxid(), at(1, 3));
  EXPECT_EQ(mark()->last, at(1, 3));
}

TEST_F(SyncMark, OfAFileThatABackupHasReplacedIsVoid) {
  make_log();
  d.put(first_log, log_bytes({at(1, 1), at(1, 2)}) + std::string(10'000, '\0'));
  EXPECT_EQ(mark(), std::nullopt);
  EXPECT_EQ(stored(), (std::vector{at(1, 1), at(1, 2)}));
  EXPECT_EQ(open().last_zxid(), at(1, 2));
}

TEST_F(SyncMark, OfAFileThatIsGoneIsVoid) {
  make_log();
  ASSERT_TRUE(d.remove(first_log));
  EXPECT_EQ(mark(), std::nullopt);
  EXPECT_EQ(open().last_zxid(), zxid{});
}

/// ZooKeeper has run in between: its files are judged as those of any other directory.
TEST_F(SyncMark, SaysNothingOfNewerFilesThatItDoesNotName) {
  make_log();
  auto bytes = log_bytes({at(2, 1), at(2, 2), at(2, 3)});
  const auto third = bytes.size() - entry_bytes();
  bytes[third - 20] ^= 1;
  d.put("/d/log.200000001", bytes);
  EXPECT_NE(refusal().find("a good entry follows"), std::string::npos);
}

// -- the file itself ----------------------------------------------------------------------------

TEST_F(SyncMark, OneOfItsCopiesIsEnough) {
  for (std::size_t copy : {0u, 4096u}) {
    d.clear();
    ASSERT_TRUE(d.create_directories("/d"));
    make_log();
    const auto whole = mark();
    for (std::size_t byte = 0; byte < 100; ++byte) {
      spoil(mark_path, copy + byte, copy + byte + 1, 4);
      ASSERT_TRUE(mark()) << byte;
      EXPECT_EQ(mark()->offset, whole->offset);
    }
  }
}

TEST_F(SyncMark, WithBothCopiesDamagedIsSaidToBeUnreadable) {
  make_log();
  spoil(mark_path, 10, 11, 4);
  spoil(mark_path, 4096 + 30, 4096 + 31, 4);
  auto read = read_sync_mark(d, "/d");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->mark, std::nullopt);
  EXPECT_NE(read->unreadable.find("remove it"), std::string::npos);
  EXPECT_EQ(open().last_zxid(), at(1, 5)) << "who opens the log all the same writes it anew";
  EXPECT_EQ(mark()->last, at(1, 5));
}

/// The system shows what it was to write, and the disk has the mark of before: ahead of the cut.
TEST_F(SyncMark, AfterAFailedSyncIsWrittenIntoANewFile) {
  make_log();
  d.fail = [](const std::string& what, const std::string& path) {
    return what == "sync" && path.ends_with("actor-node.synced") ? EIO : 0;
  };
  {
    auto log = open();
    EXPECT_FALSE(log.truncate_to(at(1, 3))) << "it cannot be taken back, so nothing is cut";
  }
  EXPECT_EQ(stored().size(), 5u);
  EXPECT_EQ(mark()->last, at(1, 3)) << "what the system shows";
  d.fail = nullptr;
  {
    auto log = open();
    ASSERT_TRUE(log.truncate_to(at(1, 3)));
  }
  d.crash();
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(stored().size(), 3u);
}

TEST_F(SyncMark, IsKeptInTheSameRoomForEver) {
  make_log();
  const auto bytes = d.content(mark_path).size();
  {
    auto log = open();
    for (std::int64_t i = 6; i < 60; ++i) {
      write(log, {at(1, i)});
      ASSERT_TRUE(log.note_synced());
    }
  }
  EXPECT_EQ(d.content(mark_path).size(), bytes);
  EXPECT_LE(bytes, 8192u);
}

TEST_F(SyncMark, IsNotKeptWhereFilesHaveNoIdentity) {
  d.has_identities = false;
  make_log();
  EXPECT_FALSE(d.has(mark_path));
  EXPECT_EQ(refusal(), "");
}

// -- what stands before a file ------------------------------------------------------------------

TEST_F(SyncMark, LostEndOfAFileBeforeALaterEpochsFileIsSeen) {
  make_log();
  {
    auto log = open();
    write(log, {at(2, 1), at(2, 2)});
  }
  EXPECT_EQ(refusal(), "");
  spoil(first_log, begin_of(5), begin_of(6), 0);
  EXPECT_NE(refusal().find("was begun behind txn 0x100000005"), std::string::npos) << refusal();
  auto file = std::move(*d.open_writable(first_log, open_mode::existing));
  ASSERT_TRUE(file->resize(begin_of(5)));
  EXPECT_NE(refusal().find("txns are missing"), std::string::npos);
}

TEST_F(SyncMark, FilesOfZooKeeperDoNotSayWhatStandsBefore) {
  d.put(first_log, log_bytes({at(1, 1), at(1, 2)}));
  d.put("/d/log.200000001", log_bytes({at(2, 1)}));
  EXPECT_EQ(refusal(), "");
}

TEST_F(SyncMark, SnapshotNamedByAnEpochAloneIsNoTxnThatCouldBeMissing) {
  make_log();
  {
    auto log = open();
    ASSERT_TRUE(log.continue_after(at(2, 0)));
    write(log, {at(2, 1)});
    EXPECT_LE(mark()->last, at(2, 0));
  }
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(stored().size(), 6u);
}

// -- room ---------------------------------------------------------------------------------------

/// A whole log anew would take as much room again, which a nearly full disk does not have.
TEST_F(SyncMark, OpeningALogWritesNoMoreThanWhatIsInDoubt) {
  make_log(4);
  d.history.clear();
  d.forget_bytes_written();
  (void)open();
  for (const auto& line : d.history)
    EXPECT_FALSE(line.ends_with(".tmp") && line.find("log.") != line.npos) << line;
  EXPECT_EQ(d.bytes_written(first_log), entry_bytes()) << "the fifth entry, which nobody noted";
}

/// Power that is lost in the middle of the cut may leave any sectors of it: what stays is known to
/// be synced all the same.
TEST_F(SyncMark, GoesDownToTheEarlierFileBeforeACutThatEndsInIt) {
  auto log = open();
  write(log, {at(1, 1), at(1, 2), at(1, 3)});
  ASSERT_TRUE(log.roll());
  write(log, {at(1, 4)});
  ASSERT_TRUE(log.note_synced());
  d.fail = [](const std::string& what, const std::string&) { return what == "remove" ? EIO : 0; };
  EXPECT_FALSE(log.truncate_to(at(1, 1)));
  d.fail = {};
  const auto lowered = mark();
  ASSERT_TRUE(lowered);
  EXPECT_EQ(lowered->file, at(1, 1));
  EXPECT_EQ(lowered->last, at(1, 1));
  EXPECT_EQ(lowered->offset, begin_of(2));
  spoil(first_log, begin_of(2), begin_of(2) + 20, 0);
  EXPECT_EQ(read_all(d, "/d", at(1, 1)).refusal.find("this is damage"), std::string::npos);
}

// -- what is committed --------------------------------------------------------------------------

TEST_F(SyncMark, SaysWhatOfTheSyncedIsKnownToBeCommitted) {
  auto log = open();
  const auto committed = [this] { return read_sync_mark(d, "/d")->committed; };
  write(log, {at(1, 1), at(1, 2)});
  ASSERT_TRUE(log.note_synced());
  EXPECT_EQ(committed(), zxid{});
  log.know_committed(at(1, 1));
  EXPECT_TRUE(log.is_mark_behind());
  ASSERT_TRUE(log.note_synced());
  EXPECT_EQ(committed(), at(1, 1));
  log.know_committed(at(1, 4));  // by the others
  ASSERT_TRUE(log.note_synced());
  EXPECT_EQ(committed(), at(1, 2)) << "not more than is synced here";
  EXPECT_FALSE(log.is_mark_behind());
  write(log, {at(1, 3)});
  ASSERT_TRUE(log.roll());
  EXPECT_EQ(committed(), at(1, 3));
  log.know_committed(at(1, 2));
  EXPECT_FALSE(log.is_mark_behind()) << "it does not go down";
}

TEST_F(SyncMark, KnowsWhatIsCommittedOverARestartAndBehindASnapshotWithoutALog) {
  {
    auto log = open();
    write(log, {at(1, 1), at(1, 2)});
    log.know_committed(at(1, 2));
    ASSERT_TRUE(log.note_synced());
  }
  auto log = open();
  EXPECT_EQ(log.known_committed(), at(1, 2));
  ASSERT_TRUE(log.continue_after(at(2, 7)));
  log.know_committed(at(2, 7));
  ASSERT_TRUE(log.note_synced());
  EXPECT_EQ(read_sync_mark(d, "/d")->committed, at(2, 7));
  memory_disk bare;
  ASSERT_TRUE(bare.create_directories("/d"));
  auto none = std::move(*txn_log::open(bare, options_for("/d")));
  ASSERT_TRUE(none.continue_after(at(2, 7)));
  none.know_committed(at(2, 7));
  ASSERT_TRUE(none.note_synced());
  EXPECT_EQ(read_sync_mark(bare, "/d")->committed, at(2, 7)) << "a leader's snapshot is all it has";
  EXPECT_FALSE(read_sync_mark(bare, "/d")->mark);
}

TEST_F(SyncMark, NothingIsKnownOfFilesThatAnotherProgramHasPutThere) {
  {
    auto log = open();
    write(log, {at(1, 1), at(1, 2)});
    log.know_committed(at(1, 2));
    ASSERT_TRUE(log.note_synced());
  }
  const auto bytes = d.content(first_log);
  ASSERT_TRUE(d.remove(first_log));
  d.put(first_log, bytes);
  EXPECT_EQ(read_sync_mark(d, "/d")->committed, zxid{});
}

TEST_F(SyncMark, OfAnEarlierVersionSaysNothingOfWhatIsCommitted) {
  make_log();
  ASSERT_TRUE(mark());
  EXPECT_EQ(read_sync_mark(d, "/d")->committed, zxid{});
}

}  // namespace
}  // namespace troupe::storage
