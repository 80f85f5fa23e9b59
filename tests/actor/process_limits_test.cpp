// SPDX-License-Identifier: Apache-2.0
#include "actors/node/process_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "actors/core/memory_budget.hpp"

namespace troupe {
namespace {

using kind = config::memory_limit::kind;
using testing::HasSubstr;

std::optional<cgroup_limit> found_in(std::map<std::string, std::string> files) {
  return find_cgroup_limit([&files](const std::string& path) -> std::optional<std::string> {
    auto at = files.find(path);
    return at == files.end() ? std::nullopt : std::optional{at->second};
  });
}

TEST(CgroupLimit, IsTheLeastOfTheGroupAndThoseAboveIt) {
  auto limit = found_in({{"/proc/self/cgroup", "0::/pod/server\n"},
                         {"/sys/fs/cgroup/pod/server/memory.max", "max\n"},
                         {"/sys/fs/cgroup/pod/memory.max", "536870912\n"},
                         {"/sys/fs/cgroup/memory.max", "1073741824\n"}});
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->bytes, 536870912);
  EXPECT_EQ(limit->file, "/sys/fs/cgroup/pod/memory.max");
}

TEST(CgroupLimit, OfAContainerIsAtTheTop) {
  EXPECT_EQ(found_in({{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/memory.max", "99999744\n"}})
                ->bytes,
            99999744);
  // The path is the host's, and only the end of it is mounted.
  EXPECT_EQ(found_in({{"/proc/self/cgroup", "0::/docker/0123\n"},
                      {"/sys/fs/cgroup/memory.max", "99999744\n"}})
                ->bytes,
            99999744);
}

TEST(CgroupLimit, OfTheFirstVersionIsReadToo) {
  auto limit = found_in({{"/proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/0123\n0::/\n"},
                         {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"}});
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->bytes, 268435456);
}

TEST(CgroupLimit, WithoutOneThereIsNone) {
  EXPECT_FALSE(found_in({}));
  EXPECT_FALSE(found_in({{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/memory.max", "max\n"}}));
  EXPECT_FALSE(
      found_in({{"/proc/self/cgroup", "4:memory:/\n"},
                {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}}));
}

TEST(AllowedMemory, IsWhatIsSaidButNeverMoreThanTheCgroups) {
  constexpr std::int64_t mib = 1 << 20, machine = 4096 * mib;
  const cgroup_limit group{512 * mib, "/sys/fs/cgroup/memory.max"};
  const auto allowed = [&](kind how, std::int64_t value, bool in_group) {
    return allow_memory({how, value}, in_group ? std::optional{group} : std::nullopt, machine);
  };
  EXPECT_EQ(allowed(kind::cgroup, 0, false).bytes, 0);
  EXPECT_EQ(allowed(kind::cgroup, 0, true).bytes, 512 * mib);
  EXPECT_EQ(allowed(kind::none, 0, true).bytes, 0);
  EXPECT_EQ(allowed(kind::bytes, 256 * mib, true).bytes, 256 * mib);
  EXPECT_EQ(allowed(kind::bytes, 1024 * mib, true).bytes, 512 * mib);
  EXPECT_EQ(allowed(kind::bytes, 1024 * mib, false).bytes, 1024 * mib);
  EXPECT_NEAR(static_cast<double>(allowed(kind::percent, 50, true).bytes), 256 * mib, 100);
  EXPECT_NEAR(static_cast<double>(allowed(kind::percent, 50, false).bytes), 2048 * mib, 100);
  EXPECT_THAT(allowed(kind::cgroup, 0, true).why,
              HasSubstr("the cgroup's, 536870912 bytes (512 MiB) of /sys/fs/cgroup/memory.max"));
  EXPECT_THAT(allowed(kind::percent, 50, false).why, HasSubstr("of this machine"));
}

TEST(AllowedMemory, TheLeastThatZooCfgMaySayIsTheLeastThatIsDivided) {
  EXPECT_EQ(config::memory_limit::bytes_min, core::memory_budget::limit_min);
}

TEST(AllowedMemory, LessThanAServerLivesInIsRaisedAndSaid) {
  constexpr std::int64_t mib = 1 << 20;
  const cgroup_limit group{40 * mib, "/sys/fs/cgroup/memory.max"};
  const auto whole = allow_memory({kind::cgroup, 0}, group, 4096 * mib);
  EXPECT_EQ(whole.bytes, 64 * mib);
  EXPECT_THAT(whole.why, HasSubstr("raised to 67108864 bytes (64 MiB)"));
  EXPECT_EQ(allow_memory({kind::percent, 1}, std::nullopt, 4096 * mib).bytes, 64 * mib);
  EXPECT_EQ(allow_memory({kind::bytes, 64 * mib}, std::nullopt, 4096 * mib).bytes, 64 * mib);
}

TEST(ProcessLimits, AProcessHasSomethingInMemory) { EXPECT_GT(resident_bytes(), 1 << 20); }

}  // namespace
}  // namespace troupe
