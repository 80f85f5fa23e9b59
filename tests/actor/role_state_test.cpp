// SPDX-License-Identifier: Apache-2.0
/// What a change of role leaves in the database: each member of its state is named here, with what
/// becomes of it. One that is added and not named fails this test, so that whoever adds it decides.
/// (A leader, a learner and a learner's handler live for one term: nothing of theirs is left.)
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <type_traits>

#include "tests/actor/database_fixture.hpp"
#include "tests/actor/role_members.hpp"

namespace troupe::test {
namespace {

using testing::IsEmpty;

enum class fate {
  ends,    // with the role: it is as in a new process
  begins,  // anew with the next term
  stays,   // whatever the role
};
struct member {
  fate becomes = fate::stays;
  /// As text, so that two can be compared; empty for what stays.
  std::function<std::string(const database_state&)> shown = {};
};
using table = std::map<std::string, member>;

template <class T>
std::string text_of_value(const T& x) {
  if constexpr (requires { x.size(); })
    return std::to_string(x.size());
  else if constexpr (std::is_enum_v<T>)
    return std::to_string(static_cast<int>(x));
  else if constexpr (std::is_arithmetic_v<T>)
    return std::to_string(x);
  else
    return x ? "there" : "none";
}
template <auto Member>
member ends() {
  return {fate::ends, [](const database_state& s) { return text_of_value(s.*Member); }};
}
template <auto Member>
member begins() {
  return {fate::begins, [](const database_state& s) { return text_of_value(s.*Member); }};
}
member stays() { return {}; }

table all_members() {
  using s = database_state;
  return {
      {"options", stays()},
      // What is committed is so whoever leads, and what is planned is its leader's alone.
      {"tree", stays()},
      {"recent", stays()},
      {"recent_bytes", stays()},
      {"digests", stays()},
      {"shown", stays()},  // told by whom it learns that something is committed
      {"planner", {fate::ends, [](const s& x) { return std::to_string(x.planner.outstanding()); }}},
      {"watches", {fate::ends, [](const s& x) { return std::to_string(x.watches.count()); }}},
      {"live", ends<&s::live>()},
      {"refused", begins<&s::refused>()},
      {"expiry", stays()},  // each leader's begin makes it anew; it is asked by no other
      {"breach_told_ms", begins<&s::breach_told_ms>()},
      // Of the process: its memory, its figures, its log.
      {"memory", stays()},
      {"refused_writes", stays()},
      {"refused_sessions", stays()},
      {"heap_trimmed_ms", stays()},
      {"stats", stays()},
      {"limit_told_ms", stays()},
      {"latency_count", stays()},
      {"latency_sum_ms", stays()},
      {"role", ends<&s::role>()},
      {"leader", ends<&s::leader>()},
      {"upstream", ends<&s::upstream>()},
      {"exhausted_told", begins<&s::exhausted_told>()},
      {"differs_at", ends<&s::differs_at>()},
      {"suspect_since", begins<&s::suspect_since>()},
      {"local", ends<&s::local>()},
      {"expired_at_ms", stays()},  // set when `local` begins, and looked at while it is there
      {"connections", ends<&s::connections>()},
      {"orphans", ends<&s::orphans>()},
      {"left_behind", ends<&s::left_behind>()},
      {"by_session", ends<&s::by_session>()},
      {"opening", ends<&s::opening>()},
      {"most_watching", stays()},  // no connection's number is used twice
      {"abandoned", ends<&s::abandoned>()},
      {"origins", stays()},  // of sessions that live on; others' go (DatabaseCensus)
      {"reopening", ends<&s::reopening>()},
      {"new_ids", stays()},  // the numbers go on
      {"ids_from_ms", stays()},
      {"touched", ends<&s::touched>()},
      {"with_output", ends<&s::with_output>()},
      {"gathered_bytes", stays()},  // of one turn: its end counts it anew
      {"to_forward", ends<&s::to_forward>()},
      {"to_propose", ends<&s::to_propose>()},
      {"streams", ends<&s::streams>()},
      {"next_stream", stays()},  // no stream's number is used twice
      {"snapshot", stays()},     // to this server's own disk
      {"snapshot_to", stays()},
      {"members", stays()},
      {"synced", begins<&s::synced>()},
      {"reconfig", begins<&s::reconfig>()},
      {"gate",
       {fate::ends,
        [](const s& x) {
          return std::to_string(x.gate.waiting()) + " " + std::to_string(x.gate.under_way()) +
                 (x.gate.is_held() ? " held" : "");
        }}},
      {"to_close", ends<&s::to_close>()},
      {"planned_bytes", ends<&s::planned_bytes>()},
      {"to_drain", ends<&s::to_drain>()},
      {"to_end", ends<&s::to_end>()},
      {"discarding", stays()},
      {"walks", stays()},  // of the work that is under way
      {"work", stays()},   // what begins a role waits until it is done
  };
}

class RoleState : public Database {
 protected:
  using shown = std::map<std::string, std::string>;

  database_state& state() {
    auto* actor = caf::actor_cast<caf::abstract_actor*>(database_);
    return dynamic_cast<std::remove_pointer_t<database_ptr>&>(*actor).state;
  }
  /// Of what does not stay.
  shown seen(std::initializer_list<fate> of = {fate::ends}) {
    shown out;
    for (const auto& [name, x] : all_members())
      if (std::find(of.begin(), of.end(), x.becomes) != of.end()) out[name] = x.shown(state());
    return out;
  }
  void note_soiled(const shown& fresh) {
    for (const auto& [name, text] : seen({fate::ends, fate::begins}))
      if (fresh.at(name) != text) soiled_.insert(name);
  }
  /// What clients do, and what stands in the middle of a turn.
  void be_busy() {
    auto& s = state();
    tell(hold_writes{true});
    ask(conn_a, {get(1, "/", true), create(2, "/x")});
    s.orphans[{99}];
    s.left_behind[{99}] = 1;
    s.abandoned.insert({98});
    s.to_drain.push_back(conn_a);
    s.to_end.push_back(conn_a);
    s.with_output.push_back(conn_a);
    s.streams[77].pieces = nullptr;
  }

  std::set<std::string> soiled_;
};

TEST_F(RoleState, EveryMemberIsNamedHere) {
  std::set<std::string> named;
  for (const auto& [name, x] : all_members()) named.insert(name);
  EXPECT_EQ(named, members_of("actors/database/database.hpp", "database_state"))
      << "say above what becomes of it when the role changes";
}

TEST_F(RoleState, NothingOfARoleIsLeftWhenItEnds) {
  const auto fresh = seen();
  const auto whole = seen({fate::ends, fate::begins});
  lead();
  open_new(conn_a, "a");
  open(conn_b, {}, "b");
  be_busy();
  auto& s = state();
  s.to_close.push_back({97});
  s.to_propose.push_back(storage::sample_txn(at(2, 9)));
  EXPECT_GT(s.planned_bytes, 0);
  s.differs_at = s.suspect_since = at(2, 1);
  note_soiled(whole);
  tell(stop_serving{});
  EXPECT_EQ(seen(), fresh) << "of a leader";

  learn();
  session_exists({7}, at(3, 1));
  open(conn_a, {7}, "a");
  upstream_heard_.verdicts.release();
  run();
  upstream_heard_.verdicts.hold();
  open(conn_b, {8}, "b");
  be_busy();
  s.touched.insert({96});
  s.to_forward.push_back({});
  note_soiled(whole);
  tell(stop_serving{});
  EXPECT_EQ(seen(), fresh) << "of a learner";

  tell(start_read_only{});
  open(conn_a, {}, "a", true);
  be_busy();
  tell(stop_serving{});
  EXPECT_EQ(seen(), fresh) << "of a server without a leader";

  for (const auto& [name, x] : all_members())
    if (x.becomes == fate::ends) EXPECT_EQ(soiled_.count(name), 1u) << name << " was never in use";
}

TEST_F(RoleState, ATermBeginsAsTheFirstOneDid) {
  lead();
  const auto first = seen({fate::ends, fate::begins});
  open_new(conn_a, "a");
  be_busy();
  auto& s = state();
  s.breach_told_ms["/a"] = 1;
  s.exhausted_told = true;
  s.synced = {server_id{2}};
  s.refused.add({95});
  s.reconfig = at(2, 3);
  s.suspect_since = at(2, 3);
  note_soiled(first);
  tell(stop_serving{});
  tell(start_leading{epoch{4}, leader_});
  EXPECT_EQ(seen({fate::ends, fate::begins}), first);
  for (const auto& [name, x] : all_members())
    if (x.becomes == fate::begins) EXPECT_EQ(soiled_.count(name), 1u) << name;
}

}  // namespace
}  // namespace troupe::test
