// SPDX-License-Identifier: Apache-2.0
#include "config/partial_config.hpp"

#include <gtest/gtest.h>

#include <map>

namespace troupe::config {
namespace {

partial_config read(const std::string& text, const std::vector<setting>& settings = {},
                    const std::map<std::string, std::string>& files = {}) {
  return read_partial_config(
      text,
      [&files](const std::string& path) -> std::optional<std::string> {
        const auto found = files.find(path);
        return found == files.end() ? std::nullopt : std::optional{found->second};
      },
      settings);
}

TEST(PartialConfig, SaysWhatAValidFileSays) {
  const auto seen = read("dataDir=/a/../z\nclientPort=2181\nclientPortAddress=::1\n");
  EXPECT_EQ(seen.data_dir, "/z");
  EXPECT_EQ(seen.client_port, 2181);
  EXPECT_EQ(seen.client_address, "::1");
}

TEST(PartialConfig, FindsTheDirectoryWhateverElseIsWrong) {
  for (const char* text :
       {"dataDir=/z\nx=\\u12\n", "tickTime=soon\ndataDir=/z\n",
        "\xef\xbb\xbf"
        "dataDir=/z\n",
        "datadir=/z\n", "dataDir = \"/z\"\n", "dataDir='/z'\n", "dataDir=/y\ndataDir=/z\n",
        "server.1=nonsense\ndataDir: /z", "dataDir=/z\nDATADIR=/y\n"})
    EXPECT_EQ(read(text).data_dir, "/z") << text;
}

TEST(PartialConfig, IsEmptyWhereNothingIsSaid) {
  for (const char* text : {"", "dataDirs=/z\n", "#dataDir=/z\n", "dataLogDir=/z\n", "dataDir=\n"}) {
    EXPECT_EQ(read(text).data_dir, "") << text;
    EXPECT_EQ(read(text).client_port, 0) << text;
  }
  EXPECT_EQ(read("clientPort=66000\n").client_port, 0);
}

TEST(PartialConfig, CommandLineStandsAboveTheFile) {
  EXPECT_EQ(read("dataDir=/z\n", {{"dataDir", "/set"}}).data_dir, "/set");
}

TEST(PartialConfig, AddressIsWhatAValidFileWouldMeanByIt) {
  EXPECT_EQ(read("clientPortAddress=[::1]\n").client_address, "::1");
  EXPECT_EQ(read("clientPortAddress=\n").client_address, "127.0.0.1");
  EXPECT_EQ(read("clientPortAddress=a b\n").client_address, "0.0.0.0");
  EXPECT_EQ(read("").client_address, "0.0.0.0");
}

TEST(PartialConfig, ClientPortStandsBehindThisServersLine) {
  const std::string two =
      "syncLimit=five\ndataDir=/z\nserver.1=a:1:2;10.0.0.1:2181\nserver.2=b:1:2;2182\n";
  EXPECT_EQ(read(two, {}, {{"/z/myid", "1\n"}}).client_port, 2181);
  EXPECT_EQ(read(two, {}, {{"/z/myid", "1\n"}}).client_address, "10.0.0.1");
  EXPECT_EQ(read(two, {}, {{"/z/myid", "\xef\xbb\xbf 2 \r\n"}}).client_port, 2182);
  EXPECT_EQ(read(two).client_port, 0);  // which one it is cannot be told
  EXPECT_EQ(read("x=\\u12\nserver.7=a:1:2;[::1]:2181\n").client_address, "::1");
  EXPECT_EQ(read("syncLimit=five\ndynamicConfigFile=/d\n", {}, {{"/d", "server.7=a:1:2;2187"}})
                .client_port,
            2187);
}

}  // namespace
}  // namespace troupe::config
