// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/operations.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "tests/sim/model.hpp"

namespace troupe::sim {
namespace {

using failure_hearer = std::function<void(std::string)>;

void check_write(const operation& op, const history_checker& history, const failure_hearer& fail) {
  auto txn = history.find(op.at);
  if (!txn) return fail("acknowledged write is lost: " + op.text());
  const auto& header = txn->value.header;
  if (header.client != op.session || header.cx != op.xid)
    return fail("another request's txn stands where a write was acknowledged: " + op.text());
  auto* refused = std::get_if<error_txn>(&txn->value.body);
  if ((refused != nullptr ? refused->err : error_code::ok) != op.err)
    return fail("a write was answered with another outcome than it has: " + op.text());
  if (auto* c = std::get_if<create_txn>(&txn->value.body))
    if (c->path != op.made || c->data.value_or("") != op.value)
      fail("a create stands in the history with other content: " + op.text());
  if (op.op == op_code::reconfig) {
    auto* s = std::get_if<set_data_txn>(&txn->value.body);
    if (op.err == error_code::ok && (s == nullptr || s->data.value_or("") != op.data))
      fail("a reconfig was answered with another list than it made: " + op.text());
  } else if (auto* s = std::get_if<set_data_txn>(&txn->value.body))
    if (s->path != op.path || s->data.value_or("") != op.value)
      fail("a setData stands in the history with other content: " + op.text());
  if (auto* m = std::get_if<multi_txn>(&txn->value.body)) {
    bool refused_inside = std::any_of(m->ops.begin(), m->ops.end(),
                                      [](const auto& x) { return x.type == op_code::error; });
    if (refused_inside != op.multi_refused)
      fail("a multi was answered with another outcome than it has: " + op.text());
  }
}

void check_read(const operation& op, const model& tree, const failure_hearer& fail) {
  const auto* node = tree.find(op.path);
  bool is_children = op.op == op_code::get_children || op.op == op_code::get_children2;
  if (is_children && (op.path == "/" || node != nullptr)) {
    auto expected = tree.children(op.path);
    if (op.path == "/") expected.insert("zookeeper");
    if (op.err != error_code::ok ||
        std::set<std::string>(op.children.begin(), op.children.end()) != expected)
      fail("a list of children is not that of its zxid: " + op.text());
    return;
  }
  if (node == nullptr) {
    if (op.err != error_code::no_node) fail("a read found what is not there: " + op.text());
    return;
  }
  if (op.err != error_code::ok || !op.seen) return fail("a read missed a znode: " + op.text());
  if (op.op == op_code::get_data && op.data != node->data)
    fail("a read shows other data than its zxid has (\"" + node->data.substr(0, 40) +
         "\"): " + op.text());
  if (op.seen->mzxid != node->changed || op.seen->czxid != node->created ||
      op.seen->version != node->version || op.seen->ephemeral_owner != node->owner)
    fail("a read shows another stat than its zxid has: " + op.text());
}

void check_no_request_twice(const history_checker& history, const failure_hearer& fail) {
  std::set<std::pair<session_id, cxid>> seen;
  for (const auto& txn : history.agreed()) {
    const auto& h = txn->value.header;
    if (h.type == op_code::create_session || h.type == op_code::close_session) continue;
    if (!seen.insert({h.client, h.cx}).second)
      fail("request " + std::to_string(h.cx.value) + " of session " + to_string(h.client) +
           " became a txn twice, the second time at " + to_string(h.id));
  }
}

void check_session_order(const history_checker& history, const failure_hearer& fail) {
  std::map<session_id, std::int32_t> last;
  for (const auto& txn : history.agreed()) {
    const auto& h = txn->value.header;
    if (h.type == op_code::create_session || h.type == op_code::close_session) continue;
    // What came over an older connection, after the session had moved on, was refused.
    if (auto* refused = std::get_if<error_txn>(&txn->value.body);
        refused != nullptr &&
        (refused->err == error_code::session_moved || refused->err == error_code::session_expired))
      continue;
    auto [at, is_new] = last.try_emplace(h.client, h.cx.value);
    if (!is_new && h.cx.value < at->second)
      fail("session " + to_string(h.client) + " had request " + std::to_string(h.cx.value) +
           " ordered behind " + std::to_string(at->second));
    at->second = h.cx.value;
  }
}

/// A client that is told that its session is over has the next one: nothing of the former takes
/// effect any more, whoever knew of it.
void check_sessions_in_turn(const operation_log& log, const history_checker& history,
                            const failure_hearer& fail) {
  std::map<int, std::size_t> sessions_of;                   // by client
  std::map<session_id, std::pair<int, std::size_t>> place;  // client, and its how many-th
  for (const auto& op : log.operations)
    if (op.session != session_id{} && !place.contains(op.session))
      place[op.session] = {op.client, ++sessions_of[op.client]};
  std::map<int, std::size_t> newest;
  for (const auto& txn : history.agreed()) {
    const auto& h = txn->value.header;
    const auto of = place.find(h.client);
    if (of == place.end() || h.type == op_code::close_session ||
        std::holds_alternative<error_txn>(txn->value.body))
      continue;
    auto& last = newest[of->second.first];
    if (of->second.second < last)
      fail("session " + to_string(h.client) + " acts at " + to_string(h.id) +
           ", when its client has a later one");
    last = std::max(last, of->second.second);
  }
}

/// What one connection asked takes effect from the front: a write that did not happen has none
/// behind it that did.
void check_pipelines(const operation_log& log, const history_checker& history,
                     const failure_hearer& fail) {
  std::set<std::pair<session_id, cxid>> happened;
  for (const auto& txn : history.agreed())
    happened.insert({txn->value.header.client, txn->value.header.cx});
  std::map<std::uint64_t, const operation*> missing;  // by connection: its first
  for (const auto& op : log.operations) {
    if (op.how == operation::fate::pending || !op.is_write()) continue;
    auto first = missing.find(op.connection);
    if (happened.count({op.session, op.xid}) == 0)
      missing.try_emplace(op.connection, &op);
    else if (first != missing.end())
      fail("a write took effect and one sent before it on that connection did not: " + op.text() +
           " behind " + first->second->text());
  }
}

/// Whoever answers, and whoever led meanwhile.
void check_sync(const operation& op, const failure_hearer& fail) {
  if (op.err == error_code::ok && op.at < op.acked_before)
    fail("a sync was answered before what was acknowledged when it was asked: " + op.text() +
         ", acknowledged was " + to_string(op.acked_before));
}

}  // namespace

bool operation::is_write() const {
  switch (op) {
    case op_code::create:
    case op_code::remove:
    case op_code::set_data:
    case op_code::multi:
    case op_code::reconfig:
      return true;
    default:
      return false;
  }
}

std::size_t operation::txn_bytes() const {
  constexpr std::size_t header = 32, digest = 12, length = 4, type = 4, number = 4, flag = 1;
  constexpr std::size_t open_list = 4 + 4 + 5 + 4 + 6;  // world:anyone
  const auto list = length + open_list + acl_bytes;
  const auto text = [](const std::string& x) { return length + x.size(); };
  if (op != op_code::multi)
    return header + text(made.empty() ? path : made) + text(value) + list + flag + number + digest;
  const auto sets = 2 * (type + length + length + number) + text(path) + 2 + value.size() +
                    text(also) + value.size();
  const auto churn = type + length + text(churned_path()) + length + list + flag + number + type +
                     length + text(churned_path());
  return header + length + sets + static_cast<std::size_t>(churned) * churn + digest;
}

std::string operation::text() const {
  std::string out = "client " + std::to_string(client) + " session " + to_string(session) +
                    " xid " + std::to_string(xid.value) + " op " +
                    std::to_string(static_cast<int>(op)) + " " + path;
  if (!value.empty()) out += " value " + value.substr(0, 40);
  if (how == fate::answered) {
    out += " answered at " + to_string(at) + " with " + std::string(to_string(err));
    if (!made.empty()) out += " made " + made;
    if (!data.empty()) out += " data " + data.substr(0, 40);
    if (seen) out += " mzxid " + to_string(seen->mzxid);
    for (const auto& child : children) out += " " + child;
  }
  return out;
}

void check_operations(const operation_log& log, const history_checker& history,
                      const failure_hearer& fail) {
  check_no_request_twice(history, fail);
  check_session_order(history, fail);
  check_sessions_in_turn(log, history, fail);
  check_pipelines(log, history, fail);
  std::vector<const operation*> reads;
  auto last = history.agreed().empty() ? zxid{} : history.agreed().back()->id();
  for (const auto& op : log.operations) {
    if (op.how != operation::fate::answered) continue;
    if (op.is_write())
      check_write(op, history, fail);
    else if (op.op == op_code::sync)
      check_sync(op, fail);
    else if (op.op != op_code::close_session)
      reads.push_back(&op);
    if (op.at > last)
      fail("an answer from beyond the agreed history: " + op.text());
    else if (op.at != zxid{} && !history.find(op.at))
      fail("an answer at a zxid that was never agreed on: " + op.text());
  }
  std::stable_sort(reads.begin(), reads.end(),
                   [](const auto* a, const auto* b) { return a->at < b->at; });
  model tree;
  std::size_t applied = 0;
  const auto& agreed = history.agreed();
  for (const auto* op : reads) {
    for (; applied < agreed.size() && agreed[applied]->id() <= op->at; ++applied)
      tree.apply(agreed[applied]->value);
    check_read(*op, tree, fail);
  }
  check_outcomes(log, history, fail);
  check_watches(log, history, fail);
}

}  // namespace troupe::sim
