// SPDX-License-Identifier: Apache-2.0
// An ephemeral znode is gone if and only if its session is: what reads showed against what is
// certain of sessions. Certain of an end is only a close that was acknowledged; certain of life
// only an answer in the session.
#include <algorithm>
#include <map>
#include <set>

#include "tests/history/checks.hpp"
#include "tests/history/facts.hpp"
#include "tests/history/names.hpp"

namespace troupe::history {
namespace {

struct session_life {
  std::int64_t alive_us = -1;  // the latest request that proves it
  const operation* alive_by = nullptr;
  const operation* closed = nullptr;   // acknowledged
  const state_change* lost = nullptr;  // its client was told
};

struct ephemeral {
  std::string owner;  // plain
  const operation* made;
};

class ephemeral_judge {
 public:
  ephemeral_judge(const history& h, verdict& out) : history_(h), out_(out) {
    facts_ = gather_facts(h);
    for (const auto& op : h.operations) note(op);
    for (const auto& s : h.states)
      if (s.state == "lost") lives_[plain_session(s.session)].lost = &s;
  }

  void run() {
    for (const auto& op : history_.operations) {
      bool is_read = op.asked.kind == op_kind::get || op.asked.kind == op_kind::exists;
      if (!is_read || op.is_unknown()) continue;
      if (op.is_ok() && op.stat && op.stat->owner)
        judge_presence(op);
      else if (op.answer == "no_node")
        judge_absence(op);
    }
    for (const auto& f : history_.finals)
      if (f.key.starts_with("ephemeral/")) judge_final(f);
  }

 private:
  void note(const operation& op) {
    auto session = plain_session(op.session);
    for (const auto& [asked, created] : changes_of(op))
      if (asked->ephemeral && op.is_ok()) {
        auto path = created.empty() ? asked->path : created;
        made_[path].push_back({session, &op});
        if (!op.key.empty()) by_key_[op.key].push_back({path, made_[path].back()});
      }
    if (session.empty() || op.is_unknown()) return;
    auto& life = lives_[session];
    if (op.proves_its_session() && op.sent_us > life.alive_us)
      life.alive_us = op.sent_us, life.alive_by = &op;
    if (op.asked.kind == op_kind::close && op.is_ok()) life.closed = &op;
  }

  /// Whether a read is certainly behind an acknowledged request, by zxid if both tell it.
  [[nodiscard]] static bool is_behind(const operation& read, const operation& done) {
    auto zxid = done.is_write() ? done.write_zxid() : done.zxid;
    if (read.zxid && zxid) return *read.zxid >= *zxid;
    return read.synced_from_us && *read.synced_from_us > *done.heard_us;
  }

  void judge_presence(const operation& read) {
    auto owner = plain_session(*read.stat->owner);
    if (owner.empty()) return;
    ++out_.judged;
    auto life = lives_.find(owner);
    if (life == lives_.end() || life->second.closed == nullptr) return;
    if (is_behind(read, *life->second.closed))
      complain("an ephemeral is there behind the end of its session", {life->second.closed, &read});
  }

  void judge_absence(const operation& read) {
    auto made = made_.find(read.asked.path);
    if (made == made_.end() || !facts_[read.asked.path].removals.empty()) return;
    ++out_.judged;
    for (const auto& each : made->second) {
      const auto& life = lives_[each.owner];
      bool outlived = life.closed == nullptr && life.alive_us >= *read.heard_us;
      if (outlived && is_behind(read, *each.made))
        complain("an ephemeral is gone while its session lives, and nobody deleted it",
                 {each.made, &read, life.alive_by});
    }
  }

  void judge_final(const final_value& f) {
    ++out_.judged;
    auto* owner = std::get_if<std::string>(&f.value);
    if (owner != nullptr && !plain_session(*owner).empty()) {
      const auto& life = lives_[plain_session(*owner)];
      if (life.closed != nullptr)
        complain(f.key + " is there at the end, its session was closed", {life.closed});
      else if (life.lost != nullptr && life.lost->heard_us < f.heard_us)
        out_.troubles.push_back({f.key + " is there at the end, its session " + *owner +
                                     " was lost at " + std::to_string(life.lost->heard_us),
                                 {}});
      return;
    }
    for (const auto& [path, each] : by_key_[f.key]) {
      const auto& life = lives_[each.owner];
      if (life.closed == nullptr && facts_[path].removals.empty() && f.heard_us != never &&
          life.alive_us >= f.heard_us && *each.made->heard_us < f.heard_us)
        complain(f.key + " is gone at the end, its session lives", {each.made, life.alive_by});
    }
  }

  void complain(std::string what, const std::vector<const operation*>& by) {
    trouble t{std::move(what), {}};
    for (const auto* op : by) t.shown.push_back(op->text());
    out_.troubles.push_back(std::move(t));
  }

  const history& history_;
  verdict& out_;
  std::map<std::string, znode_facts> facts_;
  std::map<std::string, session_life> lives_;           // by plain session
  std::map<std::string, std::vector<ephemeral>> made_;  // by path
  std::map<std::string, std::vector<std::pair<std::string, ephemeral>>> by_key_;
};

}  // namespace

verdict check_ephemerals(const history& h) {
  verdict out{"ephemerals", "an ephemeral is gone if and only if its session is", 0, {}, {}, ""};
  ephemeral_judge{h, out}.run();
  return out;
}

}  // namespace troupe::history
