// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/posix_disk.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "actors/storage/data_dir.hpp"
#include "tests/unit/storage/log_samples.hpp"

namespace troupe::storage {
namespace {

class PosixDisk : public testing::Test {
 protected:
  void SetUp() override {
    auto pattern = (std::filesystem::temp_directory_path() / "troupe.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root); }
  posix_disk d;
  std::string root;
};

TEST_F(PosixDisk, WrittenIsReadBack) {
  auto path = root + "/file";
  auto file = d.open_writable(path, open_mode::create_new);
  ASSERT_TRUE(file) << file.error().text();
  ASSERT_TRUE((*file)->write_at(3, "abc"));
  ASSERT_TRUE((*file)->resize(10));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(*(*file)->size(), 10u);
  ASSERT_TRUE((*file)->close());
  auto back = d.open_readable(path);
  EXPECT_EQ(*(*back)->read_at(2, 100), std::string("\0abc\0\0\0\0", 8));
  EXPECT_EQ(*(*back)->read_at(10, 100), "");
  EXPECT_EQ(*(*back)->size(), 10u);
}

TEST_F(PosixDisk, ModesAreKept) {
  auto path = root + "/file";
  EXPECT_EQ(d.open_writable(path, open_mode::existing).error().code, ENOENT);
  ASSERT_TRUE(d.open_writable(path, open_mode::create_new));
  EXPECT_EQ(d.open_writable(path, open_mode::create_new).error().code, EEXIST);
  ASSERT_TRUE((*d.open_writable(path, open_mode::existing))->write_at(0, "x"));
  EXPECT_EQ(*(*d.open_writable(path, open_mode::existing))->size(), 1u);
  EXPECT_EQ(*(*d.open_writable(path, open_mode::create_or_truncate))->size(), 0u);
}

TEST_F(PosixDisk, HolesAreSkippedToTheNextData) {
  auto file = d.open_writable(root + "/file", open_mode::create_new);
  ASSERT_TRUE((*file)->write_at(0, "head"));
  ASSERT_TRUE((*file)->resize(8 << 20));
  auto back = d.open_readable(root + "/file");
  auto data = (*back)->next_data(1 << 20);
  ASSERT_TRUE(data);
  EXPECT_GE(*data, 1u << 20);
  ASSERT_TRUE((*file)->write_at(4 << 20, "x"));
  EXPECT_LE(*(*back)->next_data(1 << 20), 4u << 20);
}

TEST_F(PosixDisk, ListingIsSortedWithSizes) {
  ASSERT_TRUE(replace_file(d, root, "b", "22"));
  ASSERT_TRUE(replace_file(d, root, "a", "1"));
  ASSERT_TRUE(d.create_directories(root + "/c/d/e"));
  auto entries = d.list_directory(root);
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0].name, "a");
  EXPECT_EQ((*entries)[1].size, 2u);
  EXPECT_TRUE((*entries)[2].is_directory);
  EXPECT_EQ(*d.exists(root + "/c/d/e"), true);
  EXPECT_EQ(*d.exists(root + "/c/x"), false);
}

TEST_F(PosixDisk, DirectoryWhereAFileStandsIsAnError) {
  ASSERT_TRUE(replace_file(d, root, "a", "1"));
  EXPECT_EQ(d.create_directories(root + "/a").error().code, ENOTDIR);
  EXPECT_FALSE(d.create_directories(root + "/a/b"));
}

TEST_F(PosixDisk, MissingDirectoryIsAnErrorThatNamesIt) {
  auto listed = d.list_directory(root + "/none");
  ASSERT_FALSE(listed);
  EXPECT_NE(listed.error().text().find(root + "/none"), std::string::npos);
  EXPECT_TRUE(listed.error().is_missing());
}

TEST_F(PosixDisk, LockIsHeldAgainstEverybodyAndNamesTheHolder) {
  auto path = root + "/lock";
  {
    auto held = d.lock_file(path);
    ASSERT_TRUE(held) << held.error().text();
    auto refused = posix_disk{}.lock_file(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EWOULDBLOCK);
    EXPECT_NE(refused.error().why.find(std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_TRUE(d.lock_file(path));
}

TEST_F(PosixDisk, ProcessIsKnownByItsCommand) {
  EXPECT_NE(d.process_command(::getpid())->find("unit_storage"), std::string::npos);
  EXPECT_EQ(d.process_command(0x7ffffff0), std::nullopt);
}

/// No descriptor is free as long as it lives, but for those that free_one() gives back.
class no_files_left {
 public:
  no_files_left() {
    ::getrlimit(RLIMIT_NOFILE, &was_);
    auto few = was_;
    few.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &few);
    for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY)) >= 0;) taken_.push_back(fd);
  }
  ~no_files_left() {
    while (!taken_.empty()) free_one();
    ::setrlimit(RLIMIT_NOFILE, &was_);
  }
  void free_one() {
    ::close(taken_.back());
    taken_.pop_back();
  }

 private:
  rlimit was_{};
  std::vector<int> taken_;
};

TEST_F(PosixDisk, TooManyOpenFilesAreToldAsWhatTheyAre) {
  no_files_left now;
  const auto refused = {d.open_writable(root + "/a", open_mode::create_new).error(),
                        d.open_readable(root).error(), d.sync_directory(root).error(),
                        d.list_directory(root).error()};
  for (const auto& why : refused) {
    EXPECT_EQ(why.code, EMFILE);
    EXPECT_NE(why.text().find("this process may have 64 files open at a time"), std::string::npos)
        << why.text();
    EXPECT_NE(why.text().find("LimitNOFILE"), std::string::npos) << why.text();
  }
}

TEST_F(PosixDisk, ACallWaitsForADescriptorAndTellsThatItDoes) {
  no_files_left now;
  std::vector<std::string> told;
  posix_disk patient{{.shortage_ms_max = 60'000, .on_shortage = [&](const io_error& why) {
                        told.push_back(why.operation);
                        now.free_one();
                      }}};
  EXPECT_TRUE(patient.open_writable(root + "/a", open_mode::create_new));
  EXPECT_EQ(told, std::vector<std::string>{"open for writing"});
}

TEST_F(PosixDisk, FileLongerThanExpectedIsNotRead) {
  ASSERT_TRUE(replace_file(d, root, "a", "12345"));
  EXPECT_EQ(*read_file(d, root + "/a", 5), "12345");
  EXPECT_FALSE(read_file(d, root + "/a", 4));
}

TEST_F(PosixDisk, GenuineLogIsWrittenByteForByte) {
  ASSERT_TRUE(d.create_directories(root + "/theirs"));
  ASSERT_TRUE(d.create_directories(root + "/ours"));
  auto wanted = genuine_file("log.1");
  wanted.resize(16 + 65536);
  ASSERT_TRUE(replace_file(d, root + "/theirs", "log.1", wanted));
  auto log = txn_log::open(d, options_for(root + "/ours", 65536));
  auto reader = log_reader::open(d, root + "/theirs", {1});
  for (auto t = *reader->next(); t; t = *reader->next()) ASSERT_TRUE(log->append(*t));
  ASSERT_TRUE(log->sync());
  EXPECT_TRUE(*read_file(d, root + "/ours/log.1") == wanted);
}

}  // namespace
}  // namespace troupe::storage
