// SPDX-License-Identifier: Apache-2.0
/// On files of this machine: blocks are the file system's.
#include "tools/cluster/faulty_disk.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "actors/storage/posix_disk.hpp"

namespace troupe::cluster {
namespace {

using storage::open_mode;

struct FaultyDisk : testing::Test {
  FaultyDisk() {
    char path[] = "/tmp/troupe_faulty_disk.XXXXXX";
    folder = ::mkdtemp(path);
  }
  ~FaultyDisk() override { std::filesystem::remove_all(folder); }
  auto open(open_mode mode) { return disk.open_writable(folder + "/file", mode).value(); }

  std::string folder;
  faulty_disk disk{std::make_shared<storage::posix_disk>()};
  const std::string page = std::string(4096, 'x');
};

TEST_F(FaultyDisk, WithoutFaultsItIsTheDiskBelow) {
  auto file = open(open_mode::create_new);
  EXPECT_TRUE(file->write_at(0, page));
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(disk.open_readable(folder + "/file").value()->read_at(0, 9000), page);
}

TEST_F(FaultyDisk, FullDiskRefusesGrowthAndTakesItAgainWhenThereIsRoom) {
  auto file = open(open_mode::create_new);
  ASSERT_TRUE(file->write_at(0, page));
  disk.set({.is_full = true});
  const auto refused = file->write_at(4096, "y");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ENOSPC);
  EXPECT_EQ(refused.error().offset, 4096);
  EXPECT_EQ(file->resize(8192).error().code, ENOSPC);
  disk.set({});
  EXPECT_TRUE(file->write_at(4096, "y"));
}

TEST_F(FaultyDisk, FullDiskTakesWhatHasItsBlocks) {
  auto file = open(open_mode::create_new);
  ASSERT_TRUE(file->write_at(0, page.substr(0, 100)));
  disk.set({.is_full = true});
  EXPECT_TRUE(file->write_at(100, page.substr(100)));
  EXPECT_TRUE(file->resize(50));
  EXPECT_TRUE(file->sync());
  EXPECT_TRUE(disk.rename(folder + "/file", folder + "/other"));
}

TEST_F(FaultyDisk, AHoleHasNoBlocks) {
  auto file = open(open_mode::create_new);
  ASSERT_TRUE(file->resize(1 << 20));
  disk.set({.is_full = true});
  EXPECT_EQ(file->write_at(0, "x").error().code, ENOSPC);
}

TEST_F(FaultyDisk, FullDiskKnowsTheBlocksOfAFileThatIsThere) {
  ASSERT_TRUE(open(open_mode::create_new)->write_at(0, page + page));
  ASSERT_TRUE(open(open_mode::existing)->sync());
  auto file = open(open_mode::existing);
  disk.set({.is_full = true});
  EXPECT_TRUE(file->write_at(0, page));
  EXPECT_EQ(file->write_at(1 << 20, "x").error().code, ENOSPC);
}

}  // namespace
}  // namespace troupe::cluster
