// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/texts.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>

namespace troupe::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A local time zone for one test.
class zone {
 public:
  explicit zone(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~zone() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

// java.util.Date.toString()
TEST(DateText, IsJavas) {
  zone utc{"UTC"};
  EXPECT_EQ(date_text(0), "Thu Jan 01 00:00:00 UTC 1970");
  EXPECT_EQ(date_text(1'795'367'402'999), "Sun Nov 22 17:10:02 UTC 2026");
  EXPECT_EQ(date_text(-1), "Wed Dec 31 23:59:59 UTC 1969");
}

TEST(DateText, IsInTheLocalZoneAndItsSummerTime) {
  zone berlin{"CET-1CEST,M3.5.0,M10.5.0/3"};
  EXPECT_EQ(date_text(1'795'367'402'999), "Sun Nov 22 18:10:02 CET 2026");
  EXPECT_EQ(date_text(1'782'900'000'000), "Wed Jul 01 12:00:00 CEST 2026");
}

TEST(StatText, HasElevenLines) {
  zone utc{"UTC"};
  stat x{.czxid = {0x1000000a2},
         .mzxid = {0x1000000a3},
         .ctime = 0,
         .mtime = 1'000,
         .version = 1,
         .cversion = -2,
         .aversion = 3,
         .ephemeral_owner = {static_cast<std::int64_t>(0xff00000000000000)},
         .data_length = 4,
         .num_children = 5,
         .pzxid = {-1}};
  EXPECT_EQ(stat_text(x),
            "cZxid = 0x1000000a2\n"
            "ctime = Thu Jan 01 00:00:00 UTC 1970\n"
            "mZxid = 0x1000000a3\n"
            "mtime = Thu Jan 01 00:00:01 UTC 1970\n"
            "pZxid = 0xffffffffffffffff\n"
            "cversion = -2\n"
            "dataVersion = 1\n"
            "aclVersion = 3\n"
            "ephemeralOwner = 0xff00000000000000\n"
            "dataLength = 4\n"
            "numChildren = 5\n");
}

TEST(AclText, RoundTripsWhatMayBeGranted) {
  auto read = parse_acl("world:anyone:cdrwa,digest:ann:pw=:r,ip:10.0.0.0/8:aw");
  EXPECT_THAT(read.complaints, IsEmpty());
  EXPECT_EQ(acl_text(read.acl),
            "'world,'anyone\n: cdrwa\n'digest,'ann:pw=\n: r\n'ip,'10.0.0.0/8\n: wa\n");
}

TEST(AclText, WhatIsNoEntryIsLeftOutWithAComplaint) {
  auto read = parse_acl("foo,a:b,world:anyone:rx,x::r");
  EXPECT_THAT(read.complaints,
              ElementsAre("foo does not have the form scheme:id:perm",
                          "a:b does not have the form scheme:id:perm", "Unknown perm type: x"));
  EXPECT_THAT(read.acl, ElementsAre(acl_entry{permission::read, {"world", "anyone"}},
                                    acl_entry{permission::read, {"x", ""}}));
}

TEST(ListText, IsInBrackets) {
  EXPECT_EQ(list_text({}), "[]");
  EXPECT_EQ(list_text({"a"}), "[a]");
  EXPECT_EQ(list_text({"", "b"}), "[, b]");
}

TEST(PathFault, SpeaksAsZkCli) {
  EXPECT_EQ(path_fault("/a/b"), std::nullopt);
  EXPECT_EQ(path_fault("/"), std::nullopt);
  EXPECT_EQ(path_fault(""), "Path length must be > 0");
  EXPECT_EQ(path_fault("a"), "Path must start with / character");
  EXPECT_EQ(path_fault("/a/"), "Path must not end with / character");
  EXPECT_THAT(*path_fault("/a//b"), testing::StartsWith("Invalid path string \"/a//b\" caused by"));
}

TEST(PathFault, ASequentialZnodesNameComesYet) {
  EXPECT_EQ(path_fault("/a/", true), std::nullopt);
  EXPECT_EQ(path_fault("/a/..", true), std::nullopt);
  EXPECT_EQ(path_fault("", true), "Path must start with / character");
}

TEST(FailureText, SpeaksAsZkCli) {
  EXPECT_EQ(failure_text(error_code::no_node, "/a"), "Node does not exist: /a");
  EXPECT_EQ(failure_text(error_code::bad_version, "/a"), "version No is not valid : /a");
  EXPECT_EQ(failure_text(error_code::no_watcher, "/a"), "KeeperErrorCode = No such watcher for /a");
  EXPECT_EQ(failure_text(error_code::reconfig_disabled, ""),
            "KeeperErrorCode = Reconfig is disabled");
  EXPECT_EQ(failure_text(static_cast<error_code>(-77), ""), "KeeperErrorCode = Unknown error -77");
}

TEST(EventText, APathlessEventSaysNull) {
  EXPECT_EQ(event_text({"SyncConnected", "None"}),
            "WatchedEvent state:SyncConnected type:None path:null");
  EXPECT_EQ(event_text({"SyncConnected", event_type_name(4), "/a"}),
            "WatchedEvent state:SyncConnected type:NodeChildrenChanged path:/a");
}

TEST(Base64, RoundTripsEveryLength) {
  const std::string bytes{"\0\xff\x80 any", 7};
  for (std::size_t n = 0; n <= bytes.size(); ++n)
    EXPECT_EQ(from_base64(base64(bytes.substr(0, n))), bytes.substr(0, n)) << n;
  EXPECT_EQ(base64("two words"), "dHdvIHdvcmRz");
}

TEST(Base64, PaddingMayBeMissingAndOtherLettersMayNot) {
  EXPECT_EQ(from_base64("eA"), "x");
  for (auto text : {"e", "e===", "====", "a b=", "!!!!"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

// ConfigUtils.getClientConfigStr
TEST(ClientAddresses, AreThoseBehindTheSemicolons) {
  EXPECT_EQ(client_addresses("server.1=a:1:2:participant;127.0.0.1:21\n"
                             "server.2=b:1:2:observer;22\n"
                             "server.3=c:1:2:participant\nversion=1f"),
            "1f 127.0.0.1:21,0.0.0.0:22");
}

TEST(ParseNumber, TakesAWholeNumberOnly) {
  EXPECT_EQ(parse_number<std::int32_t>("-7"), -7);
  EXPECT_EQ(parse_number<std::int32_t>("+7"), 7);
  EXPECT_EQ(parse_number<std::int64_t>("1f", 16), 0x1f);
  for (auto text : {"", "7x", " 7", "2147483648", "+-7", "0x7"})
    EXPECT_EQ(parse_number<std::int32_t>(text), std::nullopt) << text;
}

}  // namespace
}  // namespace troupe::cli
