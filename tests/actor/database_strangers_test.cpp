// SPDX-License-Identifier: Apache-2.0
/// What operators' words and the audit log tell of a client that may not do what it asks, and what
/// such a client learns: nothing of data, secrets or other clients.
#include <vector>

#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class DatabaseStrangers : public Database {
 protected:
  DatabaseStrangers() {
    lead();
    open_new(conn_a, "ann");
    open_new(conn_b, "bob");
    for (const auto& [id, name] : {std::pair{conn_a, "ann"}, std::pair{conn_b, "bob"}})
      ask(id, {{cxid{special_xid::auth}, op_code::auth,
                jute::encode(auth_request{0, "digest", std::string{name} + ":password"})}});
    ask(conn_a, {create_for_ann(1, "/anns"), create_for_ann(2, "/anns/child")});
    commit();
    on.news();
    context->audit = [this](const audit_line& x) {
      lines_.push_back((x.is_failure ? "! " : "") + x.text);
    };
  }
  ~DatabaseStrangers() override { context->audit = nullptr; }
  static client_request create_for_ann(int xid, const std::string& path) {
    return {cxid{xid}, op_code::create,
            jute::encode(create_request{path, jute::buffer{"secret"},
                                        core::acl_list{{permission::all, {"auth", ""}}}, 0})};
  }
  static client_request set(int xid, const std::string& path) {
    return {cxid{xid}, op_code::set_data,
            jute::encode(set_data_request{path, jute::buffer{"changed"}, -1})};
  }
  static client_request read(int xid, op_code op, const std::string& path) {
    return {cxid{xid}, op, jute::encode(read_request{path, true})};
  }
  std::vector<client_request> all_reads() {
    return {read(1, op_code::get_data, "/anns"),
            read(2, op_code::get_children, "/anns"),
            read(3, op_code::get_children2, "/anns"),
            read(4, op_code::exists, "/anns"),
            {cxid{5}, op_code::get_acl, jute::encode(path_request{"/anns"})},
            {cxid{6}, op_code::get_all_children_number, jute::encode(path_request{"/anns"})}};
  }

  std::vector<std::string> lines_;
};

TEST_F(DatabaseStrangers, ReadsAreRefusedAndLeaveNoTraceForAnybody) {
  ask(conn_b, all_reads());
  EXPECT_THAT(on.news(), testing::AllOf(SizeIs(6), Each(EndsWith("err -102"))));
  EXPECT_THAT(lines_, IsEmpty()) << "the audit log tells of writes";
  EXPECT_THAT(details({.watches = true}).watches, IsEmpty());
  ask(conn_a, {set(7, "/anns")});
  commit();
  EXPECT_THAT(on.news_of("bob"), IsEmpty());
}

TEST_F(DatabaseStrangers, RefusedWritesAreToldWithoutWhatTheyWouldHaveWritten) {
  std::string body;
  jute::writer ops{body};
  ops(multi_header{op_code::set_data, false, -1},
      set_data_request{"/anns", jute::buffer{"changed"}, -1});
  ops(multi_header{op_code::error, true, -1});
  ask(conn_b, {set(1, "/anns"),
               {cxid{2}, op_code::remove, jute::encode(delete_request{"/anns/child", -1})},
               {cxid{3}, op_code::multi, body}});
  commit();
  EXPECT_THAT(lines_, SizeIs(3));
  EXPECT_THAT(lines_,
              Each(testing::AllOf(HasSubstr("! session="), HasSubstr("\tuser=127.0.0.1,bob"),
                                  EndsWith("result=failure"))));
  for (const auto* secret : {"secret", "changed", "password"})
    EXPECT_THAT(lines_, Each(Not(HasSubstr(secret))));
}

/// As ZooKeeper's does, it shows access lists; of who asks it shows the name.
TEST_F(DatabaseStrangers, NoLineHoldsTheDigestOfWhoAsks) {
  const auto digest = core::make_digest_id("ann:password");
  ask(conn_a, {set(1, "/anns"), create_for_ann(2, "/more")});
  commit();
  EXPECT_THAT(lines_, SizeIs(2));
  EXPECT_THAT(lines_, Each(testing::AllOf(HasSubstr("\tuser=127.0.0.1,ann\t"),
                                          Not(HasSubstr(digest.substr(4))))));
}

/// `cons` has figures of each connection: which operation came last, and on no path.
TEST_F(DatabaseStrangers, LinesOfConnectionsTellOfNumbersAlone) {
  ask(conn_b, all_reads());
  const auto line = figures_of(conn_b);
  EXPECT_EQ(line.figures.last_op, op_code::get_all_children_number);
  EXPECT_EQ(line.figures.last_cxid, 6);
  EXPECT_EQ(line.queued, 0u);
}

}  // namespace
}  // namespace troupe::test
