// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/scheduler.hpp"

#include <gtest/gtest.h>
#include <caf/all.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

caf::behavior recorder(caf::event_based_actor*, std::vector<int>* heard) {
  return {[heard](int x) { heard->push_back(x); }};
}

caf::behavior ticker(caf::event_based_actor* self, std::vector<duration>* ticks, scheduler* on) {
  self->delayed_send(self, 100ms, caf::tick_atom::value);
  return {[=](caf::tick_atom) {
    ticks->push_back(on->now());
    self->delayed_send(self, 100ms, caf::tick_atom::value);
  }};
}

/// Three actors that each hear 0..9; the order among actors is the seed's.
std::vector<int> interleaving(std::uint64_t seed, std::uint64_t* hash) {
  std::vector<int> heard;
  scheduler on{seed};
  for (int who = 0; who < 3; ++who) {
    auto actor = on.system().spawn(recorder, &heard);
    for (int i = 0; i < 10; ++i) caf::anon_send(actor, 100 * who + i);
  }
  on.run_until(1s);
  *hash = on.trace_hash();
  return heard;
}

TEST(Scheduler, SameSeedGivesTheSameInterleavingAndAnotherSeedAnother) {
  std::uint64_t first_hash = 0, again_hash = 0, other_hash = 0;
  auto first = interleaving(7, &first_hash);
  EXPECT_EQ(first, interleaving(7, &again_hash));
  EXPECT_EQ(first_hash, again_hash);
  EXPECT_NE(first, interleaving(8, &other_hash));
  EXPECT_NE(first_hash, other_hash);
}

TEST(Scheduler, MessagesOfOneActorKeepTheirOrder) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::uint64_t hash = 0;
    std::vector<int> next(3, 0);
    auto heard = interleaving(seed, &hash);
    EXPECT_EQ(heard.size(), 30u);
    for (int x : heard) EXPECT_EQ(x % 100, next[static_cast<std::size_t>(x / 100)]++);
  }
}

TEST(Scheduler, TimeMovesOnlyToTheNextTimeoutOrEvent) {
  std::vector<duration> ticks;
  scheduler on{1};
  on.system().spawn(ticker, &ticks, &on);
  duration seen{0};
  on.at(250ms, [&] { seen = on.now(); });
  on.run_until(450ms);
  EXPECT_EQ(ticks.size(), 4u);
  EXPECT_EQ(seen, 250ms);
  EXPECT_EQ(on.now(), 450ms);
}

TEST(Scheduler, PausedRealmRunsNothingUntilItIsResumed) {
  std::vector<duration> ticks;
  scheduler on{1};
  auto server = on.make_realm();
  on.spawn_in(server, [&] { return on.system().spawn(ticker, &ticks, &on); });
  on.run_until(150ms);
  on.pause(server);
  on.run_until(1s);
  EXPECT_EQ(ticks.size(), 1u);
  on.resume(server);
  on.run_until(1050ms);
  EXPECT_EQ(ticks.size(), 2u);
}

TEST(Scheduler, KilledRealmTakesItsGrandchildrenAlong) {
  std::vector<duration> ticks;
  scheduler on{1};
  auto server = on.make_realm();
  on.spawn_in(server, [&] {
    return on.system().spawn([&](caf::event_based_actor* parent) -> caf::behavior {
      parent->spawn([&](caf::event_based_actor* child) -> caf::behavior {
        child->spawn(ticker, &ticks, &on);
        return {[](int) {}};
      });
      return {[](int) {}};
    });
  });
  on.run_until(150ms);
  ASSERT_EQ(ticks.size(), 1u);
  on.kill(server);
  on.run_until(2s);
  EXPECT_EQ(ticks.size(), 1u);
}

TEST(Scheduler, BrakedActorHearsItsMessagesLaterAndInOrder) {
  std::vector<int> heard;
  scheduler on{1};
  auto slow = on.system().spawn(recorder, &heard);
  on.set_brake([&](realm, const caf::abstract_actor& a) {
    return a.id() == slow->id() ? duration{10'000} : duration{0};
  });
  for (int i = 0; i < 5; ++i) caf::anon_send(slow, i);
  on.run_until(35ms);
  EXPECT_LT(heard.size(), 5u);
  on.run_until(1s);
  EXPECT_EQ(heard, (std::vector{0, 1, 2, 3, 4}));
}

TEST(Scheduler, MessagesThatGoRoundForEverAreNoticed) {
  scheduler on{1};
  auto actor = on.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int x) { self->send(self, x); }};
  });
  caf::anon_send(actor, 1);
  on.run_until(1s);
  EXPECT_TRUE(on.is_stuck());
}

TEST(Scheduler, ExceptionInAHandlerIsReported) {
  scheduler on{1};
  std::string told;
  on.on_exception([&](realm, std::string what) { told = std::move(what); });
  auto actor = on.system().spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](int) { throw std::runtime_error("broken"); }};
  });
  caf::anon_send(actor, 1);
  on.run_until(1s);
  EXPECT_FALSE(told.empty());
}

}  // namespace
}  // namespace troupe::sim
