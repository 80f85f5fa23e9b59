// SPDX-License-Identifier: Apache-2.0
/// What state can make a reply or a table of watches hold is bounded before it is made.
#include <gtest/gtest.h>

#include "actors/core/replies.hpp"
#include "actors/core/session_origins.hpp"
#include "actors/core/watches.hpp"
#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;

std::string asking(const std::string& path) { return jute::encode(read_request{path, true}); }
std::string bytes_of(const auto&... fields) {
  std::string out;
  jute::writer w{out};
  w(fields...);
  return out;
}

// -- replies ------------------------------------------------------------------------------------

struct ReplyLimits : ::testing::Test {
  ReplyLimits() { db.create("/a", std::string(1000, 'x')); }
  read_reply read(op_code op, const std::string& body, reply_limits limits) {
    return answer_read(op, body, {db.shown, db.client, false, limits}, db.data);
  }
  /// The error of each part.
  static std::vector<code> parts_of(std::string_view body) {
    std::vector<code> out;
    for (jute::reader in{body};;) {
      multi_header part;
      in(part);
      if (!in.ok() || part.done) return out;
      out.push_back(static_cast<code>(part.err));
      error_code err{};
      if (part.type == op_code::error) {
        in(err);
        continue;
      }
      jute::buffer data;
      stat node;
      in(data, node);
    }
  }
  static std::string reads_of_a(std::size_t count) {
    std::vector<std::pair<op_code, std::string>> ops(count, {op_code::get_data, asking("/a")});
    std::string out;
    for (const auto& [op, body] : ops) out += bytes_of(multi_header{op, false, -1}) + body;
    return out + bytes_of(multi_header{op_code::error, true, -1});
  }
  database db;
};

TEST_F(ReplyLimits, PartsOfAMultiReadThatNoLongerFitAreErrors) {
  const auto answer = read(op_code::multi_read, reads_of_a(5), {.multi_read_bytes_max = 2500});
  EXPECT_EQ(answer.err, code::ok);
  EXPECT_TRUE(answer.is_cut);
  EXPECT_EQ(parts_of(answer.body), (std::vector{code::ok, code::ok, code::bad_arguments,
                                                code::bad_arguments, code::bad_arguments}));
}

TEST_F(ReplyLimits, EightHundredReadsOfOneZnodeComeToNoMoreThanTheLimit) {
  const auto request = reads_of_a(800);
  const auto answer = read(op_code::multi_read, request, {.multi_read_bytes_max = 100'000});
  EXPECT_LT(answer.body.size(), 100'000U + 1'100 + 800 * 13);
  EXPECT_EQ(parts_of(answer.body).size(), 800U);
}

TEST_F(ReplyLimits, AMultiReadThatFitsIsNotCut) {
  const auto answer = read(op_code::multi_read, reads_of_a(5), {});
  EXPECT_FALSE(answer.is_cut);
  EXPECT_EQ(parts_of(answer.body), std::vector(5, code::ok));
}

TEST_F(ReplyLimits, AListOfChildrenThatIsTooLongIsRefusedAndNotWatched) {
  for (auto name : {"b", "c", "d"}) db.create(std::string{"/a/"} + name);
  for (auto op : {op_code::get_children, op_code::get_children2}) {
    EXPECT_EQ(read(op, asking("/a"), {.bytes_max = 19}).err, code::ok);  // 4 + 3 * 5, and a stat
    const auto answer = read(op, asking("/a"), {.bytes_max = 18});
    EXPECT_EQ(answer.err, code::bad_arguments);
    EXPECT_TRUE(answer.is_cut);
    EXPECT_EQ(answer.body, "");
    EXPECT_FALSE(answer.watch);
  }
}

TEST_F(ReplyLimits, ALongListOfEphemeralsIsRefused) {
  for (auto name : {"b", "c", "d"}) db.create(std::string{"/"} + name, "", create_flag::ephemeral);
  const auto all = bytes_of(std::string{});
  EXPECT_EQ(read(op_code::get_ephemerals, all, {.bytes_max = 22}).err, code::ok);
  EXPECT_EQ(read(op_code::get_ephemerals, all, {.bytes_max = 21}).err, code::bad_arguments);
}

TEST_F(ReplyLimits, AnswersThatMayBeLongAreKnownBefore) {
  const auto is_long = [this](op_code op, const std::string& path) {
    return may_be_long(op, asking(path), db.data);
  };
  db.create("/big", std::string(100'000, 'x'));
  EXPECT_TRUE(is_long(op_code::get_data, "/big"));
  EXPECT_FALSE(is_long(op_code::get_children, "/big"));
  EXPECT_FALSE(is_long(op_code::exists, "/big"));
  EXPECT_FALSE(is_long(op_code::get_data, "/missing"));
  for (int i = 0; i < 257; ++i) db.create("/a/" + std::to_string(i));
  EXPECT_TRUE(is_long(op_code::get_children2, "/a"));
  EXPECT_FALSE(is_long(op_code::get_data, "/a"));
  EXPECT_TRUE(is_long(op_code::multi_read, "/a"));
}

// -- watches ------------------------------------------------------------------------------------

constexpr watcher_key ann = 1, bob = 2;
constexpr auto each = watches::path_bytes + watches::watch_bytes;

TEST(WatchLimits, BytesAreCountedForEachAsItsOwnAndForAllAsTheyAre) {
  watches table;
  table.add(watch_kind::data, "/a", ann);
  table.add(watch_kind::data, "/a", bob);
  table.add(watch_kind::child, "/abc", bob);
  EXPECT_EQ(table.held_by(ann).bytes, each + 2);
  EXPECT_EQ(table.held_by(bob).count, 2U);
  EXPECT_EQ(table.held_by(bob).bytes, 2 * each + 6);
  EXPECT_EQ(table.bytes(), 2 * watches::path_bytes + 3 * watches::watch_bytes + 6);
  EXPECT_EQ(table.greatest_holder(), bob);
}

TEST(WatchLimits, NothingIsLeftHoweverTheWatchesGo) {
  watches table;
  for (auto watcher : {ann, bob})
    for (auto path : {"/a", "/b", "/c"}) {
      table.add(watch_kind::data, path, watcher);
      table.add(watch_kind::persistent, path, watcher);
      table.add(watch_kind::persistent_recursive, path, watcher);
    }
  (void)table.trigger({event_type::node_data_changed, "/a", open_acl()});
  EXPECT_TRUE(table.remove(watcher_type::any, "/b", bob));
  table.remove_watcher(ann);
  EXPECT_EQ(table.held_by(ann).count, 0U);
  EXPECT_EQ(table.greatest_holder(), bob);
  table.remove_watcher(bob);
  EXPECT_EQ(table.bytes(), 0U);
  EXPECT_EQ(table.held_by(bob).bytes, 0U);
  EXPECT_EQ(table.greatest_holder(), std::nullopt);
}

TEST(WatchLimits, NobodyHasRoomForMoreThanTheMostOfOne) {
  watches table;
  table.set_max_of_one({2, 3 * each});
  table.add(watch_kind::data, "/a", ann);
  EXPECT_TRUE(table.has_room(ann, watch_kind::data, "/b"));
  table.add(watch_kind::child, "/b", ann);
  EXPECT_FALSE(table.has_room(ann, watch_kind::data, "/c"));
  EXPECT_TRUE(table.has_room(ann, watch_kind::exist, "/a")) << "it has that one already";
  EXPECT_FALSE(table.has_room(ann, watch_kind::child, "/a"));
  EXPECT_TRUE(table.has_room(bob, watch_kind::data, "/c"));
  EXPECT_FALSE(table.has_room(bob, watch_kind::data, std::string(3 * each, 'p')));
  set_watches2_request many;
  many.one_shot.child = {"/a", "/b", "/c"};
  EXPECT_FALSE(table.has_room(bob, watches::holding_of(many)));
}

TEST(WatchLimits, AddWatchBeyondItIsAnErrorAndSetsNone) {
  watches table;
  table.set_max_of_one({1, 10 * each});
  auto add = [&table](const char* path, add_watch_mode mode) {
    return answer_watch_op(op_code::add_watch, jute::encode(add_watch_request{path, mode}), ann,
                           table)
        .err;
  };
  EXPECT_EQ(add("/a", add_watch_mode::persistent), code::ok);
  EXPECT_EQ(add("/b", add_watch_mode::persistent_recursive), code::bad_arguments);
  EXPECT_EQ(table.held_by(ann).count, 1U);
}

// -- access lists --------------------------------------------------------------------------------

TEST(AclLimits, AListWithTooManyEntriesIsInvalidAndEqualOnesCountOnce) {
  database db;
  db.planner.set_acl_entries_max(3);
  acl_list acl;
  for (auto user : {"a:", "b:", "c:", "a:"})
    acl.push_back({permission::all, {"digest", std::string{user} + "hash"}});
  EXPECT_EQ(db.create("/a", "", 0, acl), code::ok);
  acl.push_back({permission::all, {"digest", "d:hash"}});
  EXPECT_EQ(db.create("/b", "", 0, acl), code::invalid_acl);
  db.create("/open");
  EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/open", acl)), code::invalid_acl);
}

// -- sessions -----------------------------------------------------------------------------------

TEST(SessionOrigins, ASessionCountsForItsAddressUntilItsEnd) {
  session_origins origins;
  origins.begin(session_id{1}, "10.0.0.1");
  origins.begin(session_id{2}, "10.0.0.1");
  origins.begin(session_id{2}, "10.0.0.1");
  origins.begin(session_id{3}, "10.0.0.2");
  EXPECT_EQ(origins.count("10.0.0.1"), 2U);
  origins.end(session_id{1});
  origins.end(session_id{1});
  origins.end(session_id{9});  // of another server
  EXPECT_EQ(origins.count("10.0.0.1"), 1U);
  EXPECT_EQ(origins.count("10.0.0.2"), 1U);
  origins.keep_if([](session_id id) { return id == session_id{3}; });
  EXPECT_EQ(origins.count("10.0.0.1"), 0U);
  EXPECT_EQ(origins.count("10.0.0.2"), 1U);
}

}  // namespace
}  // namespace troupe::core::testing
