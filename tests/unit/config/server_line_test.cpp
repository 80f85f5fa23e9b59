// SPDX-License-Identifier: Apache-2.0
// The forms of QuorumPeer.QuorumServer.
#include "config/server_line.hpp"

#include <gtest/gtest.h>

namespace troupe::config {
namespace {

server_entry entry(std::string host, std::uint16_t peer, std::uint16_t election) {
  server_entry x;
  x.id = {7};
  x.host = std::move(host);
  x.peer_port = peer;
  x.election_port = election;
  return x;
}

TEST(ServerLine, HostAndTwoPortsMakeAParticipant) {
  EXPECT_EQ(parse_server_line({7}, "zk1.example:2888:3888"), entry("zk1.example", 2888, 3888));
}

TEST(ServerLine, RolesAreReadWithoutRegardToCase) {
  auto observer = entry("h", 1, 2);
  observer.observer = true;
  EXPECT_EQ(parse_server_line({7}, "h:1:2:observer"), observer);
  EXPECT_EQ(parse_server_line({7}, "h:1:2:Observer"), observer);
  EXPECT_EQ(parse_server_line({7}, "h:1:2:participant"), entry("h", 1, 2));
}

TEST(ServerLine, Ipv6StandsInBracketsOnly) {
  EXPECT_EQ(parse_server_line({7}, "[2001:db8::1]:2888:3888"), entry("2001:db8::1", 2888, 3888));
  EXPECT_FALSE(parse_server_line({7}, "2001:db8::1:2888:3888"));
}

TEST(ServerLine, ClientPartGivesPortAndPerhapsAddress) {
  auto x = entry("h", 1, 2);
  x.client_port = 2181;
  EXPECT_EQ(parse_server_line({7}, "h:1:2;2181"), x);
  x.client_address = "10.0.0.1";
  EXPECT_EQ(parse_server_line({7}, "h:1:2;10.0.0.1:2181"), x);
  x.client_address = "::1";
  EXPECT_EQ(parse_server_line({7}, "h:1:2:participant;[::1]:2181"), x);
}

TEST(ServerLine, BlanksRoundThePartsAreIgnored) {
  EXPECT_EQ(parse_server_line({7}, " h : 1 : 2 "), entry("h", 1, 2));
}

TEST(ServerLine, WhatIsNoServerLineIsRefused) {
  for (auto text : {"",
                    "h",
                    "h:1",
                    ":1:2",
                    "h:1:1",
                    "h:0:2",
                    "h:1:65536",
                    "h:1:2:learner",
                    "h:a:2",
                    "h:1:2:",
                    "h:1:2:observer:3",
                    "[::1:1:2",
                    "[::1]x:1:2",
                    "[h]:1:2",
                    "h:1:2;x:",
                    "h:1:2;:1",
                    "h:1:2;a:b:1",
                    "h:1:2;2181;2281",
                    "a:1:2|b:1:2",
                    "h:-1:2",
                    "h:1 2"})
    EXPECT_FALSE(parse_server_line({7}, text)) << text;
}

TEST(ServerLine, WhatIsPrintedIsReadBackTheSame) {
  for (auto text : {"h:1:2:participant", "[::1]:1:2:observer;2181", "h:1:2:observer;[::1]:2181",
                    "h:1:2:participant;a:2181"}) {
    auto x = parse_server_line({7}, text);
    ASSERT_TRUE(x) << text;
    EXPECT_EQ(print_server_line(*x, true), text);
  }
}

}  // namespace
}  // namespace troupe::config
