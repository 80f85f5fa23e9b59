// SPDX-License-Identifier: Apache-2.0
/// Who may not read a znode learns nothing of it: by no read, by no part of one, by no event, and
/// not by watches that are set again. One test for each way there is to ask.
#include <gtest/gtest.h>

#include "actors/core/watches.hpp"
#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;
constexpr std::string_view secret = "the-secret";
const acl_list anns{{permission::all, {"digest", "ann:hash"}}};
/// Everything but READ is everybody's.
const acl_list unreadable{
    {permission::all & ~permission::read & ~permission::admin, {"world", "anyone"}},
    {permission::all, {"digest", "ann:hash"}}};
const identities ann{{"digest", "ann:hash"}};
const identities strangers[] = {
    {}, {{"ip", "10.0.0.1"}}, {{"digest", "bob:hash"}}, {{"ip", "10.0.0.1"}, {"sasl", "ann"}}};

std::string asking(const std::string& path) { return jute::encode(read_request{path, true}); }
std::string of_path(const std::string& path) { return jute::encode(path_request{path}); }
std::string multi_read_of(op_code op, const std::string& path) {
  return body_of_multi({{op, asking(path)}, {op_code::get_data, asking("/open")}});
}

struct Readers : ::testing::Test {
  Readers() {
    db.create("/open", "public");
    db.create("/open/child");
    for (const auto& [path, acl] :
         {std::pair{"/anns", anns}, std::pair{"/unreadable", unreadable}}) {
      db.shown = ann;
      db.create(path, std::string{secret}, 0, acl);
      db.create(std::string{path} + "/" + std::string{secret}, "", 0, acl);
    }
    db.shown = {};
  }
  read_reply read(op_code op, const std::string& body, const identities& who) {
    return answer_read(op, body, {who, db.client}, db.data);
  }
  database db;
};

TEST_F(Readers, NoReadShowsAnythingToAStranger) {
  const std::pair<op_code, std::string (*)(const std::string&)> reads[] = {
      {op_code::exists, asking},       {op_code::get_data, asking},
      {op_code::get_children, asking}, {op_code::get_children2, asking},
      {op_code::get_acl, of_path},     {op_code::get_all_children_number, of_path}};
  for (const auto& [op, body] : reads)
    for (const std::string path : {"/anns", "/unreadable"}) {
      for (const auto& who : strangers) {
        const auto answer = read(op, body(path), who);
        EXPECT_EQ(answer.err, code::no_auth) << static_cast<int>(op) << path;
        EXPECT_EQ(answer.body, "");
        EXPECT_FALSE(answer.watch) << "whoever may not read it does not watch it either";
      }
      EXPECT_EQ(read(op, body(path), ann).err, code::ok) << static_cast<int>(op) << path;
    }
}

TEST_F(Readers, PartsOfAMultiReadAreRefusedOneByOne) {
  for (auto op : {op_code::get_data, op_code::get_children})
    for (const auto& who : strangers) {
      const auto answer = read(op_code::multi_read, multi_read_of(op, "/anns"), who);
      EXPECT_EQ(answer.err, code::ok);
      EXPECT_EQ(answer.body.find(secret), std::string::npos);
      EXPECT_NE(answer.body.find("public"), std::string::npos);
      EXPECT_NE(read(op_code::multi_read, multi_read_of(op, "/anns"), ann).body.find(secret),
                std::string::npos);
    }
}

TEST_F(Readers, ListOfAccessIsForWhoMayReadOrAdministerAndDigestsForTheLatterAlone) {
  db.create(
      "/admin", "", 0,
      {{permission::admin, {"digest", "bob:hash"}}, {permission::all, {"digest", "ann:hash"}}});
  db.create(
      "/read", "", 0,
      {{permission::read, {"digest", "bob:hash"}}, {permission::all, {"digest", "ann:hash"}}});
  const identities bob{{"digest", "bob:hash"}};
  EXPECT_NE(read(op_code::get_acl, of_path("/admin"), bob).body.find("ann:hash"),
            std::string::npos);
  const auto masked = read(op_code::get_acl, of_path("/read"), bob);
  EXPECT_EQ(masked.err, code::ok);
  EXPECT_EQ(masked.body.find("ann:hash"), std::string::npos);
}

TEST_F(Readers, PartsOfAMultiAskForTheirOwnRights) {
  const std::pair<op_code, std::string> ops[] = {
      {op_code::create, body_of_create("/anns/x")},
      {op_code::create2, body_of_create("/anns/x")},
      {op_code::remove, body_of_delete("/anns/" + std::string{secret})},
      {op_code::set_data, body_of_set("/anns", "mine")},
      {op_code::check, body_of_check("/anns", -1)}};
  for (const auto& [op, body] : ops)
    for (const auto& who : strangers) {
      db.shown = who;
      const auto done = db.write(
          op_code::multi,
          body_of_multi({{op_code::set_data, body_of_set("/open", "public")}, {op, body}}));
      ASSERT_EQ(done.multi.size(), 2U);
      EXPECT_EQ(done.multi[1].err, code::no_auth) << static_cast<int>(op);
    }
  EXPECT_EQ(db.data.find("/anns")->data.view(), secret);
}

// -- events -------------------------------------------------------------------------------------

constexpr watcher_key reader = 1, stranger = 2;
bool is_reader(watcher_key who, const acl_list&) { return who == reader; }

TEST_F(Readers, EventsOfEveryKindAreKeptFromStrangers) {
  for (auto kind : {watch_kind::data, watch_kind::exist, watch_kind::child, watch_kind::persistent,
                    watch_kind::persistent_recursive})
    for (auto type : {event_type::node_created, event_type::node_data_changed,
                      event_type::node_children_changed, event_type::node_deleted}) {
      watches table;
      for (auto who : {reader, stranger}) table.add(kind, "/anns", who);
      const auto acl = std::make_shared<const acl_list>(anns);
      for (auto heard : table.trigger({type, "/anns", acl}, is_reader).watchers)
        EXPECT_EQ(heard, reader) << static_cast<int>(kind) << " " << static_cast<int>(type);
    }
}

/// The access list that a change comes with is that of the znode itself: of the parent for its
/// children, and of a deleted znode as it was.
TEST_F(Readers, ChangesBearTheListOfTheZnodeThatTheyTellOf) {
  db.shown = ann;
  const auto lists = [this](op_code op, const std::string& body) {
    std::vector<std::pair<std::string, acl_list>> out;
    for (const auto& t : db.write(op, body).triggers) out.emplace_back(t.path, *t.acl);
    return out;
  };
  using expected = std::vector<std::pair<std::string, acl_list>>;
  EXPECT_EQ(lists(op_code::create, body_of_create("/anns/x", "", 0, open_to_all())),
            (expected{{"/anns/x", open_to_all()}, {"/anns", anns}}));
  EXPECT_EQ(lists(op_code::set_data, body_of_set("/anns", "new")), (expected{{"/anns", anns}}));
  EXPECT_EQ(lists(op_code::remove, body_of_delete("/anns/x")),
            (expected{{"/anns/x", open_to_all()}, {"/anns", anns}}));
}

}  // namespace
}  // namespace troupe::core::testing
