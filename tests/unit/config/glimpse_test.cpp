// SPDX-License-Identifier: Apache-2.0
#include "config/glimpse.hpp"

#include <gtest/gtest.h>

namespace troupe::config {
namespace {

TEST(Glimpse, SaysWhatAValidFileSays) {
  const auto seen = glimpse_of("dataDir=/a/../z\nclientPort=2181\nclientPortAddress=::1\n");
  EXPECT_EQ(seen.data_dir, "/z");
  EXPECT_EQ(seen.client_port, 2181);
  EXPECT_EQ(seen.client_address, "::1");
}

TEST(Glimpse, FindsTheDirectoryWhateverElseIsWrong) {
  for (const char* text :
       {"dataDir=/z\nx=\\u12\n", "tickTime=soon\ndataDir=/z\n",
        "\xef\xbb\xbf"
        "dataDir=/z\n",
        "datadir=/z\n", "dataDir = \"/z\"\n", "dataDir='/z'\n", "dataDir=/y\ndataDir=/z\n",
        "server.1=nonsense\ndataDir: /z", "dataDir=/z\nDATADIR=/y\n"})
    EXPECT_EQ(glimpse_of(text).data_dir, "/z") << text;
}

TEST(Glimpse, IsEmptyWhereNothingIsSaid) {
  for (const char* text : {"", "dataDirs=/z\n", "#dataDir=/z\n", "dataLogDir=/z\n", "dataDir=\n"}) {
    EXPECT_EQ(glimpse_of(text).data_dir, "") << text;
    EXPECT_EQ(glimpse_of(text).client_port, 0) << text;
  }
  EXPECT_EQ(glimpse_of("clientPort=66000\n").client_port, 0);
}

TEST(Glimpse, CommandLineStandsAboveTheFile) {
  EXPECT_EQ(glimpse_of("dataDir=/z\n", {{"dataDir", "/set"}}).data_dir, "/set");
}

}  // namespace
}  // namespace troupe::config
