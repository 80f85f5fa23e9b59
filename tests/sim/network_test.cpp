// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/network.hpp"

#include <gtest/gtest.h>
#include <caf/all.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "messages/peer/zab.pb.h"
#include "messages/proto_inspect.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

constexpr server_id one{1}, two{2};

/// Dials `to` again and again while it has no link, sends a Ping every 10 ms, counts what it sees.
struct caller_log {
  std::vector<std::int64_t> pongs;  // the number that the answer carries
  int downs = 0;
  int refused = 0;
  bool same_sender = true;  // answers come from the handle that was dialled
};

caf::behavior caller(caf::event_based_actor* self, links_actor links, server_id to,
                     caller_log* log) {
  struct mine {
    caf::strong_actor_ptr peer;
    std::int64_t sent = 0;
  };
  auto my = std::make_shared<mine>();
  self->set_down_handler([=](caf::down_msg&) {
    ++log->downs;
    my->peer = nullptr;
    self->send(self, caf::connect_atom::value);
  });
  self->send(self, caf::connect_atom::value);
  self->send(self, caf::tick_atom::value);
  return {
      [=](caf::connect_atom) {
        self->request(links, caf::infinite, dial{to, port_kind::peer})
            .then(
                [=](linked& x) {
                  my->peer = x.handle;
                  self->monitor(x.handle);
                },
                [=](caf::error&) {
                  ++log->refused;
                  self->delayed_send(self, 50ms, caf::connect_atom::value);
                });
      },
      [=](caf::tick_atom) {
        self->delayed_send(self, 10ms, caf::tick_atom::value);
        if (!my->peer) return;
        wire::Ping ping;
        ping.set_epoch(++my->sent);
        self->send(caf::actor_cast<caf::actor>(my->peer), ping);
      },
      [=](const wire::Pong& pong) {
        log->pongs.push_back(pong.epoch());
        log->same_sender &= my->peer == nullptr || self->current_sender() == my->peer;
      },
  };
}

/// Answers each Ping to whoever sent it, and monitors the sender.
caf::behavior answerer(caf::event_based_actor* self, int* downs) {
  self->set_down_handler([=](caf::down_msg&) { ++*downs; });
  auto known = std::make_shared<bool>(false);
  return {[=](const wire::Ping& ping) {
    if (!std::exchange(*known, true)) self->monitor(self->current_sender());
    wire::Pong pong;
    pong.set_epoch(ping.epoch());
    self->send(caf::actor_cast<caf::actor>(self->current_sender()), pong);
  }};
}

struct two_servers {
  explicit two_servers(std::uint64_t seed = 1) : on(seed), net(on, rng{seed}, {}) {
    for (auto who : {one, two}) start(who);
  }
  ~two_servers() {
    for (auto& [who, where] : realms) on.kill(where);
    net.shutdown();
  }

  void start(server_id who) {
    realms[who] = on.make_realm();
    net.start(who, realms[who]);
    on.spawn_in(realms[who], [&] {
      if (who == two) {
        answering = on.system().spawn(answerer, &downs_at_two);
        net.publish(two, port_kind::peer, caf::actor_cast<caf::strong_actor_ptr>(answering));
      } else {
        calling = on.system().spawn(caller, net.spawn_links(one), two, &log);
      }
      return 0;
    });
  }

  scheduler on;
  network net;
  std::map<server_id, realm> realms;
  caf::actor calling, answering;
  caller_log log;
  int downs_at_two = 0;
};

bool counts_up(const std::vector<std::int64_t>& xs) {
  for (std::size_t i = 1; i < xs.size(); ++i)
    if (xs[i] <= xs[i - 1]) return false;
  return true;
}

TEST(Network, AnswersComeThroughTheDialledHandleInOrder) {
  two_servers w;
  w.on.run_until(2s);
  EXPECT_GT(w.log.pongs.size(), 150u);
  EXPECT_TRUE(counts_up(w.log.pongs));
  EXPECT_EQ(w.log.pongs.size(), static_cast<std::size_t>(w.log.pongs.back()));
  EXPECT_TRUE(w.log.same_sender);
  EXPECT_EQ(w.log.downs, 0);
}

TEST(Network, CutHoldsMessagesAndAHealDeliversThemAll) {
  two_servers w;
  w.on.run_until(1s);
  w.net.cut_both(one, two);
  auto before = w.log.pongs.size();
  w.on.run_until(3s);
  EXPECT_LE(w.log.pongs.size(), before);
  EXPECT_EQ(w.log.downs, 0) << "a black hole is not noticed by itself";
  w.net.heal_all();
  w.on.run_until(4s);
  EXPECT_EQ(w.log.pongs.size(), static_cast<std::size_t>(w.log.pongs.back()));
  EXPECT_TRUE(counts_up(w.log.pongs));
}

TEST(Network, OneWayCutLetsTheOtherDirectionThrough) {
  two_servers w;
  w.on.run_until(1s);
  w.net.cut(two, one);
  int pings = 0;
  w.net.set_tap([&](server_id from, server_id, const caf::message&) { pings += from == one; });
  w.on.run_until(1100ms);
  auto heard = w.log.pongs.size();
  w.on.run_until(2s);
  EXPECT_GT(pings, 50);
  EXPECT_EQ(w.log.pongs.size(), heard);
}

TEST(Network, ResetTellsBothSidesAndLosesWhatWasUnderWay) {
  two_servers w;
  w.on.run_until(1s);
  w.net.reset(one, two);
  w.on.run_until(3s);
  EXPECT_EQ(w.log.downs, 1);
  EXPECT_EQ(w.downs_at_two, 1);
  EXPECT_TRUE(counts_up(w.log.pongs));
  EXPECT_LT(w.log.pongs.size(), static_cast<std::size_t>(w.log.pongs.back()));
}

TEST(Network, ResetWhileCutIsNoticedAndTheNextDialSucceedsAfterTheHeal) {
  two_servers w;
  w.on.run_until(1s);
  w.net.cut_both(one, two);
  w.net.reset(one, two);
  w.on.run_until(4s);
  EXPECT_EQ(w.log.downs, 1);
  w.net.heal_all();
  w.on.run_until(10s);
  EXPECT_GT(w.log.pongs.back(), 500);
}

TEST(Network, KilledServerIsNoticedAndDialsAreRefusedUntilItIsBack) {
  two_servers w;
  w.on.run_until(1s);
  w.net.stop(two);
  w.on.kill(w.realms[two]);
  w.on.run_until(3s);
  EXPECT_EQ(w.log.downs, 1);
  EXPECT_GT(w.log.refused, 10);
  auto heard = w.log.pongs.size();
  w.start(two);
  w.on.run_until(5s);
  EXPECT_GT(w.log.pongs.size(), heard + 100);
}

TEST(Network, EndOfARemoteActorComesBehindItsLastWords) {
  two_servers w;
  w.on.run_until(1s);
  caf::anon_send_exit(w.answering, caf::exit_reason::user_shutdown);
  w.on.run_until(2s);
  EXPECT_GE(w.log.downs, 1);
  EXPECT_TRUE(counts_up(w.log.pongs));
}

TEST(Network, DialTimesOutWhileTheOtherServerIsPausedOrCutOff) {
  two_servers w;
  w.on.pause(w.realms[two]);
  w.on.run_until(6s);
  EXPECT_EQ(w.log.refused, 1);
  w.on.resume(w.realms[two]);
  w.on.run_until(8s);
  EXPECT_FALSE(w.log.pongs.empty());
}

TEST(Network, LocalStructOnTheWireIsAViolation) {
  two_servers w;
  std::string told;
  w.net.on_violation([&](std::string what) { told = std::move(what); });
  w.on.run_until(1s);
  w.on.spawn_in(w.realms[one], [&] {
    w.on.system().spawn([&](caf::event_based_actor* self) {
      self->request(w.net.spawn_links(one), caf::infinite, dial{two, port_kind::peer})
          .then([=](linked& x) { self->send(caf::actor_cast<caf::actor>(x.handle), 42); });
    });
    return 0;
  });
  w.on.run_until(2s);
  EXPECT_FALSE(told.empty());
}

}  // namespace
}  // namespace troupe::sim
