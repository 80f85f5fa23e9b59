// SPDX-License-Identifier: Apache-2.0
/// Each bound that a learner's handler keeps (docs/limits.md), met by one byte less, exactly and by
/// one more; and that what it counts goes down again, however often it was near the bound.
#include <type_traits>

#include "actors/interfaces/discovery.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/leading/learner_handler.hpp"
#include "tests/actor/neighbours.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Agrees to everything, and has nothing that the learner lacks.
leader_actor::behavior_type easy_leader(leader_actor::pointer, scene* on) {
  auto note = [on](std::string words) { on->note("leader: " + std::move(words)); };
  return {[](const wire::LearnerInfo&) {},
          [](const propose&) {},
          [](const sync_behind&) {},
          [](const epoch_exhausted&) {},
          [](const logged&) {},
          [](const join_epoch&) { return epoch_proposed{epoch{2}}; },
          [](const learner_promised&) { return epoch_confirmed{}; },
          [](const begin_sync&) { return sync_source{sync_source::kind::diff}; },
          [](const learner_synced&) {},
          [](const learner_acked&) {},
          [](const learner_heard&) {},
          [](const learner_differs&) {},
          [](const tree_differs&) {},
          [=](const learner_lags& m) { note(m.lags ? "lags" : "lags no more"); },
          [=](const learner_gone& m) { note("gone, " + m.reason); },
          [](const get_leader_status&) { return leader_status{}; },
          [](const reset_statistics&) {}};
}

/// By how much what is asked for is more than the bound: -1, 0 or 1.
class LearnerHandlerBounds : public room, public testing::WithParamInterface<int> {
 protected:
  LearnerHandlerBounds() {
    context->memory = core::memory_budget{core::memory_budget::limit_min};
    auto leader = keep(system().spawn(easy_leader, &on));
    learner_ = keep(fake_learner(system(), &on));
    handler_ = keep(
        system().spawn(learner_handler,
                       learner_handler_options{context, leader, keep(fake_database(system(), &on)),
                                               keep(fake_journal(system(), &on)), learner_,
                                               server_id{2}, false, epoch{1}}));
    run();
    wire::AckEpoch promise;
    promise.set_last_zxid(at(1, 5).value);
    learner_says(promise);
    learner_says(wire::AckNewLeader{});
    on.news();
  }
  static int over() { return GetParam(); }
  static bool is_over() { return over() > 0; }

  template <class M>
  void learner_says(M m) {
    m.set_server(2);
    m.set_epoch(2);
    caf::send_as(learner_, handler_, std::move(m));
    run();
  }
  static forward_proposals proposal(zxid id, std::size_t data_bytes) {
    auto encoded = std::make_shared<wire::Proposal>();
    encoded->set_epoch(2);
    const txn_header header{.id = id, .type = op_code::create};
    const auto one = make_logged({header, create_txn{"/x", std::string(data_bytes, 'x')}, {}});
    encoded->add_txns(one->bytes);
    return {{one}, encoded};
  }
  /// A proposal whose txn is so long.
  void send(std::int64_t bytes) {
    const auto wanted = static_cast<std::size_t>(bytes);
    const auto id = at(2, ++sent_);
    auto data = wanted - proposal(id, wanted).txns.front()->bytes.size() + wanted;
    auto made = proposal(id, data);
    while (made.txns.front()->bytes.size() < wanted) made = proposal(id, ++data);
    while (made.txns.front()->bytes.size() > wanted) made = proposal(id, --data);
    ASSERT_EQ(made.txns.front()->bytes.size(), wanted);
    caf::anon_send(handler_, std::move(made));
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
  learner_handler_state& state() {
    auto* actor = caf::actor_cast<caf::abstract_actor*>(handler_);
    return dynamic_cast<std::remove_pointer_t<learner_handler_ptr>&>(*actor).state;
  }

  std::int64_t way_max() const { return context->memory.on_the_way_max(); }
  learner_actor learner_;
  learner_handler_actor handler_;
  std::uint32_t sent_ = 0;
  std::uint64_t ponged_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Around, LearnerHandlerBounds, testing::Values(-1, 0, 1));

TEST_P(LearnerHandlerBounds, WhatIsNotKnownToHaveArrived) {
  const auto max = context->memory.unheard_max();
  send(max / 2);
  EXPECT_THAT(on.news(), Not(Contains(HasSubstr("gone"))));
  send(max - max / 2 + over());
  const auto is_gone = Contains(HasSubstr("leader: gone, it is behind by more than"));
  if (is_over())
    EXPECT_THAT(on.news(), is_gone);
  else
    EXPECT_THAT(on.news(), Not(is_gone));
}

TEST_P(LearnerHandlerBounds, WhatTheNetworkHasAtOnce) {
  send(way_max() + over());
  on.news();
  send(100);
  const auto passes = Contains("learner: PROPOSAL 0x200000002");
  if (over() < 0)
    EXPECT_THAT(on.news(), passes);
  else
    EXPECT_THAT(on.news(), Not(passes)) << "until some has arrived";
  pong();
  EXPECT_EQ(state().held.size(), 0u);
}

TEST_P(LearnerHandlerBounds, FromWhichItIsAskedWhetherAllHasArrived) {
  send(way_max() / 4 + over());
  const auto asks = Contains("learner: PING alone");
  if (is_over())
    EXPECT_THAT(on.news(), asks);
  else
    EXPECT_THAT(on.news(), Not(asks));
}

TEST_P(LearnerHandlerBounds, WhatAVoterHasNotLogged) {
  send(context->memory.lag_max() + over());
  const auto lags = Contains("leader: lags");
  if (is_over())
    EXPECT_THAT(on.news(), lags);
  else
    EXPECT_THAT(on.news(), Not(lags));
}

TEST_P(LearnerHandlerBounds, PiecesOfASnapshotUnderWay) {
  wire::SnapshotCredit credit;
  credit.set_server(2);
  for (int i = 0; i < 4 + over(); ++i) {
    credit.set_chunks(1);
    caf::send_as(learner_, handler_, credit);
  }
  run();
  EXPECT_EQ(state().credit, static_cast<std::uint32_t>(over() < 0 ? 3 : 4));
}

/// Many times the bound in all, and never more than a part of it at once.
TEST_P(LearnerHandlerBounds, EveryCountGoesDownAgain) {
  const auto piece = context->memory.unheard_max() / 4 + over();
  for (int i = 1; i <= 30; ++i) {
    send(piece);
    ack(sent_);
    while (state().measured_bytes) pong();
    ASSERT_EQ(state().held.size(), 0u) << i;
  }
  EXPECT_THAT(on.news(), Not(Contains(HasSubstr("gone"))));
  caf::anon_send(handler_, forward_ping{});
  run();
  while (state().measured_bytes) pong();
  EXPECT_EQ(state().unheard_bytes.value(), 0);
  EXPECT_EQ(state().on_the_way, 0);
  EXPECT_EQ(state().lag.bytes(), 0);
  EXPECT_EQ(context->gauges->unheard_bytes, 0);
}

TEST_P(LearnerHandlerBounds, NothingIsLeftInTheSumsOfAServerWhenItsTermEnds) {
  send(1'000);
  EXPECT_EQ(context->gauges->unheard_bytes, 1'000);
  kill(caf::actor_cast<caf::actor>(handler_));
  handler_ = nullptr;
  EXPECT_EQ(context->gauges->unheard_bytes, 0);
}

}  // namespace
}  // namespace troupe::test
