// SPDX-License-Identifier: Apache-2.0
/// Numbers near the end of their range: what a database or an ensemble comes to only after years.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "actors/core/pending.hpp"
#include "actors/core/proposals.hpp"
#include "actors/core/sessions.hpp"
#include "actors/core/zxid_order.hpp"
#include "tests/unit/core/ensembles.hpp"
#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;
using test::ensemble_of;
using test::server;

constexpr auto greatest = std::numeric_limits<std::int32_t>::max();
constexpr auto least = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t last_counter = 0xffffffff;

zxid near_the_end(std::int64_t before) { return test::at(2, last_counter - before); }

// -- zxids ---------------------------------------------------------------------------------------

TEST(LastNumbers, CounterOfAnEpochIsFollowedByNoneAndThenByTheFirstOfALaterEpoch) {
  EXPECT_TRUE(may_follow(near_the_end(0), near_the_end(1)));
  EXPECT_FALSE(may_follow(near_the_end(0).next(), near_the_end(0))) << "that is counter 0 of 3";
  EXPECT_TRUE(may_follow(test::at(3, 1), near_the_end(0)));
  EXPECT_FALSE(may_follow(test::at(3, 2), near_the_end(0)));
  EXPECT_EQ(near_the_end(0).in_epoch(), epoch{2});
  EXPECT_EQ(near_the_end(0).counter(), 0xffffffffU);
}

TEST(LastNumbers, LeaderProposesAllButTheLastZxidOfItsEpoch) {
  proposals window{ensemble_of(1), near_the_end(3)};
  ASSERT_FALSE(window.add_synced(server(1), near_the_end(3)));
  EXPECT_TRUE(window.propose(near_the_end(2)));
  EXPECT_FALSE(window.needs_new_epoch());
  EXPECT_TRUE(window.propose(near_the_end(1)));
  EXPECT_TRUE(window.needs_new_epoch());
  EXPECT_FALSE(window.propose(near_the_end(0)));
  const auto done = window.on_ack(server(1), near_the_end(1));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->last, near_the_end(1));
}

TEST(LastNumbers, LearnerTakesInTheLastOfAnEpochAndTheFirstOfTheNext) {
  pending window{near_the_end(1)};
  EXPECT_EQ(window.on_proposal(near_the_end(0)), pending::receipt::fresh);
  EXPECT_EQ(window.on_proposal(near_the_end(0).next()), pending::receipt::hole);
  EXPECT_EQ(window.on_proposal(test::at(3, 1)), pending::receipt::fresh);
  EXPECT_EQ(window.on_commit(test::at(3, 1))->size(), 2U);
}

TEST(LastNumbers, TxnsAreAppliedAndTheirDigestsHoldOverTheEndOfAnEpoch) {
  database db;
  db.planner.begin(near_the_end(1));
  EXPECT_TRUE(db.write(op_code::create, body_of_create("/a")).digest_matches);
  EXPECT_EQ(db.data.last_processed(), near_the_end(1));
  EXPECT_EQ(db.stat_of("/a").czxid, near_the_end(1));
  db.planner.begin(test::at(3, 1));
  EXPECT_TRUE(db.write(op_code::create, body_of_create("/b")).digest_matches);
  EXPECT_EQ(db.data.last_processed(), test::at(3, 1));
}

// -- versions ------------------------------------------------------------------------------------

/// A znode with these versions, as only so many changes would make it.
struct OldZnode : ::testing::Test {
  void make(std::int32_t version, std::int32_t aversion) {
    db.create("/a");
    const auto apply = [&](std::int64_t n, op_code op, txn_body body) {
      db.data.apply({{db.client, cxid{1}, zxid{0x100000100 + n}, 1, op}, std::move(body), {}});
    };
    apply(1, op_code::set_data, set_data_txn{"/a", jute::buffer{""}, version});
    apply(2, op_code::set_acl, set_acl_txn{"/a", open_to_all(), aversion});
    db.planner.begin(zxid{0x100000200});
  }
  database db;
};

TEST_F(OldZnode, VersionsGoOnBelowZero) {
  make(greatest, greatest);
  EXPECT_EQ(db.set("/a", "x", greatest - 1), code::bad_version);
  EXPECT_EQ(db.set("/a", "x", greatest), code::ok);
  EXPECT_EQ(db.stat_of("/a").version, least);
  EXPECT_EQ(db.set("/a", "x", greatest), code::bad_version);
  EXPECT_EQ(db.set("/a", "x", least), code::ok);
  EXPECT_EQ(db.stat_of("/a").version, least + 1);
  const auto set_acl = [&](std::int32_t version) {
    return db.err(op_code::set_acl, body_of_set_acl("/a", open_to_all(), version));
  };
  EXPECT_EQ(set_acl(greatest), code::ok);
  EXPECT_EQ(db.stat_of("/a").aversion, least);
  EXPECT_EQ(set_acl(least), code::ok);
}

TEST_F(OldZnode, NoVersionIsTheOneThatMeansAny) {
  make(-2, -2);
  EXPECT_EQ(db.set("/a", "x", -2), code::ok);
  EXPECT_EQ(db.stat_of("/a").version, 0);
  EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/a", open_to_all(), -2)), code::ok);
  EXPECT_EQ(db.stat_of("/a").aversion, 0);
  EXPECT_EQ(db.set("/a", "x", 0), code::ok);
}

TEST_F(OldZnode, EachChangeIsStillFoundInItsDigest) {
  make(greatest, greatest);
  EXPECT_TRUE(db.write(op_code::set_data, body_of_set("/a", "x")).digest_matches);
  EXPECT_TRUE(db.write(op_code::set_acl, body_of_set_acl("/a", open_to_all())).digest_matches);
  EXPECT_TRUE(db.write(op_code::remove, body_of_delete("/a", least)).digest_matches);
  EXPECT_FALSE(db.data.find("/a"));
}

TEST_F(OldZnode, SurvivesASnapshot) {
  make(greatest, least);
  auto read = decode_all(encode_all(db.data));
  ASSERT_TRUE(read) << read.error();
  const auto back = read->data.stat_of(*read->data.find("/a"));
  EXPECT_EQ(back.version, greatest);
  EXPECT_EQ(back.aversion, least);
}

// -- sessions ------------------------------------------------------------------------------------

/// The top bit is a sign elsewhere; of a number above 255 its lowest byte is in the id.
TEST(LastNumbers, ServerOfASessionIsKnownWhateverItsNumber) {
  for (std::int64_t n : {0, 1, 127, 128, 200, 255, 256, 300, 511, 65'537}) {
    session_id_generator source{server(n), 1'700'000'000'000};
    const auto made = source.next();
    EXPECT_TRUE(is_made_by(made, server(n))) << n;
    EXPECT_FALSE(is_made_by(made, server(n + 1))) << n;
    EXPECT_FALSE(is_made_by(made, server(n + 128))) << n;
  }
}

TEST(LastNumbers, TimeoutsAndClocksNearTheirEnds) {
  EXPECT_EQ(clamp_timeout(greatest, 4'000, greatest), greatest);
  EXPECT_EQ(clamp_timeout(least, 4'000, 40'000), 4'000);
  sessions table{1'000};
  constexpr auto late = std::numeric_limits<std::int64_t>::max() / 2;
  table.add(session_id{1}, greatest, late);
  EXPECT_TRUE(table.expire(late + greatest).empty());
  EXPECT_EQ(table.expire(late + greatest + 1'000).size(), 1U);
}

}  // namespace
}  // namespace troupe::core::testing
