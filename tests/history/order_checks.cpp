// SPDX-License-Identifier: Apache-2.0
// What zxids tell without any search: the order of writes, and that no session sees time go back.
#include <algorithm>
#include <map>
#include <set>

#include "tests/history/checks.hpp"
#include "tests/history/facts.hpp"

namespace troupe::history {
namespace {

using operations = std::vector<const operation*>;

trouble pair_of(std::string what, const operation& first, const operation& second) {
  return {std::move(what), {"first   " + first.text(), "second  " + second.text()}};
}

bool heard_before(const operation* a, const operation* b) {
  return std::pair{*a->heard_us, a->line} < std::pair{*b->heard_us, b->line};
}
bool sent_before(const operation* a, const operation* b) {
  return std::pair{a->sent_us, a->line} < std::pair{b->sent_us, b->line};
}

/// The answered operations of each session.
std::map<std::string, operations> answered_by_session(const history& h) {
  std::map<std::string, operations> out;
  for (const auto& op : h.operations)
    if (!op.is_unknown() && !op.session.empty()) out[op.session].push_back(&op);
  return out;
}

bool all_numbered(const operations& ops) {
  return std::all_of(ops.begin(), ops.end(), [](const auto* op) { return op->xid.has_value(); });
}

/// The greatest zxid that an answer proves its server had applied.
std::int64_t shown_zxid(const operation& op) {
  auto out = op.zxid.value_or(0);
  out = std::max(out, op.write_zxid().value_or(0));
  if (op.is_ok() && op.stat) {
    out = std::max(out, op.stat->mzxid.value_or(0));
    out = std::max(out, op.stat->czxid.value_or(0));
  }
  return out;
}

/// What a session has seen, and which of its operations showed it.
struct sight {
  std::int64_t zxid = 0;
  const operation* by = nullptr;

  void see(const operation& op) {
    if (auto shown = shown_zxid(op); shown > zxid) *this = {shown, &op};
  }
};

/// Calls `judge` for each operation with what its session had seen before it for certain: what was
/// answered to smaller xids, or, without xids, what was heard before it was sent.
template <typename Judge>
void walk_session(operations ops, const Judge& judge) {
  sight seen;
  if (all_numbered(ops)) {
    std::stable_sort(ops.begin(), ops.end(),
                     [](const auto* a, const auto* b) { return *a->xid < *b->xid; });
    for (const auto* op : ops) {
      judge(*op, seen);
      seen.see(*op);
    }
    return;
  }
  auto heard = ops;
  std::stable_sort(heard.begin(), heard.end(), heard_before);
  std::stable_sort(ops.begin(), ops.end(), sent_before);
  auto next = heard.begin();
  for (const auto* op : ops) {
    for (; next != heard.end() && *(*next)->heard_us < op->sent_us; ++next) seen.see(**next);
    judge(*op, seen);
  }
}

class session_judge {
 public:
  session_judge(const history& h, verdict& out) : facts_(gather_facts(h)), out_(out) {}

  void operator()(const operation& op, const sight& seen) const {
    ++out_.judged;
    if (seen.by == nullptr) return;
    auto zxid = op.zxid.value_or(0);
    if (zxid != 0 && zxid < seen.zxid)
      return complain("an answer is of a zxid before " + std::to_string(seen.zxid) +
                          ", which its session had seen",
                      op, seen);
    bool is_read = op.asked.kind == op_kind::get || op.asked.kind == op_kind::exists;
    if (is_read) judge_read(op, seen);
  }

 private:
  void judge_read(const operation& op, const sight& seen) const {
    auto at = facts_.find(op.asked.path);
    if (at == facts_.end()) return;
    const auto& of = at->second;
    if (op.is_ok() && op.stat && op.stat->mzxid) {
      if (auto missed = of.change_between(*op.stat->mzxid, seen.zxid); missed != 0)
        complain("a read does not show the change at " + std::to_string(missed) +
                     " though its session had seen " + std::to_string(seen.zxid),
                 op, seen);
    } else if (op.answer == "no_node" && !of.may_vanish()) {
      if (auto missed = of.change_between(0, seen.zxid); missed != 0)
        complain("a read misses a znode that was there at " + std::to_string(missed) +
                     " and that nobody deletes, though its session had seen " +
                     std::to_string(seen.zxid),
                 op, seen);
    }
  }

  void complain(const std::string& what, const operation& op, const sight& seen) const {
    out_.troubles.push_back(pair_of(what, *seen.by, op));
  }

  std::map<std::string, znode_facts> facts_;
  verdict& out_;
};

void check_fifo_of(operations ops, verdict& out) {
  std::erase_if(ops, [](const auto* op) { return !op->xid; });
  std::stable_sort(ops.begin(), ops.end(),
                   [](const auto* a, const auto* b) { return *a->xid < *b->xid; });
  const operation* latest = nullptr;      // heard
  const operation* last_write = nullptr;  // with the greatest zxid
  for (const auto* op : ops) {
    ++out.judged;
    if (latest != nullptr && heard_before(op, latest))
      out.troubles.push_back(pair_of("a session was answered out of order", *latest, *op));
    else
      latest = op;
    if (!op->is_write() || !op->write_zxid() || !op->was_decided()) continue;
    if (last_write != nullptr && *op->write_zxid() <= *last_write->write_zxid())
      out.troubles.push_back(
          pair_of("a session's writes took effect out of order", *last_write, *op));
    else
      last_write = op;
  }
}

}  // namespace

verdict check_zxid_order(const history& h) {
  verdict out{"zxid-order", "writes are ordered by zxid as they were in real time", 0, {}, {}, ""};
  operations sent;
  for (const auto& op : h.operations)
    if (op.write_zxid() && op.was_decided()) sent.push_back(&op);
  auto heard = sent;
  std::stable_sort(sent.begin(), sent.end(), sent_before);
  std::stable_sort(heard.begin(), heard.end(), heard_before);
  out.judged = sent.size();
  std::map<std::int64_t, const operation*> owners;
  const operation* greatest = nullptr;
  auto next = heard.begin();
  for (const auto* op : sent) {
    for (; next != heard.end() && *(*next)->heard_us < op->sent_us; ++next)
      if (greatest == nullptr || *(*next)->write_zxid() > *greatest->write_zxid()) greatest = *next;
    if (greatest != nullptr && *op->write_zxid() <= *greatest->write_zxid())
      out.troubles.push_back(
          pair_of("a write has no greater zxid than one that was acknowledged before it was sent",
                  *greatest, *op));
    if (!op->is_ok()) continue;
    auto [at, is_new] = owners.try_emplace(*op->write_zxid(), op);
    if (!is_new) out.troubles.push_back(pair_of("two writes have one zxid", *at->second, *op));
  }
  return out;
}

verdict check_session_order(const history& h) {
  verdict out{"session-order", "no session sees time go back", 0, {}, {}, ""};
  session_judge judge{h, out};
  for (const auto& [session, ops] : answered_by_session(h)) walk_session(ops, judge);
  return out;
}

verdict check_session_fifo(const history& h) {
  verdict out{
      "session-fifo", "what a session numbers by xid is answered in that order", 0, {}, {}, ""};
  for (const auto& [session, ops] : answered_by_session(h)) check_fifo_of(ops, out);
  return out;
}

}  // namespace troupe::history
