// SPDX-License-Identifier: Apache-2.0
// The syntax of java.util.Properties.load, point by point.
#include "config/properties.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<property> parsed(std::string_view text) {
  auto result = parse_properties(text);
  EXPECT_TRUE(result.has_value());
  return result.value_or(std::vector<property>{});
}

TEST(Properties, EmptyTextHasNone) {
  EXPECT_THAT(parsed(""), IsEmpty());
  EXPECT_THAT(parsed("\n\r\n \t\n"), IsEmpty());
}

TEST(Properties, BothCommentSignsAreSkippedAlsoBehindBlanks) {
  EXPECT_THAT(parsed("# a=1\n! b=2\n  # c=3\nd=4\n"), ElementsAre(property{"d", "4", 4}));
}

TEST(Properties, ACommentDoesNotContinue) {
  EXPECT_THAT(parsed("# a \\\nb=1"), ElementsAre(property{"b", "1", 2}));
}

TEST(Properties, EqualsColonAndBlankSeparate) {
  EXPECT_THAT(parsed("a=1\nb:2\nc 3\nd\t=\t4\ne  :  5"),
              ElementsAre(property{"a", "1", 1}, property{"b", "2", 2}, property{"c", "3", 3},
                          property{"d", "4", 4}, property{"e", "5", 5}));
}

TEST(Properties, OnlyTheFirstSeparatorCounts) {
  EXPECT_THAT(parsed("server.1=a:1:2\nx==y"),
              ElementsAre(property{"server.1", "a:1:2", 1}, property{"x", "=y", 2}));
}

TEST(Properties, BlanksAtBothEndsOfAValueAreTrimmed) {
  EXPECT_THAT(parsed("a=  1 \t \n"), ElementsAre(property{"a", "1", 1}));
}

TEST(Properties, AKeyAloneHasAnEmptyValue) {
  EXPECT_THAT(parsed("a\nb="), ElementsAre(property{"a", "", 1}, property{"b", "", 2}));
}

TEST(Properties, ABackslashAtTheEndContinuesTheLineAndDropsLeadingBlanks) {
  EXPECT_THAT(parsed("a=1,\\\n    2,\\\r\n\t3\nb=4"),
              ElementsAre(property{"a", "1,2,3", 1}, property{"b", "4", 4}));
}

TEST(Properties, TwoBackslashesAtTheEndDoNotContinue) {
  EXPECT_THAT(parsed("a=1\\\\\nb=2"), ElementsAre(property{"a", "1\\", 1}, property{"b", "2", 2}));
}

TEST(Properties, AHashInAContinuedLineIsText) {
  EXPECT_THAT(parsed("a=1\\\n#2"), ElementsAre(property{"a", "1#2", 1}));
}

TEST(Properties, ABackslashAtTheEndOfTheTextIsDropped) {
  EXPECT_THAT(parsed("a=1\\"), ElementsAre(property{"a", "1", 1}));
}

TEST(Properties, EscapesAreResolvedInKeysAndValues) {
  EXPECT_THAT(parsed("a\\=b\\ c=x\\ty\\q\\\\z"), ElementsAre(property{"a=b c", "x\tyq\\z", 1}));
}

TEST(Properties, UnicodeEscapesBecomeUtf8AndRawBytesPass) {
  EXPECT_THAT(parsed("a=\\u00e9\\u4E2D\nb=\\ud83d\\ude00\nc=\xC3\xA9"),
              ElementsAre(property{"a", "\xC3\xA9\xE4\xB8\xAD", 1},
                          property{"b", "\xF0\x9F\x98\x80", 2}, property{"c", "\xC3\xA9", 3}));
}

TEST(Properties, ABrokenUnicodeEscapeIsAnErrorWithItsLine) {
  for (auto text : {"a=1\nb=\\u12", "a=1\nb=\\u12g4", "a=1\nb\\u=1"}) {
    auto result = parse_properties(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().line, 2);
  }
}

TEST(Properties, AllThreeLineEndsCount) {
  EXPECT_THAT(parsed("a=1\rb=2\r\nc=3\nd=4"),
              ElementsAre(property{"a", "1", 1}, property{"b", "2", 2}, property{"c", "3", 3},
                          property{"d", "4", 4}));
}

}  // namespace
}  // namespace troupe::config
