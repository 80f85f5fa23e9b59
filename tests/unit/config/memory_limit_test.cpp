// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"

namespace troupe::config {
namespace {

using kind = memory_limit::kind;
using testing::HasSubstr;

tl::expected<loaded, std::string> with(const std::string& value) {
  return parse("dataDir=/d\nclientPort=2181\nmemory.limit=" + value, "zoo.cfg",
               [](const std::string&) { return std::nullopt; });
}

TEST(MemoryLimit, IsASizeAPartOrAWord) {
  constexpr std::int64_t mib = 1 << 20;
  EXPECT_EQ(with("256m")->value.memory_limit, (memory_limit{kind::bytes, 256 * mib}));
  EXPECT_EQ(with("2G")->value.memory_limit, (memory_limit{kind::bytes, 2048 * mib}));
  EXPECT_EQ(with("131072k")->value.memory_limit, (memory_limit{kind::bytes, 128 * mib}));
  EXPECT_EQ(with("100000001")->value.memory_limit, (memory_limit{kind::bytes, 100'000'001}));
  EXPECT_EQ(with("50%")->value.memory_limit, (memory_limit{kind::percent, 50}));
  EXPECT_EQ(with("none")->value.memory_limit, (memory_limit{kind::none, 0}));
  EXPECT_EQ(with("cgroup")->value.memory_limit, memory_limit{});
}

TEST(MemoryLimit, ABadOneIsRefusedWithWhatIsAccepted) {
  for (auto value : {"63m", "0", "-1", "0%", "101%", "m", "%", "256mb", "1.5g", "all",
                     "99999999999999999999", "9999999999g", ""}) {
    auto result = with(value);
    ASSERT_FALSE(result) << value;
    EXPECT_THAT(result.error(), HasSubstr("at least 64m; a part such as 50%")) << value;
  }
}

TEST(MemoryLimit, PrintedItReadsAsTheSame) {
  for (auto value : {"256m", "100000001", "50%", "none", "cgroup"}) {
    EXPECT_THAT(print(with(value)->value), HasSubstr("memory.limit=" + std::string{value} + "\n"));
  }
}

}  // namespace
}  // namespace troupe::config
