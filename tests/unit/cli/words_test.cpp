// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/words.hpp"

#include <gmock/gmock.h>

namespace troupe::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SplitWords, BlanksSeparateAndDoNotCount) {
  EXPECT_THAT(split_words("create  -s\t/a   data "), ElementsAre("create", "-s", "/a", "data"));
  EXPECT_THAT(split_words("   "), IsEmpty());
  EXPECT_THAT(split_words(""), IsEmpty());
}

// The pattern of ZooKeeperMain.MyCommandOptions.
TEST(SplitWords, QuotesHoldAWordTogetherAndAreNotPartOfIt) {
  EXPECT_THAT(split_words("set /a \"two words\""), ElementsAre("set", "/a", "two words"));
  EXPECT_THAT(split_words("set '/a b' 'say \"so\"'"), ElementsAre("set", "/a b", "say \"so\""));
  EXPECT_THAT(split_words("set /a ''"), ElementsAre("set", "/a", ""));
}

TEST(SplitWords, AQuoteInsideAWordBelongsToIt) {
  EXPECT_THAT(split_words("set /a it's"), ElementsAre("set", "/a", "it's"));
  EXPECT_THAT(split_words("a\"b c\""), ElementsAre("a\"b", "c\""));
}

TEST(SplitWords, WhatFollowsAClosingQuoteIsAWordOfItsOwn) {
  EXPECT_THAT(split_words("'a b'c"), ElementsAre("a b", "c"));
}

TEST(SplitWords, AQuoteThatIsNeverClosedIsPassedOver) {
  EXPECT_THAT(split_words("set /a \"b c"), ElementsAre("set", "/a", "b", "c"));
  EXPECT_THAT(split_words("'"), IsEmpty());
}

constexpr option known[] = {
    {"s", false, "stats"}, {"w", false, "watch"}, {"v", true, "version"}, {"file", true, "path"}};

tl::expected<parsed_words, std::string> parsed(std::string_view line, option_list list = {known}) {
  return parse_words(split_words(line), list);
}

TEST(ParseWords, OptionsMayStandAnywhere) {
  for (auto line : {"set -s -v 5 /a d", "set /a d -s -v 5", "set -v=5 /a -s d", "set -sv 5 /a d",
                    "set -sv5 /a d"}) {
    auto given = parsed(line);
    ASSERT_TRUE(given) << line;
    EXPECT_THAT(given->words, ElementsAre("set", "/a", "d")) << line;
    EXPECT_TRUE(given->has("s")) << line;
    EXPECT_FALSE(given->has("w")) << line;
    ASSERT_NE(given->value("v"), nullptr) << line;
    EXPECT_EQ(*given->value("v"), "5") << line;
  }
}

TEST(ParseWords, NamesOfSeveralLettersHaveOneDash) {
  auto given = parsed("reconfig -file /tmp/x -s");
  ASSERT_TRUE(given);
  EXPECT_EQ(*given->value("file"), "/tmp/x");
  EXPECT_TRUE(given->has("s"));
}

TEST(ParseWords, ANegativeNumberIsAValueAndNoOption) {
  EXPECT_EQ(*parsed("set -v -1 /a d")->value("v"), "-1");
  EXPECT_EQ(parsed("set /a -1").error(), "Unrecognized option: -1");
}

TEST(ParseWords, BehindTwoDashesThereAreNoOptions) {
  auto given = parsed("set -- /a -s");
  ASSERT_TRUE(given);
  EXPECT_THAT(given->words, ElementsAre("set", "/a", "-s"));
  EXPECT_FALSE(given->has("s"));
}

TEST(ParseWords, ASingleDashIsAWord) {
  EXPECT_THAT(parsed("set /a -")->words, ElementsAre("set", "/a", "-"));
}

TEST(ParseWords, WhatIsNotKnownIsNamed) {
  EXPECT_EQ(parsed("get -x /a").error(), "Unrecognized option: -x");
  EXPECT_EQ(parsed("get -sx /a").error(), "Unrecognized option: -sx");
  EXPECT_EQ(parsed("get -s=1 /a").error(), "Unrecognized option: -s=1");
}

TEST(ParseWords, AMissingValueIsNamed) {
  EXPECT_EQ(parsed("set /a d -v").error(), "Missing argument for option: v");
  EXPECT_EQ(parsed("set -v -s /a").error(), "Missing argument for option: v");
}

TEST(ParseWords, OfAnOptionGivenTwiceTheFirstValueCounts) {
  EXPECT_EQ(*parsed("set -v 1 -v 2 /a d")->value("v"), "1");
}

constexpr option exclusive[] = {{"n", true, "num soft quota"}, {"b", true, "bytes soft quota"}};

TEST(ParseWords, ExclusiveOptionsExcludeEachOther) {
  EXPECT_EQ(parsed("setquota -n 1 -b 2 /a", {exclusive, true, true}).error(),
            "The option 'b' was specified but an option from this group has already been "
            "selected: 'n'");
  EXPECT_TRUE(parsed("setquota -n 1 -n 2 /a", {exclusive, true, true}));
}

TEST(ParseWords, WithoutARequiredOptionAllOfThemAreListed) {
  EXPECT_EQ(parsed("setquota /a", {exclusive, true, true}).error(),
            "Missing required option: [-n num soft quota, -b bytes soft quota]");
  EXPECT_TRUE(parsed("delquota /a", {exclusive, true, false}));
}

}  // namespace
}  // namespace troupe::cli
