// SPDX-License-Identifier: Apache-2.0
/// ConnectStringParserTest and ConfigUtilsTest of ZooKeeper, and what people write.
#include "config/host.hpp"

#include <gmock/gmock.h>

namespace troupe::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

host_port at(std::string host, std::uint16_t port) { return {std::move(host), port}; }

TEST(Host, IsANameOrAnAddressWithBlanksAroundIt) {
  for (auto text : {"zoo-1.example.org", "10.0.0.7", "h_1", "1"}) EXPECT_EQ(parse_host(text), text);
  EXPECT_EQ(parse_host(" \tzoo1\r\n"), "zoo1");
  EXPECT_EQ(parse_host("[::1]"), "::1");
  EXPECT_EQ(parse_host("2001:db8::7"), "2001:db8::7");
  EXPECT_EQ(parse_host("[ fe80::1%eth0 ]"), "fe80::1%eth0");
  for (auto text : {"", " ", "[]", "[zoo1]", "[::1", "::1]", "a b", "a:1", "a|b", "a,b", "[::1]x",
                    "\"zoo1\"", "a/b", "[fe80::1%a b]", "fe80::1%e\\", "fe80::1%"})
    EXPECT_FALSE(parse_host(text)) << text;
}

TEST(Host, PortStandsBehindTheLastColonOrTheBracket) {
  EXPECT_EQ(parse_host_port("zoo1:2181"), at("zoo1", 2181));
  EXPECT_EQ(parse_host_port(" zoo1 : 2181 "), at("zoo1", 2181));
  EXPECT_EQ(parse_host_port("[::1]:2181"), at("::1", 2181));
  EXPECT_EQ(parse_host_port("[::1]"), (host_port{"::1", std::nullopt}));
  EXPECT_EQ(parse_host_port("::1"), (host_port{"::1", std::nullopt}));
  EXPECT_EQ(parse_host_port("zoo1"), (host_port{"zoo1", std::nullopt}));
  for (auto text : {"zoo1:", ":2181", "zoo1:0", "zoo1:65536", "zoo1:x", "zoo1:1:2", "[::1]2181",
                    "[::1]:", "[zoo1]:1", "zoo 1:2181"})
    EXPECT_FALSE(parse_host_port(text)) << text;
}

TEST(ConnectString, NamesSeveralServersAndAChroot) {
  auto found = parse_connect_string(" zoo1:2181 , [::1]:2182,10.0.0.7 ,, ::2/app/a ");
  ASSERT_TRUE(found) << found.error();
  EXPECT_THAT(found->servers,
              ElementsAre(at("zoo1", 2181), at("::1", 2182), host_port{"10.0.0.7", std::nullopt},
                          host_port{"::2", std::nullopt}));
  EXPECT_EQ(found->chroot, "/app/a");
  EXPECT_EQ(parse_connect_string("a/")->chroot, "");
  EXPECT_EQ(parse_connect_string("a:1//")->chroot, "");
}

TEST(ConnectString, PartThatCannotBeReadIsNamed) {
  auto refused = parse_connect_string("zoo1:2181,zoo2:port/app");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("'zoo2:port'"));
  EXPECT_THAT(refused.error(), HasSubstr("accepted: host[:port]"));
  for (auto text : {"", " ", ",", "/app"}) EXPECT_FALSE(parse_connect_string(text)) << text;
}

TEST(Host, TextsOfOneAddressAreOne) {
  EXPECT_EQ(canonical_host("ZOO1.Example.ORG."), "zoo1.example.org");
  EXPECT_EQ(canonical_host("0:0:0:0:0:0:0:1"), "::1");
  EXPECT_EQ(canonical_host("2001:DB8:0::7"), "2001:db8::7");
  EXPECT_TRUE(is_wildcard("0.0.0.0") && is_wildcard("::") && is_wildcard("0::0"));
  EXPECT_TRUE(is_loopback("LOCALHOST") && is_loopback("127.1.2.3") && is_loopback("0::1"));
  EXPECT_FALSE(is_wildcard("10.0.0.0") || is_loopback("zoo1"));
  EXPECT_EQ(print_host("::1"), "[::1]");
  EXPECT_EQ(print_host("zoo1"), "zoo1");
}

}  // namespace
}  // namespace troupe::config
