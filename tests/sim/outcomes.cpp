// SPDX-License-Identifier: Apache-2.0
// What each txn of the agreed history could be, given the tree before it: the model decides anew
// what the leader's planner decided, and every session lives once.
#include <map>
#include <set>

#include "tests/sim/model.hpp"
#include "tests/sim/operations.hpp"

namespace troupe::sim {
namespace {

std::string parent_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

error_code outcome_of(const operation& op, const model& before) {
  const auto* node = before.find(op.path);
  switch (op.op) {
    case op_code::create: {
      auto over = parent_of(op.path);
      if (over != "/" && before.find(over) == nullptr) return error_code::no_node;
      return node != nullptr && !op.path.ends_with('-') ? error_code::node_exists : error_code::ok;
    }
    case op_code::remove:
      if (node == nullptr) return error_code::no_node;
      return before.children(op.path).empty() ? error_code::ok : error_code::not_empty;
    case op_code::set_data:
      if (node == nullptr) return error_code::no_node;
      return op.version == -1 || op.version == node->version ? error_code::ok
                                                             : error_code::bad_version;
    default:
      return op.err;  // told by the body, or nothing to tell
  }
}

bool multi_is_refused(const operation& op, const model& before) {
  return op.doomed || before.find(op.path) == nullptr || before.find(op.also) == nullptr;
}

/// The leader's own bound is not known, only that it is one of the servers'.
enum class length_verdict { fits, may_be_refused, is_refused };
length_verdict judge_length(const operation& op, const operation_log& log) {
  if (op.op != op_code::create && op.op != op_code::multi) return length_verdict::fits;
  const auto bytes = op.txn_bytes();
  if (bytes > log.txn_bytes_max_greatest) return length_verdict::is_refused;
  return bytes > log.txn_bytes_max_least ? length_verdict::may_be_refused : length_verdict::fits;
}

/// Empty: as it should be.
std::string fault_of(const operation& op, const model& tree, const operation_log& log) {
  const auto length = judge_length(op, log);
  if (op.op == op_code::multi) {
    const bool refused = op.multi_refused || op.err != error_code::ok;
    const bool due = multi_is_refused(op, tree) || length == length_verdict::is_refused;
    if (refused == due || (refused && length == length_verdict::may_be_refused)) return {};
    return "a multi did not do what the tree before it calls for: ";
  }
  auto due = outcome_of(op, tree);
  if (due == error_code::ok && length == length_verdict::is_refused)
    due = error_code::bad_arguments;
  const bool may_be = due == error_code::ok && length == length_verdict::may_be_refused;
  if (op.err == due || (may_be && op.err == error_code::bad_arguments)) return {};
  return "a write had another outcome than " + std::string(to_string(due)) +
         ", which the tree before it calls for: ";
}

/// The lives of sessions and the numbers of sequential znodes, told by the history alone.
class lives {
 public:
  explicit lives(const std::function<void(std::string)>& fail) : fail_(fail) {}

  void see(const txn& x, const model& before) {
    const auto& h = x.header;
    if (h.type == op_code::create_session && !begun_.insert(h.client).second)
      fail_("session " + to_string(h.client) + " begins again at " + to_string(h.id));
    bool refused = std::holds_alternative<error_txn>(x.body);
    if (h.type != op_code::close_session && !refused && closed_.count(h.client) != 0)
      fail_("session " + to_string(h.client) + " acts at " + to_string(h.id) + ", after its end");
    if (h.type == op_code::close_session && !refused) closed_.insert(h.client);
    if (auto* c = std::get_if<create_txn>(&x.body)) see_number(*c, h.id, before);
  }

 private:
  /// A number belongs to one life of the parent.
  void see_number(const create_txn& c, zxid id, const model& before) {
    auto name = c.path.substr(c.path.rfind('/') + 1);
    if (!name.starts_with("s-")) return;
    const auto* over = before.find(parent_of(c.path));
    if (over != nullptr && !numbers_.insert({over->created, c.path}).second)
      fail_("sequence number " + name + " comes again at " + to_string(id) + ": " + c.path);
  }

  const std::function<void(std::string)>& fail_;
  std::set<session_id> begun_, closed_;
  std::set<std::pair<zxid, std::string>> numbers_;
};

}  // namespace

void check_outcomes(const operation_log& log, const history_checker& history,
                    const std::function<void(std::string)>& fail) {
  std::map<zxid, const operation*> answered;
  for (const auto& op : log.operations)
    if (op.how == operation::fate::answered && op.is_write()) answered[op.at] = &op;
  model tree;
  lives sessions{fail};
  for (const auto& txn : history.agreed()) {
    if (auto at = answered.find(txn->id()); at != answered.end()) {
      if (auto fault = fault_of(*at->second, tree, log); !fault.empty())
        fail(fault + at->second->text());
    }
    sessions.see(txn->value, tree);
    tree.apply(txn->value);
  }
}

}  // namespace troupe::sim
