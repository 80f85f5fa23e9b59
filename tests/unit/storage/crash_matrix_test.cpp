// SPDX-License-Identifier: Apache-2.0
/// Every way to cut or to flip the end of a log: what is read is a prefix of what was written, or a
/// refusal that names the file. Never something else, and never less than what stands before the
/// damage.
#include <gtest/gtest.h>

#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

/// A log of five txns, and where each entry begins.
struct sample_log {
  std::vector<zxid> ids;
  std::vector<std::size_t> begins;
  std::string bytes;
};
sample_log make_sample() {
  sample_log log;
  log.bytes = encode_log_header();
  for (int i = 1; i <= 5; ++i) {
    log.ids.push_back(at(1, i));
    log.begins.push_back(log.bytes.size());
    append_entry(log.bytes, sample_txn(log.ids.back(), static_cast<std::size_t>(10 * i))->bytes);
  }
  return log;
}

std::size_t whole_entries_before(const sample_log& log, std::size_t offset) {
  std::size_t n = 0;
  while (n < log.begins.size()) {
    auto end = n + 1 < log.begins.size() ? log.begins[n + 1] : log.bytes.size();
    if (end > offset) break;
    ++n;
  }
  return n;
}

void expect_prefix(const sample_log& log, const read_back& all, std::size_t n) {
  ASSERT_EQ(all.ids.size(), n);
  for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(all.ids[i], log.ids[i]);
}

read_back read_bytes(const std::string& bytes) {
  memory_disk d;
  d.put("/d/log.100000001", bytes);
  return read_all(d, "/d", at(1, 1));
}

TEST(CrashMatrix, CutAtEveryByteReadsAsThePrefixBeforeIt) {
  auto log = make_sample();
  for (std::size_t cut = 0; cut <= log.bytes.size(); ++cut) {
    auto all = read_bytes(log.bytes.substr(0, cut));
    EXPECT_EQ(all.refusal, "") << cut;
    expect_prefix(log, all, whole_entries_before(log, cut));
  }
}

TEST(CrashMatrix, CutAtEveryByteIntoPreallocatedZerosReadsAsThePrefixBeforeIt) {
  auto log = make_sample();
  for (std::size_t cut = 0; cut <= log.bytes.size(); ++cut) {
    auto bytes = log.bytes.substr(0, cut);
    bytes.resize(log.bytes.size() + 2000);
    auto all = read_bytes(bytes);
    EXPECT_EQ(all.refusal, "") << cut;
    expect_prefix(log, all, whole_entries_before(log, cut));
  }
}

TEST(CrashMatrix, EveryFlippedBitIsAPrefixOrARefusalThatNamesTheFile) {
  auto log = make_sample();
  for (std::size_t byte = 0; byte < log.bytes.size(); ++byte)
    for (int bit = 0; bit < 8; ++bit) {
      auto bytes = log.bytes;
      bytes[byte] = static_cast<char>(bytes[byte] ^ (1 << bit));
      auto all = read_bytes(bytes);
      auto intact = whole_entries_before(log, byte);
      if (byte >= 4 &&
          byte < log_header_bytes) {  // version and database id: as ZooKeeper, not read
        expect_prefix(log, all, log.ids.size());
      } else if (all.refusal.empty()) {
        // Only the last entry may be lost without a word: it looks like an unfinished write.
        EXPECT_GE(byte, log.begins.back()) << byte << "." << bit;
        expect_prefix(log, all, log.ids.size() - 1);
      } else {
        EXPECT_NE(all.refusal.find("/d/log.100000001"), std::string::npos);
        EXPECT_LE(all.ids.size(), intact);
      }
    }
}

TEST(CrashMatrix, EveryLostPageOfABatchIsAPrefixOrARefusal) {
  auto log = make_sample();
  for (std::size_t begin = log_header_bytes; begin < log.bytes.size(); begin += 16) {
    auto bytes = log.bytes;
    for (auto i = begin; i < std::min(begin + 16, bytes.size()); ++i) bytes[i] = '\0';
    auto all = read_bytes(bytes);
    auto intact = whole_entries_before(log, begin);
    ASSERT_LE(all.ids.size(), log.ids.size());
    if (all.refusal.empty()) {
      EXPECT_GE(begin + 16, log.begins.back());
    } else {
      EXPECT_EQ(all.ids.size(), intact);
    }
  }
}

/// What a real run of the log leaves behind when the machine dies during the last batch's write.
TEST(CrashMatrix, LogDyingDuringABatchKeepsAllThatWasSynced) {
  for (std::size_t kept = 0; kept < 400; ++kept) {
    memory_disk d;
    ASSERT_TRUE(d.create_directories("/d"));
    {
      auto log = txn_log::open(d, options_for("/d"));
      ASSERT_TRUE(log->append(*sample_txn(at(1, 1))));
      ASSERT_TRUE(log->sync());
      for (int i = 2; i <= 4; ++i) ASSERT_TRUE(log->append(*sample_txn(at(1, i))));
      d.fail = [](const std::string& operation, const std::string&) {
        return operation == "sync" ? EIO : 0;
      };
      ASSERT_FALSE(log->sync());
      d.fail = nullptr;
    }
    d.crash(kept);
    auto all = read_all(d, "/d", at(1, 1));
    EXPECT_EQ(all.refusal, "") << kept;
    ASSERT_GE(all.ids.size(), 1u);
    auto again = txn_log::open(d, options_for("/d"));
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(again->last_zxid(), all.ids.back());
    ASSERT_TRUE(again->append(*sample_txn(again->last_zxid().next())));
    ASSERT_TRUE(again->sync());
    EXPECT_EQ(read_all(d, "/d", at(1, 1)).ids.size(), all.ids.size() + 1);
  }
}

}  // namespace
}  // namespace troupe::storage
