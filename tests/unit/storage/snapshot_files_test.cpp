// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/snapshot_files.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

using namespace std::string_literals;
const auto whole = "ZKSN and the rest\0\0\0\1/"s;

class SnapshotFiles : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(d.create_directories("/d")); }
  void put(zxid id) { d.put("/d/" + snapshot_name(id), whole); }
  std::vector<zxid> ids() {
    std::vector<zxid> out;
    auto files = list_snapshots(d, "/d");
    for (const auto& f : *files) out.push_back(f.id);
    return out;
  }
  tl::expected<std::string, std::string> read(const std::string& name) {
    auto file = *parse_snapshot_name(name);
    file.path = "/d/" + name;
    std::string out;
    auto done = read_snapshot(d, file, [&out](std::string_view chunk) {
      out += chunk;
      return tl::expected<void, std::string>{};
    });
    if (!done) return tl::unexpected(done.error().text());
    return out;
  }
  memory_disk d;
};

TEST_F(SnapshotFiles, NamesAreZxidInHexWithTheirCompression) {
  EXPECT_EQ(snapshot_name({0x1000000a2}), "snapshot.1000000a2");
  EXPECT_EQ(snapshot_name({10}, compression::gzip), "snapshot.a.gz");
  EXPECT_EQ(parse_snapshot_name("snapshot.a.gz")->how, compression::gzip);
  EXPECT_EQ(parse_snapshot_name("snapshot.a.snappy")->how, compression::snappy);
  EXPECT_EQ(parse_snapshot_name("snapshot.0")->id, zxid{0});
  for (const char* name : {"snapshot", "snapshot.", "snapshot.x", "snapshot.5.tmp", "snapshot.gz",
                           "snapshot.5.gz.bak", "log.5", "actor-node.snapshot-5.tmp"})
    EXPECT_FALSE(parse_snapshot_name(name)) << name;
}

TEST_F(SnapshotFiles, CandidatesAreTheWholeOnesNewestFirst) {
  put({5});
  put({0x20});
  d.put("/d/snapshot.30", "ZKSN and no end");
  d.put("/d/snapshot.40", "");
  d.put("/d/snapshot.50.gz", "no gzip at all");
  d.put("/d/snapshot.60.tmp", whole);
  auto files = snapshot_candidates(d, "/d");
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].id, zxid{0x20});
  EXPECT_EQ((*files)[1].id, zxid{5});
  EXPECT_EQ((*files)[1].size, whole.size());
}

TEST_F(SnapshotFiles, UnfinishedOneHasNoNameYet) {
  auto writer = snapshot_writer::begin(d, "/d", {7});
  ASSERT_TRUE(writer->append("half"));
  EXPECT_TRUE(ids().empty());
  d.crash();
  EXPECT_TRUE(ids().empty());
}

TEST_F(SnapshotFiles, FinishedOneSurvivesACrash) {
  auto writer = snapshot_writer::begin(d, "/d", {7});
  ASSERT_TRUE(writer->append(whole.substr(0, 5)));
  ASSERT_TRUE(writer->append(whole.substr(5)));
  auto file = writer->finish();
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->size, whole.size());
  d.crash();
  EXPECT_EQ(read("snapshot.7"), whole);
  EXPECT_EQ(list_snapshots(d, "/d")->size(), 1u);
}

TEST_F(SnapshotFiles, FailureAtAnyStepLeavesNoSnapshotAndNoRest) {
  for (const char* step : {"write", "sync", "rename"}) {
    auto writer = snapshot_writer::begin(d, "/d", {7});
    d.fail = [step](const std::string& operation, const std::string&) {
      return operation == step ? ENOSPC : 0;
    };
    auto appended = writer->append(whole);
    EXPECT_FALSE(writer->finish()) << step;
    d.fail = nullptr;
    EXPECT_TRUE(d.list_directory("/d")->empty()) << step;
  }
}

TEST_F(SnapshotFiles, AbandonedOneLeavesNothing) {
  {
    auto writer = snapshot_writer::begin(d, "/d", {7});
    ASSERT_TRUE(writer->append("half"));
  }
  EXPECT_TRUE(d.list_directory("/d")->empty());
}

/// One that was given up may end later than the next one of the same zxid begins.
TEST_F(SnapshotFiles, TwoOfTheSameTxnAreInNobodysWay) {
  auto given_up = std::move(*snapshot_writer::begin(d, "/d", {5}));
  ASSERT_TRUE(given_up.append("the old one's"));
  auto next = std::move(*snapshot_writer::begin(d, "/d", {5}));
  ASSERT_TRUE(next.append(whole));
  given_up.abandon();
  ASSERT_TRUE(next.seal());
  auto late = std::move(*snapshot_writer::begin(d, "/d", {5}));
  ASSERT_TRUE(late.append("a part"));
  auto file = next.publish();
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(d.content(file->path), whole);
}

TEST_F(SnapshotFiles, RestsOfACrashAreRemoved) {
  d.put("/d/actor-node.snapshot-7.tmp", "half");
  d.put("/d/snapshot.5.tmp", "not ours");
  ASSERT_TRUE(remove_unfinished_snapshots(d, "/d"));
  EXPECT_FALSE(d.has("/d/actor-node.snapshot-7.tmp"));
  EXPECT_TRUE(d.has("/d/snapshot.5.tmp"));
}

TEST_F(SnapshotFiles, CompressedOneReadsAsItsContent) {
  std::string large(3'000'000, 'a');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * i >> 7);
  auto writer = snapshot_writer::begin(d, "/d", {7}, compression::gzip);
  for (std::size_t i = 0; i < large.size(); i += 70'001)
    ASSERT_TRUE(writer->append(large.substr(i, 70'001)));
  ASSERT_TRUE(writer->finish());
  auto files = snapshot_candidates(d, "/d");
  ASSERT_EQ(files->size(), 1u);
  EXPECT_LT(files->front().size, large.size());
  EXPECT_TRUE(read("snapshot.7.gz") == large);
}

TEST_F(SnapshotFiles, CompressedOneThatIsCutOrFlippedIsRefused) {
  auto writer = snapshot_writer::begin(d, "/d", {7}, compression::gzip);
  ASSERT_TRUE(writer->append(whole));
  ASSERT_TRUE(writer->finish());
  auto bytes = d.content("/d/snapshot.7.gz");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    d.put("/d/snapshot.7.gz", bytes.substr(0, cut));
    EXPECT_FALSE(read("snapshot.7.gz")) << cut;
  }
  d.put("/d/snapshot.7.gz", bytes + "more");
  EXPECT_FALSE(read("snapshot.7.gz"));
  for (std::size_t byte = 10; byte < bytes.size(); ++byte) {  // after gzip's own header
    auto flipped = bytes;
    flipped[byte] ^= 1;
    d.put("/d/snapshot.7.gz", flipped);
    EXPECT_FALSE(read("snapshot.7.gz")) << byte;
  }
}

TEST_F(SnapshotFiles, SnappyOneReadsAsItsContent) {
  std::string large(300'000, 'a');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * i >> 27);
  for (std::size_t step : {7'001, 32'768, 300'000}) {
    auto writer = snapshot_writer::begin(d, "/d", {7}, compression::snappy);
    for (std::size_t i = 0; i < large.size(); i += step)
      ASSERT_TRUE(writer->append(large.substr(i, step)));
    ASSERT_TRUE(writer->finish());
    EXPECT_LT(d.content("/d/snapshot.7.snappy").size(), large.size());
    EXPECT_EQ(snapshot_candidates(d, "/d")->size(), 1u);
    EXPECT_TRUE(read("snapshot.7.snappy") == large) << step;
  }
}

// SnappyInputStream: a header may stand in a block's place.
TEST_F(SnapshotFiles, SnappyStreamsOneBehindTheOtherAreOne) {
  auto writer = snapshot_writer::begin(d, "/d", {7}, compression::snappy);
  ASSERT_TRUE(writer->append(whole));
  ASSERT_TRUE(writer->finish());
  auto once = d.content("/d/snapshot.7.snappy");
  d.put("/d/snapshot.7.snappy", once + once);
  EXPECT_EQ(read("snapshot.7.snappy"), whole + whole);
}

/// Snappy has no checksum: what is cut behind a block or changed in it reads as something, and the
/// snapshot's seals tell. What is cut elsewhere, or in the framing, is told here, with the file.
TEST_F(SnapshotFiles, SnappyFramingThatIsCutOrImpossibleIsRefused) {
  auto writer = snapshot_writer::begin(d, "/d", {7}, compression::snappy);
  ASSERT_TRUE(writer->append(whole));
  ASSERT_TRUE(writer->finish());
  auto bytes = d.content("/d/snapshot.7.snappy");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    d.put("/d/snapshot.7.snappy", bytes.substr(0, cut));
    auto cut_short = read("snapshot.7.snappy");
    EXPECT_EQ(cut_short.has_value(), cut == 16) << cut;  // a header alone is an empty stream
    if (cut_short) continue;
    EXPECT_NE(cut_short.error().find("/d/snapshot.7.snappy"), std::string::npos);
  }
  auto refused_with = [&](std::size_t at, const std::string& what) {
    auto bad = bytes;
    bad.replace(at, what.size(), what);
    d.put("/d/snapshot.7.snappy", bad);
    auto got = read("snapshot.7.snappy");
    return got ? std::string{} : got.error();
  };
  EXPECT_NE(refused_with(0, "\x83").find("mark"), std::string::npos);
  EXPECT_NE(refused_with(12, "\0\0\0\2"s).find("version 2"), std::string::npos);
  EXPECT_NE(refused_with(16, "\xff\xff\xff\xff").find("length is -1"), std::string::npos);
  EXPECT_NE(refused_with(16, "\x7f\xff\xff\xff").find("length"), std::string::npos);
  EXPECT_NE(refused_with(20, "\xff\xff\xff\xff").find("decompressed"), std::string::npos);
}

TEST_F(SnapshotFiles, WhatTheReaderRefusesEndsTheReading) {
  put({5});
  auto file = list_snapshots(d, "/d")->front();
  auto done = read_snapshot(d, file, [](std::string_view) {
    return tl::expected<void, std::string>{tl::unexpect, "the tree has no root"};
  });
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().text().find("the tree has no root"), std::string::npos);
}

TEST_F(SnapshotFiles, ThoseNamedAreRemovedWhenOneRemains) {
  put({5});
  put({9});
  ASSERT_TRUE(remove_snapshots(d, "/d", [](const auto& f) { return f.id > zxid{7}; }));
  d.crash();
  EXPECT_EQ(ids(), (std::vector{zxid{5}}));
  auto refused = remove_snapshots(d, "/d", [](const auto& f) { return f.id > zxid{4}; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(ids(), (std::vector{zxid{5}}));
}

// -- purge (PurgeTxnLogTest) --------------------------------------------------------------------

class Purge : public SnapshotFiles {
 protected:
  void SetUp() override {
    SnapshotFiles::SetUp();
    for (int i : {10, 20, 30, 40, 50}) put({i});
    for (int i : {1, 11, 21, 26, 31, 41}) d.put("/d/" + log_name({i}), log_bytes({zxid{i}}));
  }
  std::vector<zxid> logs() {
    std::vector<zxid> out;
    auto files = list_logs(d, "/d");
    for (const auto& f : *files) out.push_back(f.first);
    return out;
  }
};

TEST_F(Purge, KeepsTheNewestAndTheLogsTheOldestOfThemNeeds) {
  auto done = purge(d, "/d", "/d", 3);
  ASSERT_TRUE(done);
  EXPECT_EQ(ids(), (std::vector{zxid{50}, zxid{40}, zxid{30}}));
  EXPECT_EQ(logs(), (std::vector{zxid{26}, zxid{31}, zxid{41}}));
  EXPECT_EQ(done->snapshots.size(), 2u);
  EXPECT_EQ(done->logs.size(), 3u);
}

/// A name whose sync failed counts among those that are kept, and may be gone after a crash.
TEST_F(Purge, RemovesNothingBeforeTheNamesOfWhatItKeepsAreDurable) {
  d.fail = [](const std::string& operation, const std::string&) {
    return operation == "sync_directory" ? EIO : 0;
  };
  EXPECT_FALSE(purge(d, "/d", "/d", 3));
  EXPECT_EQ(ids().size(), 5u);
  EXPECT_EQ(logs().size(), 6u);
  EXPECT_FALSE(remove_snapshots(d, "/d", [](const snapshot_file& f) { return f.id > zxid{40}; }));
  EXPECT_EQ(ids().size(), 5u);
}

TEST_F(Purge, KeepsAtLeastThree) {
  ASSERT_TRUE(purge(d, "/d", "/d", 1));
  EXPECT_EQ(ids().size(), 3u);
}

TEST_F(Purge, RemovesNothingWhileThereAreTooFew) {
  ASSERT_TRUE(purge(d, "/d", "/d", 6));
  EXPECT_EQ(ids().size(), 5u);
  EXPECT_EQ(logs().size(), 6u);
}

TEST_F(Purge, DoesNotCountWhatIsNotWhole) {
  d.put("/d/snapshot.60", "torn");
  d.put("/d/snapshot.15", "torn, and old");
  ASSERT_TRUE(purge(d, "/d", "/d", 3));
  EXPECT_EQ(ids(), (std::vector{zxid{0x60}, zxid{50}, zxid{40}, zxid{30}}));
}

}  // namespace
}  // namespace troupe::storage
