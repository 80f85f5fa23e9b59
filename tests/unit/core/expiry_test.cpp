// SPDX-License-Identifier: Apache-2.0
/// Mirrors ContainerManager, EphemeralType and ZooKeeper's CreateContainerTest and CreateTTLTest.
#include "actors/core/expiry.hpp"

#include <gtest/gtest.h>

#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;
using paths = std::vector<std::string>;

std::string body_of_ttl(std::string path, std::int64_t ttl_ms,
                        std::int32_t flags = create_flag::ttl) {
  return jute::encode(
      create_ttl_request{{std::move(path), jute::buffer{"t"}, open_to_all(), flags}, ttl_ms});
}

struct Expiry : ::testing::Test {
  Expiry() { db.data.set_extended_types(true); }
  void container(const std::string& path) {
    ASSERT_EQ(db.err(op_code::create_container, body_of_create(path, "", create_flag::container)),
              code::ok);
  }
  void ttl(const std::string& path, std::int64_t ttl_ms) {
    ASSERT_EQ(db.err(op_code::create_ttl, body_of_ttl(path, ttl_ms)), code::ok);
  }
  /// Of the znode's last change of data.
  std::int64_t mtime(const std::string& path) { return db.stat_of(path).mtime; }

  database db;
};

TEST_F(Expiry, ContainerGoesWhenItsLastChildHasGone) {
  container("/c");
  EXPECT_EQ(expired_znodes(db.data, db.now_ms, 0), paths{});  // it had no child yet
  db.create("/c/k");
  EXPECT_EQ(expired_znodes(db.data, db.now_ms, 0), paths{});
  db.remove("/c/k");
  EXPECT_EQ(expired_znodes(db.data, db.now_ms, 0), paths{"/c"});
}

TEST_F(Expiry, ContainerThatNeverHadAChildGoesOnlyWhereThatIsAsked) {
  container("/c");
  auto made = mtime("/c");
  EXPECT_EQ(expired_znodes(db.data, made + 1'000'000'000, 0), paths{});
  EXPECT_EQ(expired_znodes(db.data, made + 500, 500), paths{});
  EXPECT_EQ(expired_znodes(db.data, made + 501, 500), paths{"/c"});
}

TEST_F(Expiry, TtlZnodeGoesWhenItWasNotChangedForLonger) {
  ttl("/t", 100);
  auto made = mtime("/t");
  EXPECT_EQ(expired_znodes(db.data, made + 100, 0), paths{});
  EXPECT_EQ(expired_znodes(db.data, made + 101, 0), paths{"/t"});
  db.now_ms += 50;
  db.set("/t", "again");
  EXPECT_EQ(expired_znodes(db.data, made + 101, 0), paths{});
}

TEST_F(Expiry, TtlZnodeWithChildrenStaysUntilTheyHaveGone) {
  ttl("/t", 1);
  db.create("/t/k");
  EXPECT_EQ(expired_znodes(db.data, db.now_ms + 100, 0), paths{});
  db.remove("/t/k");
  EXPECT_EQ(expired_znodes(db.data, db.now_ms + 100, 0), paths{"/t"});
}

TEST_F(Expiry, WithoutExtendedTypesATtlZnodeIsKept) {
  ttl("/t", 1);
  db.data.set_extended_types(false);
  EXPECT_EQ(expired_znodes(db.data, db.now_ms + 100, 0), paths{});
  EXPECT_EQ(db.data.ephemeral_count(), 1U);  // of a session that never was
  EXPECT_EQ(db.planner.plan_expiry("/t", db.now_ms + 100), std::nullopt);
  db.data.set_extended_types(true);
  EXPECT_EQ(expired_znodes(db.data, db.now_ms + 100, 0), paths{"/t"});
  EXPECT_EQ(db.data.ephemeral_count(), 0U);
}

TEST_F(Expiry, KindsSurviveASnapshotWhoeverReadsIt) {
  container("/c");
  db.create("/c/k");
  db.remove("/c/k");
  ttl("/t", 1);
  auto read = decode_all(encode_all(db.data));
  ASSERT_TRUE(read) << read.error();
  read->data.set_extended_types(true);
  EXPECT_EQ(expired_znodes(read->data, db.now_ms + 100, 0), (paths{"/c", "/t"}));
}

TEST_F(Expiry, LooksOnceAnIntervalAndTheFirstTimeAnIntervalAfterTheBeginning) {
  container("/c");
  db.create("/c/k");
  db.remove("/c/k");
  expiry watch{{.check_interval_ms = 1000}, 5000};
  EXPECT_EQ(watch.due(db.data, 5999, 0), paths{});
  EXPECT_EQ(watch.due(db.data, 6000, 0), paths{"/c"});
  EXPECT_EQ(watch.due(db.data, 6500, 0), paths{});
  EXPECT_EQ(watch.due(db.data, 7000, 0), paths{"/c"});  // nobody deleted it: once more
}

TEST_F(Expiry, DeletesNoMoreAMinuteThanItMay) {
  for (auto path : {"/a", "/b", "/c", "/d"}) ttl(path, 1);
  expiry watch{{.check_interval_ms = 1000, .deletes_per_minute_max = 60}, 0};
  auto wall_ms = db.now_ms + 100;
  EXPECT_EQ(watch.due(db.data, 1000, wall_ms), paths{"/a"});
  EXPECT_EQ(watch.due(db.data, 1999, wall_ms), paths{});
  EXPECT_EQ(watch.due(db.data, 3000, wall_ms), (paths{"/b", "/c"}));
  EXPECT_EQ(watch.due(db.data, 9000, wall_ms), paths{"/d"});
}

// -- the deletion as a txn ------------------------------------------------------------------------

TEST_F(Expiry, DeletionIsATxnOfNoSession) {
  container("/c");
  auto planned = db.planner.plan_expiry("/c", 77);
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->header.type, op_code::delete_container);
  EXPECT_EQ(planned->header.client, session_id{});
  EXPECT_EQ(planned->header.cx, cxid{});
  EXPECT_EQ(planned->header.time_ms, 77);
  EXPECT_EQ(planned->body, (txn_body{delete_txn{"/c"}}));
  EXPECT_EQ(decode_txn(encode_txn(*planned)), *planned);
  auto done = db.apply(*planned);
  EXPECT_TRUE(done.digest_matches);
  EXPECT_EQ(done.triggers.size(), 2U);
  EXPECT_FALSE(db.data.find("/c"));
  EXPECT_TRUE(db.data.containers().empty());
}

TEST_F(Expiry, WhatChangedSinceItWasFoundStays) {
  container("/c");
  ttl("/t", 100);
  db.create("/plain");
  db.create("/mine", "", create_flag::ephemeral);
  auto next = db.planner.next_zxid();
  EXPECT_FALSE(db.planner.plan_expiry("/gone", 0));
  EXPECT_FALSE(db.planner.plan_expiry("/plain", 0));
  EXPECT_FALSE(db.planner.plan_expiry("/mine", 0));
  EXPECT_FALSE(db.planner.plan_expiry("/t", mtime("/t") + 100));
  EXPECT_EQ(db.planner.next_zxid(), next);
  db.plan(op_code::create, body_of_create("/c/k"));  // planned, not applied yet
  EXPECT_FALSE(db.planner.plan_expiry("/c", 0));
  EXPECT_TRUE(db.planner.plan_expiry("/t", mtime("/t") + 101));
  EXPECT_FALSE(db.planner.plan_expiry("/t", mtime("/t") + 101));  // once
}

}  // namespace
}  // namespace troupe::core::testing
