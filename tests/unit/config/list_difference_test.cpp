// SPDX-License-Identifier: Apache-2.0
#include "config/list_difference.hpp"

#include <gmock/gmock.h>

namespace troupe::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

membership list(std::string_view text) {
  auto m = parse_membership(text);
  EXPECT_TRUE(m) << m.error();
  return m.value_or(membership{});
}

const membership as_written_by_1 =
    list("server.1=0.0.0.0:2888:3888\nserver.2=zoo2:2888:3888\nserver.3=zoo3:2888:3888");

TEST(ListDifference, OneListWrittenInSeveralWaysIsOne) {
  const auto ours = list("server.1=zoo1:1:2;2181\nserver.2=[::1]:1:2\nserver.3=zoo3:1:2");
  const auto theirs = list(
      "server.3=ZOO3:1:2:participant\nserver.2=[0:0:0:0:0:0:0:1]:1:2\n"
      "server.1=Zoo1.:1:2;0.0.0.0:2181");
  EXPECT_TRUE(compare(ours, theirs).is_none());
}

TEST(ListDifference, WhoNamesHimselfByAWildcardDiffersByAddressesAlone) {
  const auto theirs =
      list("server.1=zoo1:2888:3888\nserver.2=0.0.0.0:2888:3888\nserver.3=zoo3:2888:3888");
  const auto found = compare(as_written_by_1, theirs);
  EXPECT_FALSE(found.of_quorums);
  EXPECT_THAT(found.lines, ElementsAre(differing_line{"server.1=0.0.0.0:2888:3888:participant",
                                                      "server.1=zoo1:2888:3888:participant"},
                                       differing_line{"server.2=zoo2:2888:3888:participant",
                                                      "server.2=0.0.0.0:2888:3888:participant"}));
}

TEST(ListDifference, PortsAndClientPortsAreAddresses) {
  const auto ours = list("server.1=a:1:2;2181\nserver.2=b:1:2");
  EXPECT_EQ(compare(ours, list("server.1=a:1:3;2181\nserver.2=b:1:2")).lines.size(), 1U);
  EXPECT_EQ(compare(ours, list("server.1=a:1:2;2182\nserver.2=b:1:2")).lines.size(), 1U);
  EXPECT_THAT(compare(ours, list("server.1=a:1:2\nserver.2=b:1:2;9")).lines, IsEmpty())
      << "what one side alone says contradicts nobody";
}

TEST(ListDifference, ObserversDecideNothing) {
  const auto found = compare(list("server.1=a:1:2\nserver.2=b:1:2"),
                             list("server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer"));
  EXPECT_FALSE(found.of_quorums);
  EXPECT_THAT(found.lines, ElementsAre(differing_line{"", "server.3=c:1:2:observer"}));
}

TEST(ListDifference, VotersRolesGroupsAndWeightsDecide) {
  const std::string three = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n";
  for (auto theirs : {std::string{"server.1=a:1:2\nserver.2=b:1:2\n"},
                      std::string{"server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n"},
                      three + "group.1=1:2:3\n", three + "server.4=d:1:2\n"}) {
    const auto found = compare(list(three), list(theirs));
    EXPECT_TRUE(found.of_quorums) << theirs;
    EXPECT_THAT(describe(found), HasSubstr("server.")) << theirs;
  }
  const auto grouped = three + "group.1=1:2:3\n";
  EXPECT_TRUE(compare(list(grouped), list(grouped + "weight.2=5\n")).of_quorums);
  EXPECT_TRUE(
      compare(list(three + "group.1=1:2\ngroup.2=3\n"), list(three + "group.7=3\ngroup.8=1:2\n"))
          .is_none());
}

TEST(ListDifference, ManyLinesAreDescribedByTheFirstOfThem) {
  std::string ours, theirs;
  for (int n = 1; n <= 50; ++n) {
    ours += "server." + std::to_string(n) + "=a:1:2\n";
    theirs += "server." + std::to_string(n) + "=b:1:2\n";
  }
  const auto text = describe(compare(list(ours), list(theirs)));
  EXPECT_THAT(text, HasSubstr("server.1=a:1:2:participant here and server.1=b:1:2:participant"));
  EXPECT_THAT(text, HasSubstr("46 lines more"));
}

TEST(KnownAddresses, AWildcardOfItsTellerIsNoAddressForOthers) {
  const auto known =
      list("server.1=zoo1:2888:3888\nserver.2=0.0.0.0:2888:3888\nserver.3=zoo3:2888:3888");
  auto told = as_written_by_1;
  told.version = zxid{0x100000000};
  const auto mine = with_known_addresses(told, known, {2});
  EXPECT_EQ(mine.servers[0].host, "zoo1");
  EXPECT_EQ(mine.servers[1].host, "0.0.0.0") << "we go on listening everywhere";
  EXPECT_EQ(mine.version, told.version);
}

TEST(KnownAddresses, ARealAddressOrPortIsTakenOver) {
  const auto known = list("server.1=zoo1:1:2\nserver.2=127.0.0.1:1:2\nserver.3=zoo3:1:2");
  const auto told = list("server.1=elsewhere:5:6\nserver.2=zoo2:1:2\nserver.3=localhost:7:8");
  const auto mine = with_known_addresses(told, known, {2});
  EXPECT_EQ(mine.servers[0].host, "elsewhere");
  EXPECT_EQ(mine.servers[1].host, "zoo2");
  EXPECT_EQ(mine.servers[2].host, "zoo3") << "its teller's loopback";
  EXPECT_EQ(mine.servers[2].peer_port, 7);
}

}  // namespace
}  // namespace troupe::config
