// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/survivors.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/membership.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

std::string numbers(const std::vector<server_id>& ids) {
  std::string out;
  for (auto id : ids) out += (out.empty() ? "" : ", ") + std::to_string(id.value);
  return out;
}

}  // namespace

void survivors::crash_all() {
  for (auto id : w_.servers())
    w_.crash(id, chance_.chance(60) ? world::crash_kind::power : world::crash_kind::process);
}

/// Most of it as if it had never been heard of by most servers: then it depends on who dies
/// whether it may have been committed.
void survivors::cut_reconfig_short() {
  w_.heal();
  if (!w_.run_until(30s, [this] { return w_.all_serve(); })) return;
  const auto leads = asked_ = *w_.leader();
  auto& asks = w_.make_client(leads);
  if (!w_.run_until(5s, [&] { return asks.is_live() && w_.leader() == leads; })) return;
  for (auto id : w_.servers())
    if (chance_.chance(50)) next_.insert(id);
  if (next_.empty()) next_.insert(leads);
  const bool is_cut = chance_.chance(70);
  for (auto id : w_.servers())
    if (is_cut && id != leads && chance_.chance(70)) w_.wires().cut_both(leads, id);
  const auto logs =
      std::make_shared<std::size_t>(is_cut ? 1 : 1 + chance_.below(w_.servers().size()));
  const auto wait = chance_.between(duration{0}, duration{is_cut ? 200'000 : 5'000});
  w_.on_list_logged([this, logs, wait](server_id) {
    if (--*logs == 0) w_.clock().after(wait, [this] { crash_all(); });
  });
  w_.tell("a reconfig that is cut short");
  asks.ask({.op = op_code::reconfig, .path = "/zookeeper/config", .value = w_.lines_of(next_)});
  w_.run_for(1s);
  w_.on_list_logged({});
  crash_all();
}

/// All but so many of the list under way, spares first, that no quorum of it is left. Who was asked
/// for it stays.
std::set<server_id> survivors::without_quorum_of_next() {
  std::set<server_id> up{w_.servers().begin(), w_.servers().end()};
  auto left = next_.size();
  for (auto id = next_.rbegin(); id != next_.rend() && 2 * left > next_.size(); ++id)
    if (*id != asked_) up.erase(*id), --left;
  return up;
}

/// A quorum of the present voters is left. Of those that a list under way would bring in any number
/// may be gone.
void survivors::draw_the_dead() {
  const auto decides = config::quorum_of(w_.agreed_members());
  std::set<server_id> up;
  if (chance_.chance(60))
    up = without_quorum_of_next();
  else
    for (auto id : w_.servers())
      if (chance_.chance(65)) up.insert(id);
  while (decides && !decides->has_quorum(up))
    up.insert(w_.servers()[chance_.below(w_.servers().size())]);
  for (auto id : w_.servers())
    if (!up.contains(id)) w_.retire(id);
}

bool survivors::serves() {
  if (!w_.run_until(180s, [this] { return w_.members_serve(); })) return false;
  auto& asks = w_.make_client();
  bool done = false;
  for (int i = 0; i < 20 && !done; ++i) {
    asks.ask({.op = op_code::create, .path = "/survived-" + std::to_string(i), .value = "x"},
             [&done](const operation& op) { done = op.how == operation::fate::answered; });
    w_.run_until(10s, [&asks] { return asks.is_idle(); });
  }
  return done;
}

void survivors::check_service() {
  draw_the_dead();
  const auto up = w_.in_use();
  w_.tell("for good there are servers " + numbers(up) + " alone");
  w_.heal();
  if (!serves()) {
    for (auto id : up) w_.crash(id, world::crash_kind::process);
    if (w_.could_lead(up))
      w_.fail("nobody is served within 180 s by servers " + numbers(up) +
              ", of which one could lead");
    else
      w_.tell("none of them may lead");
  }
  for (auto id : w_.servers()) w_.reuse(id);
}

}  // namespace troupe::sim
