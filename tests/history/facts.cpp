// SPDX-License-Identifier: Apache-2.0
#include "tests/history/facts.hpp"

#include <algorithm>

namespace troupe::history {
namespace {

bool shows_an_owner(const node_stat& s) {
  return s.owner && s.owner->find_first_not_of("0x") != std::string::npos;
}

void note_writes(const operation& op, std::map<std::string, znode_facts>& facts) {
  for (const auto& [asked, created] : changes_of(op)) {
    const auto& path = created.empty() ? asked->path : created;
    auto& of = facts[path];
    if (asked->kind == op_kind::remove) of.removals.push_back({op.sent_us, op.done_us()});
    if (asked->ephemeral) of.may_be_ephemeral = true;
    if (auto zxid = op.write_zxid()) of.changed_at.push_back(*zxid);
  }
}

void note_read(const operation& op, std::map<std::string, znode_facts>& facts) {
  if (!op.is_ok() || !op.stat || op.asked.path.empty()) return;
  auto& of = facts[op.created.empty() ? op.asked.path : op.created];
  if (op.stat->mzxid) of.changed_at.push_back(*op.stat->mzxid);
  if (op.stat->czxid) of.changed_at.push_back(*op.stat->czxid);
  if (shows_an_owner(*op.stat)) of.may_be_ephemeral = true;
}

}  // namespace

std::int64_t znode_facts::change_between(std::int64_t after, std::int64_t upto) const {
  auto at = std::upper_bound(changed_at.begin(), changed_at.end(), after);
  return at == changed_at.end() || *at > upto ? 0 : *at;
}

std::vector<asked_change> changes_of(const operation& op) {
  std::vector<asked_change> out;
  if (!op.is_write() || (!op.is_unknown() && !op.is_ok())) return out;
  if (op.asked.kind != op_kind::multi) return {{&op.asked, op.created}};
  for (const auto& r : op.results)
    if (!op.is_unknown() && r.answer != "ok") return {};
  for (std::size_t i = 0; i < op.multi.size(); ++i) {
    auto kind = op.multi[i].kind;
    if (kind != op_kind::create && kind != op_kind::remove && kind != op_kind::set) continue;
    out.push_back({&op.multi[i], i < op.results.size() ? op.results[i].created : ""});
  }
  return out;
}

std::map<std::string, znode_facts> gather_facts(const history& h) {
  std::map<std::string, znode_facts> facts;
  for (const auto& op : h.operations) {
    note_writes(op, facts);
    note_read(op, facts);
  }
  for (auto& [path, of] : facts) {
    auto& zxids = of.changed_at;
    std::sort(zxids.begin(), zxids.end());
    zxids.erase(std::unique(zxids.begin(), zxids.end()), zxids.end());
  }
  return facts;
}

}  // namespace troupe::history
