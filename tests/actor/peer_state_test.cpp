// SPDX-License-Identifier: Apache-2.0
/// What a change of role leaves in the peer: each member of its state is named here, with what
/// becomes of it, and each step says what `status` shows.
#include <gmock/gmock.h>

#include <caf/scheduler/test_coordinator.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <type_traits>

#include "actors/base/ensemble.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/peer/peer.hpp"
#include "tests/actor/neighbours.hpp"
#include "tests/actor/role_members.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

struct decision {
  gate made;
  std::int64_t leader = 0;
};
election_actor::behavior_type deciding_election(election_actor::pointer self, decision* next) {
  return {[=](const look_for_leader&) -> caf::result<elected> {
            return next->made.answer<elected>(self, [next] {
              return elected{{next->leader}, epoch{1}, at(1, 5), {1}, nullptr};
            });
          },
          [](const role_taken&) {}, [](const members_changed&) {},
          [](const get_election_status&) { return election_status{}; },
          [](const wire::Notification&) {}};
}

/// Name -> what it shows; those that stay whatever the role show nothing.
using table = std::map<std::string, std::function<std::string(const peer_state&)>>;

table all_members() {
  using s = peer_state;
  const auto yes = [](bool x) { return std::string{x ? "yes" : "no"}; };
  return {
      {"options", {}},
      {"members", {}},         // a list that is committed is so whoever leads
      {"failures_heard", {}},  // counted since the start
      {"accepted", {}},        // what was promised is so whoever leads
      {"patience", {}},        // a disk's past
      {"work", {}},            // the loop itself
      {"leading", [=](const s& x) { return yes(static_cast<bool>(x.leading)); }},
      {"role", [=](const s& x) { return yes(static_cast<bool>(x.role)); }},
      {"status",
       [=](const s& x) {
         const auto& now = x.status;
         return std::string{to_string(now.state)} + " serving " + yes(now.serving) + " reads " +
                yes(now.read_only) + " phase " + now.phase + " leader " +
                (now.leader ? std::to_string(now.leader->value) : "none") + " disk " +
                now.disk_fault;
       }},
      {"disk_trouble", [](const s& x) { return x.disk_trouble; }},
      {"trouble_is_counted", [=](const s& x) { return yes(x.trouble_is_counted); }},
      {"log_refusal", [](const s& x) { return x.log_refusal; }},
      {"is_readable", [=](const s& x) { return yes(x.is_readable); }},
      {"cannot_cut", [=](const s& x) { return yes(x.cannot_cut); }},
      {"tree_doubt", [](const s& x) { return x.tree_doubt; }},
      {"doubted_since", {}},  // looked at while there is a doubt
      {"last_word", [](const s& x) { return x.last_word.reason; }},
      {"endings", [](const s& x) { return std::to_string(x.endings.size()); }},
      {"reading", [](const s& x) { return std::to_string(x.reading.running()); }},
  };
}

class PeerState : public room {
 protected:
  PeerState() {
    next_.made.open_in(system());
    next_.made.hold();
    on.on_disk.last_logged = on.last_logged = at(1, 5);
    on.on_disk.accepted = on.on_disk.current = epoch{1};
  }
  void TearDown() override {
    next_.made.close_down();
    role_ = nullptr;
    to_ = nullptr;
    room::TearDown();
  }
  void start() {
    peer_options options;
    options.context = context;
    options.members = config::make_view(config::membership_of(context->config));
    options.journal = keep(fake_journal(system(), &on));
    options.database = keep(fake_database(system(), &on));
    options.election = keep(system().spawn(deciding_election, &next_));
    const auto play = [this](auto made, role_sink to) {
      role_ = caf::actor_cast<caf::actor>(made);
      to_ = to;
    };
    options.make_leader = [=, this](caf::local_actor*, const term&, role_sink to) {
      auto made = keep(fake_handler(system(), &on, "leader"));  // only its life and death matter
      play(made, to);
      return caf::actor_cast<leader_actor>(caf::actor_cast<caf::strong_actor_ptr>(made));
    };
    options.make_learner = [=, this](caf::local_actor*, const term&, role_sink to) {
      if (learner_fails_) throw std::runtime_error("no learner today");
      auto made = keep(fake_learner(system(), &on));
      play(made, to);
      return made;
    };
    run();
    peer_ = keep(system().spawn(peer, options));
    auto& all = dynamic_cast<caf::scheduler::test_coordinator&>(system().scheduler());
    all.run_once();  // the peer alone: nobody has answered it yet
    first_reason_ = status().reason;
    run();
  }
  void elect(std::int64_t id) {
    next_.leader = id;
    next_.made.release_one();
    run();
  }
  template <class M>
  void role_says(M m) {
    caf::send_as(role_, to_, std::move(m));
    run();
  }
  peer_state& state() {
    auto* actor = caf::actor_cast<caf::abstract_actor*>(peer_);
    return dynamic_cast<std::remove_pointer_t<peer_ptr>&>(*actor).state;
  }
  std::map<std::string, std::string> seen() {
    std::map<std::string, std::string> out;
    for (const auto& [name, show] : all_members())
      if (show) out[name] = show(state());
    return out;
  }
  const server_status& status() { return state().status; }

  decision next_;
  peer_actor peer_;
  caf::actor role_;
  role_sink to_;
  bool learner_fails_ = false;
  std::string first_reason_;  // before anything is read
};

TEST_F(PeerState, EveryMemberIsNamedHere) {
  std::set<std::string> named;
  for (const auto& [name, show] : all_members()) named.insert(name);
  EXPECT_EQ(named, members_of("actors/peer/peer.hpp", "peer_state"))
      << "say above what becomes of it when the role changes";
}

TEST_F(PeerState, WhoLooksAgainIsAsWhoLooksForTheFirstTime) {
  start();
  const auto looking = seen();
  for (std::int64_t leader : {1, 3, 1, 3}) {
    elect(leader);
    EXPECT_EQ(state().leading != nullptr, leader == 1);
    EXPECT_TRUE(state().role);
    role_says(role_established{epoch{2}});
    EXPECT_NE(seen(), looking);
    role_says(role_ended{"it is over"});
    EXPECT_EQ(state().last_word.reason, "it is over");
    kill(role_);
    pass(3s);  // terms that are over at once come more rarely
    EXPECT_EQ(seen(), looking) << "after server " << leader;
    EXPECT_EQ(status().reason, "it is over");
  }
}

TEST_F(PeerState, ReadsAloneEndWithTheSearch) {
  context->config.read_only_mode = true;
  start();
  pass(3s);
  EXPECT_TRUE(status().read_only);
  EXPECT_EQ(state().reading.running(), 1u);
  elect(3);
  EXPECT_FALSE(status().read_only);
  EXPECT_EQ(state().reading.running(), 0u);
}

TEST_F(PeerState, DoubtsEndWithAnEstablishedTerm) {
  start();
  state().tree_doubt = "a digest";
  state().cannot_cut = true;
  state().is_readable = false;
  elect(3);
  role_says(role_established{epoch{2}});
  EXPECT_EQ(state().tree_doubt, "");
  EXPECT_FALSE(state().cannot_cut);
  EXPECT_TRUE(state().is_readable);
}

TEST_F(PeerState, StatusSaysAtEachStepWhatIsDone) {
  start();
  EXPECT_EQ(first_reason_, "reading the data directory");
  EXPECT_EQ(status().reason, "no leader yet");
  EXPECT_EQ(status().phase, "");
  elect(1);
  EXPECT_EQ(status().state, server_state::leading);
  EXPECT_EQ(status().phase, "discovery");
  EXPECT_EQ(status().reason, "elected: waiting for a quorum of followers");
  role_says(role_established{epoch{2}});
  EXPECT_EQ(status().phase, "broadcast");
  EXPECT_EQ(status().reason, "");
  EXPECT_EQ(status().era, epoch{2});
  EXPECT_EQ(status().leader, server_id{1});
  role_says(tree_differs{at(2, 1)});
  EXPECT_FALSE(status().serving);
  EXPECT_THAT(status().reason, HasSubstr("its tree is not the one"));
  kill(role_);
  pass(3s);
  elect(3);
  EXPECT_EQ(status().state, server_state::following);
  EXPECT_EQ(status().phase, "discovery");
  EXPECT_THAT(status().reason, HasSubstr("synchronizing with server 3"));
}

/// The list that a role says is committed is this server's from then on.
TEST_F(PeerState, CommittedListIsKeptOverTheTerms) {
  context->config.reconfig_enabled = true;
  start();
  config::membership m{at(2, 1), {}};
  for (std::int64_t n : {1, 3})
    m.servers.push_back({.id = {n}, .host = "h", .peer_port = 1, .election_port = 2});
  elect(3);
  role_says(membership_committed{std::make_shared<const config::membership>(m)});
  EXPECT_EQ(state().members->committed->version, at(2, 1));
  kill(role_);
  EXPECT_EQ(state().members->committed->version, at(2, 1));
}

/// Its failures of long ago say nothing of today.
TEST_F(PeerState, DiskThatWorkedForLongIsTriedAgainSoon) {
  start();
  const auto tries_after = [this] {
    caf::anon_send(peer_, disk_failed{"no space"});
    run();
    on.news();
    int steps = 0;
    for (; on.news_of("journal: probe").empty() && steps < 100; ++steps) pass(100ms);
    return steps;
  };
  std::vector<int> waited;
  for (auto between : {0s, 10s, 10s, 31s}) {  // a tick is a second, and thirty are proof
    pass(between);
    elect(1);
    waited.push_back(tries_after());
  }
  EXPECT_THAT(waited, testing::ElementsAre(5, 10, 20, 5));
}

TEST_F(PeerState, NoRoleOutlivesIt) {
  start();
  elect(3);
  const auto is_over = [](const caf::actor& x) {
    return caf::actor_cast<caf::abstract_actor*>(x)->getf(caf::abstract_actor::is_terminated_flag);
  };
  ASSERT_FALSE(is_over(role_));
  kill(caf::actor_cast<caf::actor>(peer_));
  peer_ = nullptr;
  run();
  EXPECT_TRUE(is_over(role_));
}

TEST_F(PeerState, FailureOfItsOwnIsNoSilentStandstill) {
  std::vector<std::string> errors;
  log::set_observer([&](log::level level, std::string_view line) {
    if (level == log::level::error) errors.emplace_back(line);
  });
  start();
  learner_fails_ = true;
  elect(3);
  log::set_observer({});
  EXPECT_THAT(errors, testing::ElementsAre(HasSubstr("peer_failed")));
}

}  // namespace
}  // namespace troupe::test
