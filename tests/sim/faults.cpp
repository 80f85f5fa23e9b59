// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/faults.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::sim {

void faults::unleash(duration until) {
  until_ = until;
  next();
}

void faults::next() {
  auto wait = pace_.between(duration{1'000}, 2 * options_.mean_pause);
  on_.clock().after(wait, [this] {
    if (on_.now() >= until_) return;
    auto number = count_++;
    chance_ = pace_.fork(number);
    if (options_.left_out.count(number) == 0) {
      on_.tell("fault " + std::to_string(number));
      strike();
    }
    next();
  });
}

server_id faults::any_server() { return on_.servers()[chance_.below(on_.servers().size())]; }

/// Mostly short, sometimes as long as may be: both sides of every timeout.
duration faults::outage() {
  auto longest = chance_.chance(30) ? options_.outage_max : options_.outage_max / 8;
  return chance_.between(duration{1'000}, longest);
}

std::pair<server_id, server_id> faults::any_two() {
  auto a = any_server();
  return {a, any_server()};
}

void faults::strike() {
  const std::vector<std::pair<int, void (faults::*)()>> kinds = {
      {options_.crash, &faults::crash_one},
      {options_.crash_in_disk_call, &faults::crash_in_disk_call},
      {options_.crash_at_message, &faults::crash_at_message},
      {options_.crash_all, &faults::crash_all},
      {options_.pause, &faults::pause_one},
      {options_.isolate_one, &faults::isolate_one},
      {options_.split, &faults::split},
      {options_.split_at_message, &faults::split_at_message},
      {options_.two_leaders, &faults::two_leaders},
      {options_.one_way_cut, &faults::cut_one_way},
      {options_.reset, &faults::reset},
      {options_.reset_in_conversation, &faults::reset_in_conversation},
      {options_.slow_wire, &faults::slow_wire},
      {options_.break_client, &faults::break_client},
      {options_.freeze_client, &faults::freeze_client},
      {options_.disk_error, &faults::disk_errors},
      {options_.disk_full, &faults::disk_full},
      {options_.disk_slow, &faults::disk_slow},
      {options_.slow_server, &faults::slow_server},
      {options_.wall_clock, &faults::shift_clock},
      {options_.reconfig, &faults::reconfigure},
      {options_.replace_leader, &faults::replace_leader},
      {options_.rot, &faults::rot},
      {options_.lose_snapshot, &faults::lose_snapshot},
      {options_.promise_later, &faults::promise_later},
      {options_.break_snapshot, &faults::break_snapshot},
  };
  int sum = 0;
  for (const auto& [weight, act] : kinds) sum += weight;
  auto draw = static_cast<int>(chance_.below(static_cast<std::size_t>(sum)));
  for (const auto& [weight, act] : kinds) {
    if (draw < weight) return (this->*act)();
    draw -= weight;
  }
}

// -- servers --------------------------------------------------------------------------------------

void faults::crash_one() {
  auto who = any_server();
  on_.crash(who, any_crash());
  later([this, who] { on_.start(who); });
}

void faults::crash_in_disk_call() {
  static constexpr const char* files[] = {"", "Epoch", "snapshot", "log."};
  auto who = any_server();
  on_.crash_at_disk_call(who, chance_.below(12), files[chance_.below(4)], any_crash());
  later([this, who] { on_.start(who); });
}

/// Either side, at once or in one of its next disk calls; sometimes a third server goes as well, so
/// that what the two have agreed on is all there is.
void faults::crash_at_message() {
  using moment = world::moment;
  auto which = static_cast<moment>(chance_.below(static_cast<std::size_t>(moment::count)));
  if (chance_.chance(30)) which = chance_.chance(50) ? moment::truncate : moment::snapshot;
  auto third = any_server();
  bool takes_third = chance_.chance(30);
  bool is_sender = chance_.chance(50);
  auto wait = chance_.chance(50) ? duration{0} : chance_.between(duration{0}, duration{5'000});
  bool replaces = which == moment::truncate || which == moment::snapshot;
  if (replaces) is_sender = false;
  auto calls = chance_.chance(replaces ? 90 : 50) ? std::optional{chance_.below(8)} : std::nullopt;
  auto how = any_crash();
  on_.trap(which, static_cast<unsigned>(chance_.below(6)), [=, this](server_id from, server_id to) {
    auto who = is_sender ? from : to;
    if (calls) return on_.crash_at_disk_call(who, *calls, "", how);
    on_.clock().after(wait, [=, this] {
      if (on_.now() >= until_) return;
      on_.crash(who, how);
      if (takes_third) on_.crash(third, how);
    });
  });
  later([this] {
    for (auto who : on_.servers()) on_.start(who);
  });
}

world::crash_kind faults::any_crash() {
  return chance_.chance(60) ? world::crash_kind::power : world::crash_kind::process;
}

void faults::crash_all() {
  for (auto who : on_.servers()) {
    on_.crash(who);
    later([this, who] { on_.start(who); });
  }
}

void faults::pause_one() {
  auto who = any_server();
  on_.pause(who);
  later([this, who] { on_.resume(who); });
}

void faults::shift_clock() {
  on_.shift_wall_clock(any_server(), chance_.between(duration{-5'000'000}, duration{5'000'000}));
}

/// Any voters at all: a refusal is an outcome, too. Half the time something breaks while the
/// reconfig is under way.
void faults::reconfigure() {
  std::set<server_id> voters, observers;
  for (auto who : on_.servers()) {
    auto draw = chance_.below(10);
    if (draw < 6) voters.insert(who);
    if (draw == 6) observers.insert(who);
  }
  if (voters.empty()) voters.insert(any_server());
  observers.erase(*voters.begin());
  on_.reconfigure(voters, observers);
  if (chance_.chance(20)) return split_new_from_old({voters.begin(), voters.end()});
  if (!chance_.chance(60)) return;
  static constexpr void (faults::*breaks[])() = {&faults::crash_one, &faults::crash_in_disk_call,
                                                 &faults::isolate_one, &faults::split,
                                                 &faults::reset};
  auto act = breaks[chance_.below(std::size(breaks))];
  on_.clock().after(chance_.between(duration{0}, duration{30'000}), [this, act] {
    if (on_.now() < until_) (this->*act)();
  });
}

/// While the old servers do not know yet what the new ones are about to agree on.
void faults::split_new_from_old(std::vector<server_id> voters) {
  on_.clock().after(chance_.between(duration{0}, duration{50'000}), [this, voters] {
    if (on_.now() >= until_) return;
    on_.tell("split the new voters off");
    on_.isolate(voters);
    later([this] { on_.wires().heal_all(); });
  });
}

// -- wires ----------------------------------------------------------------------------------------

void faults::isolate_one() {
  auto who = any_server();
  // The leader is the most rewarding one to lose.
  if (auto leads = on_.leader(); leads && chance_.chance(50)) who = *leads;
  on_.tell("isolate server " + std::to_string(who.value));
  on_.isolate({who});
  later([this] { on_.wires().heal_all(); });
}

/// Behind the cut the others are killed, begin anew and elect; the one that led hears nothing of it
/// before syncLimit tells it that it is alone. Clients speak with both sides.
void faults::replace_leader() {
  auto old = on_.leader();
  if (!old) return;
  on_.tell("replace server " + std::to_string(old->value) + " unseen");
  on_.isolate({*old});
  for (auto who : on_.servers()) {
    if (who == *old) continue;
    on_.crash(who, world::crash_kind::process);
    on_.clock().after(chance_.between(duration{0}, duration{100'000}), [this, who] {
      if (on_.now() < until_) on_.start(who);
    });
  }
  later([this] { on_.wires().heal_all(); });
}

struct faults::lone_tail {
  server_id ahead;                // logs what nobody else hears of
  std::vector<server_id> behind;  // with whom it leads again
  std::vector<server_id> others;
  std::string part;  // of the names of files: in these calls on them a snapshot's receiver crashes
  std::uint64_t calls;
  world::crash_kind how;
  duration apart;  // how long each of two halves goes on without the other
};

/// A leader goes on logging while all others are down, leads some of them again, and gives its tail
/// away in a snapshot. One crashes while it installs that, and goes on with those who know nothing
/// of it; then those come back who do.
void faults::lose_snapshot() {
  auto ahead = on_.leader();
  if (!ahead) return;
  lone_tail story{*ahead,
                  {},
                  {},
                  chance_.chance(30) ? "" : "snapshot",
                  1 + chance_.below(5),
                  any_crash(),
                  chance_.between(duration{3'000'000}, duration{9'000'000})};
  auto left = on_.servers();
  left.erase(std::remove(left.begin(), left.end(), *ahead), left.end());
  while (!left.empty()) {
    auto who = left.begin() + static_cast<std::ptrdiff_t>(chance_.below(left.size()));
    auto& side = story.behind.size() < on_.servers().size() / 2 ? story.behind : story.others;
    side.push_back(*who);
    left.erase(who);
  }
  on_.tell("server " + std::to_string(ahead->value) + " goes on alone");
  crash(story.behind, story.how);
  crash(story.others, story.how);
  on_.clock().after(chance_.between(duration{300'000}, duration{3'000'000}), [this, story] {
    if (on_.now() < until_) lead_with(story);
  });
  on_.clock().after(options_.outage_max + 2 * story.apart, [this] {
    if (on_.now() < until_) start(on_.servers());
  });
}

void faults::lead_with(lone_tail story) {
  on_.crash(story.ahead, world::crash_kind::process);
  crash(story.others, story.how);
  start({story.ahead});
  start(story.behind);
  on_.trap(world::moment::snapshot, 0, [this, story](server_id from, server_id to) {
    if (on_.now() >= until_ || from != story.ahead) return;
    on_.crash_at_disk_call(to, story.calls, story.part, story.how);
    on_.clock().after(duration{200'000}, [this, story, to] {
      if (on_.now() < until_) go_on_without(story, to);
    });
  });
}

void faults::go_on_without(lone_tail story, server_id received) {
  on_.tell("going on without server " + std::to_string(story.ahead.value));
  std::vector<server_id> away = story.behind;
  away.erase(std::remove(away.begin(), away.end(), received), away.end());
  away.push_back(story.ahead);
  crash(away, story.how);
  start(story.others);
  start({received});
  on_.clock().after(story.apart, [this, story, away] {
    if (on_.now() >= until_) return;
    crash(story.others, story.how);
    start(away);
    on_.clock().after(story.apart, [this, story, away] {
      if (on_.now() >= until_) return;
      crash(away, story.how);
      start(on_.servers());
    });
  });
}

void faults::start(const std::vector<server_id>& group) {
  for (auto who : group) on_.start(who);
}

void faults::crash(const std::vector<server_id>& group, world::crash_kind how) {
  for (auto who : group) on_.crash(who, how);
}

/// After a black hole either what was held arrives, or connections have given up meanwhile.
void faults::split() {
  std::vector<server_id> group;
  for (auto who : on_.servers())
    if (chance_.chance(50)) group.push_back(who);
  on_.tell("split off " + std::to_string(group.size()) + " servers");
  on_.isolate(group);
  bool breaks = chance_.chance(50);
  later([this, group, breaks] {
    if (breaks)
      for (auto a : group)
        for (auto b : on_.servers())
          if (a != b && chance_.chance(50)) on_.wires().reset(a, b);
    on_.wires().heal_all();
  });
}

/// What one of the two tells the other stays between them: a history that only a minority has,
/// which has to be cut off again when the others have gone on without it.
void faults::split_at_message() {
  using moment = world::moment;
  static constexpr moment histories[] = {moment::txns, moment::snapshot, moment::new_leader,
                                         moment::proposal};
  auto which = chance_.chance(60)
                   ? histories[chance_.below(std::size(histories))]
                   : static_cast<moment>(chance_.below(static_cast<std::size_t>(moment::count)));
  auto side = chance_.below(4);
  bool crashes = chance_.chance(40);
  auto how = any_crash();
  on_.trap(which, static_cast<unsigned>(chance_.below(4)), [=, this](server_id from, server_id to) {
    std::vector<server_id> group{from, to};
    if (side == 0) group = {from};
    if (side == 1) group = {to};
    on_.tell("split off " + std::to_string(group.size()) + " servers that speak");
    on_.isolate(group);
    if (!crashes) return;
    on_.clock().after(duration{20'000}, [=, this] {
      if (on_.now() >= until_) return;
      for (auto who : group) on_.crash(who, how);
    });
    for (auto who : group) later([this, who] { on_.start(who); });
  });
  later([this] { on_.wires().heal_all(); });
}

/// The leader sleeps while the others find another one; in the midst of their handshake that one is
/// cut off instead, and the old leader, which knows of nothing, is the only one to be heard.
void faults::two_leaders() {
  auto old_leader = on_.leader();
  if (!old_leader) return;
  using moment = world::moment;
  static constexpr moment steps[] = {moment::leader_info, moment::ack_epoch, moment::new_leader};
  auto which = steps[chance_.below(std::size(steps))];
  auto further = static_cast<unsigned>(chance_.below(3));
  auto lured = chance_.between(duration{100'000}, duration{1'500'000});
  on_.tell("the leader sleeps: server " + std::to_string(old_leader->value));
  on_.pause(*old_leader);
  for (auto each : on_.servers())
    if (each != *old_leader) on_.wires().reset(each, *old_leader);
  on_.trap(which, further, [=, this, was = *old_leader](server_id from, server_id to) {
    auto [follower, leads] = which == moment::ack_epoch ? std::pair{from, to} : std::pair{to, from};
    if (on_.now() < until_ && leads != was && follower != was) lure(follower, leads, was, lured);
  });
  later([this, was = *old_leader] {
    on_.resume(was);
    on_.wires().heal_all();
  });
}

void faults::lure(server_id follower, server_id leads, server_id old_leader, duration lured) {
  on_.tell("server " + std::to_string(leads.value) + " is cut off, server " +
           std::to_string(old_leader.value) + " heard again");
  on_.isolate({leads});
  on_.wires().reset(follower, leads);
  on_.resume(old_leader);
  on_.clock().after(lured, [=, this] {
    if (on_.now() >= until_) return;
    on_.wires().heal_all();
    on_.isolate({old_leader});
    for (auto each : on_.servers())
      if (each != old_leader) on_.wires().reset(each, old_leader);
  });
}

void faults::cut_one_way() {
  auto [from, to] = any_two();
  if (from == to) return;
  on_.tell("cut " + std::to_string(from.value) + " -> " + std::to_string(to.value));
  on_.wires().cut(from, to);
  bool breaks = chance_.chance(50);
  later([this, a = from, b = to, breaks] {
    if (breaks) on_.wires().reset(a, b);
    on_.wires().heal(a, b);
  });
}

void faults::reset() {
  auto [a, b] = any_two();
  if (a == b) return;
  on_.tell("reset " + std::to_string(a.value) + " - " + std::to_string(b.value));
  on_.wires().reset(a, b);
}

void faults::reset_in_conversation() {
  auto [a, b] = any_two();
  if (a != b) on_.wires().reset_after(a, b, 1 + chance_.below(25));
}

/// The role of the one that receives it dies, mostly before its disk has done what it was told.
void faults::break_snapshot() {
  if (chance_.chance(50)) {
    const auto who = any_server();
    on_.crash(who, any_crash());
    later([this, who] { on_.start(who); });
  }
  const auto slow = chance_.between(duration{50'000}, duration{1'500'000});
  on_.trap(world::moment::snapshot, static_cast<unsigned>(chance_.below(2)),
           [this, slow](server_id from, server_id to) {
             if (on_.now() >= until_) return;
             on_.slow_disk_down(to, slow);
             on_.wires().reset(from, to);
             later([this, to] { on_.slow_disk_down(to, duration{0}); });
           });
}

void faults::slow_wire() {
  auto [a, b] = any_two();
  if (a == b) return;
  on_.wires().slow_down(a, b, chance_.between(duration{0}, duration{400'000}));
  later([this, one = a, other = b] { on_.wires().slow_down(one, other, duration{0}); });
}

void faults::break_client() { on_.client_side().break_one(chance_.below(1'000)); }

void faults::freeze_client() {
  if (on_.client_count() > 0) on_.client_at(chance_.below(on_.client_count())).freeze(outage());
}

// -- disks ----------------------------------------------------------------------------------------

void faults::disk_errors() {
  auto who = any_server();
  on_.tell("disk errors at server " + std::to_string(who.value));
  auto& broken = on_.disk_of(who).faults;
  (chance_.chance(50) ? broken.write_percent : broken.sync_percent) = 20;
  heal_disk_later(who);
}

void faults::disk_full() {
  auto who = any_server();
  on_.tell("disk full at server " + std::to_string(who.value));
  on_.disk_of(who).faults.capacity_bytes = 0;
  heal_disk_later(who);
}

/// One server alone, whatever its number of rots: what two have lost may be lost. It notices at its
/// next start, or when it reads the log for a learner or to cut it.
void faults::rot() {
  const auto who = on_.servers().front();
  const auto* part = chance_.chance(60)   ? "log."
                     : chance_.chance(75) ? "snapshot."
                                          : "actor-node.synced";
  if (!on_.disk_of(who).rot(part, chance_, on_.notes_within(who))) return;
  on_.tell(std::string{"a bit turns in a "} + part + " of server " + std::to_string(who.value));
  if (chance_.chance(30)) return;
  on_.crash(who, any_crash());
  later([this, who] { on_.start(who); });
}

void faults::disk_slow() {
  auto who = any_server();
  on_.tell("disk slow at server " + std::to_string(who.value));
  on_.slow_disk_down(who, chance_.between(duration{50'000}, duration{3'000'000}));
  later([this, who] { on_.slow_disk_down(who, duration{0}); });
}

void faults::slow_server() {
  auto who = any_server();
  on_.tell("slow: server " + std::to_string(who.value));
  on_.slow_down(who, chance_.between(duration{500}, duration{40'000}));
  later([this, who] { on_.slow_down(who, duration{0}); });
}

void faults::heal_disk_later(server_id who) {
  later([this, who] {
    auto& healed = on_.disk_of(who).faults;
    healed.capacity_bytes = UINT64_MAX;
    healed.write_percent = healed.sync_percent = 0;
  });
}

}  // namespace troupe::sim
