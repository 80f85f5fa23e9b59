// SPDX-License-Identifier: Apache-2.0
#include "tests/history/generate.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <random>
#include <tuple>

namespace troupe::history {
namespace {

struct node {
  std::string data;
  std::int32_t version = 0;
  std::int64_t czxid = 0, mzxid = 0;
};

/// Draws the same numbers everywhere, which the standard's distributions do not.
class draws {
 public:
  explicit draws(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t end) { return engine_() % end; }
  bool percent(unsigned chance) { return below(100) < chance; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
  }

 private:
  std::mt19937_64 engine_;
};

class imagined_tree {
 public:
  explicit imagined_tree(bool tells_stats, bool tells_zxids)
      : tells_stats_(tells_stats), tells_zxids_(tells_zxids) {}

  void take(operation& op) {
    if (op.is_write()) ++zxid_;
    auto at = nodes_.find(op.asked.path);
    op.answer = outcome(op, at == nodes_.end() ? nullptr : &at->second);
    if (op.answer == "ok") change(op);
    if (tells_zxids_) op.zxid = zxid_;
  }

 private:
  static std::string outcome(const operation& op, const node* there) {
    bool is_create = op.asked.kind == op_kind::create;
    if (is_create) return there != nullptr ? "node_exists" : "ok";
    if (there == nullptr) return "no_node";
    bool other = op.asked.version != -1 && op.asked.version != there->version;
    return other ? "bad_version" : "ok";
  }

  void change(operation& op) {
    auto& n = nodes_[op.asked.path];
    switch (op.asked.kind) {
      case op_kind::create:
        n = {*op.asked.data, 0, zxid_, zxid_};
        op.created = op.asked.path;
        break;
      case op_kind::set:
        n = {*op.asked.data, n.version + 1, n.czxid, zxid_};
        tell_stat(op, n);
        break;
      case op_kind::remove:
        nodes_.erase(op.asked.path);
        break;
      default:
        op.data_read = n.data;
        tell_stat(op, n);
    }
  }

  void tell_stat(operation& op, const node& n) const {
    if (!tells_stats_) return;
    op.stat = node_stat{};
    op.stat->version = n.version;
    if (!tells_zxids_) return;
    op.stat->czxid = n.czxid;
    op.stat->mzxid = n.mzxid;
  }

  bool tells_stats_, tells_zxids_;
  std::map<std::string, node> nodes_;
  std::int64_t zxid_ = std::int64_t{1} << 32;
};

change draw_change(const generator_options& o, draws& chance, std::size_t nth) {
  change out;
  out.path = "/r" + std::to_string(chance.below(o.keys));
  auto value =
      o.values == 0 ? "v" + std::to_string(nth) : "v" + std::to_string(chance.below(o.values));
  if (chance.percent(o.read_percent)) return out;
  auto draw = chance.below(100);
  out.kind = draw < 15 ? op_kind::create : draw < 25 ? op_kind::remove : op_kind::set;
  if (out.kind != op_kind::remove) out.data = value;
  if (out.kind == op_kind::set && chance.percent(20))
    out.version = static_cast<int>(chance.below(6));
  return out;
}

}  // namespace

history generate(const generator_options& o) {
  draws chance{o.seed};
  history out;
  out.source = "generated with seed " + std::to_string(o.seed);
  struct effect {
    std::int64_t at_us;
    std::size_t which;
  };
  std::vector<effect> effects;
  // Whose turn it is: when, the number of its session, the number it goes by now.
  using turn = std::tuple<std::int64_t, std::size_t, int>;
  std::priority_queue<turn, std::vector<turn>, std::greater<>> turns;
  int clients = 0;
  for (; clients < static_cast<int>(o.clients); ++clients)
    turns.emplace(chance.between(0, 500), clients, clients);
  for (std::size_t i = 0; i < o.operations; ++i) {
    auto [now_us, session, client] = turns.top();
    turns.pop();
    operation op;
    op.client = client;
    op.session = "0x" + std::to_string(session + 1);
    op.asked = draw_change(o, chance, i);
    op.sent_us = now_us;
    if (!op.is_write()) op.synced_from_us = now_us;
    auto at_us = now_us + chance.between(1, 400);
    bool is_lost = op.is_write() && chance.percent(o.unknown_percent);
    if (is_lost) {
      client = clients++;
      if (chance.percent(50)) at_us += chance.between(0, 20'000);
    } else {
      op.heard_us = at_us + chance.between(1, 400);
    }
    if (!is_lost || chance.percent(50)) effects.push_back({at_us, i});
    turns.emplace(op.heard_us.value_or(now_us + 800) + chance.between(1, 200), session, client);
    out.operations.push_back(std::move(op));
  }
  std::stable_sort(effects.begin(), effects.end(),
                   [](const effect& a, const effect& b) { return a.at_us < b.at_us; });
  imagined_tree tree{o.tells_stats, o.tells_zxids};
  for (const auto& e : effects) {
    auto answered = out.operations[e.which];
    tree.take(answered);
    if (answered.heard_us) out.operations[e.which] = std::move(answered);
  }
  return out;
}

}  // namespace troupe::history
