// SPDX-License-Identifier: Apache-2.0
/// Mirrors PathUtils.validatePath and ZooKeeper's PathUtilsTest.
#include "actors/core/path.hpp"

#include <gtest/gtest.h>

namespace troupe::core {
namespace {

TEST(Path, WellFormedPathsAreTaken) {
  for (auto path : {"/", "/a", "/this is / a valid/path", "/name/with.dots", "/name/..with", "/.a",
                    "/a..", "/...", "/a/.../b", "/\xc3\xa4", "/\xe2\x82\xac", "/\xef\xbf\xaf"})
    EXPECT_TRUE(is_valid_path(path)) << path << ": " << path_fault(path).value_or("");
}

TEST(Path, MalformedPathsAreRefusedWithTheReason) {
  EXPECT_EQ(path_fault(""), "a path is not empty");
  EXPECT_EQ(path_fault("a/b"), "a path starts with /");
  EXPECT_EQ(path_fault("/a/"), "a path does not end with /");
  EXPECT_EQ(path_fault("/a//b"), "empty name at byte 3");
  EXPECT_EQ(path_fault("//a"), "empty name at byte 1");
  EXPECT_EQ(path_fault("/a/./b"), "relative name at byte 3");
  EXPECT_EQ(path_fault("/."), "relative name at byte 1");
  EXPECT_EQ(path_fault("/a/.."), "relative name at byte 3");
  EXPECT_EQ(path_fault("/../a"), "relative name at byte 1");
}

TEST(Path, ControlsSurrogatesPrivateUseAndSpecialsAreRefused) {
  using namespace std::string_view_literals;
  for (auto bad : {"\0"sv, "\x01"sv, "\x1f"sv, "\x7f"sv, "\xc2\x80"sv, "\xc2\x9f"sv,
                   "\xed\xa0\x80"sv /* U+D800 */, "\xef\xa3\xbf"sv /* U+F8FF */,
                   "\xef\xbf\xb0"sv /* U+FFF0 */, "\xef\xbf\xbf"sv /* U+FFFF */})
    EXPECT_EQ(path_fault("/a" + std::string{bad}), "character that is not allowed at byte 2");
  for (auto good : {"\x20"sv, "\x7e"sv, "\xc2\xa0"sv, "\xed\x9f\xbf"sv, "\xef\xa4\x80"sv})
    EXPECT_TRUE(is_valid_path("/a" + std::string{good}));
}

TEST(Path, BytesThatAreNoUtf8AreRefusedAsJavaWouldReplaceThem) {
  for (auto bad : {"\xff", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x9f\x98\x80", "\x80"})
    EXPECT_FALSE(is_valid_path(std::string{"/a"} + bad));
}

TEST(Path, PartsOfAPath) {
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("/"), "/");
  EXPECT_EQ(parent_path("a/b"), "a");
  EXPECT_EQ(parent_path("a"), "");
  EXPECT_EQ(base_name("/a/b"), "b");
  EXPECT_EQ(base_name("/"), "");
}

}  // namespace
}  // namespace troupe::core
