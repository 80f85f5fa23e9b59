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
    return answer_read(op, body, {shown, db.client}, db.data);
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
                                              {op_code::remove, body_of_delete("/a/b")}})),
      {0});  // as ZooKeeper 3.9 answers it; 3.8 answers a create
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

// -- the reads of ZooKeeper 3.6 and 3.7 -----------------------------------------------------------

TEST_F(Replies, MultiReadAnswersEachOpAsIfAskedAlone) {
  auto body = body_of_multi({{op_code::get_data, asking("/a", true)},
                             {op_code::get_children, asking("/a")},
                             {op_code::get_data, asking("/missing")},
                             {op_code::get_data, asking("/closed")}});
  auto answer = read(op_code::multi_read, body);
  EXPECT_EQ(answer.err, code::ok);
  EXPECT_FALSE(answer.watch);
  auto failed = [](code why) {
    return bytes_of(multi_header{op_code::error, false, static_cast<std::int32_t>(why)}, why);
  };
  EXPECT_EQ(answer.body, bytes_of(multi_header{op_code::get_data, false, 0}, std::string{"data"},
                                  db.stat_of("/a"), multi_header{op_code::get_children, false, 0},
                                  std::vector<std::string>{"b", "c"}) +
                             failed(code::no_node) + failed(code::no_auth) +
                             bytes_of(multi_header{op_code::error, true, -1}));
}

TEST_F(Replies, MultiReadOfAnythingElseIsAMarshallingError) {
  for (auto body : {std::string{}, body_of_multi({{op_code::exists, asking("/a")}}),
                    body_of_multi({{op_code::remove, body_of_delete("/a/b")}}),
                    body_of_multi({{op_code::get_data, bytes_of(-1) + '\0'}})})
    EXPECT_EQ(read(op_code::multi_read, body).err, code::marshalling_error);
  EXPECT_EQ(read(op_code::multi_read, body_of_multi({})).err, code::ok);
}

TEST_F(Replies, AllChildrenAreCountedToAnyDepth) {
  auto number = [this](const std::string& path) {
    auto answer = read(op_code::get_all_children_number, bytes_of(path));
    return answer.err == code::ok ? jute::reader{answer.body}.i32() : static_cast<int>(answer.err);
  };
  db.create("/a/c/d");
  EXPECT_EQ(number("/a"), 3);
  EXPECT_EQ(number("/a/b"), 0);
  EXPECT_EQ(number("/"), static_cast<int>(db.data.node_count()) - 2);
  EXPECT_EQ(number(""), number("/") + 1);  // "/" itself is below the empty path
  EXPECT_EQ(number("/missing"), -101);
  EXPECT_EQ(number("/closed"), -102);
}

TEST_F(Replies, EphemeralsAreTheSessionsOwnBelowAPrefix) {
  db.create("/e1", "", create_flag::ephemeral);
  db.create("/e2", "", create_flag::ephemeral);
  db.client = session_id{0x200};
  db.create("/e3", "", create_flag::ephemeral);
  db.client = session_id{0x100};
  auto paths = [this](const std::string& body) {
    auto answer = read(op_code::get_ephemerals, body);
    EXPECT_EQ(answer.err, code::ok);
    return answer.body;
  };
  auto both = bytes_of(std::vector<std::string>{"/e1", "/e2"});
  for (auto prefix : {"", "/", "/e", " / ", "  "})
    EXPECT_EQ(paths(bytes_of(std::string{prefix})), both) << prefix;
  EXPECT_EQ(paths(bytes_of(-1)), both);  // null
  EXPECT_EQ(paths(bytes_of(std::string{"/e1"})), bytes_of(std::vector<std::string>{"/e1"}));
  EXPECT_EQ(paths(bytes_of(std::string{"e1"})), bytes_of(0));
  EXPECT_EQ(read(op_code::get_ephemerals, "").err, code::marshalling_error);
}

TEST_F(Replies, WhoAmITellsUsersAndNoSecrets) {
  auto answer =
      read(op_code::who_am_i, "", {{"ip", "10.0.0.1"}, {"digest", "ann:hash"}, {"super", "x"}});
  EXPECT_EQ(answer.body,
            bytes_of(3, std::string{"ip"}, std::string{"10.0.0.1"}, std::string{"digest"},
                     std::string{"ann"}, std::string{"super"}, std::string{}));
}

TEST_F(Replies, SkippedAccessListsHideNothing) {
  const identities nobody;
  asker who{nobody, db.client, true};
  EXPECT_EQ(answer_read(op_code::get_data, asking("/closed"), who, db.data).err, code::ok);
  EXPECT_EQ(answer_read(op_code::exists, asking("/closed"), who, db.data).err, code::ok);
  EXPECT_EQ(answer_read(op_code::get_acl, bytes_of(std::string{"/closed"}), who, db.data).body,
            bytes_of(only_ann, db.stat_of("/closed")));
}

}  // namespace
}  // namespace troupe::core::testing
