// SPDX-License-Identifier: Apache-2.0
/// Mirrors StatsTrack, Quotas, DataTree's quota counts and ZooKeeper's StatsTrackTest,
/// ZooKeeperQuotaTest and EnforceQuotaTest.
#include "actors/core/quotas.hpp"

#include <gtest/gtest.h>

#include "actors/core/path.hpp"
#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;

TEST(QuotaText, ReadsOldAndNewForms) {
  quota_text old{"count=4,bytes=5"};
  EXPECT_EQ(old.count(), 4);
  EXPECT_EQ(old.bytes(), 5);
  EXPECT_EQ(old.count_hard_limit(), -1);
  quota_text now{"count=4,bytes=5=;byteHardLimit=10;countHardLimit=20"};
  EXPECT_EQ(now.bytes(), 5);
  EXPECT_EQ(now.count_hard_limit(), 20);
  EXPECT_EQ(now.bytes_hard_limit(), 10);
  EXPECT_EQ(now.print(), "count=4,bytes=5=;byteHardLimit=10;countHardLimit=20");
}

TEST(QuotaText, WhatIsNotSaidIsMinusOneAndNonsenseIsPassedOver) {
  for (auto text : {"", "nonsense", "count", "count=", ",;,", "=7", "count=x"}) {
    EXPECT_EQ(quota_text{text}.count(), -1) << text;
    EXPECT_EQ(quota_text{text}.bytes(), -1) << text;
  }
  EXPECT_EQ(quota_text{}.print(), "count=-1,bytes=-1");
}

TEST(QuotaPaths, NameTheZnodeThatIsLimited) {
  EXPECT_EQ(limits_path("/a/b"), "/zookeeper/quota/a/b/zookeeper_limits");
  EXPECT_EQ(limited_by("/zookeeper/quota/a/b/zookeeper_limits", limits_name), "/a/b");
  EXPECT_EQ(limited_by("/zookeeper/quota/a/b/zookeeper_stats", limits_name), "");
  EXPECT_EQ(limited_by("/zookeeper/quota/zookeeper_limits", limits_name), "");  // the root
  EXPECT_EQ(limited_by("/zookeeper/quotas/a/zookeeper_limits", limits_name), "");
  EXPECT_EQ(limited_by("/a/zookeeper_limits", limits_name), "");
}

TEST(QuotaPaths, TheNearestLimitCounts) {
  limited_paths limited;
  EXPECT_EQ(limited.nearest("/a/b"), "");
  limited.add("/a");
  limited.add("/a/b/c");
  EXPECT_EQ(limited.nearest("/a"), "/a");
  EXPECT_EQ(limited.nearest("/a/b"), "/a");
  EXPECT_EQ(limited.nearest("/a/b/c/d"), "/a/b/c");
  EXPECT_EQ(limited.nearest("/ab"), "");
  EXPECT_EQ(limited.nearest("/"), "");
  limited.remove("/a");
  EXPECT_EQ(limited.nearest("/a/b"), "");
}

struct Quota : ::testing::Test {
  Quota() {
    db.create("/a", "12");
    db.create("/a/b", "345");
  }
  void limit(const std::string& limits, const std::string& path = "/a") {
    auto over = std::string{quota_path};
    over += path;
    db.create(over);
    ASSERT_EQ(db.create(limits_path(path), limits), code::ok);
    ASSERT_EQ(db.create(stats_path(path), "count=0,bytes=0"), code::ok);
  }
  std::string used(const std::string& path = "/a") {
    auto node = db.data.find(stats_path(path));
    return node ? std::string{node->data.view()} : "none";
  }
  void enforce() { db.planner.set_options({.enforce_quota = true}); }

  database db;
};

TEST_F(Quota, CountsWhatIsThereAndThenEveryChange) {
  limit("count=-1,bytes=-1");
  EXPECT_EQ(used(), "count=2,bytes=5");
  db.create("/a/c", "6789");
  EXPECT_EQ(used(), "count=3,bytes=9");
  db.set("/a/b", "");
  EXPECT_EQ(used(), "count=3,bytes=6");
  db.remove("/a/c");
  EXPECT_EQ(used(), "count=2,bytes=2");
  db.create("/ab", "not below");
  EXPECT_EQ(used(), "count=2,bytes=2");
}

TEST_F(Quota, CountsEphemeralsThatEndWithTheirSession) {
  limit("count=-1,bytes=-1");
  db.create("/a/e", "xyz", create_flag::ephemeral);
  EXPECT_EQ(used(), "count=3,bytes=8");
  db.write(op_code::close_session, "");
  EXPECT_EQ(used(), "count=2,bytes=5");
}

TEST_F(Quota, StatsChangeOutsideOfTxnsAndDigest) {
  limit("count=-1,bytes=-1");
  auto before = db.stat_of(stats_path("/a"));
  db.create("/a/c");
  auto after = db.stat_of(stats_path("/a"));
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(after.mzxid, before.mzxid);
  auto whole = db.data.approximate_data_size();
  auto read = decode_all(encode_all(db.data));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->data.approximate_data_size(), whole);
  EXPECT_EQ(read->data.digest(), db.data.digest());
}

TEST_F(Quota, NumbersThatAClientWroteNeverOverflow) {
  limit("count=5,bytes=5");
  db.set(stats_path("/a"), "count=9223372036854775807,bytes=9223372036854775807");
  ASSERT_EQ(db.create("/a/c", "67"), code::ok);
  EXPECT_EQ(used(), "count=9223372036854775807,bytes=9223372036854775807");
  const auto breach = find_breach(quota_text{"count=5"}, quota_text{used()}, 1, 1);
  ASSERT_TRUE(breach);
  EXPECT_EQ(breach->would_be, INT64_MAX);
}

TEST_F(Quota, WithoutLimitsNothingIsCountedAnyMore) {
  limit("count=-1,bytes=-1");
  db.remove(limits_path("/a"));
  db.create("/a/c");
  EXPECT_EQ(used(), "count=2,bytes=5");
}

TEST_F(Quota, LoadedSnapshotCountsAnew) {
  limit("count=-1,bytes=-1");
  db.remove(limits_path("/a"));
  db.create("/a/c", "uncounted");
  db.create(limits_path("/a"), "count=9,bytes=9");
  EXPECT_EQ(used(), "count=2,bytes=5");
  auto read = decode_all(encode_all(db.data));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->data.find(stats_path("/a"))->data.view(), "count=3,bytes=14");
  read->data.apply(db.plan(op_code::create, body_of_create("/a/d")));
  EXPECT_EQ(read->data.find(stats_path("/a"))->data.view(), "count=4,bytes=14");
}

TEST_F(Quota, HardLimitsRefuseWhenEnforced) {
  limit("count=1,bytes=1=;byteHardLimit=10;countHardLimit=3");
  enforce();
  EXPECT_EQ(db.create("/a/c"), code::ok);
  EXPECT_EQ(db.create("/a/d"), code::quota_exceeded);
  EXPECT_EQ(db.set("/a/b", "12345678"), code::ok);
  EXPECT_EQ(db.set("/a/b", "123456789"), code::quota_exceeded);
  EXPECT_EQ(db.set("/a/b", "1234567890", 5), code::quota_exceeded);  // before the version
  EXPECT_EQ(db.create("/a/b"), code::node_exists);                   // but not before this
  EXPECT_EQ(db.set("/a/b", "1"), code::ok);
  EXPECT_EQ(db.remove("/a/c"), code::ok);
  EXPECT_EQ(db.create("/a/c"), code::ok);
}

TEST_F(Quota, HardLimitsOnlyWarnWhenNotEnforced) {
  limit("count=-1,bytes=-1=;countHardLimit=2");
  EXPECT_EQ(db.create("/a/c"), code::ok);
  auto breaches = db.planner.take_breaches();
  ASSERT_EQ(breaches.size(), 1U);
  EXPECT_EQ(breaches[0].path, "/a");
  EXPECT_TRUE(breaches[0].is_hard);
  EXPECT_FALSE(breaches[0].of_bytes);
  EXPECT_EQ(breaches[0].limit, 2);
  EXPECT_EQ(breaches[0].would_be, 3);
  EXPECT_TRUE(db.planner.take_breaches().empty());
}

TEST_F(Quota, SoftLimitsOnlyWarn) {
  limit("count=2,bytes=5");
  enforce();
  EXPECT_EQ(db.create("/a/c"), code::ok);
  EXPECT_EQ(db.set("/a/c", "x"), code::ok);
  auto breaches = db.planner.take_breaches();
  ASSERT_EQ(breaches.size(), 2U);
  EXPECT_FALSE(breaches[0].is_hard);
  EXPECT_TRUE(breaches[1].of_bytes);
  EXPECT_EQ(breaches[1].would_be, 6);
}

TEST_F(Quota, OpsOfAMultiAreAskedOneByOneAndARefusedOneUndoesAll) {
  limit("count=-1,bytes=-1=;byteHardLimit=6");
  enforce();
  auto done =
      db.write(op_code::multi, body_of_multi({{op_code::create, body_of_create("/a/c", "x")},
                                              {op_code::create, body_of_create("/a/d", "more")}}));
  ASSERT_EQ(done.multi.size(), 2U);
  EXPECT_EQ(done.multi[1].err, code::quota_exceeded);
  EXPECT_FALSE(db.data.find("/a/c"));
  EXPECT_EQ(used(), "count=2,bytes=5");
}

}  // namespace
}  // namespace troupe::core::testing
