// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/posix_disk.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

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

TEST_F(PosixDisk, WhatIsMadeIsForItsGroupToReadAtMost) {
  const auto mode_of = [this](const std::string& name) {
    return static_cast<int>(std::filesystem::status(root + name).permissions());
  };
  const auto before = ::umask(0);
  ASSERT_TRUE(d.create_directories(root + "/a/b"));
  ASSERT_TRUE(d.open_writable(root + "/new", open_mode::create_new));
  ASSERT_TRUE(replace_file(d, root, "replaced", "x"));
  ASSERT_TRUE(d.lock_file(root + "/lock"));
  ::umask(077);
  ASSERT_TRUE(d.create_directories(root + "/c"));
  ASSERT_TRUE(d.open_writable(root + "/narrow", open_mode::create_or_truncate));
  ::umask(before);
  EXPECT_EQ(mode_of("/a"), 0750);
  EXPECT_EQ(mode_of("/a/b"), 0750);
  EXPECT_EQ(mode_of("/new"), 0640);
  EXPECT_EQ(mode_of("/replaced"), 0640);
  EXPECT_EQ(mode_of("/lock"), 0640);
  EXPECT_EQ(mode_of("/c"), 0700);
  EXPECT_EQ(mode_of("/narrow"), 0600);
}

TEST_F(PosixDisk, WhoMayReadAFileStaysWhenItIsReplaced) {
  ASSERT_TRUE(replace_file(d, root, "epoch", "1"));
  std::filesystem::permissions(root + "/epoch", std::filesystem::perms{0600});
  ASSERT_TRUE(replace_file(d, root, "epoch", "2"));
  EXPECT_EQ(static_cast<int>(std::filesystem::status(root + "/epoch").permissions()), 0600);
}

TEST_F(PosixDisk, NothingIsWrittenThroughWhatSomebodyPutInThePlaceOfAFile) {
  ASSERT_TRUE(replace_file(d, root, "target", "precious"));
  for (const auto* name : {"/file.tmp", "/lock"})
    std::filesystem::create_symlink(root + "/target", root + name);
  std::filesystem::create_symlink(root + "/nowhere", root + "/log");
  auto replaced = replace_file(d, root, "file", "x");
  ASSERT_FALSE(replaced);
  EXPECT_NE(replaced.error().text().find(root + "/file.tmp"), std::string::npos);
  EXPECT_NE(replaced.error().text().find("symbolic link"), std::string::npos);
  EXPECT_FALSE(d.lock_file(root + "/lock"));
  EXPECT_FALSE(d.open_writable(root + "/log", open_mode::create_new));
  EXPECT_FALSE(std::filesystem::exists(root + "/nowhere"));
  ASSERT_EQ(::mkfifo((root + "/pipe.tmp").c_str(), 0666), 0);
  EXPECT_FALSE(replace_file(d, root, "pipe", "x"));  // and it does not wait for a reader
  EXPECT_EQ(*read_file(d, root + "/target"), "precious");
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
    EXPECT_EQ(errno, EMFILE);
  }
  ~no_files_left() {
    while (!taken_.empty()) free_one();
    ::setrlimit(RLIMIT_NOFILE, &was_);
  }
  void free_one() {
    ::close(taken_.back());
    taken_.pop_back();
  }
  /// One for the file, and a pipe for UBSan, which asks through one whether memory is readable.
  void free_some() {
    for (int i = 0; i < 3; ++i) free_one();
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
                        now.free_some();
                      }}};
  const auto opened = patient.open_writable(root + "/a", open_mode::create_new);
  EXPECT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(told, std::vector<std::string>{"open for writing"});
}

TEST_F(PosixDisk, AFileMadeByATryThatFoundNoDescriptorIsTakenIfItIsEmpty) {
  // Some systems make the file before they look for a descriptor; here the callback does.
  const auto open_beside = [this](const std::string& name, const std::string& content) {
    no_files_left now;
    posix_disk patient{{.shortage_ms_max = 60'000, .on_shortage = [&](const io_error&) {
                          now.free_some();
                          std::ofstream{root + name} << content;
                        }}};
    return patient.open_writable(root + name, open_mode::create_new);
  };
  EXPECT_TRUE(open_beside("/empty", ""));
  EXPECT_EQ(open_beside("/other", "x").error().code, EEXIST);
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
