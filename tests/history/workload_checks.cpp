// SPDX-License-Identifier: Apache-2.0
// Workloads whose objects are named by a key: what was acknowledged must be there at the end, what
// nobody asked for must not.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "tests/history/checks.hpp"
#include "tests/history/facts.hpp"
#include "tests/history/names.hpp"

namespace troupe::history {
namespace {

std::optional<std::int64_t> as_number(const std::string& text) {
  std::int64_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{out}
                                                                  : std::nullopt;
}

std::optional<std::int64_t> as_number(const final_value& f) {
  if (auto* number = std::get_if<std::int64_t>(&f.value)) return *number;
  if (auto* text = std::get_if<std::string>(&f.value)) return as_number(*text);
  return {};
}

/// The last value told of each key of one workload.
std::map<std::string, const final_value*> finals_of(const history& h, const std::string& workload) {
  std::map<std::string, const final_value*> out;
  for (const auto& f : h.finals)
    if (f.key.starts_with(workload + "/")) out[f.key] = &f;
  return out;
}

std::map<std::string, std::vector<const operation*>> keyed(const history& h,
                                                           const std::string& workload) {
  std::map<std::string, std::vector<const operation*>> out;
  for (const auto& op : h.operations)
    if (op.key.starts_with(workload + "/")) out[op.key].push_back(&op);
  return out;
}

struct increments {
  std::int64_t begins_at = 0, acknowledged = 0, unknown = 0;
};

increments count_increments(const std::vector<const operation*>& ops) {
  increments out;
  for (const auto* op : ops)
    for (const auto& [asked, created] : changes_of(*op)) {
      if (asked->kind == op_kind::set) ++(op->is_unknown() ? out.unknown : out.acknowledged);
      if (asked->kind == op_kind::create && asked->data)
        out.begins_at = as_number(*asked->data).value_or(out.begins_at);
    }
  return out;
}

/// What one element of a set has been through.
struct element {
  const operation* added = nullptr;    // acknowledged
  const operation* removed = nullptr;  // acknowledged, behind the add
  bool may_be_added = false, may_be_removed = false;
};

/// Elements by each of their names: the data, and the last part of the path if it is known.
class elements {
 public:
  explicit elements(const std::vector<const operation*>& ops) {
    for (const auto* op : ops)
      for (const auto& [asked, created] : changes_of(*op))
        if (asked->kind == op_kind::create) add(*op, *asked, created);
    for (const auto* op : ops)
      for (const auto& [asked, created] : changes_of(*op))
        if (asked->kind == op_kind::remove) remove(*op, name_of(asked->path));
  }

  [[nodiscard]] const std::vector<element>& all() const { return all_; }
  /// Marks what a list names; its entries that nobody tried to add come back.
  [[nodiscard]] std::vector<std::string> mark(const std::vector<std::string>& named,
                                              std::vector<bool>& is_there) const {
    std::vector<std::string> strangers;
    is_there.assign(all_.size(), false);
    for (const auto& name : named) {
      auto at = by_name_.find(name);
      if (at == by_name_.end())
        strangers.push_back(name);
      else
        is_there[at->second] = true;
    }
    return strangers;
  }

 private:
  void add(const operation& op, const change& asked, const std::string& created) {
    auto path = created.empty() ? asked.path : created;
    bool has_name = !asked.sequential || !created.empty();
    bool has_data = asked.data && !asked.data->empty();
    auto known = by_name_.end();
    if (has_name) known = by_name_.find(name_of(path));
    if (known == by_name_.end() && has_data) known = by_name_.find(*asked.data);
    auto which = known != by_name_.end() ? known->second : all_.size();
    if (which == all_.size()) all_.emplace_back();
    if (has_name) by_name_[name_of(path)] = which;
    if (has_data) by_name_[*asked.data] = which;
    all_[which].may_be_added = true;
    if (!op.is_unknown()) all_[which].added = &op;
  }

  void remove(const operation& op, const std::string& name) {
    auto at = by_name_.find(name);
    if (at == by_name_.end()) return;
    auto& of = all_[at->second];
    of.may_be_removed = true;
    if (!op.is_unknown() && of.added != nullptr && *of.added->heard_us < op.sent_us)
      of.removed = &op;
  }

  std::vector<element> all_;
  std::map<std::string, std::size_t> by_name_;
};

void judge_elements(const std::string& key, const std::vector<const operation*>& ops,
                    const std::vector<std::string>& named, verdict& out) {
  elements known{ops};
  std::vector<bool> is_there;
  for (const auto& stranger : known.mark(named, is_there))
    out.troubles.push_back({key + " holds \"" + stranger + "\", which nobody tried to add", {}});
  for (std::size_t i = 0; i < known.all().size(); ++i) {
    const auto& each = known.all()[i];
    ++out.judged;
    if (each.added != nullptr && !each.may_be_removed && !is_there[i])
      out.troubles.push_back(
          {key + " lacks what was added and acknowledged", {each.added->text()}});
    if (each.removed != nullptr && is_there[i] && *each.added->heard_us < each.removed->sent_us)
      out.troubles.push_back({key + " holds what was removed and acknowledged",
                              {each.added->text(), each.removed->text()}});
  }
}

/// One item of a queue, by the path it got.
struct item {
  const operation* put = nullptr;
  std::vector<const operation*> taken;  // acknowledged
  bool may_be_taken = false;
};

std::map<std::string, item> items_of(const std::vector<const operation*>& ops) {
  std::map<std::string, item> out;
  for (const auto* op : ops)
    for (const auto& [asked, created] : changes_of(*op)) {
      if (asked->kind == op_kind::create && !op->is_unknown())
        out[created.empty() ? asked->path : created].put = op;
      if (asked->kind != op_kind::remove) continue;
      auto& of = out[asked->path];
      of.may_be_taken = true;
      if (!op->is_unknown()) of.taken.push_back(op);
    }
  return out;
}

/// An item that was put before another, and yet taken behind it. Between the two puts and between
/// the two takes there was a moment when neither was under way.
void judge_queue_order(const std::map<std::string, item>& items, verdict& out) {
  std::vector<const item*> by_put, by_put_heard;
  for (const auto& [path, each] : items)
    if (each.put != nullptr && each.taken.size() == 1) by_put.push_back(&each);
  by_put_heard = by_put;
  std::stable_sort(by_put.begin(), by_put.end(),
                   [](const auto* a, const auto* b) { return a->put->sent_us < b->put->sent_us; });
  std::stable_sort(by_put_heard.begin(), by_put_heard.end(), [](const auto* a, const auto* b) {
    return *a->put->heard_us < *b->put->heard_us;
  });
  const item* latest = nullptr;  // of those put before: the one whose take was sent last
  auto next = by_put_heard.begin();
  for (const auto* each : by_put) {
    for (; next != by_put_heard.end() && *(*next)->put->heard_us < each->put->sent_us; ++next)
      if (latest == nullptr || (*next)->taken[0]->sent_us > latest->taken[0]->sent_us)
        latest = *next;
    if (latest != nullptr && *each->taken[0]->heard_us < latest->taken[0]->sent_us)
      out.troubles.push_back(
          {"an item was taken before one that had been put before it",
           {"put     " + latest->put->text(), "then    " + each->put->text(),
            "taken   " + each->taken[0]->text(), "later   " + latest->taken[0]->text()}});
  }
}

void judge_queue(const std::string& key, const std::map<std::string, item>& items,
                 const final_value* left, verdict& out) {
  std::set<std::string> names;
  auto* listed = left == nullptr ? nullptr : std::get_if<std::vector<std::string>>(&left->value);
  if (listed != nullptr) names.insert(listed->begin(), listed->end());
  for (const auto& [path, each] : items) {
    ++out.judged;
    if (each.taken.size() > 1)
      out.troubles.push_back({key + ": an item was taken twice: " + path,
                              {each.taken[0]->text(), each.taken[1]->text()}});
    if (listed == nullptr || each.put == nullptr) continue;
    const auto& data = each.put->asked.data;
    bool is_left = names.count(name_of(path)) != 0 || (data && names.count(*data) != 0);
    if (!is_left && !each.may_be_taken)
      out.troubles.push_back({key + ": an item is lost: " + path, {each.put->text()}});
    if (is_left && !each.taken.empty())
      out.troubles.push_back({key + ": an item is left though it was taken: " + path,
                              {each.put->text(), each.taken[0]->text()}});
  }
  judge_queue_order(items, out);
}

std::string text_of(const tenure& t) {
  return "client " + std::to_string(t.client) + " held " + t.lock + " by token " +
         std::to_string(t.token) + " from " + std::to_string(t.from_us) + " to " +
         (t.to_us ? std::to_string(*t.to_us) : "?") +
         (t.line != 0 ? " (line " + std::to_string(t.line) + ")" : "");
}

void judge_tenures(std::vector<const tenure*> held, verdict& out) {
  std::stable_sort(held.begin(), held.end(),
                   [](const auto* a, const auto* b) { return a->from_us < b->from_us; });
  const tenure* longest = nullptr;  // of those before: the one that was let go last
  const tenure* newest = nullptr;   // with the greatest token
  for (const auto* each : held) {
    ++out.judged;
    auto shown = [&](const tenure* other) {
      return std::vector<std::string>{text_of(*other), text_of(*each)};
    };
    if (longest != nullptr && *longest->to_us > each->from_us)
      out.troubles.push_back({"two held " + each->lock + " at once", shown(longest)});
    if (newest != nullptr && each->token <= newest->token)
      out.troubles.push_back(
          {"a later holder of " + each->lock + " has no greater token", shown(newest)});
    if (each->to_us && (longest == nullptr || *each->to_us > *longest->to_us)) longest = each;
    if (newest == nullptr || each->token > newest->token) newest = each;
  }
}

}  // namespace

verdict check_counters(const history& h) {
  verdict out{"counters", "no acknowledged increment is lost, none counts twice", 0, {}, {}, ""};
  auto ops = keyed(h, "counter");
  for (const auto& [key, last] : finals_of(h, "counter")) {
    auto value = as_number(*last);
    auto counted = count_increments(ops[key]);
    out.judged += ops[key].size();
    auto least = counted.begins_at + counted.acknowledged;
    auto most = least + counted.unknown;
    if (value && *value >= least && *value <= most) continue;
    out.troubles.push_back({key + " is " + (value ? std::to_string(*value) : "no number") +
                                " at the end; " + std::to_string(least) + " to " +
                                std::to_string(most) + " are accepted",
                            {std::to_string(counted.acknowledged) + " increments acknowledged, " +
                             std::to_string(counted.unknown) + " unknown, begun at " +
                             std::to_string(counted.begins_at)}});
  }
  return out;
}

verdict check_sets(const history& h) {
  verdict out{"sets", "all that was added is there, nothing else", 0, {}, {}, ""};
  auto ops = keyed(h, "set");
  for (const auto& [key, last] : finals_of(h, "set")) {
    auto* named = std::get_if<std::vector<std::string>>(&last->value);
    judge_elements(key, ops[key], named != nullptr ? *named : std::vector<std::string>{}, out);
  }
  return out;
}

verdict check_locks(const history& h) {
  verdict out{"locks", "one holder at a time, tokens rise", 0, {}, {}, ""};
  std::map<std::string, std::vector<const tenure*>> held;
  for (const auto& t : h.tenures) held[t.lock].push_back(&t);
  for (auto& [lock, tenures] : held) judge_tenures(std::move(tenures), out);
  return out;
}

verdict check_queues(const history& h) {
  verdict out{"queues", "each item is taken once, in order, none is lost", 0, {}, {}, ""};
  auto finals = finals_of(h, "queue");
  for (const auto& [key, ops] : keyed(h, "queue")) {
    auto left = finals.find(key);
    judge_queue(key, items_of(ops), left == finals.end() ? nullptr : left->second, out);
  }
  return out;
}

}  // namespace troupe::history
