// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/disk.hpp"

#include <gtest/gtest.h>
#include <cerrno>
#include <memory>
#include <set>
#include <string>

namespace troupe::sim {
namespace {

using storage::open_mode;

struct one_disk {
  explicit one_disk(std::uint64_t seed = 1) : on(std::make_shared<platters>(rng{seed})) {
    boot();
    EXPECT_TRUE(disk->create_directories("/data/version-2"));
  }
  void boot() { disk = std::make_unique<sim_disk>(on); }
  void crash() {
    disk->die();
    on->lose_power();
    boot();
  }
  std::string read(const std::string& name) {
    auto content = storage::read_file(*disk, "/data/version-2/" + name);
    return content ? *content : "missing";
  }
  auto open(const std::string& name, open_mode mode = open_mode::create_new) {
    return std::move(*disk->open_writable("/data/version-2/" + name, mode));
  }
  void sync_names() { EXPECT_TRUE(disk->sync_directory("/data/version-2")); }

  std::shared_ptr<platters> on;
  std::unique_ptr<sim_disk> disk;
};

TEST(SimDisk, SyncedContentUnderASyncedNameSurvivesACrash) {
  one_disk d;
  auto f = d.open("log");
  EXPECT_TRUE(f->write_at(0, "hello"));
  EXPECT_TRUE(f->sync());
  d.sync_names();
  d.crash();
  EXPECT_EQ(d.read("log"), "hello");
}

TEST(SimDisk, UnsyncedWritesSurviveAsAPrefixTornSomewhere) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    one_disk d{seed};
    auto f = d.open("log");
    EXPECT_TRUE(f->write_at(0, "ab"));
    EXPECT_TRUE(f->sync());
    d.sync_names();
    EXPECT_TRUE(f->write_at(2, "cd"));
    EXPECT_TRUE(f->write_at(4, "ef"));
    d.crash();
    seen.insert(d.read("log"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"ab", "abc", "abcd", "abcde", "abcdef"}));
}

TEST(SimDisk, UnsyncedRenameLeavesTheOldFileOrTheNew) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    one_disk d{seed};
    EXPECT_TRUE(storage::replace_file(*d.disk, "/data/version-2", "epoch", "1"));
    auto f = d.open("epoch.tmp");
    EXPECT_TRUE(f->write_at(0, "2"));
    EXPECT_TRUE(f->sync());
    EXPECT_TRUE(d.disk->rename("/data/version-2/epoch.tmp", "/data/version-2/epoch"));
    EXPECT_EQ(d.read("epoch"), "2");
    d.crash();
    seen.insert(d.read("epoch"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"1", "2"}));
}

TEST(SimDisk, DeadDiskFailsAndChangesNothing) {
  one_disk d;
  auto f = d.open("log");
  EXPECT_TRUE(f->write_at(0, "a"));
  EXPECT_TRUE(f->sync());
  d.sync_names();
  auto old = std::move(d.disk);
  old->die();
  d.on->lose_power();
  d.boot();
  EXPECT_FALSE(f->write_at(0, "b"));
  EXPECT_FALSE(old->exists("/data"));
  EXPECT_EQ(d.read("log"), "a");
}

TEST(SimDisk, SuccessfulSyncAfterAFailedOneDoesNotBringTheLostWritesBack) {
  one_disk d;
  auto f = d.open("log");
  EXPECT_TRUE(f->sync());
  d.sync_names();
  EXPECT_TRUE(f->write_at(0, "a"));
  d.on->faults.sync_percent = 100;
  EXPECT_FALSE(f->sync());
  d.on->faults.sync_percent = 0;
  EXPECT_TRUE(f->sync());
  EXPECT_EQ(d.read("log"), "a") << "the page cache still shows it";
  d.crash();
  EXPECT_EQ(d.read("log"), "");
}

TEST(SimDisk, FullDiskSaysSo) {
  one_disk d;
  d.on->faults.capacity_bytes = 10;
  auto f = d.open("log");
  EXPECT_TRUE(f->write_at(0, "0123456789"));
  auto full = f->write_at(10, "x");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ENOSPC);
}

TEST(SimDisk, CrashPointFiresAtTheAgreedCall) {
  one_disk d;
  auto f = d.open("log");
  d.on->crash_within(1, "log", [&] { d.disk->die(); });
  EXPECT_TRUE(f->write_at(0, "a"));
  EXPECT_FALSE(f->sync());
}

TEST(SimDisk, LockIsExclusiveAndLetGoOfByACrash) {
  one_disk d;
  auto lock = d.disk->lock_file("/data/lock");
  ASSERT_TRUE(lock);
  EXPECT_FALSE(d.disk->lock_file("/data/lock"));
  d.crash();
  EXPECT_TRUE(d.disk->lock_file("/data/lock"));
}

}  // namespace
}  // namespace troupe::sim
