// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/faults.hpp"

#include <string>
#include <utility>
#include <vector>

namespace troupe::sim {

void faults::unleash(duration until) {
  until_ = until;
  next();
}

void faults::next() {
  auto wait = chance_.between(duration{1'000}, 2 * options_.mean_pause);
  on_.clock().after(wait, [this] {
    if (on_.now() >= until_) return;
    strike();
    next();
  });
}

server_id faults::any_server() { return on_.servers()[chance_.below(on_.servers().size())]; }

/// Mostly short, sometimes as long as may be: both sides of every timeout.
duration faults::outage() {
  auto longest = chance_.chance(30) ? options_.outage_max : options_.outage_max / 8;
  return chance_.between(duration{1'000}, longest);
}

void faults::strike() {
  const std::vector<std::pair<int, void (*)(faults&)>> kinds = {
      {options_.crash, [](faults& f) { f.crash_one(); }},
      {options_.crash_in_disk_call,
       [](faults& f) {
         auto who = f.any_server();
         static constexpr const char* files[] = {"", "Epoch", "snapshot", "log."};
         f.on_.crash_at_disk_call(who, f.chance_.below(12), files[f.chance_.below(4)]);
         f.later([&f, who] { f.on_.start(who); });
       }},
      {options_.crash_all, [](faults& f) { f.crash_all(); }},
      {options_.pause,
       [](faults& f) {
         auto who = f.any_server();
         f.on_.pause(who);
         f.later([&f, who] { f.on_.resume(who); });
       }},
      {options_.isolate_one,
       [](faults& f) {
         auto who = f.any_server();
         // The leader is the most rewarding one to lose.
         if (auto leads = f.on_.leader(); leads && f.chance_.chance(50)) who = *leads;
         f.on_.tell("isolate server " + std::to_string(who.value));
         f.on_.isolate({who});
         f.later([&f] { f.on_.wires().heal_all(); });
       }},
      {options_.split, [](faults& f) { f.split(); }},
      {options_.one_way_cut, [](faults& f) { f.cut_one_way(); }},
      {options_.reset,
       [](faults& f) {
         auto a = f.any_server(), b = f.any_server();
         if (a == b) return;
         f.on_.tell("reset " + std::to_string(a.value) + " - " + std::to_string(b.value));
         f.on_.wires().reset(a, b);
       }},
      {options_.reset_in_conversation,
       [](faults& f) {
         auto a = f.any_server(), b = f.any_server();
         if (a != b) f.on_.wires().reset_after(a, b, 1 + f.chance_.below(25));
       }},
      {options_.slow_wire,
       [](faults& f) {
         auto a = f.any_server(), b = f.any_server();
         if (a == b) return;
         f.on_.wires().slow_down(a, b, f.chance_.between(duration{0}, duration{400'000}));
         f.later([&f, a, b] { f.on_.wires().slow_down(a, b, duration{0}); });
       }},
      {options_.break_client,
       [](faults& f) { f.on_.client_side().break_one(f.chance_.below(1'000)); }},
      {options_.freeze_client,
       [](faults& f) {
         if (f.on_.client_count() > 0)
           f.on_.client_at(f.chance_.below(f.on_.client_count())).freeze(f.outage());
       }},
      {options_.disk_error, [](faults& f) { f.disk_trouble(false); }},
      {options_.disk_full, [](faults& f) { f.disk_trouble(true); }},
      {options_.wall_clock,
       [](faults& f) {
         f.on_.shift_wall_clock(f.any_server(),
                                f.chance_.between(duration{-5'000'000}, duration{5'000'000}));
       }},
  };
  std::size_t sum = 0;
  for (const auto& [weight, act] : kinds) sum += static_cast<std::size_t>(weight);
  auto draw = chance_.below(sum);
  for (const auto& [weight, act] : kinds) {
    if (draw < static_cast<std::size_t>(weight)) return act(*this);
    draw -= static_cast<std::size_t>(weight);
  }
}

void faults::crash_one() {
  auto who = any_server();
  on_.crash(who, chance_.chance(60) ? world::crash_kind::power : world::crash_kind::process);
  later([this, who] { on_.start(who); });
}

void faults::crash_all() {
  for (auto who : on_.servers()) {
    on_.crash(who);
    later([this, who] { on_.start(who); });
  }
}

void faults::cut_one_way() {
  auto a = any_server(), b = any_server();
  if (a == b) return;
  on_.tell("cut " + std::to_string(a.value) + " -> " + std::to_string(b.value));
  on_.wires().cut(a, b);
  bool breaks = chance_.chance(50);
  later([this, a, b, breaks] {
    // After a black hole either what was held arrives, or the connection has given up meanwhile.
    if (breaks) on_.wires().reset(a, b);
    on_.wires().heal(a, b);
  });
}

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

void faults::disk_trouble(bool full) {
  auto who = any_server();
  auto& broken = on_.disk_of(who).faults;
  on_.tell(std::string(full ? "disk full at" : "disk errors at") + " server " +
           std::to_string(who.value));
  if (full) {
    broken.capacity_bytes = 0;
  } else {
    broken.write_percent = chance_.chance(50) ? 20 : 0;
    broken.sync_percent = broken.write_percent > 0 ? 0 : 20;
  }
  later([this, who] {
    auto& healed = on_.disk_of(who).faults;
    healed.capacity_bytes = UINT64_MAX;
    healed.write_percent = healed.sync_percent = 0;
  });
}

}  // namespace troupe::sim
