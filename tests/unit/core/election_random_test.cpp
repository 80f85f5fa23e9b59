// SPDX-License-Identifier: Apache-2.0
/// Many election values and a network made of a seed: any order of delivery, any loss, timers that
/// fire whenever they like. What must hold is FastLeaderElection's promise to ZAB: a server that is
/// elected has the best history of a quorum, and no round gives two leaders a quorum each.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

#include "actors/core/election_round.hpp"
#include "tests/unit/core/ensembles.hpp"

namespace troupe::core {
namespace {

using namespace test;
using timer = election_effects::timer;

constexpr int steps_max = 20'000;

struct history {
  zxid last;
  epoch era;
};

/// Servers 1..n with a network between them. Links keep order, as CAF's do.
class pump {
 public:
  pump(unsigned seed, std::int64_t voters, std::int64_t observers)
      : rng_(seed), ensemble_(ensemble_of(voters, observers)) {
    for (std::int64_t n = 1; n <= voters + observers; ++n) {
      histories_[{n}] = {at(1 + below(2), below(3)), {below(2)}};
      values_.emplace(server_id{n}, election_round{{n}, ensemble_, 1});
    }
  }

  int below(int n) { return static_cast<int>(rng_() % static_cast<unsigned>(n)); }
  const quorum& ensemble() const { return ensemble_; }
  std::vector<server_id> alive() const {
    std::vector<server_id> out;
    for (const auto& [id, value] : values_)
      if (!dead_.contains(id)) out.push_back(id);
    return out;
  }
  election_round& value(server_id id) { return values_.at(id); }

  void kill(server_id id) {
    dead_.insert(id);
    std::erase_if(wires_, [id](const auto& w) { return w.first.second == id; });
  }
  void start(server_id id) {
    const auto h = histories_.at(id);
    perform(id, value(id).start(h.last, h.era,
                                below(3) == 0 ? standing::once_heard : standing::at_once));
  }
  /// Rounds that nobody heard of, as a server has that was cut off for a while.
  void look_unheard(server_id id) {
    const auto h = histories_.at(id);
    (void)value(id).start(h.last, h.era);
  }
  void notice_the_dead(server_id id) {
    for (auto gone : dead_) perform(id, value(id).on_unreachable(gone));
  }

  bool is_quiet() const { return wires_.empty(); }
  /// One message arrives, or is lost.
  void deliver(int loss_percent) {
    if (wires_.empty()) return;
    auto it = std::next(wires_.begin(), below(static_cast<int>(wires_.size())));
    const auto to = it->first.second;
    const auto n = it->second.front();
    it->second.pop_front();
    if (it->second.empty()) wires_.erase(it);
    if (below(100) >= loss_percent) perform(to, value(to).on_notification(n));
  }
  void silence(server_id id) { perform(id, value(id).on_silence()); }
  bool finalize(server_id id) {
    if (!waiting_.erase(id)) return false;
    perform(id, value(id).on_finalize_timeout());
    return true;
  }

  /// The best vote a living voter can stand for.
  vote best() const {
    std::optional<vote> found;
    for (auto id : alive()) {
      if (!ensemble_.is_voter(id)) continue;
      const auto h = histories_.at(id);
      const vote own{id, h.last, h.era, {}};
      if (!found || is_better(own, *found, ensemble_)) found = own;
    }
    return found.value();
  }

  /// What the roles would do: nobody stays with a leader that does not lead, nor leads alone.
  void fail_hopeless_roles() {
    for (auto id : alive()) {
      auto& mine = value(id);
      if (mine.is_looking()) continue;
      std::set<server_id> supporters;
      for (auto other : alive())
        if (!value(other).is_looking() && value(other).proposal().leader == mine.proposal().leader)
          supporters.insert(other);
      const auto leader = mine.proposal().leader;
      const bool leads = !dead_.contains(leader) && value(leader).state() == server_state::leading;
      if (!leads || !ensemble_.has_quorum(supporters)) start(id);
    }
  }

  const std::map<election_round_number, std::map<server_id, std::set<server_id>>>& decisions() {
    return decisions_;
  }

 private:
  void perform(server_id me, const election_effects& fx) {
    auto to = fx.answer_to;
    if (fx.broadcast)
      for (auto v : ensemble_.voters())
        if (v != me) to.push_back(v);
    for (auto id : to)
      if (!dead_.contains(id)) wires_[{me, id}].push_back(value(me).mine());
    if (fx.finalize == timer::start) waiting_.insert(me);
    if (fx.finalize == timer::stop) waiting_.erase(me);
    if (!fx.decided) return;
    const auto& d = *fx.decided;
    decisions_[d.chosen.round][d.chosen.leader].insert(me);
    ASSERT_TRUE(ensemble_.is_voter(d.chosen.leader));
    ASSERT_EQ(d.role == server_state::leading, d.chosen.leader == me);
    ASSERT_EQ(d.role == server_state::observing, ensemble_.is_observer(me));
    ASSERT_EQ(value(me).state(), d.role);
  }

  std::mt19937 rng_;
  quorum ensemble_;
  std::map<server_id, election_round> values_;
  std::map<server_id, history> histories_;
  std::set<server_id> dead_;
  std::set<server_id> waiting_;  // for a better vote
  std::map<std::pair<server_id, server_id>, std::deque<notification>> wires_;
  std::map<election_round_number, std::map<server_id, std::set<server_id>>> decisions_;
};

/// A minority of voters is dead, and who lives may or may not know.
void kill_a_minority(pump& world) {
  const auto voters = static_cast<int>(world.ensemble().size());
  for (int i = world.below(voters / 2 + voters % 2); i > 0; --i)
    world.kill(server(1 + world.below(voters)));
}

std::vector<server_id> undecided(pump& world) {
  auto out = world.alive();
  std::erase_if(out, [&](server_id id) { return !world.value(id).is_looking(); });
  return out;
}

TEST(ElectionOfMany, AnyOrderOfDeliveryElectsTheBestVoteOfTheReachable) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    pump world{seed, 1 + seed % 7, seed % 3};
    kill_a_minority(world);
    for (auto id : world.alive()) {
      if (world.below(2)) world.notice_the_dead(id);
      for (int i = world.below(3); i > 0; --i) world.look_unheard(id);
      world.start(id);
    }
    int steps = 0;
    while (!undecided(world).empty() && ++steps < steps_max) {
      if (!world.is_quiet()) {
        world.deliver(0);
        continue;
      }
      bool waited = false;  // timers are slow: they fire when nothing is under way any more
      for (auto id : world.alive()) waited = world.finalize(id) || waited;
      if (!waited)
        for (auto id : undecided(world)) world.silence(id);
    }
    ASSERT_LT(steps, steps_max) << "seed " << seed;
    for (auto id : world.alive())
      ASSERT_EQ(world.value(id).proposal().leader, world.best().leader)
          << "seed " << seed << " server " << id.value;
  }
}

TEST(ElectionOfMany, LossAndHastyTimersStillEndWithOneLeaderAndNeverTwoInARound) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    pump world{seed, 3 + 2 * (seed % 3), seed % 2};
    kill_a_minority(world);
    for (auto id : world.alive()) world.start(id);
    int steps = 0, chaos = 50 + world.below(300);
    auto pick = [&] {
      auto ids = world.alive();
      return ids[static_cast<std::size_t>(world.below(static_cast<int>(ids.size())))];
    };
    while (++steps < steps_max) {
      const bool calm = steps > chaos;
      switch (world.below(calm ? 40 : 12)) {
        case 0:
          world.silence(pick());
          break;
        case 1:
          world.finalize(pick());
          break;
        case 2:
          world.notice_the_dead(pick());
          break;
        case 3:
          if (!calm) world.start(pick());
          break;
        default:
          world.deliver(calm ? 0 : 30);
      }
      if (!world.is_quiet() || !calm) continue;
      if (undecided(world).empty()) {
        world.fail_hopeless_roles();
        if (undecided(world).empty()) break;
      }
      bool waited = false;
      for (auto id : world.alive()) waited = world.finalize(id) || waited;
      for (auto id : undecided(world)) world.silence(id);
      if (!waited && world.below(3) == 0) world.fail_hopeless_roles();
    }
    ASSERT_LT(steps, steps_max) << "seed " << seed;
    const auto leader = world.value(world.alive().front()).proposal().leader;
    for (auto id : world.alive()) ASSERT_EQ(world.value(id).proposal().leader, leader) << seed;
    ASSERT_EQ(world.value(leader).state(), server_state::leading) << seed;
    for (const auto& [round, leaders] : world.decisions()) {
      int with_quorum = 0;
      for (const auto& [id, followers] : leaders)
        with_quorum += world.ensemble().has_quorum(followers);
      ASSERT_LE(with_quorum, 1) << "seed " << seed << " round " << round.value;
    }
  }
}

}  // namespace
}  // namespace troupe::core
