// SPDX-License-Identifier: Apache-2.0
/// Persistent and recursive watches: mirrors WatchManager, PathParentIterator and ZooKeeper's
/// PersistentWatcherTest, PersistentRecursiveWatcherTest and RemoveWatchesTest.
#include <gtest/gtest.h>

#include "actors/core/replies.hpp"
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
  for (auto watcher : fired.watchers) out.emplace_back(watcher, fired.event.type);
  return out;
}

TEST(LastingWatches, PersistentOneHearsOfDataAndChildrenAgainAndAgain) {
  watches table;
  EXPECT_TRUE(table.add(kind::persistent, "/a", ann));
  EXPECT_FALSE(table.add(kind::persistent, "/a", ann));
  for (int i = 0; i < 2; ++i)
    for (auto what : {type::node_created, type::node_data_changed, type::node_children_changed,
                      type::node_deleted})
      EXPECT_EQ(fire(table, what, "/a"), (told{{ann, what}}));
  EXPECT_EQ(fire(table, type::node_created, "/a/b"), told{});
  EXPECT_EQ(table.count(), 2U);  // of data and of children
}

TEST(LastingWatches, RecursiveOneHearsOfEveryZnodeBelowButNotOfChangedChildren) {
  watches table;
  table.add(kind::persistent_recursive, "/a", ann);
  for (auto path : {"/a", "/a/b", "/a/b/c"})
    for (auto what : {type::node_created, type::node_data_changed, type::node_deleted})
      EXPECT_EQ(fire(table, what, path), (told{{ann, what}})) << path;
  EXPECT_EQ(fire(table, type::node_children_changed, "/a"), told{});
  EXPECT_EQ(fire(table, type::node_created, "/ab"), told{});
  EXPECT_EQ(fire(table, type::node_data_changed, "/"), told{});
  EXPECT_EQ(table.count(), 1U);
}

TEST(LastingWatches, RecursiveOneAtTheRootHearsOfAll) {
  watches table;
  table.add(kind::persistent_recursive, "/", ann);
  EXPECT_EQ(fire(table, type::node_created, "/a"), (told{{ann, type::node_created}}));
  EXPECT_EQ(fire(table, type::node_deleted, "/a/b/c"), (told{{ann, type::node_deleted}}));
  EXPECT_EQ(fire(table, type::node_data_changed, "/"), (told{{ann, type::node_data_changed}}));
}

TEST(LastingWatches, WhoeverWatchesInSeveralWaysHearsOnceAndInOrder) {
  watches table;
  for (auto how : {kind::data, kind::child, kind::persistent, kind::persistent_recursive})
    table.add(how, "/a", bob);
  table.add(kind::persistent_recursive, "/", ann);
  table.add(kind::persistent_recursive, "/", bob);
  EXPECT_EQ(fire(table, type::node_deleted, "/a"),
            (told{{ann, type::node_deleted}, {bob, type::node_deleted}}));
  EXPECT_FALSE(table.contains(watcher_type::data, "/a", bob));
  EXPECT_TRUE(table.contains(watcher_type::persistent, "/a", bob));
}

TEST(LastingWatches, OneShotWatchDoesNotEndALastingOneOfTheSamePath) {
  watches table;  // ZOOKEEPER-4466
  table.add(kind::persistent, "/a", ann);
  table.add(kind::data, "/a", ann);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(fire(table, type::node_data_changed, "/a"), (told{{ann, type::node_data_changed}}));
}

TEST(LastingWatches, WhoMayNotReadHearsNothingAndKeepsTheWatch) {
  watches table;
  table.add(kind::persistent, "/a", ann);
  auto nobody = [](watcher_key, const acl_list&) { return false; };
  EXPECT_EQ(fire(table, type::node_data_changed, "/a", nobody), told{});
  EXPECT_EQ(fire(table, type::node_data_changed, "/a"), (told{{ann, type::node_data_changed}}));
}

TEST(LastingWatches, AreRemovedOneKindAtATime) {
  watches table;
  auto add_all = [&table] {
    for (auto how : {kind::data, kind::child, kind::persistent, kind::persistent_recursive})
      table.add(how, "/a", ann);
  };
  add_all();
  for (auto one : {watcher_type::children, watcher_type::data, watcher_type::persistent,
                   watcher_type::persistent_recursive}) {
    EXPECT_TRUE(table.contains(one, "/a", ann));
    EXPECT_FALSE(table.remove(one, "/b", ann));
    EXPECT_FALSE(table.remove(one, "/a", bob));
    EXPECT_TRUE(table.remove(one, "/a", ann));
    EXPECT_FALSE(table.contains(one, "/a", ann));
    EXPECT_FALSE(table.remove(one, "/a", ann));
  }
  EXPECT_EQ(table.count() + table.path_count() + table.watcher_count(), 0U);
  add_all();
  EXPECT_TRUE(table.contains(watcher_type::any, "/a", ann));
  EXPECT_TRUE(table.remove(watcher_type::any, "/a", ann));
  EXPECT_FALSE(table.contains(watcher_type::any, "/a", ann));
  EXPECT_EQ(table.count() + table.path_count() + table.watcher_count(), 0U);
}

TEST(LastingWatches, EndWithTheirConnection) {
  watches table;
  table.add(kind::persistent, "/a", ann);
  table.add(kind::persistent_recursive, "/", ann);
  table.add(kind::persistent, "/a", bob);
  EXPECT_EQ(table.watcher_count(), 2U);
  table.remove_watcher(ann);
  EXPECT_EQ(fire(table, type::node_created, "/a"), (told{{bob, type::node_created}}));
}

TEST(LastingWatches, AreSetAgainWithoutAnEventWhenAClientComesBack) {
  database db;
  watches table;
  db.create("/a");
  auto missed = table.set_watches(ann, {{zxid{0}, {"/a"}, {}, {}}, {"/a"}, {"/r"}}, db.data);
  ASSERT_EQ(missed.size(), 1U);  // of the one-shot watch
  EXPECT_EQ(missed[0].type, type::node_data_changed);
  EXPECT_TRUE(table.contains(watcher_type::persistent, "/a", ann));
  EXPECT_TRUE(table.contains(watcher_type::persistent_recursive, "/r", ann));
  EXPECT_EQ(table.count(), 3U);
}

// -- as requests ----------------------------------------------------------------------------------

std::string adding(const std::string& path, std::int32_t mode) {
  return jute::encode(add_watch_request{path, static_cast<add_watch_mode>(mode)});
}
std::string naming(const std::string& path, std::int32_t what) {
  return jute::encode(watches_request{path, static_cast<watcher_type>(what)});
}

TEST(WatchRequests, AddWatchAnswersAnErrorRecordOfNoError) {
  watches table;
  auto answer = answer_watch_op(op_code::add_watch, adding("/a", 1), ann, table);
  EXPECT_EQ(answer.err, error_code::ok);
  EXPECT_EQ(answer.body, std::string(4, '\0'));
  EXPECT_TRUE(table.contains(watcher_type::persistent_recursive, "/a", ann));
}

TEST(WatchRequests, UnknownModesAndTypesAreMarshallingErrors) {
  watches table;
  for (auto mode : {-1, 2})
    EXPECT_EQ(answer_watch_op(op_code::add_watch, adding("/a", mode), ann, table).err,
              error_code::marshalling_error);
  EXPECT_EQ(answer_watch_op(op_code::add_watch, "short", ann, table).err,
            error_code::marshalling_error);
  for (auto op : {op_code::check_watches, op_code::remove_watches}) {
    for (auto what : {-1, 0, 6})
      EXPECT_EQ(answer_watch_op(op, naming("/a", what), ann, table).err,
                error_code::marshalling_error);
    EXPECT_EQ(answer_watch_op(op, "", ann, table).err, error_code::marshalling_error);
    EXPECT_EQ(answer_watch_op(op, naming("/a", 3), ann, table).err, error_code::no_watcher);
  }
  EXPECT_EQ(table.count(), 0U);
}

TEST(WatchRequests, CheckLeavesTheWatchAndRemoveTakesIt) {
  watches table;
  table.add(kind::child, "/a", ann);
  auto ask = [&table](op_code op) {
    auto answer = answer_watch_op(op, naming("/a", 1), ann, table);
    EXPECT_EQ(answer.body, "");
    return answer.err;
  };
  EXPECT_EQ(ask(op_code::check_watches), error_code::ok);
  EXPECT_EQ(ask(op_code::remove_watches), error_code::ok);
  EXPECT_EQ(ask(op_code::check_watches), error_code::no_watcher);
  EXPECT_EQ(ask(op_code::remove_watches), error_code::no_watcher);
}

}  // namespace
}  // namespace troupe::core::testing
