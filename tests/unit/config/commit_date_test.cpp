// SPDX-License-Identifier: Apache-2.0
#include "config/commit_date.hpp"

#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace troupe::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* committed_at = "2001-02-03 04:05 UTC";
constexpr const char* committed_at_seconds = "981173106";

/// A copy of the sources that has nothing but what tells its date.
class CommitDate : public testing::Test {
 protected:
  CommitDate() {
    auto name = (fs::temp_directory_path() / "troupe_commit_date.XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    fs::create_directory(root_ / "cmake");
    write("cmake/commit.txt", "$Format:%ct$\n");
    write("ask.cmake", std::string{"include("} + TROUPE_SOURCE_DIR +
                           "/cmake/CommitDate.cmake)\n"
                           "troupe_commit_date(date)\n"
                           "execute_process(COMMAND ${CMAKE_COMMAND} -E echo \"${date}\")\n");
  }
  ~CommitDate() override { fs::remove_all(root_); }

  void write(const fs::path& file, const std::string& text) { std::ofstream{root_ / file} << text; }
  static std::string first_line_of(const std::string& command) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> answer{::popen(command.c_str(), "r"),
                                                                 ::pclose};
    char line[64] = {};
    if (!answer || std::fgets(line, sizeof line, answer.get()) == nullptr) return {};
    std::string said{line};
    return said.substr(0, said.find('\n'));
  }
  /// What a build of the sources in `directory` would say.
  [[nodiscard]] std::string date_in(const fs::path& directory, const std::string& settings) const {
    return first_line_of("cd '" + directory.string() + "' && env -u SOURCE_DATE_EPOCH " + settings +
                         " cmake -P '" + (root_ / "ask.cmake").string() + "' 2>&1");
  }

  fs::path root_;
};

TEST_F(CommitDate, IsInZooKeepersForm) {
  EXPECT_THAT(std::string{commit_date()},
              testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC"));
}

/// Not the build's: what is built twice is the same twice.
TEST_F(CommitDate, OfThisBuildIsThatOfItsSources) {
  const auto* outer = std::getenv("SOURCE_DATE_EPOCH");
  const auto settings = outer ? std::string{"SOURCE_DATE_EPOCH="} + outer : std::string{};
  EXPECT_EQ(commit_date(), date_in(TROUPE_SOURCE_DIR, settings))
      << "configure again: cmake --preset release";
}

TEST_F(CommitDate, IsGitsWhereThereIsAHistory) {
  const std::string commit =
      "git init -q . && git add cmake && git -c user.name=x -c "
      "user.email=x@example.org commit -q -m x";
  ASSERT_EQ(std::system(("cd '" + root_.string() + "' && GIT_COMMITTER_DATE='" +
                         committed_at_seconds + " +0000' sh -c '" + commit + "'")
                            .c_str()),
            0);
  EXPECT_EQ(date_in(root_, "SOURCE_DATE_EPOCH=1"), committed_at);
}

TEST_F(CommitDate, IsWhatTheBuildersEnvironmentSaysWhereThereIsNone) {
  write("cmake/commit.txt", "1\n");
  EXPECT_EQ(date_in(root_, std::string{"SOURCE_DATE_EPOCH="} + committed_at_seconds), committed_at);
}

TEST_F(CommitDate, IsWhatAnArchiveOfTheCommitSaysWithoutBoth) {
  write("cmake/commit.txt", std::string{committed_at_seconds} + "\n");
  EXPECT_EQ(date_in(root_, ""), committed_at);
}

TEST_F(CommitDate, IsTheEpochWhereNothingTells) {
  EXPECT_EQ(date_in(root_, ""), "1970-01-01 00:00 UTC");
}

}  // namespace
}  // namespace troupe::config
