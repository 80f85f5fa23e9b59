// SPDX-License-Identifier: Apache-2.0
// One-shot watches, judged session by session: what came over its wire is one row of answers and
// events. Only sessions whose reads say "watch" are judged; their writer vouches for the order.
#include <algorithm>
#include <map>
#include <set>

#include "tests/history/checks.hpp"
#include "tests/history/facts.hpp"

namespace troupe::history {
namespace {

/// An answer or an event.
struct heard {
  std::int64_t time_us;
  std::size_t line;
  const operation* answer = nullptr;
  const watch_event* event = nullptr;
};

std::string text_of(const watch_event& e) {
  return "[" + std::to_string(e.heard_us) + "] client " + std::to_string(e.client) + " event " +
         e.event + " " + e.path + (e.line != 0 ? " (line " + std::to_string(e.line) + ")" : "");
}

bool is_read_of_one(const operation& op) {
  return op.asked.kind == op_kind::get || op.asked.kind == op_kind::exists;
}

/// Whether two reads of one znode cannot be of one life without a change between them.
bool differ(const operation& a, const operation& b) {
  if (a.is_ok() != b.is_ok()) return true;
  if (!a.is_ok()) return false;
  if (a.data_read && b.data_read && *a.data_read != *b.data_read) return true;
  if (!a.stat || !b.stat) return false;
  auto differs = [](const auto& x, const auto& y) { return x && y && *x != *y; };
  return differs(a.stat->mzxid, b.stat->mzxid) || differs(a.stat->version, b.stat->version);
}

class session_watches {
 public:
  session_watches(const std::map<std::string, znode_facts>& facts, verdict& out)
      : facts_(facts), out_(out) {}

  /// A read that nobody knows the answer of may have set its watch.
  void may_have_set(const operation& op) { ++doubtful_[op.asked.path]; }

  void on_answer(const operation& op) {
    if (op.is_unknown()) return;
    judge(op);
    if (!op.watch || (!op.is_ok() && op.answer != "no_node")) return;
    if (op.asked.kind == op_kind::children) {
      if (op.is_ok()) children_[op.asked.path] = &op;
    } else if (op.is_ok() || op.asked.kind == op_kind::exists) {
      ++out_.judged;
      data_[op.asked.path] = &op;
    }
  }

  void on_event(const watch_event& e) {
    bool was_set = false;
    if (e.event != "children") was_set = data_.erase(e.path) != 0;
    if (e.event == "children" || e.event == "deleted") was_set |= children_.erase(e.path) != 0;
    if (was_set) return;
    auto doubtful = doubtful_.find(e.path);
    if (doubtful != doubtful_.end() && doubtful->second > 0)
      --doubtful->second;
    else
      out_.troubles.push_back({"a watch fired unasked or twice", {"heard   " + text_of(e)}});
  }

 private:
  /// What the answer shows must have been announced by every watch that it concerns.
  void judge(const operation& op) {
    for (auto at = data_.begin(); at != data_.end();) {
      const auto& set = *at->second;
      bool shows_change = is_read_of_one(op) && op.asked.path == at->first && differ(set, op);
      auto missed = shows_change ? 0 : change_seen(at->first, set, op);
      if (!shows_change && missed == 0) {
        ++at;
        continue;
      }
      auto what = "a watch on " + at->first + " was silent before its session saw " +
                  (missed != 0 ? "the change at " + std::to_string(missed) : "the change");
      out_.troubles.push_back({what, {"set     " + set.text(), "saw     " + op.text()}});
      at = data_.erase(at);  // once is enough
    }
  }

  /// A change of the znode behind the read that set the watch, not behind the answer's zxid. What
  /// was made and removed again while the client was away nobody announces.
  [[nodiscard]] std::int64_t change_seen(const std::string& path, const operation& set,
                                         const operation& answer) const {
    if (!answer.zxid || !set.is_ok()) return 0;
    auto at = facts_.find(path);
    if (at == facts_.end()) return 0;
    auto since = set.zxid.value_or(0);
    if (since == 0 && set.stat) since = set.stat->mzxid.value_or(0);
    return since == 0 ? 0 : at->second.change_between(since, *answer.zxid);
  }

  const std::map<std::string, znode_facts>& facts_;
  verdict& out_;
  std::map<std::string, const operation*> data_, children_;  // set and silent: by which read
  std::map<std::string, std::size_t> doubtful_;
};

}  // namespace

verdict check_watches(const history& h) {
  verdict out{"watches", "each fires once, before its session sees what it announces", 0, {}, {},
              ""};
  std::set<std::string> judged;
  for (const auto& op : h.operations)
    if (op.watch) judged.insert(op.session);
  if (judged.empty()) return out;
  std::map<std::string, std::vector<heard>> rows;
  auto facts = gather_facts(h);
  for (const auto& op : h.operations)
    if (judged.count(op.session) != 0)
      rows[op.session].push_back({op.is_unknown() ? op.sent_us : *op.heard_us, op.line, &op});
  for (const auto& e : h.events)
    if (judged.count(e.session) != 0) rows[e.session].push_back({e.heard_us, e.line, nullptr, &e});
  for (auto& [session, row] : rows) {
    std::stable_sort(row.begin(), row.end(), [](const heard& a, const heard& b) {
      return std::pair{a.time_us, a.line} < std::pair{b.time_us, b.line};
    });
    session_watches of{facts, out};
    for (const auto& each : row) {
      if (each.event != nullptr)
        of.on_event(*each.event);
      else if (each.answer->is_unknown() && each.answer->watch)
        of.may_have_set(*each.answer);
      else
        of.on_answer(*each.answer);
    }
  }
  return out;
}

}  // namespace troupe::history
