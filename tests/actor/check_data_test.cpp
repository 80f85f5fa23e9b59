// SPDX-License-Identifier: Apache-2.0
#include "actors/node/check_data.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe {
namespace {

using testing::HasSubstr;

class CheckData : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(d.create_directories("/no/such/z/version-2"));
    d.put("/no/such/z/version-2/" + name, bytes);
  }
  int check(bool json = false) { return check_at("/no/such/z", json); }
  int check_at(const std::string& dir, bool json = false, bool is_named = true) {
    std::ostringstream told, complained;
    auto code = check_data(d, {.data_dir = dir}, json, told, complained, is_named);
    out = told.str();
    err = complained.str();
    return code;
  }
  storage::memory_disk d;
  std::string out, err;
};

TEST_F(CheckData, GenuineDirectoryIsToldOnOneScreen) {
  for (const char* name : {"snapshot.0", "snapshot.f", "log.1", "log.10"})
    put(name, storage::genuine_file(name));
  EXPECT_EQ(check(), check_data_code::would_start) << err;
  EXPECT_THAT(out, HasSubstr("Would start     yes, from the snapshot at 0xf and 3 txns after it; "
                             "the last is 0x12\n"));
  EXPECT_THAT(out,
              HasSubstr("Snapshots       2, newest first\n                snapshot.f  974 bytes"));
  EXPECT_THAT(out, HasSubstr("log.1  0x1 to 0xf, 15 txns"));
  EXPECT_THAT(out, HasSubstr("Written by      ZooKeeper 3.6 or later ("));
  EXPECT_THAT(out, HasSubstr("10 znodes"));
  EXPECT_THAT(out, HasSubstr("Epochs          accepted 0, current 0\n"));
  EXPECT_LE(std::count(out.begin(), out.end(), '\n'), 24);
}

TEST_F(CheckData, ManyFilesStillFitOnOneScreen) {
  for (int i = 1; i < 90; ++i) {
    put(storage::log_name({i}), storage::log_bytes({zxid{i}}));
    put("snapshot." + std::to_string(i), "torn");
  }
  put("snapshot.0", storage::genuine_file("snapshot.0"));
  EXPECT_EQ(check(), check_data_code::would_start) << out;
  EXPECT_THAT(out, HasSubstr("and 83 older"));
  EXPECT_THAT(out, HasSubstr("more (--json shows them)"));
  EXPECT_LE(std::count(out.begin(), out.end(), '\n'), 40);
}

TEST_F(CheckData, DamageIsToldWithFileAndOffsetAndExitCodeThree) {
  put("snapshot.0", storage::genuine_file("snapshot.0"));
  auto bytes = storage::genuine_file("log.1");
  bytes[200] ^= 1;
  put("log.1", bytes);
  EXPECT_EQ(check(), check_data_code::would_not);
  EXPECT_THAT(out, HasSubstr("Would start     no\n"));
  EXPECT_THAT(out, HasSubstr("/no/such/z/version-2/log.1 at offset 179: an entry's checksum is"));
  EXPECT_EQ(check(true), check_data_code::would_not);
  auto json = nlohmann::json::parse(out);
  EXPECT_EQ(json["would_start"], false);
  EXPECT_EQ(json["problems"][0]["offset"], 179);
  EXPECT_EQ(json["problems"][0]["file"], "/no/such/z/version-2/log.1");
  EXPECT_EQ(json["logs"][0]["txns"], 2);
}

TEST_F(CheckData, DirectoryThatIsNotThereIsExitCodeOne) {
  EXPECT_EQ(check(), check_data_code::cannot_look);
  EXPECT_THAT(err, HasSubstr("/no/such/z"));
  EXPECT_EQ(out, "");
}

TEST_F(CheckData, WrongPlacesDoNotReassure) {
  put("snapshot.0", storage::genuine_file("snapshot.0"));
  for (const char* dir : {"/no", "/no/such", "/no/such/z", "/etc", "/bare"})
    ASSERT_TRUE(d.create_directories(dir));
  d.put("/etc/passwd", "");
  for (const char* dir : {"/no/such", "/no", "/etc", "/bare", "/etc/passwd", "/no/such/y"}) {
    EXPECT_EQ(check_at(dir), check_data_code::cannot_look) << dir;
    EXPECT_EQ(out, "") << dir;
    EXPECT_THAT(err, HasSubstr(dir));
  }
  EXPECT_EQ(check_at("/no/such"), check_data_code::cannot_look);
  EXPECT_THAT(err, HasSubstr("there is one at /no/such/z"));
  // Nor when a zoo.cfg names them; but a new server's directory is empty.
  EXPECT_EQ(check_at("/no/such", false, false), check_data_code::cannot_look);
  EXPECT_THAT(err, HasSubstr("there is one at /no/such/z"));
  EXPECT_EQ(check_at("/bare", false, false), check_data_code::would_start) << err;
  EXPECT_THAT(out, HasSubstr("yes, with a new, empty database"));
}

TEST_F(CheckData, VersionDirectoryStandsForItsDataDirectory) {
  put("snapshot.f", storage::genuine_file("snapshot.f"));
  EXPECT_EQ(check_at("/no/such/z/version-2"), check_data_code::would_start) << err;
  EXPECT_THAT(out, HasSubstr("Data directory  /no/such/z\n"));
  EXPECT_THAT(out, HasSubstr("--data-log-dir names it"));
}

}  // namespace
}  // namespace troupe
