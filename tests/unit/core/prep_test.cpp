// SPDX-License-Identifier: Apache-2.0
/// Mirrors PrepRequestProcessor and ZooKeeper's PrepRequestProcessorTest: which error a client
/// sees, and that requests in flight see each other.
#include "actors/core/prep.hpp"

#include <gtest/gtest.h>

#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;
const auth_id ann{"digest", "ann:hash"};
const acl_list only_ann{{permission::all, ann}};

std::string path_in(const txn& x) { return std::get<create_txn>(x.body).path; }
code refusal(const txn& x) {
  auto refused = std::get_if<error_txn>(&x.body);
  EXPECT_EQ(refused != nullptr, x.header.type == op_code::error);
  return refused ? refused->err : code::ok;
}
std::vector<code> multi_codes(const txn& x) {
  std::vector<code> out;
  for (const auto& op : std::get<multi_txn>(x.body).ops) {
    auto refused = std::get_if<error_txn>(&op.body);
    out.push_back(refused ? refused->err : code::ok);
  }
  return out;
}

// -- create ---------------------------------------------------------------------------------------

TEST(PrepCreate, ErrorsComeInZooKeepersOrder) {
  database db;
  db.create("/a");
  db.create("/e", "", create_flag::ephemeral);
  EXPECT_EQ(db.create("/c", "", 7), code::bad_arguments);
  EXPECT_EQ(db.create("/c", "", -1), code::bad_arguments);
  EXPECT_EQ(db.create("no-slash", "", 0, {}), code::bad_arguments);  // before the list
  EXPECT_EQ(db.create("/missing/c", "", 0, {}), code::invalid_acl);  // before the parent
  EXPECT_EQ(db.create("/missing/c"), code::no_node);
  EXPECT_EQ(db.create("foo/bar"), code::no_node);
  EXPECT_EQ(db.create("/a//b"), code::no_node);
  EXPECT_EQ(db.create("/a/"), code::bad_arguments);
  EXPECT_EQ(db.create("/a/."), code::bad_arguments);
  EXPECT_EQ(db.create(std::string("/a\0b", 4)), code::bad_arguments);
  EXPECT_EQ(db.create("/a"), code::node_exists);
  EXPECT_EQ(db.create("/"), code::node_exists);
  EXPECT_EQ(db.create("/e/f"), code::no_children_for_ephemerals);
}

TEST(PrepCreate, SequenceCountsCreatesUnderTheParentNotDeletes) {
  database db;
  db.create("/q");
  EXPECT_EQ(db.write(op_code::create, body_of_create("/q/n-", "", 2)).result.path,
            "/q/n-0000000000");
  db.remove("/q/n-0000000000");
  db.create("/q/plain");
  EXPECT_EQ(db.write(op_code::create, body_of_create("/q/", "", 3)).result.path, "/q/0000000002");
}

TEST(PrepCreate, SequenceOfAParentThatWrappedIsNegative) {
  database db;
  db.create("/q");
  db.data.apply({{db.client, cxid{1}, zxid{0x1000000ff}, 1, op_code::create},
                 create_txn{"/q/x", jute::buffer{""}, open_to_all(), false, 2147483647},
                 {}});
  auto planned = db.plan(op_code::create, body_of_create("/q/n", "", 2));
  EXPECT_EQ(path_in(planned), "/q/n2147483647");
  EXPECT_EQ(std::get<create_txn>(planned.body).parent_cversion, -2147483648);
  EXPECT_EQ(path_in(db.plan(op_code::create, body_of_create("/q/n", "", 2))), "/q/n-2147483648");
}

TEST(PrepCreate, AuthInTheListBecomesTheAskersIdentities) {
  database db;
  db.shown = {{"ip", "127.0.0.1"}, ann};
  auto planned =
      db.plan(op_code::create, body_of_create("/a", "", 0, {{permission::all, {"auth", ""}}}));
  EXPECT_EQ(std::get<create_txn>(planned.body).acl, only_ann);
}

// -- permissions ----------------------------------------------------------------------------------

TEST(PrepAcl, EachOperationAsksItsPermissionOfTheRightZnode) {
  database db;
  db.shown = {ann};
  db.create("/closed", "", 0, only_ann);
  db.create("/closed/open");
  db.shown = {};
  EXPECT_EQ(db.create("/closed/x"), code::no_auth);
  EXPECT_EQ(db.remove("/closed/open"), code::no_auth);     // DELETE of the parent
  EXPECT_EQ(db.remove("/closed/missing"), code::no_auth);  // and before the znode is looked for
  EXPECT_EQ(db.set("/closed", ""), code::no_auth);
  EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/closed", open_to_all())), code::no_auth);
  EXPECT_EQ(db.set("/closed/open", ""), code::ok);
  EXPECT_EQ(db.create("/closed/open/x"), code::ok);
  auto check =
      db.plan(op_code::multi, body_of_multi({{op_code::check, body_of_check("/closed", 0)}}));
  EXPECT_EQ(multi_codes(check), (std::vector{code::no_auth}));
  db.shown = {{"super", ""}};
  EXPECT_EQ(db.set("/closed", "super may"), code::ok);
}

TEST(PrepAcl, ListChangedInFlightCountsForTheNextRequest) {
  database db;
  db.create("/a");
  db.shown = {ann};
  db.plan(op_code::set_acl, body_of_set_acl("/a", only_ann));
  db.shown = {};
  EXPECT_EQ(refusal(db.plan(op_code::set_data, body_of_set("/a", ""))), code::no_auth);
}

// -- delete, set, setACL --------------------------------------------------------------------------

TEST(PrepDelete, ErrorsComeInZooKeepersOrder) {
  database db;
  db.create("/a");
  db.create("/a/b");
  for (auto path : {"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", "a"})
    EXPECT_EQ(db.remove(path), code::bad_arguments) << path;
  EXPECT_EQ(db.remove("/missing/c"), code::no_node);
  EXPECT_EQ(db.remove("/missing"), code::no_node);
  EXPECT_EQ(db.remove("/a", 5), code::bad_version);  // before not_empty
  EXPECT_EQ(db.remove("/a"), code::not_empty);
  EXPECT_EQ(db.remove("/a/b", 0), code::ok);
  EXPECT_EQ(db.remove("/a"), code::ok);
}

TEST(PrepSetData, VersionMustMatchAndGrows) {
  database db;
  db.create("/a");
  EXPECT_EQ(db.set("/a", "", 1), code::bad_version);
  EXPECT_EQ(db.set("/a", "", 0), code::ok);
  EXPECT_EQ(db.set("/a", "", 1), code::ok);
  EXPECT_EQ(db.set("/a", "", -1), code::ok);
  EXPECT_EQ(db.stat_of("/a").version, 3);
  EXPECT_EQ(db.set("/missing", ""), code::no_node);
  EXPECT_EQ(db.set("/a/", ""), code::bad_arguments);
}

TEST(PrepSetData, VersionNeverBecomesMinusOne) {
  database db;  // ZOOKEEPER-4743
  db.create("/a");
  db.data.apply({{db.client, cxid{1}, zxid{0x1000000ff}, 1, op_code::set_data},
                 set_data_txn{"/a", jute::buffer{""}, -2},
                 {}});
  auto planned = db.plan(op_code::set_data, body_of_set("/a", ""));
  EXPECT_EQ(std::get<set_data_txn>(planned.body).version, 0);
}

TEST(PrepSetAcl, ListIsJudgedBeforeTheZnodeIsLookedFor) {
  database db;
  db.create("/a");
  EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/missing", {})), code::invalid_acl);
  EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/missing", only_ann)), code::no_node);
  EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/a", only_ann, 3)), code::bad_version);
  EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/a", open_to_all(), 0)), code::ok);
  EXPECT_EQ(db.stat_of("/a").aversion, 1);
}

// -- requests in flight ---------------------------------------------------------------------------

TEST(PrepInFlight, LaterRequestsSeeWhatEarlierOnesWillDo) {
  database db;
  std::vector<txn> waiting;
  auto plan = [&](op_code op, std::string body) {
    waiting.push_back(db.plan(op, std::move(body)));
    return refusal(waiting.back());
  };
  EXPECT_EQ(plan(op_code::create, body_of_create("/a")), code::ok);
  EXPECT_EQ(plan(op_code::create, body_of_create("/a")), code::node_exists);
  EXPECT_EQ(plan(op_code::create, body_of_create("/a/b")), code::ok);
  EXPECT_EQ(plan(op_code::set_data, body_of_set("/a/b", "", 0)), code::ok);
  EXPECT_EQ(plan(op_code::set_data, body_of_set("/a/b", "", 0)), code::bad_version);
  EXPECT_EQ(plan(op_code::remove, body_of_delete("/a")), code::not_empty);
  EXPECT_EQ(plan(op_code::remove, body_of_delete("/a/b", 1)), code::ok);
  EXPECT_EQ(plan(op_code::remove, body_of_delete("/a")), code::ok);
  EXPECT_EQ(plan(op_code::set_data, body_of_set("/a", "")), code::no_node);
  EXPECT_EQ(db.data.node_count(), 5U);
  for (const auto& x : waiting) EXPECT_TRUE(db.apply(x).digest_matches) << to_string(x.header.id);
  EXPECT_EQ(db.planner.outstanding(), 0U);
  EXPECT_FALSE(db.data.find("/a"));
}

TEST(PrepInFlight, SequenceNumbersDoNotRepeat) {
  database db;
  EXPECT_EQ(path_in(db.plan(op_code::create, body_of_create("/s", "", 2))), "/s0000000000");
  EXPECT_EQ(path_in(db.plan(op_code::create, body_of_create("/s", "", 2))), "/s0000000001");
}

TEST(PrepInFlight, RefusedRequestSpendsAZxidToo) {
  database db;
  auto first = db.plan(op_code::remove, body_of_delete("/missing"));
  auto second = db.plan(op_code::create, body_of_create("/a"));
  EXPECT_EQ(first.header.type, op_code::error);
  EXPECT_EQ(first.digest, std::nullopt);
  EXPECT_EQ(first.header.cx, cxid{1});
  EXPECT_EQ(second.header.id, first.header.id.next());
  auto third =
      db.planner.refuse({db.client, cxid{9}, op_code::create, "", {}}, code::session_moved, 5);
  EXPECT_EQ(refusal(third), code::session_moved);
  EXPECT_EQ(third.header.id, second.header.id.next());
}

TEST(PrepInFlight, BodyThatDoesNotDecodeIsAMarshallingErrorWithItsZxid) {
  database db;
  EXPECT_EQ(db.err(op_code::create, "short"), code::marshalling_error);
  EXPECT_EQ(db.err(op_code::multi, "short"), code::marshalling_error);
  EXPECT_EQ(db.err(op_code::check, body_of_check("/", 0)), code::unimplemented);
  EXPECT_EQ(db.err(op_code::delete_container, "/a"), code::unimplemented);
  EXPECT_EQ(db.planner.next_zxid(), zxid{0x100000005});
}

TEST(PrepInFlight, NewLeadershipStartsWithoutTheOldOnesPlans) {
  database db;
  db.plan(op_code::create, body_of_create("/a"));
  db.planner.begin(zxid{0x200000001});
  EXPECT_EQ(db.planner.outstanding(), 0U);
  auto planned = db.plan(op_code::create, body_of_create("/a"));
  EXPECT_EQ(planned.header.id, zxid{0x200000001});
  EXPECT_TRUE(db.apply(planned).digest_matches);
}

// -- multi ----------------------------------------------------------------------------------------

TEST(PrepMulti, OpsSeeEachOtherAndShareOneZxid) {
  database db;
  auto done = db.write(op_code::multi,
                       body_of_multi({{op_code::create, body_of_create("/a", "1")},
                                      {op_code::create2, body_of_create("/a/s", "", 2)},
                                      {op_code::set_data, body_of_set("/a", "2", 0)},
                                      {op_code::check, body_of_check("/a", 1)},
                                      {op_code::remove, body_of_delete("/a/s0000000000")}}));
  EXPECT_EQ(done.result.err, code::ok);
  EXPECT_TRUE(done.digest_matches);
  ASSERT_EQ(done.multi.size(), 5U);
  EXPECT_EQ(done.multi[1].type, op_code::create);  // as every ZooKeeper can read it in a log
  EXPECT_EQ(done.multi[1].path, "/a/s0000000000");
  EXPECT_EQ(db.stat_of("/a").pzxid, done.header.id);
}

TEST(PrepMulti, FailureLeavesNothingBehindForLaterRequests) {
  database db;
  db.create("/a");
  auto outstanding = db.plan(op_code::set_data, body_of_set("/a", "first"));
  auto failed =
      db.plan(op_code::multi, body_of_multi({{op_code::create, body_of_create("/s", "", 2)},
                                             {op_code::set_data, body_of_set("/a", "second", 1)},
                                             {op_code::remove, body_of_delete("/missing")},
                                             {op_code::create, body_of_create("/b")}}));
  EXPECT_EQ(failed.header.type, op_code::multi);
  EXPECT_EQ(multi_codes(failed),
            (std::vector{code::ok, code::ok, code::no_node, code::runtime_inconsistency}));
  EXPECT_EQ(failed.digest, outstanding.digest);
  // ZOOKEEPER-1624: the parent's sequence is what it was before.
  EXPECT_EQ(path_in(db.plan(op_code::create, body_of_create("/s", "", 2))), "/s0000000001");
  EXPECT_EQ(refusal(db.plan(op_code::set_data, body_of_set("/a", "third", 1))), code::ok);
}

TEST(PrepMulti, EmptyOneIsFine) {
  database db;
  EXPECT_EQ(db.err(op_code::multi, body_of_multi({})), code::ok);
}

TEST(PrepMulti, WhatMayNotStandInItIsAMarshallingError) {
  database db;
  auto refuse = [&db](op_code type, std::string body) {
    return refusal(db.plan(op_code::multi, body_of_multi({{type, std::move(body)}})));
  };
  EXPECT_EQ(refuse(op_code::set_acl, body_of_set_acl("/", open_to_all())), code::marshalling_error);
  EXPECT_EQ(refuse(op_code::get_data, ""), code::marshalling_error);
  EXPECT_EQ(refuse(op_code::create, body_of_create("/a", "", 9)), code::marshalling_error);
}

// -- sessions -------------------------------------------------------------------------------------

TEST(PrepSession, CreateCarriesTheTimeout) {
  database db;
  auto done = db.write(op_code::create_session, body_of_timeout(4000));
  EXPECT_EQ(done.result.err, code::ok);
  EXPECT_EQ(db.data.sessions(), (session_timeouts{{db.client, 4000}}));
}

TEST(PrepSession, CloseTakesAppliedAndOutstandingEphemeralsButNoDeletedOnes) {
  database db;
  db.create("/applied", "", 1);
  db.create("/applied-then-deleted", "", 1);
  std::vector<txn> waiting;
  auto plan = [&](op_code op, std::string body) {
    waiting.push_back(db.plan(op, std::move(body)));
  };
  plan(op_code::remove, body_of_delete("/applied-then-deleted"));
  plan(op_code::create, body_of_create("/outstanding", "", 1));
  plan(op_code::create, body_of_create("/outstanding-then-deleted", "", 1));
  plan(op_code::remove, body_of_delete("/outstanding-then-deleted"));
  plan(op_code::close_session, "");
  EXPECT_EQ(std::get<close_session_txn>(waiting.back().body).paths,
            (std::vector<std::string>{"/applied", "/outstanding"}));
  for (const auto& x : waiting) EXPECT_TRUE(db.apply(x).digest_matches);
  EXPECT_EQ(db.data.ephemeral_count(), 0U);
}

TEST(PrepSession, CloseLeavesWhatAnotherSessionHasMadeInItsPlace) {
  database db;
  db.create("/e", "", 1);
  auto first = db.client;
  db.plan(op_code::remove, body_of_delete("/e"));
  db.client = session_id{0x200};
  db.plan(op_code::create, body_of_create("/e", "", 1));
  db.client = first;
  auto closed = db.plan(op_code::close_session, "");
  EXPECT_EQ(std::get<close_session_txn>(closed.body).paths, std::vector<std::string>{});
}

/// In ZooKeeper 3.5's form, which names none. It bears no digest: Java would read it as paths.
TEST(PrepSession, CloseOfMoreThanATxnCanNameGoesByTheOwner) {
  database db;
  db.planner.set_options({.txn_bytes_max = 210});
  db.create("/p");
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(db.create("/p/" + std::to_string(i) + std::string(24, 'e'), "", 1), code::ok);
  auto five = db.plan(op_code::close_session, "");
  EXPECT_EQ(std::get<close_session_txn>(five.body).paths->size(), 5U);
  EXPECT_EQ(encode_txn(five).size(), 48U + 5 * (4 + 28));
  db.apply(five);

  for (int i = 0; i < 5; ++i) db.create("/p/" + std::to_string(i) + std::string(24, 'e'), "", 1);
  db.plan(op_code::create, body_of_create("/p/late", "", 1));  // not applied yet
  auto six = db.plan(op_code::close_session, "");
  EXPECT_FALSE(std::get<close_session_txn>(six.body).paths);
  EXPECT_FALSE(six.digest);
  EXPECT_EQ(encode_txn(six).size(), 32U);
}

TEST(PrepSession, CloseByTheOwnerLeavesTheTreeThatWasForeseen) {
  for (std::size_t bytes_max : {std::size_t{100}, txn_bytes_max}) {
    database db;
    db.create("/p");
    for (std::string path : {"/a", "/b", "/p/c", "/p/d"}) db.create(path, "", 1);
    std::vector<txn> waiting{db.plan(op_code::create, body_of_create("/p/late", "", 1))};
    db.planner.set_options({.txn_bytes_max = bytes_max - 32});
    waiting.push_back(db.plan(op_code::close_session, ""));
    db.planner.set_options({});
    db.client = session_id{0x200};
    waiting.push_back(db.plan(op_code::create, body_of_create("/p/next")));
    for (const auto& x : waiting) EXPECT_TRUE(db.apply(x).digest_matches);
    EXPECT_EQ(db.data.ephemeral_count(), 0U);
    EXPECT_EQ(db.stat_of("/p").num_children, 1);
  }
}

// -- how long a txn may be ------------------------------------------------------------------------

TEST(PrepLength, WhatARequestWouldGrowToIsRefusedAndNothingHappens) {
  database db;
  db.create("/a");
  db.shown = {{"ip", "127.0.0.1"}};
  for (int i = 0; i < 20; ++i) db.shown.push_back({"digest", std::to_string(i) + ":hash"});
  db.planner.set_options({.txn_bytes_max = 400});
  const acl_list expands{{permission::all, {"auth", ""}}};
  const auto before = db.data.digest();
  EXPECT_EQ(db.create("/b", "", 0, expands), code::bad_arguments);
  EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/a", expands)), code::bad_arguments);
  EXPECT_EQ(db.create("/b", std::string(400, 'x')), code::bad_arguments);
  EXPECT_EQ(db.set("/a", std::string(400, 'x')), code::bad_arguments);
  EXPECT_EQ(db.data.digest(), before);
  EXPECT_EQ(db.planner.outstanding(), 0U);
  EXPECT_EQ(db.create("/b"), code::ok) << "and the next one finds all as it was";
}

TEST(PrepLength, EveryTxnOfTheBoundsLengthFitsAndNoneOfAByteMore) {
  for (std::size_t more : {0U, 1U}) {
    database db;
    db.create("/a");
    db.planner.set_options({.txn_bytes_max = 100});
    const std::string data(100 - 44 - 6 - 4 - 4 + more, 'x');  // header, digest, path, version
    auto planned = db.plan(op_code::set_data, body_of_set("/a", data));
    EXPECT_EQ(refusal(planned), more == 0 ? code::ok : code::bad_arguments);
    EXPECT_EQ(encode_txn(planned).size(), more == 0 ? 100U : 36U);
  }
}

TEST(PrepLength, MultiIsRefusedAtTheOperationThatMakesItTooLong) {
  database db;
  db.planner.set_options({.txn_bytes_max = 250});
  std::vector<std::pair<op_code, std::string>> ops;
  for (int i = 0; i < 5; ++i)
    ops.emplace_back(op_code::create, body_of_create("/n" + std::to_string(i), "0123456789"));
  auto planned = db.plan(op_code::multi, body_of_multi(ops));
  EXPECT_EQ(multi_codes(planned), (std::vector{code::ok, code::ok, code::ok, code::bad_arguments,
                                               code::runtime_inconsistency}));
  EXPECT_LE(encode_txn(planned).size(), 250U);
  db.apply(planned);
  EXPECT_EQ(db.data.find("/n0"), nullptr);
  EXPECT_EQ(db.planner.outstanding(), 0U);
}

/// A server with a greater bound may have forwarded it: not even its errors have room.
TEST(PrepLength, MultiWhoseErrorsAreTooManyIsRefusedAsAWhole) {
  database db;
  db.planner.set_options({.txn_bytes_max = 250});
  std::vector<std::pair<op_code, std::string>> ops(50, {op_code::check, body_of_check("/x", 1)});
  EXPECT_EQ(refusal(db.plan(op_code::multi, body_of_multi(ops))), code::bad_arguments);
  EXPECT_EQ(db.create("/a"), code::ok);
}

TEST(PrepSession, CloseFindsAnEphemeralWhoseDeletionWasRolledBack) {
  database db;
  db.plan(op_code::create, body_of_create("/e", "", 1));
  db.plan(op_code::multi, body_of_multi({{op_code::remove, body_of_delete("/e")},
                                         {op_code::remove, body_of_delete("/missing")}}));
  auto closed = db.plan(op_code::close_session, "");
  EXPECT_EQ(std::get<close_session_txn>(closed.body).paths, std::vector<std::string>{"/e"});
}

TEST(PrepSession, CloseCountsDownEveryParentByWhatItLoses) {
  database db;
  for (std::string path : {"/p", "/p/kept", "/q"}) db.create(path);
  for (std::string path : {"/p/e1", "/p/e2", "/q/e1", "/q/e2", "/q/e3"}) db.create(path, "", 1);
  auto closed = db.plan(op_code::close_session, "");
  auto deleted = db.plan(op_code::remove, body_of_delete("/q"));
  EXPECT_EQ(refusal(deleted), code::ok);
  EXPECT_EQ(refusal(db.plan(op_code::remove, body_of_delete("/p"))), code::not_empty);
  EXPECT_TRUE(db.apply(closed).digest_matches);
  EXPECT_EQ(db.data.find("/p")->num_children(), 1);
  EXPECT_EQ(db.data.find("/p")->stats.pzxid, closed.header.id);
  EXPECT_TRUE(db.apply(deleted).digest_matches);
}

TEST(PrepSession, ParentOfClosedEphemeralsCanBeDeletedInFlight) {
  database db;
  db.create("/p");
  db.create("/p/e", "", 1);
  db.plan(op_code::close_session, "");
  EXPECT_EQ(refusal(db.plan(op_code::remove, body_of_delete("/p"))), code::ok);
}

// -- reconfig (PrepRequestProcessor; ReconfigExceptionTest) ------------------------------------

std::string body_of_reconfig(const std::string& joining) {
  return jute::encode(reconfig_request{jute::buffer{joining}, std::nullopt, std::nullopt, -1});
}
void judge_all_well(database& db) {
  db.planner.judge_memberships([](const reconfig_request& asked, zxid made_by) {
    return *asked.joining + " at " + to_string(made_by);
  });
}

TEST(PrepReconfig, WithoutAJudgeItIsUnimplemented) {
  database db;
  EXPECT_EQ(db.err(op_code::reconfig, body_of_reconfig("server.4")), code::unimplemented);
}

TEST(PrepReconfig, NeedsWriteOnTheConfigZnodeWhichOnlySuperHas) {
  database db;
  judge_all_well(db);
  EXPECT_EQ(db.err(op_code::reconfig, body_of_reconfig("server.4")), code::no_auth);
  db.shown.push_back({"super", ""});
  auto made = db.plan(op_code::reconfig, body_of_reconfig("server.4"));
  ASSERT_EQ(refusal(made), code::ok);
  EXPECT_EQ(made.header.type, op_code::reconfig);
  auto done = db.apply(made);
  EXPECT_TRUE(done.digest_matches);
  EXPECT_EQ(*done.result.data, "server.4 at " + to_string(made.header.id));
  EXPECT_EQ(done.result.node_stat->version, -1);
  EXPECT_EQ(done.result.node_stat->mzxid, made.header.id);
  EXPECT_EQ(done.triggers.size(), 1U);
}

TEST(PrepReconfig, JudgesRefusalComesBeforeThePermission) {
  database db;
  db.planner.judge_memberships([](const reconfig_request&, zxid) {
    return tl::expected<std::string, code>{tl::unexpect, code::reconfig_in_progress};
  });
  EXPECT_EQ(db.err(op_code::reconfig, body_of_reconfig("x")), code::reconfig_in_progress);
}

}  // namespace
}  // namespace troupe::core::testing
