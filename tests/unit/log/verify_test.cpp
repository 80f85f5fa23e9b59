// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/log/tool.hpp"

namespace troupe::log_tool {
namespace {

using testing::HasSubstr;

TEST_F(Tool, GenuineDirectoryVerifiesWithEveryDigestReplayed) {
  put_genuine({"snapshot.0", "snapshot.f", "log.1", "log.10"});
  EXPECT_EQ(run({"verify", "/z"}), exit_code::fine) << out << err;
  EXPECT_THAT(out, HasSubstr("log.1: 15 txns, 0x1 to 0xf, checksums right, no hole\n"));
  EXPECT_THAT(out, HasSubstr("snapshot.f: whole, 9 znodes, digest 0x3a4ddc94b at 0xf\n"));
  EXPECT_THAT(out,
              HasSubstr("replay from an empty database: 18 txns to 0x12, 17 digests of the log "
                        "and 1 of snapshots compared, 0 differ\nall right\n"));
}

TEST_F(Tool, PurgedLogIsReplayedFromTheSnapshotBeforeIt) {
  put_genuine({"snapshot.f", "log.10", "snapshot.12.snappy"});
  EXPECT_EQ(run({"verify", "--json", "/z"}), exit_code::fine) << out;
  auto r = lines().at(0);
  EXPECT_EQ(r["all_right"], true);
  EXPECT_EQ(r["replay"]["from"], "snapshot.f");
  EXPECT_EQ(r["replay"]["last_zxid"], "0x12");
  EXPECT_EQ(r["replay"]["snapshots_compared"], 1);
}

TEST_F(Tool, DigestThatReplayDoesNotReachIsFound) {
  auto changed = decode_txn(storage::sample_txn(zxid{1})->bytes).value();
  changed.digest = txn_digest{2, 4711};
  auto bytes = storage::encode_log_header();
  storage::append_entry(bytes, encode_txn(changed));
  d.put("/z/version-2/log.1", bytes);
  EXPECT_EQ(run({"verify", "/z"}), exit_code::found);
  EXPECT_THAT(out, HasSubstr("at 0x1 the log says digest 0x1267, replay gives 0x"));
  EXPECT_THAT(out, HasSubstr("damaged\n"));
}

TEST_F(Tool, HolesBetweenFilesAreFound) {
  d.put("/z/version-2/log.1", storage::log_bytes({zxid{1}, zxid{2}}));
  d.put("/z/version-2/log.4", storage::log_bytes({zxid{4}}));
  EXPECT_EQ(run({"verify", "/z"}), exit_code::found);
  EXPECT_THAT(out, HasSubstr("txn 0x4 of /z/version-2/log.4 stands after 0x2"));
}

/// What a start does about a log's end: the same bytes are a torn batch or rot, by the log's mark.
struct LogEnd : Tool {
  void SetUp() override {
    Tool::SetUp();
    put_genuine({"snapshot.0"});
    auto log = storage::txn_log::open(d, storage::options_for("/z/version-2", 0));
    for (std::int64_t n = 1; n <= 3; ++n) {
      ASSERT_TRUE(log->append(*storage::sample_txn(zxid{n})));
      ASSERT_TRUE(log->sync());
      if (n == 2) noted = d.content("/z/version-2/log.1").size();
      if (n == 2) {
        ASSERT_TRUE(log->note_synced());
      }
    }
  }
  void zero(std::size_t from, std::size_t bytes) {
    auto file = std::move(*d.open_writable("/z/version-2/log.1", storage::open_mode::existing));
    ASSERT_TRUE(file->write_at(from, std::string(bytes, '\0')));
  }
  std::size_t noted = 0;
};

TEST_F(LogEnd, ZerosAboveTheMarkAreAnUnfinishedEnd) {
  zero(noted, 20);
  EXPECT_EQ(run({"verify", "/z/version-2/log.1"}), exit_code::fine) << out;
  EXPECT_THAT(out, HasSubstr("unfinished end at offset " + std::to_string(noted)));
}

TEST_F(LogEnd, ZerosBelowItAreDamageAndAreNotRepaired) {
  zero(noted - 20, 20);
  EXPECT_EQ(run({"verify", "/z/version-2/log.1"}), exit_code::found);
  EXPECT_THAT(out, HasSubstr("was synced up to offset " + std::to_string(noted)));
  EXPECT_EQ(run({"repair", "--yes", "/z/version-2/log.1"}), exit_code::found);
  EXPECT_THAT(err, HasSubstr("This is no torn end"));
}

TEST_F(Tool, FileThatLostItsEndBeforeALaterEpochIsAHole) {
  d.put("/z/version-2/log.1", storage::log_bytes({zxid{1}, zxid{2}}));
  auto later = storage::encode_log_header(zxid{3});
  storage::append_entry(later, storage::sample_txn(storage::at(1, 1))->bytes);
  d.put("/z/version-2/log.100000001", later);
  EXPECT_EQ(run({"verify", "/z"}), exit_code::found);
  EXPECT_THAT(out, HasSubstr("was begun behind txn 0x3"));
}

TEST_F(Tool, EveryDamagedFileIsNamedWithItsOffset) {
  put_genuine({"snapshot.0", "log.10"});
  auto snapshot = storage::genuine_file("snapshot.f");
  snapshot[100] ^= 1;
  d.put("/z/version-2/snapshot.f", snapshot);
  auto log = storage::genuine_file("log.1");
  log[20] ^= 1;
  d.put("/z/version-2/log.1", log);
  EXPECT_EQ(run({"verify", "/z"}), exit_code::found);
  EXPECT_THAT(out, HasSubstr("/z/version-2/snapshot.f"));
  EXPECT_THAT(out, HasSubstr("/z/version-2/log.1 at offset 16: "));
  EXPECT_THAT(out, HasSubstr("log.10: 3 txns"));
}

TEST_F(Tool, SingleFilesAreCheckedByThemselves) {
  put_genuine({"snapshot.12.gz", "log.10"});
  EXPECT_EQ(run({"verify", "/z/version-2/snapshot.12.gz", "/z/version-2/log.10"}), exit_code::fine);
  EXPECT_THAT(out, HasSubstr("snapshot.12.gz: whole, 10 znodes"));
  EXPECT_THAT(out, HasSubstr("no replay"));
}

// -- repair -----------------------------------------------------------------------------------

class Repair : public Tool {
 protected:
  void SetUp() override {
    Tool::SetUp();
    whole = storage::genuine_file("log.1");
    torn = whole.substr(0, whole.size() - 5) + std::string(100, '\0');
    d.put("/z/version-2/log.1", torn);
  }
  static constexpr std::size_t last_entry = 1428;
  std::string whole, torn;
};

TEST_F(Repair, WritesTheWholeTxnsBesideTheLog) {
  EXPECT_EQ(run({"repair", "--yes", "/z/version-2/log.1"}), exit_code::fine) << err;
  EXPECT_EQ(d.content("/z/version-2/log.1"), torn);
  EXPECT_EQ(d.content("/z/version-2/log.1.repaired"), whole.substr(0, last_entry));
  EXPECT_THAT(err, HasSubstr("14 whole txns up to 0xe; at offset 1428: "));
}

TEST_F(Repair, AsksAndTakesNoForNo) {
  EXPECT_EQ(run({"repair", "/z/version-2/log.1"}, "n\n", true), exit_code::found);
  EXPECT_THAT(err, HasSubstr("[y/N]"));
  EXPECT_FALSE(d.has("/z/version-2/log.1.repaired"));
  EXPECT_EQ(run({"repair", "/z/version-2/log.1"}, "y\n", true), exit_code::fine);
  EXPECT_TRUE(d.has("/z/version-2/log.1.repaired"));
}

TEST_F(Repair, ChangesNothingWhenNobodyCanBeAsked) {
  EXPECT_EQ(run({"repair", "/z/version-2/log.1"}), exit_code::found);
  EXPECT_THAT(err, HasSubstr("--yes"));
  EXPECT_FALSE(d.has("/z/version-2/log.1.repaired"));
}

TEST_F(Repair, InPlaceKeepsTheTornOne) {
  EXPECT_EQ(run({"repair", "--yes", "--in-place", "/z/version-2/log.1"}), exit_code::fine) << err;
  d.crash();
  EXPECT_EQ(d.content("/z/version-2/log.1"), whole.substr(0, last_entry));
  EXPECT_EQ(d.content("/z/version-2/log.1.torn"), torn);
  d.put("/z/version-2/log.1", torn);
  EXPECT_EQ(run({"repair", "--yes", "--in-place", "/z/version-2/log.1"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("earlier backup"));
  EXPECT_EQ(d.content("/z/version-2/log.1"), torn);
}

TEST_F(Repair, InPlaceIsRefusedWhileAServerHoldsTheDirectory) {
  d.put("/z/version-2/../actor-node.lock", "");
  auto held = d.lock_file("/z/version-2/../actor-node.lock");
  EXPECT_EQ(run({"repair", "--yes", "--in-place", "/z/version-2/log.1"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("process with id 77"));
  EXPECT_EQ(d.content("/z/version-2/log.1"), torn);
}

TEST_F(Repair, NeverOverwritesAndFindsNothingToDoInAWholeLog) {
  d.put("/z/version-2/log.1.repaired", "mine");
  EXPECT_EQ(run({"repair", "--yes", "/z/version-2/log.1"}), exit_code::failed);
  EXPECT_EQ(d.content("/z/version-2/log.1.repaired"), "mine");
  put_genuine({"log.10"});
  EXPECT_EQ(run({"repair", "--yes", "/z/version-2/log.10"}), exit_code::fine);
  EXPECT_THAT(out, HasSubstr("nothing to repair"));
}

TEST_F(Repair, DamageBeforeGoodTxnsIsNotCutAway) {
  auto damaged = whole;
  damaged[200] ^= 1;
  d.put("/z/version-2/log.1", damaged);
  EXPECT_EQ(run({"repair", "--yes", "/z/version-2/log.1"}), exit_code::found);
  EXPECT_THAT(err, HasSubstr("at offset 179"));
  EXPECT_THAT(err, HasSubstr("no torn end"));
  EXPECT_FALSE(d.has("/z/version-2/log.1.repaired"));
}

}  // namespace
}  // namespace troupe::log_tool
