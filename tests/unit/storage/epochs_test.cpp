// SPDX-License-Identifier: Apache-2.0
/// Mirrors QuorumPeer.loadDataBase.
#include "actors/storage/epochs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/core/epoch_bounds.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

class Epochs : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(d.create_directories("/d")); }
  void put(const std::string& accepted, const std::string& current) {
    d.put("/d/acceptedEpoch", accepted);
    d.put("/d/currentEpoch", current);
  }
  epochs load(zxid last) {
    auto e = epoch_files{d, "/d"}.load(last);
    EXPECT_TRUE(e) << (e ? "" : e.error().text());
    return e.value_or(epochs{});
  }
  std::string refusal(zxid last) {
    auto e = epoch_files{d, "/d"}.load(last);
    return e ? "" : e.error().text();
  }
  memory_disk d;
};

TEST_F(Epochs, AreReadAsJavaWritesThem) {
  put("7", "6");
  EXPECT_EQ(load(at(6, 3)), (epochs{{7}, {6}}));
  put("7\n", "6\n");
  EXPECT_EQ(load(at(6, 3)), (epochs{{7}, {6}}));
}

TEST_F(Epochs, WhatNoZxidCanNameOrNoCountOfElectionsComesToIsRefused) {
  const auto refuses = [this](std::int64_t accepted, std::int64_t current) {
    put(std::to_string(accepted), std::to_string(current));
    return refusal(at(6, 3));
  };
  const auto last = core::epoch_max.value, more = core::epochs_promised_max;
  EXPECT_EQ(refuses(6 + more, 6), "");
  EXPECT_THAT(refuses(7 + more, 6), testing::HasSubstr("acceptedEpoch")) << "the file is named";
  EXPECT_THAT(refuses(7 + more, 6), testing::HasSubstr("implausible beside the current epoch 6"));
  EXPECT_EQ(refuses(last, last - more), "");
  EXPECT_THAT(refuses(last + 1, last), testing::HasSubstr("is no epoch"));
  EXPECT_THAT(refuses(last + 1, last + 1), testing::HasSubstr("currentEpoch"));
}

TEST_F(Epochs, OfANewDirectoryAreZeroAndWritten) {
  EXPECT_EQ(load(zxid{-1}), (epochs{{0}, {0}}));
  EXPECT_EQ(d.content("/d/acceptedEpoch"), "0");
  EXPECT_EQ(d.content("/d/currentEpoch"), "0");
}

TEST_F(Epochs, OfAStandaloneServersDirectoryAreThoseOfItsLastTxn) {
  EXPECT_EQ(load(at(4, 9)), (epochs{{4}, {4}}));
}

TEST_F(Epochs, StoredIsDurable) {
  epoch_files files{d, "/d"};
  ASSERT_TRUE(files.store_accepted({12}));
  ASSERT_TRUE(files.store_current({11}));
  d.crash();
  EXPECT_EQ(load(at(11, 1)), (epochs{{12}, {11}}));
}

TEST_F(Epochs, FailureAtAnyStepLeavesTheOldOrTheNew) {
  for (const char* step : {"create", "write", "sync", "rename", "sync_directory"}) {
    put("5", "5");
    d.fail = [step](const std::string& operation, const std::string&) {
      return operation == step ? EIO : 0;
    };
    EXPECT_FALSE((epoch_files{d, "/d"}.store_accepted({6})));
    d.fail = nullptr;
    d.crash();
    EXPECT_EQ(load(at(5, 1)), (epochs{{5}, {5}})) << step;
  }
}

TEST_F(Epochs, CurrentOlderThanATxnThatWasNeverPromisedIsRefused) {
  put("4", "4");
  EXPECT_NE(refusal(at(5, 1)).find("/d/currentEpoch"), std::string::npos);
}

// A leader's history is logged before currentEpoch is stored: a crash in between is no damage.
TEST_F(Epochs, CurrentIsRaisedToWhatAPromisedLeaderSent) {
  put("7", "2");
  EXPECT_EQ(load(at(5, 1)), (epochs{{7}, {5}}));
  EXPECT_EQ(d.content("/d/currentEpoch"), "5");
}

TEST_F(Epochs, CurrentThatWasBeingReplacedIsBelieved) {
  put("6", "4");
  d.put("/d/currentEpoch.tmp", "6");
  EXPECT_EQ(load(at(5, 1)), (epochs{{6}, {6}}));
  EXPECT_EQ(d.content("/d/currentEpoch"), "6");
}

TEST_F(Epochs, ReplacementThatIsStillTooOldOrTornIsNot) {
  put("4", "4");
  for (const char* content : {"5", "", "x"}) {
    d.put("/d/currentEpoch.tmp", content);
    EXPECT_NE(refusal(at(6, 1)), "") << content;
  }
}

TEST_F(Epochs, AcceptedOlderThanCurrentIsRefused) {
  put("4", "5");
  EXPECT_NE(refusal(at(5, 1)).find("promise"), std::string::npos);
}

TEST_F(Epochs, PreviewSaysWhatLoadingWouldAndWritesNothing) {
  epoch_files files{d, "/d"};
  EXPECT_EQ(*files.preview(at(4, 7)), (epochs{{4}, {4}}));
  EXPECT_FALSE(d.has("/d/currentEpoch"));
  EXPECT_FALSE(d.has("/d/acceptedEpoch"));
  EXPECT_EQ(*files.preview(at(4, 7)), load(at(4, 7)));
  d.put("/d/currentEpoch", "9");
  EXPECT_FALSE(files.preview(at(4, 7)));
}

TEST_F(Epochs, MissingAcceptedIsDerivedFromCurrent) {
  d.put("/d/currentEpoch", "9");
  EXPECT_EQ(load(at(3, 1)), (epochs{{9}, {9}}));
}

TEST_F(Epochs, WhatIsNoNumberIsRefused) {
  for (const char* content : {"", "five", "-1", "5 6", "99999999999999999999", "0x5"}) {
    put(content, "0");
    EXPECT_NE(refusal(zxid{0}).find("/d/acceptedEpoch"), std::string::npos) << content;
  }
}

}  // namespace
}  // namespace troupe::storage
