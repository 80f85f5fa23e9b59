// SPDX-License-Identifier: Apache-2.0
/// Which files are looked at and which are left alone: a survey goes by the mark beside the logs, a
/// reading that begins late by no earlier file, and a writer that is given up leaves no file.
#include <gtest/gtest.h>

#include <stdexcept>

#include "actors/storage/snapshot_files.hpp"
#include "actors/storage/survey.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

using namespace std::string_literals;

struct WhichFiles : testing::Test {
  void SetUp() override { ASSERT_TRUE(d.create_directories("/z/version-2")); }
  txn_log open(std::int64_t size_limit_bytes = 0) {
    log_options options;
    options.directory = "/z/version-2";
    options.prealloc_bytes = 0;
    options.size_limit_bytes = size_limit_bytes;
    auto log = txn_log::open(d, options);
    if (!log) throw std::runtime_error{log.error().text()};
    return std::move(*log);
  }
  /// One bit turned in the middle of the file, as rot does.
  void rot(const std::string& path) {
    auto bytes = d.content(path);
    bytes[bytes.size() / 2] ^= 1;
    auto file = std::move(*d.open_writable(path, open_mode::existing));
    ASSERT_TRUE(file->write_at(0, bytes));
    ASSERT_TRUE(file->sync());
  }
  memory_disk d;
};

/// Without the mark it would be a torn batch, which a start cuts off.
TEST_F(WhichFiles, SurveySeesRotOfWhatTheMarkSaysWasSynced) {
  d.put("/z/version-2/snapshot.0", genuine_file("snapshot.0"));
  for (const char* name : {"acceptedEpoch", "currentEpoch"}) d.put("/z/version-2/"s + name, "1");
  {
    auto log = open();
    for (std::int64_t n = 1; n <= 3; ++n) ASSERT_TRUE(log.append(*sample_txn(at(1, n))));
    ASSERT_TRUE(log.sync());
    ASSERT_TRUE(log.note_synced());
  }
  const auto path = "/z/version-2/"s + log_name(at(1, 1));
  auto bytes = d.content(path);
  bytes[bytes.size() - 10] ^= 1;
  auto file = std::move(*d.open_writable(path, open_mode::existing));
  ASSERT_TRUE(file->write_at(0, bytes));
  ASSERT_TRUE(file->sync());
  const auto note = read_log_file(d, list_logs(d, "/z/version-2")->front(), {}, {});
  ASSERT_TRUE(note.damage) << "the last entry was acknowledged";
  EXPECT_EQ(note.txns, 2u);
  const auto seen = survey(d, {.data_dir = "/z"});
  ASSERT_TRUE(seen);
  EXPECT_FALSE(seen->would_start());
}

TEST_F(WhichFiles, SurveySaysWhereItLooked) {
  d.put("/z/version-2/snapshot.0", genuine_file("snapshot.0"));
  ASSERT_TRUE(d.create_directories("/l/version-2"));
  auto seen = survey(d, {.data_dir = "/z"});
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->data_dir, "/z");
  EXPECT_EQ(seen->data_log_dir, "/z");
  seen = survey(d, {.data_dir = "/z", .data_log_dir = "/l"});
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->data_dir, "/z");
  EXPECT_EQ(seen->data_log_dir, "/l");
}

/// A learner that misses little costs no reading of all that there is, and no earlier rot matters.
TEST_F(WhichFiles, ReadingThatBeginsLateLooksAtNoEarlierFile) {
  auto log = open(20);  // a file each
  for (std::int64_t n = 1; n <= 4; ++n) {
    ASSERT_TRUE(log.append(*sample_txn(at(1, n))));
    ASSERT_TRUE(log.sync());
  }
  ASSERT_EQ(list_logs(d, "/z/version-2")->size(), 4u);
  rot("/z/version-2/"s + log_name(at(1, 1)));
  EXPECT_EQ(read_all(d, "/z/version-2", at(1, 3)).ids, (std::vector{at(1, 3), at(1, 4)}));
  EXPECT_EQ(read_all(d, "/z/version-2", at(1, 3)).refusal, "");
  EXPECT_NE(read_all(d, "/z/version-2", at(1, 1)).refusal, "");
}

// -- a snapshot that is given up
// -------------------------------------------------------------------

TEST_F(WhichFiles, WriterThatTakesAnothersPlaceGivesUpItsOwnFile) {
  const auto begin = [this](std::int64_t n) {
    auto made = snapshot_writer::begin(d, "/z/version-2", at(1, n));
    if (!made) throw std::runtime_error{made.error().text()};
    return std::move(*made);
  };
  const auto files = [this] { return d.list_directory("/z/version-2")->size(); };
  auto one = begin(1);
  ASSERT_TRUE(one.append("half of it"));
  auto other = begin(2);
  ASSERT_EQ(files(), 2u);
  one = std::move(other);
  EXPECT_EQ(files(), 1u) << "the first one's is gone";
  ASSERT_TRUE(one.append("ZKSN and the rest\0\0\0\1/"s));
  ASSERT_TRUE(one.finish());
  EXPECT_TRUE(d.has("/z/version-2/" + snapshot_name(at(1, 2))));
  EXPECT_FALSE(d.has("/z/version-2/" + snapshot_name(at(1, 1))));
}

}  // namespace
}  // namespace troupe::storage
