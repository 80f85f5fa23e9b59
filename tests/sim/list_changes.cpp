// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/list_changes.hpp"

#include <algorithm>
#include <utility>

namespace troupe::sim {
list_changes::list_changes(world& on, rng chance, duration pause_max)
    : on_(on),
      chance_(chance),
      pause_max_(pause_max),
      list_(on.files_of(on.servers().front()).servers) {}

void list_changes::unleash(duration until) {
  until_ = until;
  next();
}

void list_changes::next() {
  on_.clock().after(chance_.between(duration{1'000}, pause_max_), [this] {
    if (on_.now() >= until_) return;
    step();
    next();
  });
}

/// The next server gets the list, or the next change begins.
void list_changes::step() {
  if (!left_.empty()) {
    const auto who = left_.back();
    left_.pop_back();
    return give(who, list_);
  }
  if (mistaken_ && on_.now() < noticed_) return;
  if (mistaken_) return give(*std::exchange(mistaken_, std::nullopt), list_);
  if (!on_.all_serve()) return;
  begin(static_cast<kind>(chance_.below(4)));
}

void list_changes::begin(kind what) {
  switch (what) {
    case kind::voter_more:
      return add_voter();
    case kind::voter_fewer:
      return remove_voter();
    case kind::ports:
      return change_ports();
    case kind::lost_lines:
      return lose_lines();
  }
}

/// It starts when its turn comes, or later than all others.
void list_changes::add_voter() {
  for (auto id : on_.servers()) {
    if (on_.is_in_use(id)) continue;
    on_.tell("list: one voter more, " + std::to_string(id.value));
    newest_ = id;
    const auto& own = on_.files_of(id).servers;
    list_.insert(std::find_if(list_.begin(), list_.end(), [&](auto& x) { return x.id > id; }),
                 *std::find_if(own.begin(), own.end(), [&](auto& x) { return x.id == id; }));
    left_ = on_.in_use();
    left_.push_back(id);
    left_ = shuffled(std::move(left_));
    return;
  }
}

/// It stops before any other server has the list without it, and is gone.
void list_changes::remove_voter() {
  const auto all = voters();
  if (all.size() <= 2) return;
  const auto gone = all[chance_.below(all.size())];
  on_.tell("list: one voter fewer, " + std::to_string(gone.value));
  on_.retire(gone);
  std::erase_if(list_, [&](const auto& x) { return x.id == gone; });
  left_ = shuffled(on_.in_use());
}

void list_changes::change_ports() {
  auto& moved = list_[chance_.below(list_.size())];
  on_.tell("list: other ports for " + std::to_string(moved.id.value));
  ++moved.peer_port;
  ++moved.election_port;
  left_ = shuffled(on_.in_use());
}

/// So many that a quorum of what is left could miss one of all. One server alone is no quorum of
/// two or three; the one with the greatest number is the most likely to lead.
void list_changes::lose_lines() {
  auto lost = shuffled(voters());
  if (lost.size() < 5) return;  // what two or three decide, three or four know of
  const auto kept = lost.begin() + chance_.between(2, 3);
  std::sort(lost.begin(), kept, [](server_id a, server_id b) { return a > b; });
  const auto who = lost[0], another = lost[1];
  lost.erase(lost.begin(), kept);
  auto fewer = list_;
  std::erase_if(fewer, [&](const auto& x) {
    return std::find(lost.begin(), lost.end(), x.id) != lost.end();
  });
  on_.tell("list: lines are lost at " + std::to_string(who.value));
  mistaken_ = who;
  noticed_ = on_.now() + chance_.between(duration{500'000}, duration{25'000'000});
  give(who, fewer);
  if (chance_.chance(60)) take_turns(who, another);
}

/// By the list of the first the two are a quorum, and the others are one by their own: first these
/// are up and then those.
void list_changes::take_turns(server_id who, server_id another) {
  auto others = on_.in_use();
  std::erase_if(others, [&](server_id x) { return x == who || x == another; });
  auto at = duration{0};
  const auto later = [&](duration least, duration most, auto act) {
    at += chance_.between(least, most);
    on_.clock().after(at, [this, act] {
      if (on_.now() < until_) act();
    });
  };
  later(duration{600'000}, duration{3'000'000}, [=, this] {
    on_.tell("servers " + std::to_string(who.value) + " and " + std::to_string(another.value) +
             " are alone");
    for (auto x : others) on_.crash(x);
  });
  later(duration{2'000'000}, duration{8'000'000}, [=, this] {
    on_.crash(who);
    on_.crash(another);
    for (auto x : others) on_.start(x);
  });
  later(duration{2'000'000}, duration{8'000'000}, [=, this] {
    on_.start(who);
    on_.start(another);
  });
}

void list_changes::give(server_id who, const lines& list) {
  on_.enlist(who, list);
  const auto how = chance_.chance(50) ? world::crash_kind::process : world::crash_kind::power;
  on_.crash(who, how);
  on_.clock().after(chance_.between(duration{1'000}, duration{500'000}),
                    [this, who] { on_.start(who); });
}

/// Who has no line of it in its file cannot elect it.
void list_changes::leave_last_words() {
  const auto leads = on_.leader();
  if (left_.empty() || !newest_ || !leads || leads == newest_ || !on_.is_up(*newest_)) return;
  on_.tell("list: what the leader says last reaches the new voter alone");
  const auto others = on_.in_use();
  for (auto id : others)
    if (id != *leads && id != *newest_) on_.wires().cut_both(*leads, id);
  on_.crash_at_disk_call(*leads, chance_.below(3), "log.");
  on_.run_for(chance_.between(duration{50'000}, duration{500'000}));
  on_.crash(*leads);
  for (auto id : others) {
    on_.wires().heal(*leads, id);
    on_.wires().heal(id, *leads);
  }
}

void list_changes::finish() {
  if (mistaken_) give(*std::exchange(mistaken_, std::nullopt), list_);
  if (chance_.chance(50)) {
    on_.tell("list: two are about, and stay");
    return leave_last_words();
  }
  for (auto who : std::exchange(left_, {})) give(who, list_);
}

std::vector<server_id> list_changes::voters() const {
  std::vector<server_id> out;
  for (const auto& x : list_)
    if (!x.observer) out.push_back(x.id);
  return out;
}

std::vector<server_id> list_changes::shuffled(std::vector<server_id> of) {
  for (auto i = of.size(); i > 1; --i) std::swap(of[i - 1], of[chance_.below(i)]);
  return of;
}

}  // namespace troupe::sim
