// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tools/cli/arguments.hpp"
#include "tools/cli/quota_text.hpp"
#include "tools/cli/watch_book.hpp"

namespace troupe::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// StatsTrack: what it printed it reads, and so does ZooKeeper before 3.7.
TEST(QuotaText, ReadsWhatItWrites) {
  quota_text x;
  EXPECT_EQ(x.text(), "count=-1,bytes=-1");
  x.set(quota_key::count, 10);
  x.set(quota_key::count_hard, 7);
  x.set(quota_key::bytes_hard, 8);
  EXPECT_EQ(x.text(), "count=10,bytes=-1=;byteHardLimit=8;countHardLimit=7");
  EXPECT_EQ(quota_text{x.text()}.text(), x.text());
  EXPECT_EQ(quota_text{x.text()}.get(quota_key::bytes_hard), 8);
}

TEST(QuotaText, WhatIsNoNumberIsNone) {
  quota_text x{"count=,bytes=x,,nothing"};
  EXPECT_EQ(x.get(quota_key::count), -1);
  EXPECT_EQ(x.get(quota_key::bytes), -1);
  EXPECT_EQ(x.text(), "count=-1,bytes=-1");
}

TEST(WatchBook, AnEventEndsTheWatchesItTold) {
  watch_book book;
  book.add("/a", watch_kind::data);
  book.add("/a", watch_kind::children);
  book.on_event(3, "/a");  // NodeDataChanged
  EXPECT_FALSE(book.has("/a", watch_kind::data));
  EXPECT_TRUE(book.has("/a", watch_kind::any));
  book.on_event(2, "/a");  // NodeDeleted
  EXPECT_FALSE(book.has("/a", watch_kind::any));
}

TEST(WatchBook, RemovesWhatThereIsOfAKind) {
  watch_book book;
  book.add("/a", watch_kind::data);
  book.add("/a", watch_kind::children);
  book.add("/b", watch_kind::data);
  EXPECT_THAT(book.remove("/b", watch_kind::children), IsEmpty());
  EXPECT_THAT(book.remove("/a", watch_kind::any),
              ElementsAre(watch_kind::children, watch_kind::data));
  EXPECT_THAT(book.remove("/a", watch_kind::any), IsEmpty());
  EXPECT_TRUE(book.has("/b", watch_kind::data));
}

// ZooKeeperMain.MyCommandOptions
TEST(Arguments, OptionsEndWhereTheCommandBegins) {
  auto x = parse_arguments({"-server", "a:1,b:2/c", "-timeout", "500", "-r", "ls", "-s", "/"});
  ASSERT_TRUE(x);
  EXPECT_EQ(x->connection.hosts, "a:1,b:2/c");
  EXPECT_EQ(x->connection.timeout_ms, 500);
  EXPECT_TRUE(x->connection.read_only);
  EXPECT_FALSE(x->wait_for_connection);
  EXPECT_THAT(x->command, ElementsAre("ls", "-s", "/"));
}

TEST(Arguments, WithoutAnyItIsAShellOnLocalhost) {
  auto x = parse_arguments({});
  ASSERT_TRUE(x);
  EXPECT_EQ(x->connection.hosts, "localhost:2181");
  EXPECT_EQ(x->connection.timeout_ms, 30'000);
  EXPECT_THAT(x->command, IsEmpty());
}

TEST(Arguments, WhatIsWrongIsSaid) {
  EXPECT_THAT(parse_arguments({"-server"}).error(),
              HasSubstr("no argument found for option -server"));
  EXPECT_THAT(parse_arguments({"-timeout", "soon"}).error(),
              HasSubstr("-timeout soon: accepted is"));
  EXPECT_THAT(parse_arguments({"-timeout", "0"}).error(), HasSubstr("above 0"));
  EXPECT_THAT(parse_arguments({"-secure"}).error(), HasSubstr("unknown option -secure"));
}

// ConnectStringParser
TEST(WithPorts, AHostWithoutAPortGetsZooKeepers) {
  EXPECT_EQ(library_hosts("a").value(), "a:2181");
  EXPECT_EQ(library_hosts(" a , b:1 ,[::1],[::1]:2,::3/c,d ").value(),
            "a:2181,b:1,::1:2181,::1:2,::3:2181/c,d")
      << "the library parts at the last colon and knows no brackets";
  EXPECT_THAT(library_hosts("a:1,b:x").error(), HasSubstr("'b:x'"));
  EXPECT_FALSE(library_hosts(""));
}

TEST(ChrootOf, IsWhatFollowsTheHosts) {
  EXPECT_EQ(chroot_of("a:1,b:2/c/d"), "/c/d");
  EXPECT_EQ(chroot_of("a:1"), "");
  EXPECT_EQ(chroot_of("a:1/"), "");
}

}  // namespace
}  // namespace troupe::cli
