// SPDX-License-Identifier: Apache-2.0
/// The words of the audit log (AuditHelper, AuditEvent, Slf4JAuditLoggerTest).
#include "actors/core/audit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/support.hpp"

namespace troupe::core {
namespace {

using namespace core::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const acl_list bobs{{31, {"sasl", "bob"}}, {5, {"world", "anyone"}}};

struct audited_database : database {
  /// What is told of a write that is applied at once.
  std::vector<std::string> told(op_code op, const std::string& body) {
    auto asked = audited(op, body);
    auto done = write(op, body);
    if (!asked) return {"nothing"};
    std::vector<std::string> out;
    for (const auto& x : records_of(*asked, done)) out.push_back(to_text(x));
    return out;
  }
};

TEST(Audit, RecordIsOneLineInZooKeepersOrder) {
  audit_record x;
  x.acl = "world:anyone:cdrwa";
  x.znode_type = "persistent";
  x.znode = "/a b";
  x.operation = "create";
  x.ip = "127.0.0.1";
  x.user = "bob,127.0.0.1";
  x.session = "0x1";
  EXPECT_EQ(to_text(x),
            "session=0x1\tuser=bob,127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/a b\t"
            "znode_type=persistent\tacl=world:anyone:cdrwa\tresult=success");
}

TEST(Audit, WhatIsAbsentIsNotSaidAndWhatIsEmptyIs) {
  EXPECT_EQ(to_text({.user = "root", .operation = "serverStop", .result = audit_result::invoked}),
            "user=root\toperation=serverStop\tresult=invoked");
  EXPECT_EQ(to_text({.operation = "setAcl", .znode = "", .result = audit_result::failure}),
            "operation=setAcl\tznode=\tresult=failure");
}

TEST(Audit, NoValueBreaksTheLineOrPretendsAField) {
  EXPECT_EQ(to_text({.operation = "delete", .znode = "/a\tresult=success\n\x7f"}),
            "operation=delete\tznode=/a\\x09result=success\\x0a\\x7f\tresult=success");
}

TEST(Audit, CreateTellsThePathThatCameOfItAndTheKind) {
  audited_database db;
  const std::pair<int, const char*> kinds[] = {
      {0, "znode=/a\tznode_type=persistent\t"},
      {1, "znode=/b\tznode_type=ephemeral\t"},
      {2, "znode=/c0000000002\tznode_type=persistent_sequential\t"},
      {3, "znode=/d0000000003\tznode_type=ephemeral_sequential\t"}};
  char name = 'a';
  for (auto [flags, words] : kinds)
    EXPECT_THAT(db.told(op_code::create, body_of_create({'/', name++}, "", flags)),
                ElementsAre("operation=create\t" + std::string{words} + "result=success"));
  EXPECT_THAT(db.told(op_code::create2, body_of_create("/e")),
              ElementsAre("operation=create\tznode=/e\tznode_type=persistent\tresult=success"));
  EXPECT_THAT(db.told(op_code::create_container, body_of_create("/f", "", create_flag::container)),
              ElementsAre("operation=create\tznode=/f\tznode_type=container\tresult=success"));
}

TEST(Audit, CreateWithATtlIsToldAs39Does) {
  auto body = body_of_create("/t", "", create_flag::ttl_sequential);
  jute::writer{body}.i64(1000);
  auto asked = audited(op_code::create_ttl, body);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->znode_type, "persistent_sequential_with_ttl");
}

TEST(Audit, RefusedWriteTellsThePathThatWasAskedFor) {
  audited_database db;
  EXPECT_THAT(db.told(op_code::create, body_of_create("/no/a", "", 2)),
              ElementsAre("operation=create\tznode=/no/a\tznode_type=persistent_sequential\t"
                          "result=failure"));
  EXPECT_THAT(db.told(op_code::remove, body_of_delete("/no")),
              ElementsAre("operation=delete\tznode=/no\tresult=failure"));
  EXPECT_THAT(db.told(op_code::set_data, body_of_set("/no", "x")),
              ElementsAre("operation=setData\tznode=/no\tresult=failure"));
  EXPECT_THAT(db.told(op_code::set_acl, body_of_set_acl("/no", open_to_all())),
              ElementsAre("operation=setAcl\tznode=/no\tacl=world:anyone:cdrwa\tresult=failure"));
}

TEST(Audit, OtherWritesThatSucceed) {
  audited_database db;
  db.create("/a");
  EXPECT_THAT(db.told(op_code::set_data, body_of_set("/a", "x")),
              ElementsAre("operation=setData\tznode=/a\tresult=success"));
  db.planner.set_options({.sasl_in_acls = true});
  EXPECT_THAT(db.told(op_code::set_acl, body_of_set_acl("/a", bobs)),
              ElementsAre("operation=setAcl\tznode=/a\tacl=sasl:bob:cdrwaworld:anyone:cr\t"
                          "result=success"));
  db.planner.set_options({.skip_acl = true});
  EXPECT_THAT(db.told(op_code::remove, body_of_delete("/a")),
              ElementsAre("operation=delete\tznode=/a\tresult=success"));
}

TEST(Audit, ReconfigThatIsRefusedNamesNoZnode) {
  audited_database db;
  EXPECT_THAT(db.told(op_code::reconfig, jute::encode(reconfig_request{})),
              ElementsAre("operation=reconfig\tresult=failure"));
}

TEST(Audit, MultiTellsEachOfItsChangesAndNoCheck) {
  audited_database db;
  EXPECT_THAT(
      db.told(op_code::multi, body_of_multi({{op_code::create, body_of_create("/a")},
                                             {op_code::check, body_of_check("/a", 0)},
                                             {op_code::set_data, body_of_set("/a", "x")},
                                             {op_code::create2, body_of_create("/s", "", 2)},
                                             {op_code::remove, body_of_delete("/a")}})),
      ElementsAre("operation=create\tznode=/a\tznode_type=persistent\tresult=success",
                  "operation=setData\tznode=/a\tresult=success",
                  "operation=create\tznode=/s0000000001\tresult=success",
                  "operation=delete\tznode=/a\tresult=success"));
  EXPECT_THAT(db.told(op_code::multi, body_of_multi({{op_code::check, body_of_check("/", -1)}})),
              IsEmpty());
}

TEST(Audit, MultiThatFailsIsOneLine) {
  audited_database db;
  EXPECT_THAT(db.told(op_code::multi, body_of_multi({{op_code::create, body_of_create("/a")},
                                                     {op_code::remove, body_of_delete("/no")}})),
              ElementsAre("operation=multiOperation\tresult=failure"));
}

TEST(Audit, WhatIsNoWriteOrCannotBeReadIsNotTold) {
  for (auto op : {op_code::get_data, op_code::check, op_code::sync, op_code::close_session,
                  op_code::create_session})
    EXPECT_FALSE(audited(op, body_of_create("/a"))) << static_cast<int>(op);
  EXPECT_FALSE(audited(op_code::create, "short"));
  EXPECT_FALSE(audited(op_code::create, body_of_create("/a", "", 77)));
  EXPECT_FALSE(
      audited(op_code::multi, body_of_multi({{op_code::create, body_of_create("/a", "", 77)}})));
}

TEST(Audit, EphemeralsThatGoWithTheirSessionAreToldInTheServersName) {
  audited_database db;
  db.create("/b", "", create_flag::ephemeral);
  db.create("/a", "", create_flag::ephemeral);
  db.create("/stays");
  std::vector<std::string> lines;
  for (const auto& x : records_of_end(db.write(op_code::close_session, ""), "root"))
    lines.push_back(to_text(x));
  const std::string start =
      "session=0x100\tuser=root\toperation=ephemeralZNodeDeletionOnSessionCloseOrExpire\tznode=";
  EXPECT_THAT(lines, ElementsAre(start + "/a\tresult=success", start + "/b\tresult=success"));
}

TEST(Audit, UsersAreListedWithoutTheirSchemes) {
  EXPECT_EQ(users_of({{"ip", "10.0.0.1"}, {"digest", "ann:hash"}, {"sasl", "bob"}, {"super", ""}}),
            "10.0.0.1,ann,bob");
  EXPECT_EQ(users_of({{"super", ""}}), std::nullopt);
  EXPECT_EQ(users_of({{"sasl", "ann,root"}, {"sasl", "bob\\x2croot"}}),
            "ann\\x2croot,bob\\x5cx2croot");
  EXPECT_EQ(session_text(session_id{-1}), "0xffffffffffffffff");
}

TEST(Audit, NoValueMakesALineOrAFieldOfItsOwnOrSteersATerminal) {
  const std::string forged = "/a\nuser=root\t\x1b[2J\xc2\x9b\xe2\x80\xae\xe2\x80\xa8\xff";
  const auto line = to_text({.user = "a\tznode=/b", .operation = "create", .znode = forged});
  EXPECT_EQ(line,
            "user=a\\x09znode=/b\toperation=create\tznode=/a\\x0auser=root\\x09\\x1b[2J\\xc2\\x9b"
            "\\xe2\\x80\\xae\\xe2\\x80\\xa8\\xff\tresult=success");
}

}  // namespace
}  // namespace troupe::core
