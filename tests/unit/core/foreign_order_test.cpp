// SPDX-License-Identifier: Apache-2.0
/// Snapshots and caches in orders that this program would not write: ZooKeeper's are those of hash
/// tables.
#include <gtest/gtest.h>

#include <algorithm>

#include "actors/core/snapshot_format.hpp"
#include "tests/unit/core/support.hpp"
#include "tests/unit/core/tree_tables.hpp"

namespace troupe::core::testing {
namespace {

const acl_list lists[] = {{{1, {"world", "anyone"}}},
                          {{3, {"world", "anyone"}}},
                          {{5, {"world", "anyone"}}},
                          {{7, {"world", "anyone"}}}};

TEST(ForeignOrder, NewListsGetIdsAboveAllThatWereRestored) {
  std::vector<std::int64_t> ids{3, 9, 4};
  std::ranges::sort(ids);
  do {
    acl_cache cache;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ASSERT_TRUE(cache.restore(ids[i], lists[i]));
      cache.retain(ids[i]);
    }
    EXPECT_EQ(cache.acquire(lists[3]), 10);
    for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(*cache.find(ids[i]), lists[i]);
  } while (std::ranges::next_permutation(ids).found);
}

TEST(ForeignOrder, IdOfTheGreatestNumberIsKnownThoughNoZnodeUsesIt) {
  acl_cache cache;
  ASSERT_TRUE(cache.restore(9, lists[0]));
  ASSERT_TRUE(cache.restore(2, lists[1]));
  cache.retain(2);
  cache.drop_unused();
  EXPECT_EQ(cache.acquire(lists[2]), 10) << "somebody may have logged the other one";
}

/// A list that stands there twice means the same by both numbers.
TEST(ForeignOrder, OneListByTwoIdsGoesWithTheUsesOfEach) {
  for (std::int64_t first : {1, 2}) {
    acl_cache cache;
    for (std::int64_t id : {first, 3 - first}) {
      ASSERT_TRUE(cache.restore(id, lists[0]));
      cache.retain(id);
    }
    cache.release(first);
    EXPECT_EQ(*cache.find(3 - first), lists[0]);
    const auto again = cache.acquire(lists[0]);
    EXPECT_EQ(*cache.find(again), lists[0]);
    cache.release(again);
    cache.release(3 - first);
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.memory_bytes(), recount_memory(cache));
  }
}

struct written_znode {
  std::string path;
  std::int64_t acl = -1;
  session_id owner;
};

std::string snapshot_of(const std::vector<std::pair<session_id, std::int32_t>>& sessions,
                        const std::vector<std::pair<std::int64_t, acl_list>>& acls,
                        const std::vector<written_znode>& znodes) {
  std::string out;
  jute::writer w{out};
  w(snapshot_format::magic, snapshot_format::version, snapshot_format::database_id);
  w.i32(static_cast<std::int32_t>(sessions.size()));
  for (const auto& [id, timeout_ms] : sessions) w(id.value, timeout_ms);
  w.i32(static_cast<std::int32_t>(acls.size()));
  for (const auto& [id, acl] : acls) w(id, acl);
  for (const auto& znode : znodes) {
    stat_persisted stats;
    stats.ephemeral_owner = znode.owner;
    w(znode.path, jute::buffer{znode.path}, znode.acl, stats);
  }
  w.bytes("/");
  w.i64(snapshot_format::checksum(1, out));
  w.bytes("/");
  return out;
}

TEST(ForeignOrder, SnapshotIsTheSameDatabaseInWhateverOrderItIsWritten) {
  std::vector<std::pair<session_id, std::int32_t>> sessions{
      {{7}, 4'000}, {{3}, 5'000}, {{5}, 6'000}};
  std::vector<std::pair<std::int64_t, acl_list>> acls{{8, lists[0]}, {2, lists[1]}, {5, lists[2]}};
  std::vector<written_znode> znodes{{"/zookeeper"},   {"/b", 2},      {"/b/y", 8},
                                    {"/b/x", 5, {3}}, {"/a", 5, {7}}, {"/c", 8, {3}}};
  std::optional<std::string> as_written;
  for (int turn = 0; turn < 12; ++turn) {
    std::ranges::next_permutation(sessions, {}, [](const auto& x) { return x.first; });
    std::ranges::next_permutation(acls, {}, [](const auto& x) { return x.first; });
    std::rotate(znodes.begin(), znodes.begin() + 1, znodes.end());
    auto order = znodes;  // whoever is above comes first
    std::ranges::stable_sort(order, {},
                             [](const auto& x) { return std::ranges::count(x.path, '/'); });
    order.insert(order.begin(), {""});
    auto read = decode_all(snapshot_of(sessions, acls, order), 7);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(tables_of(read->data), recount_tables(read->data));
    EXPECT_EQ(read->data.ephemerals({3}), (std::vector<std::string>{"/b/x", "/c"}));
    EXPECT_EQ(*read->data.acl_of(*read->data.find("/b/y")), lists[0]);
    const auto again = encode_all(read->data);
    EXPECT_EQ(as_written.value_or(again), again);
    as_written = again;
    // What comes next changes nobody's list.
    prep planner{read->data};
    planner.begin(zxid{0x100000001});
    const auto made = planner.plan(
        {{7}, cxid{1}, op_code::create, body_of_create("/new", "", 0, lists[3]), {}}, 1);
    read->data.apply(made);
    EXPECT_EQ(*read->data.acl_of(*read->data.find("/new")), lists[3]);
    EXPECT_EQ(*read->data.acl_of(*read->data.find("/b/y")), lists[0]);
    EXPECT_EQ(tables_of(read->data), recount_tables(read->data));
  }
}

}  // namespace
}  // namespace troupe::core::testing
