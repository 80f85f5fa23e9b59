// SPDX-License-Identifier: Apache-2.0
/// Clients' writes on their way to the leading server: how much, and whose.
#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto mib = core::memory_budget::mib;

class DatabaseWrites : public Database {
 protected:
  static client_request large(int xid, std::size_t bytes = 3 * mib) {
    return {cxid{xid}, op_code::set_data,
            jute::encode(set_data_request{"/x", std::string(bytes, 'y'), -1})};
  }
  session_id follow(connection_id id, std::int64_t n, std::string name) {
    const session_id mine{0x100000000000000 + n};
    session_exists(mine, zxid{0x200000000 + n});
    EXPECT_EQ(*open(id, mine, std::move(name)), "open");
    return mine;
  }
  /// Two clients of a follower.
  void follow() {
    learn();
    upstream_heard_.verdicts.release();
    a_ = follow(conn_a, 1, "a");
    b_ = follow(conn_b, 2, "b");
    on.news();
  }
  std::vector<int> forwarded() {
    std::vector<int> out;
    for (const auto& x : std::exchange(upstream_heard_.forwarded, {})) out.push_back(x.cx.value);
    return out;
  }
  /// It is committed, whatever it was.
  void commit(session_id who, int xid) {
    Database::commit(who, cxid{xid}, zxid{++last_}, error_txn{error_code::no_node}, op_code::error);
  }

  session_id a_, b_;
  std::int64_t last_ = 0x200000010;
};

TEST_F(DatabaseWrites, FewBytesOfLargeOnesAreOnTheirWayAndSmallOnesPass) {
  follow();
  ask(conn_a, {large(1), large(2), large(3)});
  ask(conn_b, {create(11, "/y")});
  EXPECT_THAT(forwarded(), ElementsAre(1, 11));
  commit(a_, 1);
  EXPECT_THAT(forwarded(), ElementsAre(2));
  commit(a_, 2);
  EXPECT_THAT(forwarded(), ElementsAre(3));
}

TEST_F(DatabaseWrites, ConnectionsTakeTurnsByBytes) {
  follow();
  constexpr auto almost_all = 4 * mib - 1'000;
  ask(conn_a, {large(1, almost_all), large(2, almost_all), large(3, almost_all)});
  ask(conn_b, {large(11, 100'000), large(12, 100'000), create(13, "/y")});
  EXPECT_THAT(forwarded(), ElementsAre(1)) << "a small one waits for its connection's own";
  commit(a_, 1);
  EXPECT_THAT(forwarded(), ElementsAre(11, 12, 13));
  commit(b_, 11);
  EXPECT_THAT(forwarded(), IsEmpty());
  commit(b_, 12);
  EXPECT_THAT(forwarded(), ElementsAre(2));
}

TEST_F(DatabaseWrites, AReadBehindAWriteThatWaitsIsAnsweredBehindIt) {
  follow();
  ask(conn_a, {large(1)});
  ask(conn_b, {large(11), get(12, "/")});
  commit(a_, 1);
  EXPECT_THAT(on.news(), ElementsAre("a: xid 1 err -101"));
  commit(b_, 11);
  EXPECT_THAT(on.news(), ElementsAre("b: xid 11 err -101", "b: xid 12 err 0"));
}

TEST_F(DatabaseWrites, WhoLeavesWaitsNoMoreAndWhatItHasUnderWayCountsUntilItIsApplied) {
  follow();
  ask(conn_a, {large(1), large(2)});
  ask(conn_b, {large(11)});
  tell(connection_closed{conn_a});
  EXPECT_THAT(forwarded(), ElementsAre(1));
  commit(a_, 1);
  EXPECT_THAT(forwarded(), ElementsAre(11));
}

TEST_F(DatabaseWrites, LargeOnesWaitWhileTheLeadingServerSaysSo) {
  follow();
  tell(hold_writes{true});
  ask(conn_a, {large(1)});
  ask(conn_b, {create(11, "/y")});
  EXPECT_THAT(forwarded(), ElementsAre(11));
  tell(hold_writes{false});
  EXPECT_THAT(forwarded(), ElementsAre(1));
}

TEST_F(DatabaseWrites, TheLeadingServersOwnClientsWaitAsWell) {
  lead();
  open_new(conn_a, "a");
  ask(conn_a, {large(1), large(2)});
  EXPECT_EQ(planned_.size(), 1U);
  Database::commit();
  EXPECT_EQ(planned_.size(), 1U);
  Database::commit();
  EXPECT_THAT(planned_, IsEmpty());
}

TEST_F(DatabaseWrites, ALeaderThatIsNoMoreOwesNothing) {
  follow();
  ask(conn_a, {large(1), large(2)});
  tell(stop_serving{});
  learn();
  follow(conn_b, 3, "c");
  forwarded();
  ask(conn_b, {large(11)});
  EXPECT_THAT(forwarded(), ElementsAre(11));
}

TEST_F(DatabaseWrites, SessionsThatExpireTogetherAreClosedByAndByWhenTheyOwnMuch) {
  lead();
  for (std::uint64_t n = 0; n < 4; ++n) {
    const connection_id id{100 + n};
    open_new(id, "c" + std::to_string(n));
    for (int i = 0; i < 1'200; ++i) {
      auto path = "/" + std::to_string(n) + "-" + std::to_string(i) + std::string(1'000, 'x');
      ask(id, {create(i, path, 1)});
    }
    Database::commit();
  }
  const std::chrono::milliseconds tick{context->config.tick_ms};
  for (auto gone = 0ms; gone < 14s; gone += tick) {
    advance(tick);
    tell(expire_sessions{});
  }
  EXPECT_EQ(planned_.size(), 2U) << "of a megabyte each";
  Database::commit();
  EXPECT_EQ(planned_.size(), 2U);
  Database::commit();
  EXPECT_EQ(stats().sessions, 0U);
}

}  // namespace
}  // namespace troupe::test
