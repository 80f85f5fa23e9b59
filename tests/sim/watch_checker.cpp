// SPDX-License-Identifier: Apache-2.0
// Watches: each fires once, for the first change behind the read that set it, before its client
// sees anything later; and a client that comes back hears at once what it missed.
#include <algorithm>
#include <map>
#include <set>

#include "tests/sim/model.hpp"
#include "tests/sim/operations.hpp"

namespace troupe::sim {
namespace {

using failure_hearer = std::function<void(std::string)>;

/// An event of no txn in particular: told in answer to setWatches.
constexpr zxid replayed{-1};

/// Which znodes each txn touched, in their order.
class change_list {
 public:
  explicit change_list(const history_checker& history) {
    model tree;
    for (const auto& txn : history.agreed()) {
      auto touched = model::touched(txn->value);
      // An ephemeral that a closing session lost without being listed.
      if (std::holds_alternative<close_session_txn>(txn->value.body))
        for (const auto& [path, node] : tree.nodes())
          if (node.owner == txn->value.header.client) touched.insert(path);
      tree.apply(txn->value);
      if (!touched.empty()) changes_.emplace_back(txn->id(), std::move(touched));
    }
  }

  /// The first change of `path` behind `after`; zero: none.
  [[nodiscard]] zxid first(const std::string& path, zxid after) const {
    auto at = std::upper_bound(changes_.begin(), changes_.end(), after,
                               [](zxid x, const auto& change) { return x < change.first; });
    for (; at != changes_.end(); ++at)
      if (at->second.count(path) != 0) return at->first;
    return {};
  }

 private:
  std::vector<std::pair<zxid, std::set<std::string>>> changes_;
};

struct set_watch {
  std::uint64_t connection;
  std::string path;
  zxid at;
  std::string by;  // for people
};

using told_events = std::multiset<std::pair<event_type, std::string>>;

std::vector<set_watch> watches_of_reads(const operation_log& log) {
  std::vector<set_watch> out;
  for (const auto& op : log.operations) {
    if (!op.watch || op.how != operation::fate::answered) continue;
    if (op.err != error_code::ok && op.op != op_code::exists) continue;  // then none was set
    out.push_back({op.connection, op.path, op.at, op.text()});
  }
  return out;
}

/// What a setWatches has to bring at once; the other watches are set.
told_events due_events(const told_watches& asked, const model& now, std::vector<set_watch>& set) {
  told_events due;
  auto keep = [&](const std::string& path) {
    set.push_back({asked.connection, path, *asked.at, "setWatches of " + path});
  };
  for (const auto& path : asked.data) {
    const auto* node = now.find(path);
    if (node == nullptr)
      due.emplace(event_type::node_deleted, path);
    else if (node->changed > asked.since)
      due.emplace(event_type::node_data_changed, path);
    else
      keep(path);
  }
  for (const auto& path : asked.exist) {
    if (now.find(path) != nullptr)
      due.emplace(event_type::node_created, path);
    else
      keep(path);
  }
  return due;
}

/// Judges what came in answer to each setWatches, and adds the watches that it set.
void check_replays(const operation_log& log, const history_checker& history,
                   std::vector<set_watch>& set, const failure_hearer& fail) {
  std::map<std::uint64_t, told_events> told;
  for (const auto& e : log.events)
    if (e.at == replayed) told[e.connection].emplace(e.what.type, e.what.path);
  std::vector<const told_watches*> answered;
  for (const auto& asked : log.watches_told)
    if (asked.at) answered.push_back(&asked);
  std::stable_sort(answered.begin(), answered.end(),
                   [](const auto* a, const auto* b) { return *a->at < *b->at; });
  model tree;
  auto next = history.agreed().begin();
  for (const auto* asked : answered) {
    for (; next != history.agreed().end() && (*next)->id() <= *asked->at; ++next)
      tree.apply((*next)->value);
    auto due = due_events(*asked, tree, set);
    const auto& came = told[asked->connection];
    for (const auto& [type, path] : due)
      if (came.count({type, path}) == 0)
        fail("a client that came back was not told what it missed: a watch on " + path +
             " set before " + to_string(asked->since) + ", asked at " + to_string(*asked->at));
    for (const auto& [type, path] : came)
      if (due.count({type, path}) != came.count({type, path}))
        fail("a client that came back was told of " + path + " unasked or twice, at " +
             to_string(*asked->at));
  }
}

}  // namespace

void check_watches(const operation_log& log, const history_checker& history,
                   const failure_hearer& fail) {
  const change_list changes{history};
  auto set = watches_of_reads(log);
  check_replays(log, history, set, fail);
  std::map<std::uint64_t, zxid> seen_upto;  // by connection
  for (const auto& op : log.operations)
    if (op.how == operation::fate::answered)
      seen_upto[op.connection] = std::max(seen_upto[op.connection], op.at);
  std::map<std::pair<std::uint64_t, std::string>, std::multiset<zxid>> fired;
  for (const auto& e : log.events)
    if (e.at != replayed) fired[{e.connection, e.what.path}].insert(e.at);

  std::map<std::pair<std::uint64_t, std::string>, std::set<zxid>> expected;
  for (const auto& watch : set) {
    auto change = changes.first(watch.path, watch.at);
    if (change == zxid{}) continue;
    expected[{watch.connection, watch.path}].insert(change);
    if (seen_upto[watch.connection] >= change &&
        fired[{watch.connection, watch.path}].count(change) == 0)
      fail("a watch did not fire for the change at " + to_string(change) + ": " + watch.by);
  }
  for (const auto& [key, times] : fired)
    for (auto at : times)
      if (times.count(at) > 1 || expected[key].count(at) == 0) {
        fail("a watch on " + key.second + " fired for " + to_string(at) + " unasked or twice");
        break;
      }
}

}  // namespace troupe::sim
