// SPDX-License-Identifier: Apache-2.0
/// Who ends with whom, and what the others are told at once: a leader with its learners' handlers,
/// a role with its peer. What lives on for nobody is never seen again, and never ends.
#include "actors/base/ensemble.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/leading/leader.hpp"
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

template <class Handle>
bool is_alive(const Handle& x) {
  return !caf::actor_cast<caf::abstract_actor*>(x)->getf(caf::abstract_actor::is_terminated_flag);
}

// -- a leader and the learners that it has --------------------------------------------------------

class LeaderOfThree : public room {
 protected:
  LeaderOfThree() {
    leader_options options;
    options.context = context;
    options.members = config::make_view(config::membership_of(context->config));
    options.accepted = options.current = epoch{1};
    options.last = at(1, 5);
    options.journal = keep(fake_journal(system(), &on));
    options.database = keep(fake_database(system(), &on));
    options.peer = keep(fake_peer(system(), &on));
    options.make_handler = [this](caf::local_actor*, leader_actor, learner_actor,
                                  const wire::LearnerInfo& hello) {
      auto made = keep(fake_handler(system(), &on, "handler of " + std::to_string(hello.server())));
      handlers_[hello.server()] = made;
      return made;
    };
    leader_ = keep(system().spawn(leader, std::move(options)));
    run();
    for (std::int64_t id : {2, 3}) follow(id);
    on.news();
  }
  void introduce(std::int64_t id) {
    wire::LearnerInfo hello;
    hello.set_server(id);
    caf::send_as(keep(fake_learner(system(), &on)), leader_, hello);
    run();
  }
  void follow(std::int64_t id) {
    introduce(id);
    say(id, join_epoch{{id}, false, epoch{1}});
    say(id, learner_promised{{id}, true, epoch{1}, at(1, 5)});
    say(id, begin_sync{{id}, at(1, 5)});
    say(id, learner_synced{{id}, at(1, 5)});
  }
  template <class M>
  void say(std::int64_t id, M m) {
    caf::actor_cast<caf::actor>(leader_)->enqueue(
        caf::actor_cast<caf::strong_actor_ptr>(handlers_.at(id)), caf::make_message_id(7),
        caf::make_message(std::move(m)), nullptr);
    run();
  }

  leader_status status() {
    leader_status out;
    system().spawn([&](caf::event_based_actor* self) {
      self->request(leader_, caf::infinite, get_leader_status{}).then([&](const leader_status& x) {
        out = x;
      });
    });
    run();
    return out;
  }

  leader_actor leader_;
  std::map<std::int64_t, learner_handler_actor> handlers_;
};

TEST_F(LeaderOfThree, ALearnerThatLeavesTakesItsHandlerWithIt) {
  const auto gone = handlers_.at(2), stays = handlers_.at(3);
  say(2, learner_gone{{2}, "connection lost"});
  EXPECT_FALSE(is_alive(gone));
  EXPECT_TRUE(is_alive(stays));
  on.news();
  caf::anon_send(leader_, propose{txns_of({at(2, 1)})});
  run();
  EXPECT_THAT(on.news_of("handler of 2"), IsEmpty());
  EXPECT_EQ(status().learners.size(), 1u);
}

TEST_F(LeaderOfThree, ALearnerThatComesAnewHasOneHandlerAndNotTwo) {
  const auto former = handlers_.at(2);
  introduce(2);
  EXPECT_FALSE(is_alive(former));
  EXPECT_TRUE(is_alive(handlers_.at(2)));
}

/// What it said last counts no more: without the other one there is no quorum from then on.
TEST_F(LeaderOfThree, LearnersThatLeaveAreNotWaitedForUntilSyncLimit) {
  say(2, learner_gone{{2}, "connection lost"});
  pass(1'000ms);
  say(3, learner_heard{{3}});
  EXPECT_THAT(on.news_of("peer"), IsEmpty()) << "server 3 is enough";
  say(3, learner_gone{{3}, "connection lost"});
  pass(1'000ms);
  EXPECT_THAT(on.news_of("peer"),
              ElementsAre(HasSubstr("peer: ended, a quorum of followers is no longer heard")));
}

TEST_F(LeaderOfThree, ALearnerThatSaysNothingIsLetGoAfterSyncLimitAndNoTickBefore) {
  for (int half = 0; half < 9; ++half) {  // four ticks of a second, and it is silent for no more
    pass(500ms);
    say(3, learner_heard{{3}});
  }
  EXPECT_TRUE(is_alive(handlers_.at(2)));
  pass(1'000ms);
  EXPECT_FALSE(is_alive(handlers_.at(2)));
  EXPECT_TRUE(is_alive(handlers_.at(3)));
  EXPECT_THAT(on.news_of("peer"), IsEmpty());
}

// -- a handler ------------------------------------------------------------------------------------

/// Only its life and death matter: it has no epoch yet, and lets whoever joins wait.
leader_actor::behavior_type waiting_leader(leader_actor::pointer self) {
  return {[](const wire::LearnerInfo&) {},
          [](const propose&) {},
          [](const sync_behind&) {},
          [](const epoch_exhausted&) {},
          [](const logged&) {},
          [=](const join_epoch&) -> caf::result<epoch_proposed> {
            return self->make_response_promise<epoch_proposed>();
          },
          [](const learner_promised&) { return epoch_confirmed{}; },
          [](const begin_sync&) { return sync_source{}; },
          [](const learner_synced&) {},
          [](const learner_acked&) {},
          [](const learner_heard&) {},
          [](const learner_differs&) {},
          [](const tree_differs&) {},
          [](const learner_lags&) {},
          [](const learner_gone&) {},
          [](const get_leader_status&) { return leader_status{}; },
          [](const reset_statistics&) {}};
}

class HandlerOfTwo : public room {
 protected:
  HandlerOfTwo() {
    leader_ = keep(system().spawn(waiting_leader));
    learner_ = keep(fake_learner(system(), &on));
    learner_handler_options options;
    options.context = context;
    options.leader = leader_;
    options.database = keep(fake_database(system(), &on));
    options.journal = keep(fake_journal(system(), &on));
    options.learner = learner_;
    options.id = server_id{2};
    handler_ = keep(system().spawn(learner_handler, std::move(options)));
    run();
  }
  leader_actor leader_;
  learner_handler_actor handler_;
  learner_actor learner_;
};

TEST_F(HandlerOfTwo, EndsWithItsLeader) {
  ASSERT_TRUE(is_alive(handler_));
  kill(caf::actor_cast<caf::actor>(leader_));
  EXPECT_FALSE(is_alive(handler_));
  EXPECT_TRUE(is_alive(learner_)) << "it is the learner's to hear of it, and to say so to its peer";
}

TEST_F(HandlerOfTwo, EndsWithItsLearner) {
  kill(caf::actor_cast<caf::actor>(learner_));
  EXPECT_FALSE(is_alive(handler_));
  EXPECT_TRUE(is_alive(leader_));
}

}  // namespace
}  // namespace troupe::test
