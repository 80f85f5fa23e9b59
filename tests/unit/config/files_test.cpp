// SPDX-License-Identifier: Apache-2.0
#include "config/files.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "config/load.hpp"

namespace troupe::config {
namespace {

const auto here = std::filesystem::current_path().string();

TEST(Files, PathMeansTheSameFromEverywhere) {
  EXPECT_EQ(absolute_path("/a/./b/../c/"), "/a/c");
  EXPECT_EQ(absolute_path("/"), "/");
  EXPECT_EQ(absolute_path("a"), here + "/a");
  EXPECT_EQ(absolute_path("."), here);
  EXPECT_FALSE(read_whole("/nowhere/at/all"));
  EXPECT_FALSE(read_whole("/"));
}

TEST(Files, WhatAServerReadsLaterIsNamedFromTheRoot) {
  const auto none = [](const std::string&) { return std::nullopt; };
  const auto read = parse("dataDir=d\ndataLogDir=l/\nclientPort=1\nsession.passwordSecretFile=s\n",
                          "zoo.cfg", none);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->value.data_dir, here + "/d");
  EXPECT_EQ(read->value.data_log_dir, here + "/l");
  EXPECT_EQ(read->value.session_secret_file, here + "/s");
}

}  // namespace
}  // namespace troupe::config
