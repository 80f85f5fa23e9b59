// SPDX-License-Identifier: Apache-2.0
/// What is kept beside the znodes is always what a walk through them finds, and is nothing when
/// nobody is left whom it is about.
#include <gtest/gtest.h>

#include <random>

#include "actors/core/path.hpp"
#include "actors/core/sessions.hpp"
#include "actors/core/watches.hpp"
#include "tests/unit/core/support.hpp"
#include "tests/unit/core/tree_tables.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;
const acl_list closed{{permission::all, {"digest", "ann:hash"}}};
const acl_list shown{{permission::read, {"world", "anyone"}},
                     {permission::all, {"digest", "ann:hash"}}};

/// Of watches, and of sessions.
census watch_tables(const watches& all) {
  return {{"watches", all.count()},
          {"watched paths", all.path_count()},
          {"bytes of watches", all.bytes()},
          {"watchers", all.watcher_count()}};
}
census session_tables(const sessions& all) {
  census out{{"sessions", all.size()}, {"deadlines", all.buckets().size()}};
  for (const auto& [deadline_ms, bucket] : all.buckets())
    out["sessions with a deadline"] += bucket.size();
  return out;
}

TEST(TreeTables, OwnerOfEphemeralsIsForgottenWithTheLastOfThem) {
  database db;
  db.create("/e", "", create_flag::ephemeral);
  db.create("/f", "", create_flag::ephemeral);
  EXPECT_EQ(db.data.ephemeral_owners(), std::vector{db.client});
  db.remove("/e");
  EXPECT_EQ(db.data.ephemeral_owners(), std::vector{db.client});
  db.remove("/f");
  EXPECT_EQ(db.data.ephemeral_owners(), std::vector<session_id>{});
  EXPECT_EQ(tables_of(db.data), recount_tables(db.data));
}

TEST(TreeTables, AreWhatAWalkFindsAfterAnyChange) {
  database db;
  db.data.set_extended_types(true);
  db.shown = {{"digest", "ann:hash"}};
  std::mt19937_64 chance{7};
  const auto path = [&chance] {
    return "/k" + std::to_string(chance() % 4) +
           (chance() % 2 ? "/c" + std::to_string(chance() % 3) : "");
  };
  const acl_list* lists[] = {&closed, &shown};
  const std::int32_t kinds[] = {0, create_flag::ephemeral, create_flag::sequential};
  db.create(std::string{quota_path} + "/k1");
  for (int i = 0; i < 600; ++i) {
    db.client = session_id{static_cast<std::int64_t>(0x100 + chance() % 3)};
    switch (chance() % 8) {
      case 0:
        db.remove(path());
        break;
      case 1:
        db.set(path(), std::string(chance() % 40, 'x'));
        break;
      case 2:
        db.err(op_code::set_acl, body_of_set_acl(path(), *lists[chance() % 2]));
        break;
      case 3:
        db.write(op_code::close_session, "");
        break;
      case 4:
        chance() % 2 ? db.create(limits_path("/k1"), "count=3,bytes=90")
                     : db.remove(limits_path("/k1"));
        break;
      case 5:
        db.write(op_code::create_container, body_of_create(path(), "", 4, *lists[chance() % 2]));
        break;
      default:
        db.create(path(), "data", kinds[chance() % 3], *lists[chance() % 2]);
    }
    ASSERT_EQ(tables_of(db.data), recount_tables(db.data)) << "after change " << i;
    ASSERT_EQ(db.planner.outstanding(), 0U) << "after change " << i;
  }
  EXPECT_GT(tables_of(db.data)["containers"], 0U) << "or nothing was tested";
}

TEST(PrepTables, HoldWhatIsPlannedUntilItIsApplied) {
  database db;
  db.create("/p");
  const auto one = db.plan(op_code::create, body_of_create("/p/e", "", create_flag::ephemeral));
  const auto two = db.plan(op_code::create, body_of_create("/p/f"));
  const auto failing =
      db.plan(op_code::multi, body_of_multi({{op_code::create, body_of_create("/p/g")},
                                             {op_code::remove, body_of_delete("/missing")}}));
  const auto planned = db.planner.outstanding();
  EXPECT_GE(planned, 2U);
  db.apply(one);
  EXPECT_LT(db.planner.outstanding(), planned);
  EXPECT_GT(db.planner.outstanding(), 0U);
  db.apply(two);
  EXPECT_EQ(db.planner.outstanding(), 0U) << "what was rolled back is not waited for";
  db.apply(failing);
  EXPECT_EQ(db.planner.outstanding(), 0U);
}

TEST(WatchTables, AreEmptyWhicheverWayTheWatchesGo) {
  for (auto kind : {watch_kind::data, watch_kind::exist, watch_kind::child, watch_kind::persistent,
                    watch_kind::persistent_recursive}) {
    watches table;
    for (watcher_key watcher : {1, 2}) table.add(kind, "/a", watcher);
    EXPECT_EQ(table.watcher_count(), 2U);
    table.remove_watcher(1);
    EXPECT_EQ(table.watcher_count(), 1U);
    EXPECT_TRUE(table.remove(watcher_type::any, "/a", 2));
    EXPECT_EQ(holding(watch_tables(table)), census{}) << static_cast<int>(kind);
  }
  watches table;
  for (watcher_key watcher : {1, 2}) table.add(watch_kind::data, "/a", watcher);
  for (watcher_key watcher : {1, 2}) table.add(watch_kind::child, "/a", watcher);
  (void)table.trigger({event_type::node_deleted, "/a", open_acl()});
  EXPECT_EQ(holding(watch_tables(table)), census{});
}

TEST(SessionTables, EverySessionHasOneDeadlineUntilItClosesAndNoneIsLeft) {
  sessions all{500};
  for (std::int64_t id = 1; id <= 4; ++id) all.add({id}, 1000, 0);
  all.touch({1}, 5'000);
  all.touch({2}, 700);
  EXPECT_EQ(session_tables(all)["sessions with a deadline"], 4U);
  all.set_closing({1});
  EXPECT_EQ(session_tables(all)["sessions with a deadline"], 3U);
  EXPECT_EQ(all.expire(10'000).size(), 3U);
  EXPECT_EQ(session_tables(all)["sessions with a deadline"], 0U);
  EXPECT_EQ(session_tables(all)["sessions"], 4U) << "they are closing";
  for (std::int64_t id = 1; id <= 4; ++id) all.remove({id});
  EXPECT_EQ(holding(session_tables(all)), census{});
}

TEST(SessionTables, NothingOfAFormerLeadershipIsLeft) {
  sessions all{500};
  for (std::int64_t id = 1; id <= 4; ++id) all.add({id}, 1000, 0);
  all.set_closing({3});
  all.rearm_all({{{9}, 2'000}}, 100);
  EXPECT_EQ(session_tables(all),
            (census{{"sessions", 1}, {"deadlines", 1}, {"sessions with a deadline", 1}}));
}

}  // namespace
}  // namespace troupe::core::testing
