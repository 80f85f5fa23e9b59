// SPDX-License-Identifier: Apache-2.0
/// Long txns and long requests between a follower and its leader: they go in parts.
#include "tests/actor/follower_fixture.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FollowerOfParts : public Follower {
 protected:
  FollowerOfParts() { context->message_bytes_max = 100; }

  /// The bytes of a txn from `offset` on, so many of them or all.
  template <class Message>
  void leader_says_part(const txn_ptr& txn, std::size_t offset, std::size_t bytes = SIZE_MAX) {
    Message m;
    const auto part = txn->bytes.substr(offset, bytes);
    m.add_txns(part);
    m.set_offset(offset);
    m.set_rest(txn->bytes.size() - offset - part.size());
    leader_says(std::move(m));
  }
  static write_request write(std::int32_t number, std::size_t bytes) {
    return {session_id{5}, cxid{number}, op_code::create, std::string(bytes, 'x'), {}};
  }

  txn_ptr first_ = sample_txn(at(2, 1)), second_ = sample_txn(at(2, 2));
};

TEST_F(FollowerOfParts, TakesATxnInWhenItIsWhole) {
  broadcast();
  leader_says_part<wire::Proposal>(first_, 0, 20);
  leader_commits(at(1, 5));
  leader_says_part<wire::Proposal>(first_, 20, 10);
  EXPECT_THAT(on.news(), IsEmpty());
  EXPECT_EQ(context->gauges->proposed_bytes, 30);
  leader_says_part<wire::Proposal>(first_, 30);
  EXPECT_THAT(on.news(), Contains("handler: ACK 0x200000001"));
  leader_commits(at(2, 1));
  EXPECT_THAT(on.news(), ElementsAre("database: apply 0x200000001"));
  EXPECT_EQ(context->gauges->proposed_bytes, 0);
}

TEST_F(FollowerOfParts, TakesItsHistoryInPartsToo) {
  discover();
  on.news();
  leader_says_part<wire::SyncTxns>(sample_txn(at(1, 6)), 0, 20);
  leader_says_part<wire::SyncTxns>(sample_txn(at(1, 6)), 20);
  leader_says(wire::NewLeader{});
  EXPECT_THAT(on.news(), testing::IsSupersetOf(
                             {"database: apply 0x100000006", "handler: ACK of NEWLEADER 2"}));
}

TEST_F(FollowerOfParts, LeavesALeaderWhosePartsDoNotJoin) {
  broadcast();
  leader_says_part<wire::Proposal>(first_, 0, 20);
  leader_says(carrying<wire::Proposal>({at(2, 2)}));
  EXPECT_THAT(on.news(), ElementsAre(HasSubstr("peer: ended, the parts of a txn do not join")));
}

TEST_F(FollowerOfParts, LeavesALeaderThatBeginsAnotherTxnInTheMiddleOfOne) {
  broadcast();
  leader_says_part<wire::Proposal>(first_, 0, 20);
  leader_says_part<wire::Proposal>(second_, 0, 20);
  EXPECT_THAT(on.news(), ElementsAre(HasSubstr("peer: ended, the parts of a txn do not join")));
}

TEST_F(FollowerOfParts, LeavesALeaderThatGoesOnWithATxnAsSomethingElse) {
  broadcast();
  leader_says_part<wire::Proposal>(first_, 0, 20);
  leader_says_part<wire::Inform>(first_, 20);
  EXPECT_THAT(on.news(), ElementsAre(HasSubstr("peer: ended, the leader's parts of txns")));
}

TEST_F(FollowerOfParts, ForwardsALongRequestInPartsAndWhatIsAskedBehindItStaysThere) {
  broadcast();
  caf::anon_send(follower_, forwarded_writes{server_id{1}, {write(1, 10), write(2, 250)}});
  caf::anon_send(follower_,
                 forwarded_writes{server_id{1}, {write(3, 90), write(4, 10), write(5, 1)}});
  caf::anon_send(follower_, revalidate_session{{7}, server_id{1}});
  caf::anon_send(follower_, forwarded_writes{server_id{1}, {write(6, 10)}});
  run();
  EXPECT_THAT(on.news(),
              ElementsAre("handler: forward 1", "handler: forward 1: from 0, 150 to come",
                          "handler: forward 1: from 100, 50 to come",
                          "handler: forward 1: from 200, 0 to come", "handler: forward 2",
                          "handler: forward 1", "handler: revalidate 0x7", "handler: forward 1"));
}

TEST_F(FollowerOfParts, SaysWithEachPartWhoKnowsTheSession) {
  broadcast();
  auto local = write(1, 150);
  local.known = known_to::its_server;
  caf::anon_send(follower_, forwarded_writes{server_id{1}, {local, write(2, 150)}});
  run();
  EXPECT_THAT(on.news(), ElementsAre("handler: forward 1 local: from 0, 50 to come",
                                     "handler: forward 1 local: from 100, 0 to come",
                                     "handler: forward 1: from 0, 50 to come",
                                     "handler: forward 1: from 100, 0 to come"));
}

/// What another than its leader says of them is nothing.
TEST_F(FollowerOfParts, TellsItsDatabaseOfAStaleWrite) {
  broadcast();
  wire::StaleWrite stale;
  stale.set_session(7);
  stale.set_cxid(5);
  stale.set_connection(9);
  caf::send_as(handler_, follower_, stale);
  run();
  EXPECT_THAT(on.news(), ElementsAre("database: stale write 5"));
  caf::send_as(keep(fake_handler(system(), &on, "another")), follower_, stale);
  run();
  EXPECT_THAT(on.news(), IsEmpty());
}

TEST_F(FollowerOfParts, HearsItsLeaderWhileItForwardsMuch) {
  broadcast();
  caf::anon_send(follower_, forwarded_writes{server_id{1}, {write(1, 350)}});
  leader_says(wire::Ping{});
  const auto news = on.news();
  EXPECT_THAT(news, Contains("handler: pong 0"));
  EXPECT_EQ(news.back(), "handler: forward 1: from 300, 0 to come");
}

/// What a request holds besides its body counts, too.
TEST_F(FollowerOfParts, ForwardsNoMoreAtOnceThanAMessageMayHold) {
  broadcast();
  forwarded_writes writes{server_id{1}, {}};
  for (int n = 1; n <= 3; ++n) {
    writes.requests.push_back(write(n, 1));
    writes.requests.back().identities = {{"digest", std::string(60, 'x')}};
  }
  caf::anon_send(follower_, std::move(writes));
  run();
  EXPECT_THAT(on.news(),
              ElementsAre("handler: forward 1", "handler: forward 1", "handler: forward 1"));
}

}  // namespace
}  // namespace troupe::test
