// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/disk.hpp"

#include <gtest/gtest.h>
#include <cerrno>
#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "actors/storage/log_format.hpp"

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

TEST(SimDisk, UnsyncedWritesSurviveAsAPrefixTornSomewhereOrUnderAnotherLength) {
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
  for (const auto* prefix : {"ab", "abc", "abcd", "abcde", "abcdef"})
    EXPECT_EQ(seen.count(prefix), 1u) << prefix;
  for (const auto& left : seen) EXPECT_EQ(left.substr(0, 2), "ab") << "what was synced";
  EXPECT_EQ(seen.count(std::string{"ab\0\0\0\0", 6}), 1u) << "the length without the bytes";
}

TEST(SimDisk, UnsyncedSectorsSurviveInAnyOrder) {
  std::set<std::string> seen;
  const auto sector = [](char c) { return std::string(512, c); };
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    one_disk d{seed};
    auto f = d.open("log");
    EXPECT_TRUE(f->write_at(0, sector('a')));
    EXPECT_TRUE(f->resize(4 * 512));
    EXPECT_TRUE(f->sync());
    d.sync_names();
    EXPECT_TRUE(f->write_at(512, sector('b') + sector('c')));
    d.crash();
    seen.insert(d.read("log"));
  }
  const auto zeros = sector('\0');
  EXPECT_EQ(seen.count(sector('a') + zeros + zeros + zeros), 1u);
  EXPECT_EQ(seen.count(sector('a') + sector('b') + sector('c') + zeros), 1u);
  EXPECT_EQ(seen.count(sector('a') + sector('b') + zeros + zeros), 1u);
  EXPECT_EQ(seen.count(sector('a') + zeros + sector('c') + zeros), 1u) << "a hole before it";
}

TEST(SimDisk, RotSparesWhatIsNew) {
  using namespace std::chrono_literals;
  one_disk d;
  duration now{0};
  d.on->clock = [&now] { return now; };
  auto log = storage::encode_log_header();
  storage::append_entry(log, std::string(50, 'x'));
  const auto old_end = log.size();
  auto f = d.open("log.1");
  EXPECT_TRUE(f->write_at(0, log));
  EXPECT_TRUE(f->sync());
  d.sync_names();
  now = 10s;
  storage::append_entry(log, std::string(50, 'y'));
  EXPECT_TRUE(f->write_at(0, log));
  EXPECT_TRUE(f->sync());
  now = 11s;
  rng chance{1};
  for (int i = 0; i < 100; ++i) (void)d.on->rot("log.1", chance, 5s);
  const auto found = d.read("log.1");
  EXPECT_NE(found.substr(0, old_end), log.substr(0, old_end));
  EXPECT_EQ(found.substr(old_end), log.substr(old_end));
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

TEST(SimDisk, UnsyncedNamesSurviveEachByItself) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    one_disk d{seed};
    for (const auto* name : {"a", "b", "c"}) d.open(name);
    d.crash();
    std::string left;
    const auto entries = d.disk->list_directory("/data/version-2");
    for (const auto& entry : *entries) left += entry.name;
    seen.insert(left);
  }
  EXPECT_EQ(seen, (std::set<std::string>{"", "a", "b", "c", "ab", "ac", "bc", "abc"}));
}

TEST(SimDisk, NameOfADirectoryIsLostLikeAnyOther) {
  std::set<bool> kept;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    one_disk d{seed};
    EXPECT_TRUE(d.disk->make_directory("/data/more"));
    auto file = std::move(*d.disk->open_writable("/data/more/file", open_mode::create_new));
    EXPECT_TRUE(file->sync());
    EXPECT_TRUE(d.disk->sync_directory("/data/more"));
    d.crash();
    kept.insert(*d.disk->exists("/data/more/file"));
    EXPECT_TRUE(*d.disk->exists("/data/version-2"));
  }
  EXPECT_EQ(kept, (std::set<bool>{false, true}));
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
