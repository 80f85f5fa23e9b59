// SPDX-License-Identifier: Apache-2.0
/// Which server tells the audit log of what, and when (FinalRequestProcessor,
/// DataTree.deleteNodes).
#include "tests/actor/database_fixture.hpp"

#include "actors/base/process_user.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DatabaseAudit : public Database {
 protected:
  DatabaseAudit() {
    context->audit = [this](const audit_line& x) {
      lines_.push_back((x.is_failure ? "! " : "") + x.text);
    };
  }
  std::vector<std::string> lines() { return std::exchange(lines_, {}); }
  /// Session 7 is taken up here, on a server that learns.
  void take_up(connection_id id, const std::string& name) {
    open(id, {7}, name);
    upstream_heard_.verdicts.release();
    run();
  }
  void create_is_committed(zxid id, int xid, const std::string& path) {
    commit({7}, cxid{xid}, id, create_txn{path, {}, *core::open_acl(), false, 1}, op_code::create);
  }
  static std::string created(const std::string& path) {
    return "session=0x7\tuser=127.0.0.1\tip=127.0.0.1\toperation=create\tznode=" + path +
           "\tznode_type=persistent\tresult=success";
  }

  std::vector<std::string> lines_;
};

TEST_F(DatabaseAudit, WriteIsToldOfOnceItsOutcomeIsKnownAndBeforeItsAnswer) {
  lead();
  open_new(conn_a, "a");
  context->audit = [this](const audit_line& x) {
    on.note("log: " + x.text.substr(x.text.find("op")));
  };
  ask(conn_a, {create(1, "/x"), get(2, "/"), create(3, "/x")});
  EXPECT_THAT(on.news(), IsEmpty());
  commit();
  EXPECT_THAT(on.news(),
              ElementsAre("log: operation=create\tznode=/x\tznode_type=persistent\tresult=success",
                          "log: operation=create\tznode=/x\tznode_type=persistent\tresult=failure",
                          "a: xid 1 err 0", "a: xid 2 err 0", "a: xid 3 err -110"));
}

TEST_F(DatabaseAudit, LineSaysWhoAskedAtTheTimeOfAsking) {
  lead();
  auto session = core::session_text(open_new(conn_a, "a"));
  ask(conn_a, {create(1, "/x"),
               {cxid{special_xid::auth}, op_code::auth,
                jute::encode(auth_request{0, "digest", "ann:secret"})},
               create(2, "/x")});
  commit();
  const std::string rest = "ip=127.0.0.1\toperation=create\tznode=/x\tznode_type=persistent\t";
  EXPECT_THAT(
      lines(),
      ElementsAre("session=" + session + "\tuser=127.0.0.1\t" + rest + "result=success",
                  "! session=" + session + "\tuser=127.0.0.1,ann\t" + rest + "result=failure"));
}

TEST_F(DatabaseAudit, WritesOfOtherServersClientsAreNotToldOf) {
  learn();
  session_exists({7}, at(2, 1));
  create_is_committed(at(2, 2), 1, "/x");
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(DatabaseAudit, WriteWhoseConnectionIsGoneIsToldOfAllTheSame) {
  learn();
  session_exists({7}, at(2, 1));
  take_up(conn_a, "a");
  ask(conn_a, {create(1, "/x"), create(2, "/y"), create(3, "/z")});
  create_is_committed(at(2, 2), 1, "/x");
  tell(connection_closed{conn_a});
  create_is_committed(at(2, 3), 2, "/y");
  create_is_committed(at(2, 4), 3, "/z");
  create_is_committed(at(2, 5), 3, "/somebody");
  EXPECT_THAT(lines(), ElementsAre(created("/x"), created("/y"), created("/z")));
}

TEST_F(DatabaseAudit, WritesOfTheOlderConnectionOfASessionAreNotMixedUpWithTheNewOnes) {
  learn();
  session_exists({7}, at(2, 1));
  take_up(conn_a, "a");
  ask(conn_a, {create(1, "/x")});
  upstream_heard_.verdict.planned_upto = at(2, 2);
  take_up(conn_b, "b");
  ask(conn_b, {create(1, "/y")});
  create_is_committed(at(2, 2), 1, "/x");
  create_is_committed(at(2, 3), 1, "/y");
  EXPECT_THAT(lines(), ElementsAre(created("/x"), created("/y")));
}

TEST_F(DatabaseAudit, WhatWasUnderWayWhenTheRoleEndedIsForgotten) {
  learn();
  session_exists({7}, at(2, 1));
  take_up(conn_a, "a");
  ask(conn_a, {create(1, "/x")});
  tell(stop_serving{});
  learn();
  create_is_committed(at(3, 1), 1, "/x");
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(DatabaseAudit, WhatALocalSessionMayNotDoIsToldOfAsRefused) {
  context->config.local_sessions = true;
  learn();
  open(conn_a, {}, "a");
  create_request ephemeral{"/e", {}, *core::open_acl(), create_flag::ephemeral};
  ask(conn_a, {{cxid{1}, op_code::create, jute::encode(ephemeral)}});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err -120"));
  auto told = lines();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THAT(told[0], testing::EndsWith("\toperation=create\tznode=/e\tznode_type=ephemeral\t"
                                         "result=failure"));
}

TEST_F(DatabaseAudit, ServerThatOnlyServesReadsTellsOfNothing) {
  tell(start_read_only{});
  open(conn_a, {}, "a", true);
  ask(conn_a, {create(1, "/x")});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err -119"));
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(DatabaseAudit, EphemeralsThatGoWithTheirSessionAreToldOfEverywhere) {
  learn();
  session_exists({7}, at(2, 1));
  commit({7}, {1}, at(2, 2), create_txn{"/e", {}, *core::open_acl(), true, 1}, op_code::create);
  commit({7}, {2}, at(2, 3), close_session_txn{{{"/e"}}}, op_code::close_session);
  EXPECT_THAT(lines(), ElementsAre("session=0x7\tuser=" + process_user().name +
                                   "\toperation=ephemeralZNodeDeletionOnSessionCloseOrExpire\t"
                                   "znode=/e\tresult=success"));
}

}  // namespace
}  // namespace troupe::test
