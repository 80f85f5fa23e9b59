// SPDX-License-Identifier: Apache-2.0
/// The leader's handler of one learner among neighbours that only listen: discovery, the sync
/// plans, and what it holds meanwhile (ZooKeeper's LearnerHandlerTest and Zab1_0Test).
#include "actors/leading/learner_handler.hpp"

#include "actors/interfaces/discovery.hpp"
#include "actors/interfaces/statistics.hpp"
#include "tests/actor/neighbours.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A leader that agrees to everything at once.
leader_actor::behavior_type agreeable_leader(leader_actor::pointer self, scene* on,
                                             database_actor database) {
  auto note = [on](std::string words) { on->note("leader: " + std::move(words)); };
  return {[](const wire::LearnerInfo&) {},
          [](const propose&) {},
          [](const sync_behind&) {},
          [](const epoch_exhausted&) {},
          [](const logged&) {},
          [](const join_epoch&) { return epoch_proposed{epoch{2}}; },
          [](const learner_promised&) { return epoch_confirmed{}; },
          [=](const begin_sync& m) -> caf::result<sync_source> {
            return self->delegate(database, plan_sync{m.peer_last});
          },
          [=](const learner_synced& m) { note("synced upto " + to_string(m.upto)); },
          [=](const learner_acked& m) { note("acked " + to_string(m.upto)); },
          [=](const learner_heard& m) { note("heard in round " + std::to_string(m.round)); },
          [=](const learner_differs& m) { note("differs at " + to_string(m.at)); },
          [=](const tree_differs&) {},
          [=](const learner_lags& m) { note(m.lags ? "lags" : "lags no more"); },
          [=](const learner_gone& m) { note("gone, " + m.reason); },
          [](const get_leader_status&) { return leader_status{}; },
          [](const reset_statistics&) {}};
}

class LearnerHandler : public room {
 protected:
  LearnerHandler() : LearnerHandler(core::memory_budget{}) {}
  explicit LearnerHandler(core::memory_budget memory) {
    context->memory = memory;
    auto journal = keep(fake_journal(system(), &on));
    auto database = keep(fake_database(system(), &on));
    leader_ = keep(system().spawn(agreeable_leader, &on, database));
    learner_ = keep(fake_learner(system(), &on));
    handler_ = keep(system().spawn(
        learner_handler, learner_handler_options{context, leader_, database, journal, learner_,
                                                 server_id{2}, false, epoch{1}}));
    run();
  }

  template <class M>
  void learner_says(M m) {
    m.set_server(2);
    if constexpr (requires { m.set_epoch(2); }) m.set_epoch(2);
    caf::send_as(learner_, handler_, std::move(m));
    run();
  }
  void promise(zxid last) {
    wire::AckEpoch ack;
    ack.set_counts(true);
    ack.set_current_epoch(1);
    ack.set_last_zxid(last.value);
    learner_says(ack);
  }
  void forward(const std::vector<zxid>& ids) {
    auto encoded = std::make_shared<wire::Proposal>();
    encoded->set_epoch(2);
    auto txns = txns_of(ids);
    for (const auto& t : txns) encoded->add_txns(t->bytes);
    caf::anon_send(handler_, forward_proposals{txns, encoded});
    run();
  }
  void give_credit() {
    wire::SnapshotCredit credit;
    credit.set_chunks(1);
    learner_says(credit);
  }

  leader_actor leader_;
  learner_actor learner_;
  learner_handler_actor handler_;
};

TEST_F(LearnerHandler, DiffThenWhatWasHeldThenNewLeaderThenUpToDateWhenTheLeaderServes) {
  EXPECT_THAT(on.news(), ElementsAre("learner: LEADERINFO 2"));
  on.plan.how = sync_source::kind::diff;
  on.plan.txns = txns_of({at(1, 6), at(1, 7)});
  forward({at(2, 1)});
  EXPECT_THAT(on.news(), IsEmpty());
  promise(at(1, 5));
  EXPECT_THAT(on.news(), ElementsAre("database: plan", "learner: DIFF 0x100000006",
                                     "learner: DIFF 0x100000007", "learner: PROPOSAL 0x200000001",
                                     "learner: NEWLEADER 2"));
  learner_says(wire::AckNewLeader{});
  EXPECT_THAT(on.news(), ElementsAre("leader: synced upto 0x200000001"));
  caf::anon_send(handler_, leader_serves{});
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: UPTODATE"));
}

TEST_F(LearnerHandler, TruncComesBeforeTheDiffThatFollowsIt) {
  on.news();
  on.plan.how = sync_source::kind::truncate_then_diff;
  on.plan.keep_upto = at(1, 4);
  on.plan.txns = txns_of({at(2, 1)});
  promise(at(1, 5));
  EXPECT_THAT(on.news(), ElementsAre("database: plan", "learner: TRUNC 0x100000004",
                                     "learner: DIFF 0x200000001", "learner: NEWLEADER 2"));
}

TEST_F(LearnerHandler, LogThatDoesNotHoldTheLearnersLastTxnIsNoBaseForADiff) {
  on.news();
  on.plan.how = sync_source::kind::diff_from_log;
  on.plan.txns = txns_of({at(1, 9)});
  log_range range;
  range.complete = true;
  range.txns = txns_of({at(1, 6), at(1, 7), at(1, 8), at(1, 9)});
  on.ranges = {range};
  on.pieces = {{at(1, 9), at(1, 9), "tree", true}};
  promise(at(1, 5));
  EXPECT_THAT(on.news(), ElementsAre("database: plan", "journal: read after 0x100000005",
                                     "database: open stream", "learner: SNAP, last piece",
                                     "learner: NEWLEADER 2"));
}

TEST_F(LearnerHandler, LogThatHoldsItServesADiffUpToTheWindow) {
  on.news();
  on.plan.how = sync_source::kind::diff_from_log;
  on.plan.txns = txns_of({at(1, 7), at(1, 8)});
  log_range range;
  range.complete = true;
  range.holds_after = true;
  range.txns = txns_of({at(1, 6), at(1, 7), at(1, 8), at(1, 9)});  // 9 is not committed yet
  on.ranges = {range};
  promise(at(1, 5));
  EXPECT_THAT(on.news(), ElementsAre("database: plan", "journal: read after 0x100000005",
                                     "learner: DIFF 0x100000006", "learner: DIFF 0x100000007",
                                     "learner: DIFF 0x100000008", "learner: NEWLEADER 2"));
}

TEST_F(LearnerHandler, SnapshotGoesOutOnlyAsFastAsTheLearnerTakesIt) {
  on.news();
  for (int n = 1; n <= 6; ++n) on.pieces.push_back({at(1, 9), at(1, 9), "piece", n == 6});
  promise(zxid{0});
  EXPECT_THAT(on.news(), ElementsAre("database: plan", "database: open stream", "learner: SNAP",
                                     "learner: SNAP", "learner: SNAP", "learner: SNAP"));
  give_credit();
  EXPECT_THAT(on.news(), ElementsAre("learner: SNAP"));
  give_credit();
  EXPECT_THAT(on.news(), ElementsAre("learner: SNAP, last piece", "learner: NEWLEADER 2"));
}

TEST_F(LearnerHandler, LearnerThatFallsSilentWhileSynchronizingIsDroppedAfterInitLimit) {
  for (int n = 1; n <= 6; ++n) on.pieces.push_back({at(1, 9), at(1, 9), "piece", n == 6});
  promise(at(1, 5));
  on.news();
  pass(10'100ms);
  EXPECT_THAT(on.news(), Contains(HasSubstr("leader: gone")));
}

TEST_F(LearnerHandler, LearnerThatDoesNotPromiseIsDroppedAfterInitLimit) {
  on.news();
  pass(10'100ms);
  EXPECT_THAT(on.news(), ElementsAre("leader: gone, no ACKEPOCH within initLimit"));
}

TEST_F(LearnerHandler, WhatIsSaidInAnotherEpochCountsForNothing) {
  on.plan.how = sync_source::kind::diff;
  promise(at(1, 5));
  on.news();
  wire::AckNewLeader stale;
  stale.set_server(2);
  stale.set_epoch(1);
  caf::send_as(learner_, handler_, stale);
  run();
  EXPECT_THAT(on.news(), IsEmpty());
}

TEST_F(LearnerHandler, LostConnectionIsToldToTheLeader) {
  on.news();
  kill(caf::actor_cast<caf::actor>(learner_));
  EXPECT_THAT(on.news(), ElementsAre(HasSubstr("leader: gone, connection lost")));
}

TEST_F(LearnerHandler, PassesTheRoundOfAPingOnAndTheRoundOfItsEchoBack) {
  on.plan.how = sync_source::kind::diff;
  promise(at(1, 5));
  on.news();
  caf::anon_send(handler_, forward_ping{3, true});
  run();
  EXPECT_THAT(on.news(), IsEmpty()) << "before it is synced it could prove nothing";
  learner_says(wire::AckNewLeader{});
  on.news();
  caf::anon_send(handler_, forward_ping{4, true});
  caf::anon_send(handler_, forward_ping{4});
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: PING in round 4 alone", "learner: PING in round 4"));
  wire::Pong echo;
  echo.set_round(4);
  learner_says(echo);
  learner_says(wire::Pong{});
  EXPECT_THAT(on.news(), ElementsAre("leader: heard in round 4", "leader: heard in round 0"))
      << "of an older version there is no round";
}

/// With a learner that is synchronized, and little memory.
class BusyLearnerHandler : public LearnerHandler {
 protected:
  BusyLearnerHandler() : LearnerHandler(core::memory_budget{core::memory_budget::limit_min}) {
    context->message_bytes_max = std::size_t{1} << 30;  // so that nothing goes in parts
    on.plan.how = sync_source::kind::diff;
    promise(at(1, 5));
    learner_says(wire::AckNewLeader{});
    on.news();
  }
  void send(std::size_t bytes) {
    auto encoded = std::make_shared<wire::Proposal>();
    encoded->set_epoch(2);
    const txn_header header{.id = at(2, ++sent_), .type = op_code::create};
    const auto large = make_logged({header, create_txn{"/x", std::string(bytes, 'x')}, {}});
    encoded->add_txns(large->bytes);
    caf::anon_send(handler_, forward_proposals{{large}, encoded});
    run();
  }
  void pong() {
    wire::Pong echo;
    echo.set_number(++ponged_);
    learner_says(echo);
  }
  void ack(std::uint32_t upto) {
    wire::Ack logged;
    logged.set_zxid(at(2, upto).value);
    learner_says(logged);
  }

  std::size_t way_max_ = static_cast<std::size_t>(context->memory.on_the_way_max());
  std::size_t lag_max_ = static_cast<std::size_t>(context->memory.lag_max());
  std::uint32_t sent_ = 0;
  std::uint64_t ponged_ = 0;
};

TEST_F(BusyLearnerHandler, WhoHasMuchOnItsWayIsAskedAtOnceWhetherItHasArrived) {
  send(way_max_ / 8);
  EXPECT_THAT(on.news(), Not(Contains(HasSubstr("PING"))));
  // Many times what may be on its way, and each time it says that all is there.
  for (int i = 1; i <= 50; ++i) {
    send(way_max_ / 2);
    ack(sent_);
    EXPECT_THAT(on.news(), Contains("learner: PING alone")) << i;
    pong();
    on.news();
  }
}

TEST_F(BusyLearnerHandler, TheNetworkHasNoMoreThanItMayAndTheRestComesInItsOrder) {
  for (int i = 0; i < 5; ++i) send(way_max_ / 2 + 1);
  caf::anon_send(handler_, forward_commit{at(2, 1)});
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: PROPOSAL 0x200000001", "learner: PING alone",
                                     "learner: PROPOSAL 0x200000002", "leader: lags"));
  pong();
  EXPECT_THAT(on.news(), ElementsAre("learner: PROPOSAL 0x200000003", "learner: PING alone",
                                     "leader: heard in round 0"));
  pong();
  EXPECT_THAT(on.news(), ElementsAre("learner: PROPOSAL 0x200000004", "learner: PING alone",
                                     "learner: PROPOSAL 0x200000005", "leader: heard in round 0"));
  pong();
  EXPECT_THAT(on.news(), Contains("learner: COMMIT 0x200000001"));
}

TEST_F(BusyLearnerHandler, WhoIsTooFarBehindIsLetGo) {
  for (int i = 0; i < 3; ++i) send(static_cast<std::size_t>(context->memory.unheard_max()) / 3);
  EXPECT_THAT(on.news(), Contains(HasSubstr("leader: gone, it is behind by more than")));
}

TEST_F(BusyLearnerHandler, AVoterThatHasNotLoggedMuchIsWaitedForUntilItHas) {
  send(lag_max_);
  EXPECT_THAT(on.news(), Contains("leader: lags"));
  pong();
  EXPECT_THAT(on.news(), Not(Contains(HasSubstr("lags")))) << "it has it, and not on its disk";
  ack(1);
  EXPECT_THAT(on.news(), Contains("leader: lags no more"));
}

TEST_F(BusyLearnerHandler, AVoterThatStandsStillIsWaitedForNoMore) {
  send(lag_max_);
  EXPECT_THAT(on.news(), Contains("leader: lags"));
  pass(std::chrono::milliseconds{context->config.tick_ms});
  caf::anon_send(handler_, forward_ping{});
  run();
  EXPECT_THAT(on.news(), Contains("leader: lags no more"));
}

TEST_F(BusyLearnerHandler, EachPingSaysWhetherWritesAreHeldAndAChangeIsToldAtOnce) {
  caf::anon_send(handler_, hold_writes{true});
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: PING alone, hold writes"));
  caf::anon_send(handler_, forward_ping{});
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: PING, hold writes"));
  caf::anon_send(handler_, hold_writes{false});
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: PING alone"));
}

TEST_F(LearnerHandler, ADiffIsSentNoFasterThanTheNetworkTakesIt) {
  context->memory = core::memory_budget{core::memory_budget::limit_min};
  context->message_bytes_max = std::size_t{1} << 20;
  on.news();
  on.plan.how = sync_source::kind::diff;
  for (std::uint32_t n = 1; n <= 4; ++n) {
    const txn_header header{.id = at(2, n), .type = op_code::create};
    on.plan.txns.push_back(
        make_logged({header, create_txn{"/x", std::string(1'000'000, 'x')}, {}}));
  }
  promise(at(1, 5));
  EXPECT_THAT(on.news(),
              ElementsAre("database: plan", "learner: DIFF 0x200000001", "learner: PING alone"));
  for (std::uint64_t n = 1; n <= 4; ++n) {
    wire::Pong echo;
    echo.set_number(n);
    learner_says(echo);
  }
  EXPECT_THAT(on.news(), Contains("learner: NEWLEADER 2"));
}

/// With a learner that is synchronized, and messages that hold little.
class LearnerHandlerOfParts : public LearnerHandler {
 protected:
  LearnerHandlerOfParts() {
    context->message_bytes_max = 100;
    on.plan.how = sync_source::kind::diff;
  }
  void synchronize() {
    promise(at(1, 5));
    learner_says(wire::AckNewLeader{});
    on.news();
  }
  static txn_ptr txn_of(zxid id, std::size_t bytes) {
    const txn_header header{.id = id, .type = op_code::create};
    const auto empty = encode_txn({header, create_txn{"/x", "", {}}, {}}).size();
    return make_logged({header, create_txn{"/x", std::string(bytes - empty, 'x')}, {}});
  }
  wire::Forward part(std::string bytes, std::uint64_t offset, std::uint64_t rest) {
    wire::Forward m;
    auto& request = *m.add_requests();
    request.set_cxid(7);
    request.set_body(std::move(bytes));
    m.set_offset(offset);
    m.set_rest(rest);
    return m;
  }
};

TEST_F(LearnerHandlerOfParts, ALongTxnGoesInPartsAndWhatComesBehindItStaysThere) {
  synchronize();
  caf::anon_send(handler_, forward_proposals{{txn_of(at(2, 1), 250)}, nullptr});
  caf::anon_send(handler_, forward_commit{at(1, 5)});
  caf::anon_send(handler_, forward_committed{{txn_of(at(2, 2), 101)}, nullptr});
  caf::anon_send(handler_, forward_proposals{{txn_of(at(2, 3), 100)}, nullptr});
  run();
  EXPECT_THAT(on.news(),
              ElementsAre("learner: PROPOSAL: from 0, 150 to come",
                          "learner: PROPOSAL: from 100, 50 to come",
                          "learner: PROPOSAL: from 200, 0 to come", "learner: COMMIT 0x100000005",
                          "learner: INFORM: from 0, 1 to come",
                          "learner: INFORM: from 100, 0 to come", "learner: PROPOSAL 0x200000003"));
}

/// Also when each of it is short: whoever carries it is not to have all at once.
TEST_F(LearnerHandlerOfParts, OthersAreHeardWhileMuchIsPassedOn) {
  synchronize();
  const auto comes_before_the_last = [this] {
    caf::anon_send(handler_, forward_ping{4, true});
    run();
    const auto news = on.news();
    EXPECT_THAT(news, Contains("learner: PING in round 4 alone"));
    return news.back() != "learner: PING in round 4 alone";
  };
  caf::anon_send(handler_, forward_proposals{{txn_of(at(2, 1), 250)}, nullptr});
  EXPECT_TRUE(comes_before_the_last());
  for (std::uint32_t n = 2; n <= 4; ++n)
    caf::anon_send(handler_, forward_proposals{{txn_of(at(2, n), 60)}, nullptr});
  EXPECT_TRUE(comes_before_the_last());
}

TEST_F(LearnerHandlerOfParts, WhatALearnerLacksComesInPartsAsWell) {
  on.news();
  on.plan.txns = {txn_of(at(1, 6), 60), txn_of(at(1, 7), 130), txn_of(at(1, 8), 60)};
  forward({at(2, 1)});
  promise(at(1, 5));
  EXPECT_THAT(on.news(),
              ElementsAre("database: plan", "learner: DIFF 0x100000006",
                          "learner: DIFF: from 0, 30 to come", "learner: DIFF: from 100, 0 to come",
                          "learner: DIFF 0x100000008", "learner: PROPOSAL 0x200000001",
                          "learner: NEWLEADER 2"));
}

TEST_F(LearnerHandlerOfParts, APieceThatAZnodeMakesLongGoesInPartsAgainstCredit) {
  on.news();
  on.plan.how = sync_source::kind::snapshot;
  on.pieces = {{at(1, 9), at(1, 9), std::string(400, 'x'), false},
               {at(1, 9), at(1, 9), std::string(1'700, 'x'), true}};
  promise(zxid{0});
  EXPECT_THAT(on.snapshot_bytes, ElementsAre(400, 400, 400, 400));
  EXPECT_THAT(on.news(), Not(Contains("learner: SNAP, last piece")));
  give_credit();
  give_credit();
  EXPECT_THAT(on.snapshot_bytes, ElementsAre(400, 400, 400, 400, 400, 100));
  EXPECT_THAT(on.news(),
              ElementsAre("learner: SNAP", "learner: SNAP, last piece", "learner: NEWLEADER 2"));
}

TEST_F(LearnerHandlerOfParts, PartsOfARequestAreOneWhenTheLastHasCome) {
  synchronize();
  learner_says(part("0123", 0, 6));
  learner_says(part("45", 4, 4));
  EXPECT_THAT(on.news(), IsEmpty());
  EXPECT_EQ(context->gauges->proposed_bytes, 6);
  learner_says(part("6789", 6, 0));
  learner_says(part("short", 0, 0));
  EXPECT_THAT(on.news(),
              ElementsAre("database: forwarded 7, 10 bytes", "database: forwarded 7, 5 bytes"));
  EXPECT_EQ(context->gauges->proposed_bytes, 0);
}

TEST_F(LearnerHandlerOfParts, WhoKnowsTheSessionOfARequestIsInEachPart) {
  synchronize();
  auto first = part("0123", 0, 2), last = part("45", 4, 0);
  for (auto* each : {&first, &last}) each->mutable_requests(0)->set_known_to(1);
  learner_says(first);
  learner_says(last);
  auto of_a_later_version = part("6", 0, 0);
  of_a_later_version.mutable_requests(0)->set_known_to(3);
  learner_says(of_a_later_version);
  EXPECT_THAT(on.news(), ElementsAre("database: forwarded 7, 6 bytes, local",
                                     "database: forwarded 7, 1 bytes"));
}

TEST_F(LearnerHandlerOfParts, AStaleWriteIsTold) {
  synchronize();
  caf::anon_send(handler_, stale_write{{7}, cxid{5}, 9});
  run();
  EXPECT_THAT(on.news(), ElementsAre("learner: STALE 5"));
}

TEST_F(LearnerHandlerOfParts, ALearnerWhosePartsDoNotJoinIsLetGo) {
  synchronize();
  learner_says(part("0123", 0, 6));
  learner_says(part("another", 0, 0));
  EXPECT_THAT(on.news(),
              ElementsAre(HasSubstr("leader: gone, the parts of a request do not join")));
}

TEST_F(LearnerHandlerOfParts, PartsComeOneAtATime) {
  synchronize();
  auto two = part("0123", 0, 6);
  *two.add_requests() = two.requests(0);
  learner_says(two);
  EXPECT_THAT(on.news(), Contains(HasSubstr("leader: gone, parts of requests")));
}

/// "Not valid" would tell a live client that its session has expired.
TEST_F(LearnerHandler, DatabaseThatNoLongerLeadsLeavesARevalidationUnanswered) {
  on.plan.how = sync_source::kind::diff;
  promise(at(1, 5));
  on.news();
  on.leads = false;
  wire::Revalidate question;
  question.set_session(7);
  learner_says(question);
  EXPECT_THAT(on.news(), IsEmpty());
  on.leads = true;
  learner_says(question);
  EXPECT_THAT(on.news(), ElementsAre("learner: session is valid"));
}

}  // namespace
}  // namespace troupe::test
