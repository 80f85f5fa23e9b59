// SPDX-License-Identifier: Apache-2.0
/// What the database does when its server may have no more memory.
#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto mib = core::memory_budget::mib;

class DatabaseMemory : public Database {
 protected:
  DatabaseMemory() {
    context->memory = core::memory_budget{64 * mib};
    context->resident_bytes = [this] { return resident_; };
  }

  static client_request create_of(int xid, const std::string& path, std::size_t bytes) {
    create_request body;
    body.path = path;
    body.data = std::string(bytes, 'x');
    body.acl = std::vector<acl_entry>{{permission::all, {"world", "anyone"}}};
    return {cxid{xid}, op_code::create, jute::encode(body)};
  }
  static client_request set_of(int xid, const std::string& path, std::size_t bytes) {
    return {cxid{xid}, op_code::set_data,
            jute::encode(set_data_request{path, std::string(bytes, 'y'), -1})};
  }
  static client_request remove(int xid, const std::string& path) {
    return {cxid{xid}, op_code::remove, jute::encode(delete_request{path, -1})};
  }
  /// Znodes /0, /1 and so on of a megabyte each, until the tree takes no more; how many there are.
  int fill() {
    for (int i = 0;; ++i) {
      on.news();
      ask(conn_a, {create_of(1'000 + i, "/" + std::to_string(i), mib)});
      commit();
      if (on.news() != std::vector{"a: xid " + std::to_string(1'000 + i) + " err 0"}) return i;
      if (i > 64) return -1;
    }
  }

  std::int64_t resident_ = 0;
};

TEST_F(DatabaseMemory, ALeaderRefusesForLaterWhatMakesItsTreeLargerThanItsPart) {
  lead();
  open_new(conn_a, "a");
  const auto count = fill();
  EXPECT_EQ(count, context->memory.tree_max() / (mib + 4096));
  EXPECT_LE(stats().memory.tree, context->memory.tree_max());
  on.news();
  ask(conn_a, {set_of(1, "/0", 2 * mib), set_of(2, "/0", 10), create_of(3, "/later", mib),
               remove(4, "/1"), create_of(5, "/later", mib)});
  commit();
  commit();  // of what was more than may be on its way at once
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err -7", "a: xid 2 err 0", "a: xid 3 err 0",
                                     "a: xid 4 err 0", "a: xid 5 err -110"));
  EXPECT_EQ(stats().memory.refused_writes, 2U);
}

TEST_F(DatabaseMemory, WhatALearnerAsksCountsForTheLeadersTreeAsWell) {
  lead();
  open_new(conn_a, "a");
  fill();
  session_exists(session_id{0x99}, zxid{0x2000000ff});
  planned_.clear();
  auto big = create_of(1, "/big", mib);
  tell(forwarded_writes{server_id{2}, {{session_id{0x99}, cxid{1}, big.op, big.body, {}}}});
  ASSERT_EQ(planned_.size(), 1U);
  EXPECT_EQ(planned_[0]->value.header.type, op_code::error);
}

TEST_F(DatabaseMemory, ALearnerWhoseTreeIsFullRefusesItsOwnClientsAndAppliesWhatIsCommitted) {
  learn();
  const session_id mine{0x100000000000001};
  session_exists(mine, zxid{0x200000001});
  upstream_heard_.verdicts.release();
  open(conn_a, mine, "a");
  std::int64_t at = 0x200000001;
  while (stats().memory.tree < context->memory.tree_max())
    commit(mine, cxid{0}, zxid{++at},
           create_txn{"/" + std::to_string(at), std::string(mib, 'x'), *core::open_acl(), false, 1},
           op_code::create);
  tell(collect_touches{});
  on.news();
  ask(conn_a, {create_of(1, "/more", 10), remove(2, "/" + std::to_string(at))});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err -7"));
  ASSERT_EQ(upstream_heard_.forwarded.size(), 1U) << "the delete alone goes to the leader";
  EXPECT_EQ(upstream_heard_.forwarded[0].op, op_code::remove);
  const auto before = stats().znodes;
  commit(session_id{0x55}, cxid{1}, zxid{++at},
         create_txn{"/of-another", std::string(mib, 'x'), *core::open_acl(), false, 1},
         op_code::create);
  EXPECT_EQ(stats().znodes, before + 1) << "a committed txn cannot be refused";
}

TEST_F(DatabaseMemory, AProcessNearItsLimitRefusesGrowthWhateverItsTreeHas) {
  lead();
  open_new(conn_a, "a");
  on.news();
  resident_ = 63 * mib;
  tell(expire_sessions{});
  EXPECT_THAT(stats().memory.full, HasSubstr("nearly reached memory.limit"));
  ask(conn_a, {create(1, "/x")});
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err -7"));
  resident_ = 30 * mib;
  tell(expire_sessions{});
  EXPECT_EQ(stats().memory.full, "");
  ask(conn_a, {create(2, "/x")});
  commit();
  EXPECT_THAT(on.news(), ElementsAre("a: xid 2 err 0"));
}

TEST_F(DatabaseMemory, SessionsComeInWhileTheTreeIsFullAndNotWhileTheirOwnPartIs) {
  lead();
  open_new(conn_a, "a");
  fill();
  open_new(conn_b, "b");
  context->gauges->connections_bytes = context->memory.sessions_max();
  EXPECT_EQ(*open(connection_id{3}, {}, "c"), "no memory");
  EXPECT_EQ(stats().memory.refused_sessions, 1U);
}

TEST_F(DatabaseMemory, TheWindowForLearnersIsBoundedByItsBytes) {
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {create_of(0, "/x", mib)});
  commit();
  for (int i = 1; i < 20; ++i) {
    ask(conn_a, {set_of(i, "/x", mib)});
    commit();
    EXPECT_LE(context->gauges->recent_bytes.load(), context->memory.recent_max() + 3 * mib);
  }
  const auto plan = answer_to<sync_source>(plan_sync{zxid{0x200000001}});
  EXPECT_EQ(plan.how, sync_source::kind::diff_from_log);
  EXPECT_FALSE(plan.txns.empty()) << "one is kept in any case: it says where the history ends";
  EXPECT_LE(plan.log_bytes_max, static_cast<std::uint64_t>(context->memory.catch_up_max()));
}

TEST_F(DatabaseMemory, AHeapThatHoldsMuchUnusedIsTrimmedNowAndThen) {
  int trimmed = 0;
  context->trim_heap = [&trimmed] { ++trimmed; };
  lead();
  resident_ = 50 * mib;
  for (int i = 0; i < 30; ++i) {
    advance(1s);
    tell(expire_sessions{});
  }
  EXPECT_GE(trimmed, 2);
  EXPECT_LE(trimmed, 4);
}

TEST_F(DatabaseMemory, AMultiReadIsShorterWhereThereIsLittleForAllClientsAndAnyZnodeCanBeRead) {
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {create_of(1, "/big", 1'000'000)});
  commit();
  on.news();
  std::string body;
  for (int i = 0; i < 3; ++i)
    body += jute::encode(multi_header{op_code::get_data, false, -1}) +
            jute::encode(read_request{"/big", false});
  body += jute::encode(multi_header{op_code::error, true, -1});
  ask(conn_a, {get(2, "/big"), {cxid{3}, op_code::multi_read, body}});
  EXPECT_THAT(on.news(), ElementsAre("a: xid 2 err 0", "a: xid 3 err 0"));
  EXPECT_EQ(stats().replies_refused, 1U);
  EXPECT_LT(accounts_.at(conn_a)->unsent(), 2'200'000) << "the znode once in each answer";
}

}  // namespace
}  // namespace troupe::test
