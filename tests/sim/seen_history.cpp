// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/seen_history.hpp"

#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/history/checks.hpp"

namespace troupe::sim {
namespace {

using history::op_kind;

std::optional<op_kind> kind_of(op_code code) {
  switch (code) {
    case op_code::create:
      return op_kind::create;
    case op_code::remove:
      return op_kind::remove;
    case op_code::set_data:
      return op_kind::set;
    case op_code::get_data:
      return op_kind::get;
    case op_code::exists:
      return op_kind::exists;
    case op_code::get_children:
      return op_kind::children;
    case op_code::sync:
      return op_kind::sync;
    case op_code::multi:
      return op_kind::multi;
    case op_code::close_session:
      return op_kind::close;
    default:
      return {};
  }
}

std::string name_of(event_type type) {
  switch (type) {
    case event_type::node_created:
      return "created";
    case event_type::node_deleted:
      return "deleted";
    case event_type::node_data_changed:
      return "changed";
    case event_type::node_children_changed:
      return "children";
    default:
      return "none";
  }
}

history::node_stat stat_of(const stat& s) {
  return {s.czxid.value, s.mzxid.value, s.version, s.cversion,
          s.ephemeral_owner == session_id{} ? "" : to_string(s.ephemeral_owner)};
}

history::change change_of(const operation& op, op_kind kind) {
  history::change out;
  out.kind = kind;
  out.path = op.path;
  if (kind == op_kind::create || kind == op_kind::set) out.data = op.value;
  if (kind == op_kind::set) out.version = op.version;
  out.sequential = kind == op_kind::create && op.path.ends_with('-');
  out.ephemeral = kind == op_kind::create && !out.sequential && op.path.starts_with("/e");
  return out;
}

/// As client.cpp makes it; the check in a doomed one changes nothing.
void write_multi(const operation& op, history::operation& to) {
  to.asked = {op_kind::multi};
  for (const auto& [path, value] : {std::pair{op.path, op.value + ".1"}, {op.also, op.value}}) {
    history::change each;
    each.kind = op_kind::set;
    each.path = path;
    each.data = value;
    to.multi.push_back(each);
  }
}

void write_answer(const operation& op, history::operation& to) {
  to.heard_us = op.answered.count();
  to.answer = op.op == op_code::multi && op.multi_refused ? "multi_refused" : to_string(op.err);
  to.line = op.nth_heard;
  to.zxid = op.at.value;
  if (op.err != error_code::ok) return;
  to.created = op.made;
  if (op.seen) to.stat = stat_of(*op.seen);
  if (op.op == op_code::get_data) to.data_read = op.data;
  to.children = op.children;
}

/// Numbers for clients that have one request under way at a time.
class client_numbers {
 public:
  int take(const operation& op) {
    constexpr int numbers_per_client = 10'000;
    auto& busy = busy_until_[op.client];
    std::size_t i = 0;
    while (i < busy.size() && busy[i] > op.sent) ++i;
    if (i == busy.size()) busy.emplace_back();
    busy[i] = op.how == operation::fate::answered ? op.answered : duration::max();
    return op.client * numbers_per_client + static_cast<int>(i);
  }

 private:
  std::map<int, std::vector<duration>> busy_until_;
};

history::operation operation_of(const operation& op, op_kind kind) {
  history::operation out;
  out.session = to_string(op.session);
  out.xid = op.xid.value;
  out.sent_us = op.sent.count();
  out.watch = op.watch;
  if (kind == op_kind::multi)
    write_multi(op, out);
  else
    out.asked = change_of(op, kind);
  if (op.how == operation::fate::answered) write_answer(op, out);
  return out;
}

}  // namespace

history::history as_clients_saw(const operation_log& log, std::string source) {
  history::history out;
  out.source = std::move(source);
  client_numbers numbers;
  std::map<std::pair<int, std::uint64_t>, duration>
      synced;  // by connection: the last sync answered
  for (const auto& op : log.operations) {
    auto kind = kind_of(op.op);
    if (!kind || op.session == session_id{}) continue;
    if (op.err == error_code::not_read_only) continue;  // by a server that could ask nobody
    auto written = operation_of(op, *kind);
    written.client = numbers.take(op);
    bool is_answered = op.how == operation::fate::answered;
    auto last_sync = synced.find({op.client, op.connection});
    bool is_read = *kind == op_kind::get || *kind == op_kind::exists || *kind == op_kind::children;
    if (is_read && last_sync != synced.end()) written.synced_from_us = last_sync->second.count();
    if (*kind == op_kind::sync && is_answered && op.err == error_code::ok)
      synced[{op.client, op.connection}] = op.sent;
    else if (!is_read)
      synced.erase({op.client, op.connection});  // a long span says little
    out.operations.push_back(std::move(written));
  }
  for (const auto& e : log.events)
    out.events.push_back(
        {0, to_string(e.session), name_of(e.what.type), e.what.path, e.heard.count(), e.nth_heard});
  return out;
}

void check_as_seen(const operation_log& log, const std::function<void(std::string)>& fail) {
  history::check_options few_steps;
  few_steps.work_max = 2'000'000;
  for (const auto& v : history::check_all(as_clients_saw(log, ""), few_steps))
    for (const auto& t : v.troubles) {
      auto what = v.check + ": " + t.what;
      for (const auto& line : t.shown) what += "; " + line;
      fail(what);
    }
}

}  // namespace troupe::sim
