// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/command_line.hpp"

#include <gmock/gmock.h>

namespace troupe::bench {
namespace {

using testing::HasSubstr;

std::variant<command, ended> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "actor-bench");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

command good(std::vector<const char*> words) { return std::get<command>(parse(std::move(words))); }

/// Exit code, and what was said.
std::pair<int, std::string> bad(std::vector<const char*> words) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  const auto parsed = parse(std::move(words));
  auto said = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  const auto* done = std::get_if<ended>(&parsed);
  return {done ? done->exit_code : -1, said};
}

TEST(CommandLine, OneOperationOnOneTarget) {
  const auto c = good({"get", "--servers", "a:1,b:2", "--connections", "4", "--window", "8"});
  ASSERT_EQ(c.workloads.size(), 1u);
  EXPECT_EQ(to_string(c.workloads[0]), "get@4x8");
  ASSERT_EQ(c.targets.size(), 1u);
  EXPECT_EQ(c.targets[0].servers.size(), 2u);
  EXPECT_FALSE(c.is_comparison());
  EXPECT_EQ(c.options.warmup_s, 2);
  EXPECT_THAT(c.options.root, HasSubstr("/actor-bench-"));
}

TEST(CommandLine, DefaultsFollowTheKindOfLoop) {
  EXPECT_EQ(good({"set"}).workloads[0].window, 1u);
  EXPECT_EQ(good({"set", "--rate", "100"}).workloads[0].window, 1000u);
  EXPECT_EQ(good({"set", "--rate", "100", "--window", "5"}).workloads[0].window, 5u);
  EXPECT_EQ(good({"set", "--ops", "5"}).options.warmup_s, 0);
  EXPECT_EQ(good({"set", "--ops", "5", "--warmup", "1"}).options.warmup_s, 1);
}

TEST(CommandLine, MixedTakesItsPercentage) {
  EXPECT_EQ(to_string(good({"mixed", "--reads", "75"}).workloads[0]), "mixed75@1x1");
}

TEST(CommandLine, ComparisonOfASuite) {
  const auto c = good({"--suite", "standard", "--compare", "a=x:1,y:2", "b=z:3", "--rounds", "3"});
  EXPECT_TRUE(c.is_comparison());
  EXPECT_TRUE(c.is_suite);
  EXPECT_EQ(c.workloads.size(), 7u);
  EXPECT_EQ(c.targets[0].name, "a");
  EXPECT_EQ(c.targets[1].servers.size(), 1u);
  EXPECT_EQ(c.rounds, 3u);
}

struct mistake {
  std::vector<const char*> words;
  const char* said;
};
class CommandLineRefuses : public testing::TestWithParam<mistake> {};

TEST_P(CommandLineRefuses, AndSaysWhatIsAccepted) {
  const auto [code, said] = bad(GetParam().words);
  EXPECT_EQ(code, 2);
  EXPECT_THAT(said, HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, CommandLineRefuses,
    testing::Values(mistake{{}, "OPERATION (set, get, create"}, mistake{{"put"}, "set"},
                    mistake{{"set", "--suite", "standard"}, "and not both"},
                    mistake{{"set", "--servers", "a:b"}, "accepted: host:port"},
                    mistake{{"set", "--compare", "a:1", "b:2"}, "accepted: NAME=host:port"},
                    mistake{{"set", "--compare", "a=a:1"}, "--compare"},
                    mistake{{"--suite", "set@1"}, "accepted: KIND@CONNECTIONSxWINDOW"},
                    mistake{{"set", "--connections", "0"}, "--connections"},
                    mistake{{"set", "--rate", "-5"}, "--rate"},
                    mistake{{"set", "--root", "root"}, "accepted: /name"},
                    mistake{{"set", "--seconds", "2", "--ops", "5"}, "excludes"},
                    mistake{{"set", "--rounds", "2"}, "--compare"},
                    mistake{{"set", "--conections", "2"}, "--conections"}));

TEST(CommandLine, HelpIsNoError) {
  const auto [code, said] = bad({"--help"});
  EXPECT_EQ(code, 0);
  for (const auto* word : {"--servers", "--rate", "--compare", "--suite", "--reconnect", "watch"})
    EXPECT_THAT(said, HasSubstr(word));
}

}  // namespace
}  // namespace troupe::bench
