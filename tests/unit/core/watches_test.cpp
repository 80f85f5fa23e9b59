// SPDX-License-Identifier: Apache-2.0
/// Mirrors WatchManager, DataTree.setWatches and ZooKeeper's WatchManagerTest.
#include "actors/core/watches.hpp"

#include <gtest/gtest.h>

#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

constexpr watcher_key ann = 1, bob = 2;
using kind = watch_kind;
using type = event_type;
using told = std::vector<std::pair<watcher_key, event_type>>;

told fire(watches& table, type what, const std::string& path,
          const watches::read_check& may_read = {}) {
  told out;
  const auto fired = table.trigger({what, path, open_acl()}, may_read);
  EXPECT_TRUE(fired.watchers.empty() || fired.event.path == path);
  EXPECT_TRUE(fired.watchers.empty() || fired.event.state == keeper_state::sync_connected);
  for (auto watcher : fired.watchers) out.emplace_back(watcher, fired.event.type);
  return out;
}

TEST(Watches, FireOnceToEveryWatcherInOrder) {
  watches table;
  EXPECT_TRUE(table.add(kind::data, "/a", bob));
  EXPECT_TRUE(table.add(kind::data, "/a", ann));
  EXPECT_FALSE(table.add(kind::data, "/a", ann));
  EXPECT_EQ(table.count(), 2U);
  EXPECT_EQ(fire(table, type::node_data_changed, "/a"),
            (told{{ann, type::node_data_changed}, {bob, type::node_data_changed}}));
  EXPECT_EQ(fire(table, type::node_data_changed, "/a"), told{});
  EXPECT_EQ(table.count() + table.path_count() + table.watcher_count(), 0U);
}

TEST(Watches, OnlyTheTableOfTheEventIsRead) {
  watches table;
  table.add(kind::data, "/a", ann);
  table.add(kind::child, "/a", ann);
  EXPECT_EQ(fire(table, type::node_children_changed, "/a"),
            (told{{ann, type::node_children_changed}}));
  EXPECT_EQ(fire(table, type::node_children_changed, "/a"), told{});
  EXPECT_EQ(fire(table, type::node_data_changed, "/a"), (told{{ann, type::node_data_changed}}));
}

TEST(Watches, ExistWatchHearsOfTheCreation) {
  watches table;
  table.add(kind::exist, "/a", ann);
  EXPECT_EQ(fire(table, type::node_created, "/a"), (told{{ann, type::node_created}}));
}

TEST(Watches, DeletionIsToldOnceToWhoWatchesDataAndChildren) {
  watches table;
  table.add(kind::data, "/a", ann);
  table.add(kind::child, "/a", ann);
  table.add(kind::child, "/a", bob);
  EXPECT_EQ(fire(table, type::node_deleted, "/a"),
            (told{{ann, type::node_deleted}, {bob, type::node_deleted}}));
  EXPECT_EQ(table.count(), 0U);
}

TEST(Watches, WhoMayNotReadLosesTheWatchAndHearsNothing) {
  watches table;  // CVE-2024-23944, fixed in 3.8.4
  table.add(kind::data, "/a", ann);
  table.add(kind::data, "/a", bob);
  auto only_bob = [](watcher_key who, const acl_list&) { return who == bob; };
  EXPECT_EQ(fire(table, type::node_deleted, "/a", only_bob), (told{{bob, type::node_deleted}}));
  EXPECT_EQ(table.count(), 0U);
}

TEST(Watches, ConnectionThatIsGoneLeavesNothingBehind) {
  watches table;
  for (auto path : {"/a", "/b", "/c"}) table.add(kind::data, path, ann);
  table.add(kind::child, "/a", ann);
  table.add(kind::data, "/a", bob);
  EXPECT_EQ(table.watcher_count(), 2U);
  table.remove_watcher(ann);
  EXPECT_EQ(table.count(), 1U);
  EXPECT_EQ(table.path_count(), 1U);
  table.remove_watcher(ann);
  EXPECT_EQ(fire(table, type::node_data_changed, "/a"), (told{{bob, type::node_data_changed}}));
}

TEST(Watches, TriggersOfATxnFireInTheOrderOfItsChanges) {
  database db;
  watches table;
  table.add(kind::child, "/", ann);
  table.add(kind::exist, "/a", ann);
  auto done = db.write(op_code::create, body_of_create("/a"));
  ASSERT_EQ(done.triggers.size(), 2U);
  EXPECT_EQ(fire(table, done.triggers[0].type, done.triggers[0].path),
            (told{{ann, type::node_created}}));
  EXPECT_EQ(fire(table, done.triggers[1].type, done.triggers[1].path),
            (told{{ann, type::node_children_changed}}));
}

// -- a client that comes back ---------------------------------------------------------------------

std::vector<watch_event> come_back(watches& table, const database& db, zxid seen,
                                   const std::vector<std::string>& data,
                                   const std::vector<std::string>& exist,
                                   const std::vector<std::string>& child) {
  return table.set_watches(ann, {{seen, data, exist, child}, {}, {}}, db.data);
}
watch_event event(type what, std::string path) {
  return {what, keeper_state::sync_connected, std::move(path)};
}

TEST(SetWatches, NothingMissedSetsThemAllAgain) {
  database db;
  watches table;
  db.create("/a");
  auto missed = come_back(table, db, db.data.last_processed(), {"/a"}, {"/b"}, {"/a"});
  EXPECT_TRUE(missed.empty());
  EXPECT_EQ(table.count(), 3U);
  EXPECT_EQ(fire(table, type::node_created, "/b"), (told{{ann, type::node_created}}));
}

TEST(SetWatches, WhatWasMissedIsToldAtOnceAndNotSet) {
  database db;
  watches table;
  db.create("/changed");
  db.create("/parent");
  db.create("/gone");
  auto seen = db.data.last_processed();
  db.set("/changed", "x");
  db.create("/parent/child");
  db.remove("/gone");
  db.create("/new");
  auto missed = come_back(table, db, seen, {"/changed", "/gone"}, {"/new"}, {"/parent", "/gone"});
  EXPECT_EQ(
      missed,
      (std::vector{event(type::node_data_changed, "/changed"), event(type::node_deleted, "/gone"),
                   event(type::node_created, "/new"), event(type::node_children_changed, "/parent"),
                   event(type::node_deleted, "/gone")}));
  EXPECT_EQ(table.count(), 0U);
}

TEST(SetWatches, ChangeOfDataDoesNotDisturbAChildWatch) {
  database db;
  watches table;
  db.create("/a");
  auto seen = db.data.last_processed();
  db.set("/a", "x");
  EXPECT_TRUE(come_back(table, db, seen, {}, {}, {"/a"}).empty());
  EXPECT_EQ(table.count(), 1U);
}

}  // namespace
}  // namespace troupe::core::testing
