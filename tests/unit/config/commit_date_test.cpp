// SPDX-License-Identifier: Apache-2.0
#include "config/commit_date.hpp"

#include <gmock/gmock.h>

#include <cstdio>
#include <memory>
#include <string>

namespace troupe::config {
namespace {

TEST(CommitDate, IsInZooKeepersForm) {
  EXPECT_THAT(std::string{commit_date()},
              testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC"));
}

/// Not the build's: what is built twice is the same twice.
TEST(CommitDate, IsThatOfTheCommitIfThereIsOne) {
  const std::string ask =
      std::string{"TZ=UTC git -c 'safe.directory=*' -C "} + TROUPE_SOURCE_DIR +
      " log -1 --format=%cd --date=format-local:'%Y-%m-%d %H:%M UTC' 2>/dev/null";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> answer{::popen(ask.c_str(), "r"), ::pclose};
  char line[64] = {};
  if (!answer || std::fgets(line, sizeof line, answer.get()) == nullptr)
    GTEST_SKIP() << "no git, or no history, here";
  std::string said{line};
  said.pop_back();
  EXPECT_EQ(commit_date(), said) << "configure again: cmake --preset release";
}

}  // namespace
}  // namespace troupe::config
