// SPDX-License-Identifier: Apache-2.0
/// Work in slices: whose it is handles nothing meanwhile, all others do.
#include "actors/base/long_work.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <stdexcept>

#include "actors/base/pinned.hpp"

namespace troupe {
namespace {

using seen_list = std::vector<std::string>;

/// A number: that many steps of work; -1: a work that fails in its middle. A text: a plain message.
using worker_actor = caf::typed_actor<caf::reacts_to<int>, caf::reacts_to<std::string>>;

struct worker_state {
  static inline const char* name = "worker";
  std::shared_ptr<seen_list> seen;
  long_work work;
};
using worker_ptr = pinned_pointer<worker_actor, worker_state>;

void labour(worker_state& s, int steps) {
  core::pace walks{s.work};
  const bool fails = steps < 0;
  for (int i = 0; i < (fails ? 20 : steps); ++i) walks.step();
  if (fails) throw std::runtime_error("in the middle");
  s.seen->push_back("worked " + std::to_string(steps));
}

worker_actor::behavior_type worker(worker_ptr self, std::shared_ptr<seen_list> seen) {
  self->state.seen = std::move(seen);
  self->state.work.set_steps_per_slice(10);
  return {[self](int steps) {
            self->do_in_slices(self->state.work, [self, steps] { labour(self->state, steps); });
          },
          [self](const std::string& text) { self->state.seen->push_back(text); }};
}

struct deterministic : caf::actor_system_config {
  deterministic() { set("scheduler.policy", caf::atom("testing")); }
};

class LongWork : public testing::Test {
 protected:
  LongWork() : jobs_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())) {
    jobs_.run();
    worker_ = system_.spawn(worker, seen_);
    jobs_.run();
  }
  ~LongWork() override {
    caf::anon_send_exit(worker_, caf::exit_reason::kill);
    jobs_.run();
  }

  deterministic config_;
  caf::actor_system system_{config_};
  caf::scheduler::test_coordinator& jobs_;
  std::shared_ptr<seen_list> seen_ = std::make_shared<seen_list>();
  worker_actor worker_;
};

TEST_F(LongWork, OfOneActorLetsOthersRunBetweenItsSlices) {
  auto other = system_.spawn(worker, seen_);
  jobs_.run();
  caf::anon_send(worker_, 50);
  caf::anon_send(other, std::string{"other"});
  ASSERT_TRUE(jobs_.try_run_once());
  std::swap(jobs_.jobs.front(), jobs_.jobs.back());  // else the first goes on
  ASSERT_TRUE(jobs_.try_run_once());
  EXPECT_EQ(*seen_, seen_list{"other"});
  jobs_.run();
  EXPECT_EQ(*seen_, (seen_list{"other", "worked 50"}));
  caf::anon_send_exit(other, caf::exit_reason::kill);
  jobs_.run();
}

TEST_F(LongWork, IsDoneBeforeTheNextMessageIsHandled) {
  caf::anon_send(worker_, 50);
  caf::anon_send(worker_, std::string{"behind"});
  caf::anon_send(worker_, 30);
  caf::anon_send(worker_, std::string{"last"});
  jobs_.run();
  EXPECT_EQ(*seen_, (seen_list{"worked 50", "behind", "worked 30", "last"}));
}

TEST_F(LongWork, TakesATurnForEachSlice) {
  caf::anon_send(worker_, 100);
  std::size_t turns = 0;
  while (jobs_.try_run_once()) ++turns;
  EXPECT_EQ(turns, 12u);  // the last two find that there is no more, neither work nor messages
}

/// CAF puts an actor to sleep when its mailbox is empty, and calls it for what comes then: it must
/// not run twice because it was in the middle of its work.
TEST_F(LongWork, GoesOnOnceWhenAMessageComesInItsMiddle) {
  caf::anon_send(worker_, 50);
  ASSERT_TRUE(jobs_.try_run_once());
  caf::anon_send(worker_, std::string{"behind"});
  EXPECT_EQ(jobs_.jobs.size(), 1u);
  jobs_.run();
  EXPECT_EQ(*seen_, (seen_list{"worked 50", "behind"}));
}

TEST_F(LongWork, ShowsNoNextMessageMeanwhile) {
  auto& actor = *caf::actor_cast<caf::strong_actor_ptr>(worker_)->get();
  caf::anon_send(worker_, 50);
  caf::anon_send(worker_, std::string{"behind"});
  EXPECT_NE(actor.peek_at_next_mailbox_element(), nullptr);
  ASSERT_TRUE(jobs_.try_run_once());
  EXPECT_EQ(actor.peek_at_next_mailbox_element(), nullptr);
  jobs_.run();
}

TEST_F(LongWork, ThatFailsEndsItsActorAsAHandlerDoes) {
  caf::error reason;
  caf::actor_cast<caf::strong_actor_ptr>(worker_)->get()->attach_functor(
      [&reason](const caf::error& why) { reason = why; });
  caf::anon_send(worker_, -1);
  caf::anon_send(worker_, std::string{"behind"});
  jobs_.run();
  EXPECT_EQ(reason, caf::sec::runtime_error);
  EXPECT_TRUE(seen_->empty());
}

TEST_F(LongWork, IsDoneBeforeItsActorIsEnded) {
  caf::anon_send(worker_, 50);
  ASSERT_TRUE(jobs_.try_run_once());
  caf::anon_send_exit(worker_, caf::exit_reason::kill);
  jobs_.run();
  EXPECT_EQ(*seen_, (seen_list{"worked 50"}));
}

// -- on the I/O thread ----------------------------------------------------------------------------

/// Works until another actor of the same thread has handled a message, which it never could if the
/// thread did not come back.
worker_actor::behavior_type waiter(worker_ptr self, std::atomic<bool>* flag,
                                   std::atomic<bool>* done) {
  return {[self, flag, done](int) {
            self->do_in_slices(self->state.work, [self, flag, done] {
              core::pace walks{self->state.work};
              const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
              while (!flag->load() && std::chrono::steady_clock::now() < limit) walks.step();
              done->store(flag->load());
            });
          },
          [](const std::string&) {}};
}

worker_actor::behavior_type flagger(worker_ptr, std::atomic<bool>* flag) {
  return {[flag](int) { flag->store(true); }, [](const std::string&) {}};
}

TEST(LongWorkOnTheIoThread, GivesTheThreadBackBetweenItsSlices) {
  std::atomic<bool> flag{false}, done{false};
  {
    caf::actor_system_config config;
    config.load<caf::io::middleman>();
    caf::actor_system system{config};
    auto working = system.spawn(waiter, &flag, &done);
    auto other = system.spawn(flagger, &flag);
    caf::anon_send(working, 1);
    caf::anon_send(other, 1);
    caf::anon_send_exit(other, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(working, caf::exit_reason::user_shutdown);
  }
  EXPECT_TRUE(done.load());
}

/// Sends the other a message, and lets it come first.
worker_actor::behavior_type polite(worker_ptr self, worker_actor other, std::atomic<bool>* flag,
                                   std::atomic<bool>* done) {
  return {[self, other, flag, done](int) {
            self->do_in_slices(self->state.work, [self, other, flag, done] {
              self->send(other, 1);
              core::pace{self->state.work}.give_way();
              done->store(flag->load());
            });
          },
          [](const std::string&) {}};
}

TEST(LongWorkOnTheIoThread, ThatGivesWayGoesOnBehindWhatItHasBegun) {
  std::atomic<bool> flag{false}, done{false};
  {
    caf::actor_system_config config;
    config.load<caf::io::middleman>();
    caf::actor_system system{config};
    auto other = system.spawn(flagger, &flag);
    auto working = system.spawn(polite, other, &flag, &done);
    caf::anon_send(working, 1);
    caf::anon_send_exit(working, caf::exit_reason::user_shutdown);
    system.registry().await_running_count_equal(1);  // all but the other
    caf::anon_send_exit(other, caf::exit_reason::user_shutdown);
  }
  EXPECT_TRUE(done.load());
}

}  // namespace
}  // namespace troupe
