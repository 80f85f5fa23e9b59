// SPDX-License-Identifier: Apache-2.0
/// Mirrors FinalRequestProcessor: the bodies of replies. The same, byte for byte, is in
/// genuine_test.cpp; here are the situations one by one.
#include "actors/core/replies.hpp"

#include <gtest/gtest.h>

#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;
const acl_list only_ann{{permission::all, {"digest", "ann:hash"}}};
const acl_list ann_writes{{permission::read, {"world", "anyone"}},
                          {permission::all, {"digest", "ann:hash"}}};
const identities ann{{"digest", "ann:hash"}};

std::string asking(const std::string& path, bool watch = false) {
  return jute::encode(read_request{path, watch});
}
std::string bytes_of(const auto&... fields) {
  std::string out;
  jute::writer w{out};
  w(fields...);
  return out;
}

struct Replies : ::testing::Test {
  Replies() {
    db.create("/a", "data");
    db.create("/a/c");
    db.create("/a/b");
    db.create("/closed", "", 0, only_ann);
    db.create("/shown", "", 0, ann_writes);
  }
  read_reply read(op_code op, const std::string& body, const identities& shown = {}) {
    return answer_read(op, body, shown, db.data);
  }
  database db;
};

TEST_F(Replies, WritesAnswerPathOrStatOrNothing) {
  auto body = [this](op_code op, std::string request) {
    auto answer = reply_to_write(db.write(op, std::move(request)));
    EXPECT_EQ(answer.err, code::ok);
    return answer.body;
  };
  EXPECT_EQ(body(op_code::create, body_of_create("/x")), bytes_of(std::string{"/x"}));
  auto created = body(op_code::create2, body_of_create("/y"));
  EXPECT_EQ(created, bytes_of(std::string{"/y"}, db.stat_of("/y")));
  auto changed = body(op_code::set_data, body_of_set("/x", "1"));
  EXPECT_EQ(changed, bytes_of(db.stat_of("/x")));
  auto listed = body(op_code::set_acl, body_of_set_acl("/x", open_to_all()));
  EXPECT_EQ(listed, bytes_of(db.stat_of("/x")));
  EXPECT_EQ(body(op_code::remove, body_of_delete("/x")), "");
  EXPECT_EQ(body(op_code::close_session, ""), "");
}

TEST_F(Replies, RefusedWriteIsItsErrorWithoutABody) {
  auto answer = reply_to_write(db.write(op_code::create, body_of_create("/a")));
  EXPECT_EQ(answer.err, code::node_exists);
  EXPECT_EQ(answer.body, "");
}

TEST_F(Replies, MultiAnswersEveryOp) {
  auto answer = reply_to_write(
      db.write(op_code::multi, body_of_multi({{op_code::create2, body_of_create("/m")},
                                              {op_code::check, body_of_check("/m", 0)},
                                              {op_code::remove, body_of_delete("/a/b")}})));
  EXPECT_EQ(answer.err, code::ok);
  EXPECT_EQ(answer.body, bytes_of(multi_header{op_code::create2, false, 0}, std::string{"/m"},
                                  db.stat_of("/m"), multi_header{op_code::check, false, 0},
                                  multi_header{op_code::remove, false, 0},
                                  multi_header{op_code::error, true, -1}));
}

TEST_F(Replies, FailedMultiIsOkWithAnErrorForEveryOp) {
  auto answer = reply_to_write(
      db.write(op_code::multi, body_of_multi({{op_code::create, body_of_create("/m")},
                                              {op_code::create, body_of_create("/a")},
                                              {op_code::create, body_of_create("/n")}})));
  EXPECT_EQ(answer.err, code::ok);
  auto failed = [](code why) {
    return bytes_of(multi_header{op_code::error, false, static_cast<std::int32_t>(why)}, why);
  };
  EXPECT_EQ(answer.body, failed(code::ok) + failed(code::node_exists) +
                             failed(code::runtime_inconsistency) +
                             bytes_of(multi_header{op_code::error, true, -1}));
}

TEST_F(Replies, ReadsAnswerDataChildrenAndStat) {
  auto s = db.stat_of("/a");
  std::vector<std::string> children{"b", "c"};
  EXPECT_EQ(read(op_code::exists, asking("/a")).body, bytes_of(s));
  EXPECT_EQ(read(op_code::get_data, asking("/a")).body, bytes_of(jute::buffer{"data"}, s));
  EXPECT_EQ(read(op_code::get_children, asking("/a")).body, bytes_of(children));
  EXPECT_EQ(read(op_code::get_children2, asking("/a")).body, bytes_of(children, s));
  EXPECT_EQ(read(op_code::get_children, asking("/a/b")).body, bytes_of(std::vector<std::string>{}));
  EXPECT_EQ(read(op_code::get_acl, bytes_of(std::string{"/a"})).body, bytes_of(open_to_all(), s));
}

TEST_F(Replies, NullDataIsAnsweredAsNull) {
  db.write(op_code::set_data, jute::encode(set_data_request{"/a", std::nullopt, -1}));
  EXPECT_EQ(read(op_code::get_data, asking("/a")).body, bytes_of(jute::buffer{}, db.stat_of("/a")));
}

TEST_F(Replies, ReadsOfAMissingZnodeWatchNothingButExists) {
  for (auto op : {op_code::get_data, op_code::get_children, op_code::get_children2}) {
    auto answer = read(op, asking("/missing", true));
    EXPECT_EQ(answer.err, code::no_node);
    EXPECT_FALSE(answer.watch);
  }
  auto answer = read(op_code::exists, asking("/missing", true));
  EXPECT_EQ(answer.err, code::no_node);
  ASSERT_TRUE(answer.watch);
  EXPECT_EQ(answer.watch->kind, watch_kind::exist);
  EXPECT_EQ(answer.watch->path, "/missing");
}

TEST_F(Replies, WatchIsOfTheKindOfTheRead) {
  EXPECT_EQ(read(op_code::exists, asking("/a", true)).watch->kind, watch_kind::data);
  EXPECT_EQ(read(op_code::get_data, asking("/a", true)).watch->kind, watch_kind::data);
  EXPECT_EQ(read(op_code::get_children2, asking("/a", true)).watch->kind, watch_kind::child);
  EXPECT_FALSE(read(op_code::get_data, asking("/a")).watch);
}

TEST_F(Replies, WithoutReadNothingIsShownOrWatched) {
  for (auto op :
       {op_code::exists, op_code::get_data, op_code::get_children, op_code::get_children2}) {
    auto answer = read(op, asking("/closed", true));
    EXPECT_EQ(answer.err, code::no_auth);
    EXPECT_EQ(answer.body, "");
    EXPECT_FALSE(answer.watch);
    EXPECT_EQ(read(op, asking("/closed"), ann).err, code::ok);
  }
  EXPECT_EQ(read(op_code::get_acl, bytes_of(std::string{"/closed"})).err, code::no_auth);
}

TEST_F(Replies, DigestsAreMaskedForWhoMayReadButNotAdminister) {
  auto masked = ann_writes;
  masked[1].id.id = "ann:x";
  auto s = db.stat_of("/shown");
  EXPECT_EQ(read(op_code::get_acl, bytes_of(std::string{"/shown"})).body, bytes_of(masked, s));
  EXPECT_EQ(read(op_code::get_acl, bytes_of(std::string{"/shown"}), ann).body,
            bytes_of(ann_writes, s));
}

TEST_F(Replies, BodyThatDoesNotDecodeIsAMarshallingError) {
  EXPECT_EQ(read(op_code::get_data, "").err, code::marshalling_error);
  EXPECT_EQ(read(op_code::get_data, bytes_of(jute::buffer{}, false)).err, code::marshalling_error);
  EXPECT_EQ(read(op_code::get_acl, "\x7f").err, code::marshalling_error);
  EXPECT_EQ(read(op_code::exists, asking(std::string("/a\0", 3))).err, code::bad_arguments);
  EXPECT_EQ(read(op_code::reconfig, "").err, code::unimplemented);
}

}  // namespace
}  // namespace troupe::core::testing
