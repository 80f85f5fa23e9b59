// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/history_checker.hpp"

#include <algorithm>

namespace troupe::sim {
namespace {

std::string name_of(server_id who) { return "server " + std::to_string(who.value); }

}  // namespace

void history_checker::on_start(server_id who) {
  auto life = servers_[who].life + 1;
  servers_[who] = server{};
  servers_[who].life = life;
}

void history_checker::on_install(server_id who, zxid last, const std::vector<txn_ptr>& recent) {
  auto& s = servers_[who];
  if (s.serving) fail_(name_of(who) + " replaced its content while serving");
  s.last = last;
  s.place.reset();
  s.before.reset();
  s.tail.assign(recent.begin(), recent.end());
  for (std::size_t i = 1; i < recent.size(); ++i)
    check_follows(who, recent[i - 1]->id(), recent[i]->id());
  if (recent.empty())
    s.before = last;
  else if (recent.back()->id() != last)
    fail_(name_of(who) + " loaded txns up to " + to_string(recent.back()->id()) +
          " with a content of " + to_string(last));
}

void history_checker::on_apply(server_id who, const std::vector<txn_ptr>& txns) {
  auto& s = servers_[who];
  for (const auto& txn : txns) {
    if (txn->id() <= s.last) continue;  // the database skips it, too
    check_follows(who, s.last, txn->id());
    s.last = txn->id();
    s.tail.push_back(txn);
  }
  if (s.serving) compare(who, s);
}

void history_checker::on_lead(server_id who, epoch era) {
  auto [at, is_new] = leaders_.try_emplace(era, who, servers_[who].life);
  if (!is_new && at->second != std::pair{who, servers_[who].life})
    fail_("two established leaders of epoch " + std::to_string(era.value) + ": " +
          name_of(at->second.first) + " and " + name_of(who));
  serve(who);
}

void history_checker::on_learn(server_id who, epoch) { serve(who); }

void history_checker::on_stop(server_id who) { servers_[who].serving = false; }

void history_checker::on_end() {
  for (auto& [who, s] : servers_) {
    if (s.serving) compare(who, s);
    if (s.serving && !s.place)
      fail_(name_of(who) + " serves a history up to " + to_string(s.last) +
            " that does not meet the agreed one");
  }
}

txn_ptr history_checker::find(zxid id) const {
  auto at = index_.find(id);
  return at == index_.end() ? nullptr : agreed_[at->second];
}

void history_checker::serve(server_id who) {
  auto& s = servers_[who];
  s.serving = true;
  compare(who, s);
}

/// A history has no hole within an epoch, and an epoch begins with its first zxid.
void history_checker::check_follows(server_id who, zxid last, zxid next) {
  bool same_epoch = next.in_epoch() == last.in_epoch();
  auto expected = same_epoch ? last.next() : zxid::first_of(next.in_epoch()).next();
  if (next != expected)
    fail_(name_of(who) + " has a zxid hole: " + to_string(next) + " behind " + to_string(last));
}

std::optional<std::size_t> history_checker::find_place(const server& s) const {
  if (s.before) {
    if (*s.before == zxid{}) return 0;
    auto at = index_.find(*s.before);
    return at == index_.end() ? std::nullopt : std::optional{at->second + 1};
  }
  if (s.tail.empty()) return std::nullopt;
  auto first = s.tail.front()->id();
  if (auto at = index_.find(first); at != index_.end()) return at->second;
  // The very first txn of all has no predecessor to be found by.
  return agreed_.empty() && first.counter() == 1 ? std::optional<std::size_t>{0} : std::nullopt;
}

void history_checker::compare(server_id who, server& s) {
  if (!s.place) s.place = find_place(s);
  if (!s.place) return;  // its start lies behind what is agreed so far: wait
  while (!s.tail.empty()) {
    accept(who, s.tail.front(), *s.place);
    s.before = s.tail.front()->id();
    s.tail.pop_front();
    ++*s.place;
  }
}

void history_checker::accept(server_id who, const txn_ptr& txn, std::size_t place) {
  if (place < agreed_.size()) {
    if (agreed_[place]->bytes != txn->bytes)
      fail_(name_of(who) + " diverges: it serves " + to_string(txn->id()) + " where " +
            to_string(agreed_[place]->id()) + (agreed_[place]->id() == txn->id()
                                                    ? " was agreed with other content"
                                                    : " was agreed"));
    return;
  }
  agreed_.push_back(txn);
  index_[txn->id()] = agreed_.size() - 1;
}

}  // namespace troupe::sim
