// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/log_reader.hpp"

#include <gtest/gtest.h>

#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

std::string path_of(zxid first) { return "/d/" + log_name(first); }

class LogReader : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(d.create_directories("/d")); }
  void put(const std::vector<zxid>& ids, std::size_t zeros = 1000) {
    d.put(path_of(ids.front()), log_bytes(ids) + std::string(zeros, '\0'));
  }
  memory_disk d;
};

TEST_F(LogReader, EmptyDirectoryIsAnEmptyLog) {
  auto all = read_all(d, "/d");
  EXPECT_TRUE(all.ids.empty());
  EXPECT_EQ(all.refusal, "");
}

TEST_F(LogReader, MissingDirectoryIsAnError) {
  EXPECT_NE(read_all(d, "/nowhere").refusal.find("/nowhere"), std::string::npos);
}

TEST_F(LogReader, BeginsInTheMiddleOfAFile) {
  put({at(1, 1), at(1, 2), at(1, 3)});
  put({at(1, 4)});
  EXPECT_EQ(read_all(d, "/d", at(1, 3)).ids, (std::vector{at(1, 3), at(1, 4)}));
}

TEST_F(LogReader, BeyondTheEndThereIsNothing) {
  put({at(1, 1)});
  auto all = read_all(d, "/d", at(1, 2));
  EXPECT_TRUE(all.ids.empty());
  EXPECT_EQ(all.refusal, "");
}

TEST_F(LogReader, EpochsFollowEachOther) {
  put({at(1, 1), at(1, 2)});
  put({at(3, 1)});
  EXPECT_EQ(read_all(d, "/d", at(1, 1)).ids, (std::vector{at(1, 1), at(1, 2), at(3, 1)}));
}

TEST_F(LogReader, ForeignNamesAndDirectoriesArePassedOver) {
  put({at(1, 1)});
  d.put("/d/log.100000002.bak", "junk");
  d.put("/d/log.xyz", "junk");
  d.put("/d/lost+found/log.100000002", "junk");
  ASSERT_TRUE(d.create_directories("/d/log.100000002"));
  EXPECT_EQ(read_all(d, "/d", at(1, 1)).ids, (std::vector{at(1, 1)}));
}

TEST_F(LogReader, HoleInAnEpochIsRefusedWithFileAndOffset) {
  put({at(1, 1), at(1, 2)});
  put({at(1, 4)});
  auto all = read_all(d, "/d", at(1, 1));
  EXPECT_EQ(all.ids.size(), 2u);
  EXPECT_NE(all.refusal.find("log.100000004 at offset 16"), std::string::npos) << all.refusal;
  EXPECT_NE(all.refusal.find("hole"), std::string::npos);
}

TEST_F(LogReader, FileThatBeginsBeforeItsNameSaysIsRefused) {
  put({at(1, 1)});
  d.put("/d/log.200000007", log_bytes({at(1, 2)}));
  const auto all = read_all(d, "/d", at(1, 1));
  EXPECT_NE(all.refusal.find("log.200000007 at offset 16"), std::string::npos) << all.refusal;
  EXPECT_FALSE(txn_log::open(d, options_for("/d")));  // what it took would stand in log.100000003
}

TEST_F(LogReader, FirstTxnMustFollowWhereReadingBegins) {
  put({at(1, 5)});
  EXPECT_NE(read_all(d, "/d", at(1, 4)).refusal, "");
  EXPECT_EQ(read_all(d, "/d", at(1, 5)).refusal, "");
}

// A received snapshot stands between the two files; what is before it is not looked at.
TEST_F(LogReader, HoleBeforeTheBeginningDoesNotMatter) {
  put({at(1, 1), at(1, 2)});
  put({at(1, 10), at(1, 11)});
  EXPECT_EQ(read_all(d, "/d", at(1, 11)).ids, (std::vector{at(1, 11)}));
}

TEST_F(LogReader, UnknownTypeIsRefusedWithFileOffsetAndType) {
  auto t = sample_txn(at(1, 2))->value;
  auto payload = encode_txn(t);
  payload[31] = 99;
  auto bytes = log_bytes({at(1, 1)});
  auto offset = bytes.size();
  append_entry(bytes, payload);
  d.put("/d/log.100000001", bytes);
  auto all = read_all(d, "/d", at(1, 1));
  EXPECT_EQ(all.ids.size(), 1u);
  EXPECT_NE(all.refusal.find("type 99"), std::string::npos) << all.refusal;
  EXPECT_NE(all.refusal.find("log.100000001 at offset " + std::to_string(offset)),
            std::string::npos);
}

TEST_F(LogReader, AnotherFormatsFileIsRefused) {
  d.put("/d/log.1", "ZKSN0000000000000000000000000000");
  EXPECT_NE(read_all(d, "/d").refusal.find("no transaction log"), std::string::npos);
}

// -- torn tails ---------------------------------------------------------------------------------

TEST_F(LogReader, ZeroByteHeaderOnlyAndZeroedFilesAtTheEndArePassedOver) {
  put({at(1, 1)});
  d.put(path_of(at(1, 2)), "");
  d.put(path_of(at(2, 1)), encode_log_header());
  d.put(path_of(at(3, 1)), encode_log_header() + std::string(5000, '\0'));
  d.put(path_of(at(4, 1)), std::string(5000, '\0'));
  d.put(path_of(at(5, 1)), encode_log_header().substr(0, 9));
  auto all = read_all(d, "/d", at(1, 1));
  EXPECT_EQ(all.refusal, "");
  EXPECT_EQ(all.ids, (std::vector{at(1, 1)}));
}

TEST_F(LogReader, ShortFileInTheMiddleIsRefused) {
  for (const auto& bytes : {std::string{}, encode_log_header(), std::string(100, '\0')}) {
    put({at(1, 1)});
    d.put(path_of(at(1, 2)), bytes);
    put({at(2, 1)});
    auto all = read_all(d, "/d", at(1, 1));
    EXPECT_NE(all.refusal.find("log.100000002"), std::string::npos) << bytes.size();
  }
}

TEST_F(LogReader, CutEntryBeforeAFileThatGoesOnIsAFormerCrash) {
  auto bytes = log_bytes({at(1, 1), at(1, 2)});
  d.put(path_of(at(1, 1)), bytes.substr(0, bytes.size() - 5) + std::string(3000, '\0'));
  put({at(1, 2)});
  auto all = read_all(d, "/d", at(1, 1));
  EXPECT_EQ(all.refusal, "");
  EXPECT_EQ(all.ids, (std::vector{at(1, 1), at(1, 2)}));
}

TEST_F(LogReader, CutEntryBeforeAFileThatDoesNotGoOnIsRefused) {
  auto bytes = log_bytes({at(1, 1), at(1, 2)});
  d.put(path_of(at(1, 1)), bytes.substr(0, bytes.size() - 5));
  put({at(1, 3)});
  EXPECT_NE(read_all(d, "/d", at(1, 1)).refusal, "");
}

TEST_F(LogReader, WrongChecksumAtTheEndOfAFileInTheMiddleIsRefused) {
  auto bytes = log_bytes({at(1, 1), at(1, 2)});
  bytes[bytes.size() - 5] ^= 1;
  d.put(path_of(at(1, 1)), bytes);
  put({at(1, 2)});
  auto all = read_all(d, "/d", at(1, 1));
  EXPECT_NE(all.refusal.find("checksum"), std::string::npos) << all.refusal;
}

TEST_F(LogReader, GarbageAfterTheZerosOfTheLastFileIsATornBatch) {
  d.put(path_of(at(1, 1)), log_bytes({at(1, 1)}) + std::string(700, '\0') + "some page of a batch");
  auto all = read_all(d, "/d", at(1, 1));
  EXPECT_EQ(all.refusal, "");
  EXPECT_EQ(all.ids.size(), 1u);
}

TEST_F(LogReader, GoodEntryAfterZerosIsDamage) {
  auto second = log_bytes({at(1, 2)}).substr(log_header_bytes);
  d.put(path_of(at(1, 1)), log_bytes({at(1, 1)}) + std::string(700, '\0') + second);
  auto all = read_all(d, "/d", at(1, 1));
  EXPECT_NE(all.refusal.find("good entry follows"), std::string::npos) << all.refusal;
}

TEST_F(LogReader, ImpossibleLengthBeforeAGoodEntryIsDamage) {
  for (int byte : {8, 11}) {  // the length's first and last byte
    auto bytes = log_bytes({at(1, 1), at(1, 2)});
    bytes[16 + static_cast<std::size_t>(byte)] ^= 0x40;
    d.put(path_of(at(1, 1)), bytes);
    EXPECT_NE(read_all(d, "/d", at(1, 1)).refusal, "") << byte;
  }
}

}  // namespace
}  // namespace troupe::storage
