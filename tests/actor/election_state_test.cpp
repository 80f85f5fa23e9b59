// SPDX-License-Identifier: Apache-2.0
/// What a change of role leaves in the election: each member of its state is named here, with what
/// becomes of it when a server that has settled looks again.
#include <functional>
#include <map>
#include <set>
#include <string>
#include <type_traits>

#include "tests/actor/election_fixture.hpp"
#include "tests/actor/role_members.hpp"

namespace troupe::test {
namespace {

/// Name -> what it shows; those that stay whatever the role show nothing.
using table = std::map<std::string, std::function<std::string(const election_state&)>>;

table all_members() {
  using s = election_state;
  const auto yes = [](bool x) { return std::string{x ? "yes" : "no"}; };
  return {
      {"options", {}},
      {"own", {}},           // the lists that this server knows: the peer says which
      {"links", {}},         // kept up whatever the role
      {"lists", {}},         // what others tell of theirs
      {"id_claimed", {}},    // told once
      {"last_account", {}},  // of the last decision, until the next
      {"round", [=](const s& x) { return "looks " + yes(x.round.is_looking()); }},
      {"history", [](const s& x) { return to_string(x.history.last); }},
      {"members", [=](const s& x) { return "own " + yes(x.members == x.own); }},
      {"lender", [=](const s& x) { return yes(x.lender.has_value()); }},
      // What others' logs hold and what comes of it is weighed in a search alone.
      {"pending", [](const s& x) { return std::to_string(x.pending.without(zxid{-1}).size()); }},
      {"gives_way", [=](const s& x) { return yes(x.gives_way); }},
      {"told_pending", {}},  // looked at in a search, which begins it anew
      {"search_began",
       [](const s& x) { return std::to_string(x.search_began.time_since_epoch().count()); }},
      {"established_at", [](const s& x) { return x.established_at; }},
      {"heard", [](const s& x) { return std::to_string(x.heard.size()); }},
      {"finalizing", [](const s& x) { return std::to_string(x.finalizing.running()); }},
      {"search", [](const s& x) { return std::to_string(x.search.running()); }},
  };
}

class ElectionState : public Election {
 protected:
  election_state& state(int id) {
    using actor = std::remove_pointer_t<pinned_pointer<election_actor, election_state>>;
    auto* raw = caf::actor_cast<caf::abstract_actor*>(servers_.at({id}));
    return dynamic_cast<actor&>(*raw).state;
  }
  std::map<std::string, std::string> seen(int id) {
    std::map<std::string, std::string> out;
    for (const auto& [name, show] : all_members())
      if (show && name != "search_began") out[name] = show(state(id));
    return out;
  }
};

TEST_F(ElectionState, EveryMemberIsNamedHere) {
  std::set<std::string> named;
  for (const auto& [name, show] : all_members()) named.insert(name);
  EXPECT_EQ(named, members_of("actors/election/election.hpp", "election_state"))
      << "say above what becomes of it when the role changes";
}

TEST_F(ElectionState, WhoLooksAgainIsAsWhoLooksForTheFirstTime) {
  for (int id : {1, 2, 3}) start(id, list_of(3));
  look(1);
  run();
  const auto first = seen(1);
  for (int id : {2, 3}) look(id);
  until_elected({1, 2, 3});
  caf::anon_send(servers_.at({1}), role_taken{server_state::following, epoch{2}});
  run();
  auto& s = state(1);
  EXPECT_FALSE(s.round.is_looking());
  EXPECT_EQ(s.search.running(), 0u);
  EXPECT_EQ(s.finalizing.running(), 0u);
  s.lender = server_id{2};
  s.established_at = "some time";
  s.heard.push(election_state::wait_over{});
  EXPECT_NE(seen(1), first);
  const auto before = s.search_began;
  pass(1s);
  for (int id : {2, 3}) kill(id);
  look(1);
  run();
  EXPECT_EQ(seen(1), first);
  EXPECT_GT(s.search_began, before);
}

}  // namespace
}  // namespace troupe::test
