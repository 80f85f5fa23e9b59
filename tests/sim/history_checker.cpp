// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/history_checker.hpp"

namespace troupe::sim {
namespace {

std::string name_of(server_id who) { return "server " + std::to_string(who.value); }

}  // namespace

void history_checker::on_start(server_id who) {
  auto life = servers_[who].life + 1;
  servers_[who] = server{};
  servers_[who].life = life;
}

void history_checker::on_install(server_id who, zxid last, const std::vector<txn_ptr>& recent,
                                 zxid fuzzy_until) {
  auto& s = servers_[who];
  if (s.serving) fail_(name_of(who) + " replaced its content while serving");
  s.last = last;
  s.fuzzy_until = fuzzy_until;
  for (std::size_t i = 0; i < recent.size(); ++i) {
    if (i > 0) check_follows(who, recent[i - 1]->id(), recent[i]->id());
    learn(who, recent[i]);
  }
  if (!recent.empty() && recent.back()->id() != last)
    fail_(name_of(who) + " loaded txns up to " + to_string(recent.back()->id()) +
          " with a content of " + to_string(last));
}

void history_checker::on_apply(server_id who, const std::vector<txn_ptr>& txns) {
  auto& s = servers_[who];
  for (const auto& txn : txns) {
    if (txn->id() <= s.last) continue;  // the database skips it, too
    check_follows(who, s.last, txn->id());
    learn(who, txn);
    s.last = txn->id();
  }
  if (s.serving) compare(who, s);
}

void history_checker::on_log(server_id who, const std::vector<txn_ptr>& txns) {
  for (const auto& txn : txns) learn(who, txn);
}

void history_checker::on_lead(server_id who, epoch era) {
  auto& s = servers_[who];
  auto [at, is_new] = leaders_.try_emplace(era, leadership{who, s.life, s.last});
  if (!is_new && (at->second.who != who || at->second.life != s.life))
    fail_("two established leaders of epoch " + std::to_string(era.value) + ": " +
          name_of(at->second.who) + " and " + name_of(who));
  serve(who);
}

void history_checker::on_learn(server_id who, epoch) { serve(who); }

void history_checker::on_stop(server_id who) { servers_[who].serving = false; }

/// What is known to be committed somebody has served by then.
void history_checker::on_show(server_id who) {
  const auto& s = servers_[who];
  if (s.last != zxid{} && !find(s.last))
    fail_(name_of(who) + " shows a content of " + to_string(s.last) +
          " that is not agreed on to clients that accept reads only");
  if (s.fuzzy_until > s.last)
    fail_(name_of(who) + " shows a content of " + to_string(s.last) +
          " that holds a part of what came until " + to_string(s.fuzzy_until));
}

void history_checker::on_end() {
  for (auto& [who, s] : servers_) {
    if (s.serving) compare(who, s);
    if (s.serving && !s.placed)
      fail_(name_of(who) + " serves a history up to " + to_string(s.last) +
            " that does not meet the agreed one, which ends at " +
            to_string(agreed_.empty() ? zxid{} : agreed_.back()->id()) + ": nobody has shown " +
            to_string(s.unknown));
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

/// A history has no hole within an epoch, and each epoch in it goes on from where its leader
/// began.
void history_checker::check_follows(server_id who, zxid last, zxid next) {
  auto expected = predecessor(next);
  if (expected && *expected != last)
    fail_(name_of(who) + " has a hole in its history, or one history behind another: " +
          to_string(next) + " follows " + to_string(last) + " and not " + to_string(*expected));
}

std::optional<zxid> history_checker::predecessor(zxid id) const {
  if (id.counter() > 1) return zxid{id.value - 1};
  auto led = leaders_.find(id.in_epoch());
  return led == leaders_.end() ? std::nullopt : std::optional{led->second.began_with};
}

void history_checker::learn(server_id who, const txn_ptr& txn) {
  auto [at, is_new] = known_.try_emplace(txn->id(), txn);
  if (is_new && txn->bytes.size() > txn_bytes_max_)
    fail_("txn " + to_string(txn->id()) + " has " + std::to_string(txn->bytes.size()) +
          " bytes; no server plans more than " + std::to_string(txn_bytes_max_));
  if (!is_new && at->second->bytes != txn->bytes)
    fail_("two txns are called " + to_string(txn->id()) + "; " + name_of(who) +
          " has the second one");
}

/// Goes back from the server's last zxid to where the agreed history ends, and makes what lies
/// between agreed.
void history_checker::compare(server_id who, server& s) {
  auto end = agreed_.empty() ? zxid{} : agreed_.back()->id();
  std::vector<txn_ptr> fresh;
  s.placed = false;
  for (auto at = s.last; at != end;) {
    if (at == zxid{} || index_.count(at) != 0) {
      s.placed = true;
      if (!fresh.empty())
        fail_(name_of(who) + " diverges: it serves " + to_string(fresh.back()->id()) + " behind " +
              to_string(at) + ", the agreed history goes on to " + to_string(end));
      return;
    }
    auto known = known_.find(at);
    auto behind = predecessor(at);
    if (known == known_.end() || !behind) {
      s.unknown = at;  // others may show it later
      return;
    }
    fresh.push_back(known->second);
    at = *behind;
  }
  s.placed = true;
  for (; !fresh.empty(); fresh.pop_back()) {
    index_[fresh.back()->id()] = agreed_.size();
    agreed_.push_back(fresh.back());
  }
}

}  // namespace troupe::sim
