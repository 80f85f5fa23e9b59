// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/data_place.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

using kind = data_place::kind;
using testing::ElementsAre;
using testing::IsEmpty;

class Place : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* dir : {"/run", "/run/server.1", "/run/server.1/data/version-2", "/etc",
                            "/etc/init.d", "/fresh", "/bare"})
      ASSERT_TRUE(d.create_directories(dir));
    d.put("/run/server.1/zoo.cfg", "");
    d.put("/run/server.1/data/myid", "1");
    d.put("/run/server.1/data/version-2/log.1", "");
    d.put("/etc/passwd", "");
    d.put("/fresh/myid", "1");
  }
  data_place at(const std::string& path) {
    auto out = look_at_place(d, path);
    EXPECT_TRUE(out);
    return out ? *out : data_place{};
  }
  memory_disk d;
};

TEST_F(Place, DataDirectoryAndItsVersionDirectoryAreReadable) {
  EXPECT_EQ(at("/run/server.1/data").is, kind::data_directory);
  EXPECT_EQ(at("/run/server.1/data/").is, kind::data_directory);
  EXPECT_EQ(at("/run/server.1/data/version-2").is, kind::version_directory);
}

TEST_F(Place, OneOrTwoLevelsTooHighNamesTheOneBelow) {
  for (const char* path : {"/run/server.1", "/run"}) {
    EXPECT_FALSE(at(path).is_readable()) << path;
    EXPECT_THAT(at(path).near, ElementsAre("/run/server.1/data")) << path;
  }
  EXPECT_EQ(at("/run/").refusal(),
            "/run: this is no ZooKeeper data directory: it has no version-2; there is one at "
            "/run/server.1/data");
}

TEST_F(Place, FileAndWhatLiesBesideNameTheOneAbove) {
  EXPECT_EQ(at("/run/server.1/data/myid").is, kind::file);
  EXPECT_THAT(at("/run/server.1/data/myid").near, ElementsAre("/run/server.1/data"));
  EXPECT_EQ(at("/run/server.1/zoo.cfg").refusal(),
            "/run/server.1/zoo.cfg: this is a file, and no data directory; there is one at "
            "/run/server.1/data");
}

TEST_F(Place, MisspeltNameIsNamed) {
  EXPECT_EQ(
      at("/run/server.1/dta").refusal(),
      "/run/server.1/dta: there is no such file or directory; did you mean /run/server.1/data?");
  EXPECT_EQ(
      at("/run/servr.1").refusal(),
      "/run/servr.1: there is no such file or directory; did you mean /run/server.1?; there is "
      "a data directory at /run/server.1/data");
  EXPECT_EQ(at("/nowhere/at/all").refusal(), "/nowhere/at/all: there is no such file or directory");
}

TEST_F(Place, OthersDirectoriesAreNone) {
  EXPECT_EQ(at("/etc").is, kind::other);
  EXPECT_THAT(at("/etc").near, IsEmpty());
  EXPECT_EQ(at("/bare").is, kind::empty);
  EXPECT_EQ(at("/fresh").is, kind::prepared);
}

TEST_F(Place, SearchEndsInATreeOfManyDirectories) {
  for (int i = 0; i < 50; ++i)
    for (int j = 0; j < 50; ++j)
      ASSERT_TRUE(d.create_directories("/big/" + std::to_string(i) + "/" + std::to_string(j)));
  EXPECT_THAT(at("/big").near, IsEmpty());
}

TEST_F(Place, FilledOnesHoldALogOrASnapshot) {
  ASSERT_TRUE(d.create_directories("/run/server.2/data/version-2"));
  EXPECT_THAT(filled_below(d, "/run"), ElementsAre("/run/server.1/data"));
}

}  // namespace
}  // namespace troupe::storage
