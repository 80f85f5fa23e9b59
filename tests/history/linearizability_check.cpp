// SPDX-License-Identifier: Apache-2.0
// A history of a tree, taken apart into histories of its znodes, each of them searched.
#include <algorithm>
#include <map>
#include <set>

#include "tests/history/checks.hpp"
#include "tests/history/linearizability.hpp"
#include "tests/history/names.hpp"
#include "tests/history/znode_model.hpp"

namespace troupe::history {
namespace {

using outcome = znode_operation::outcome;

/// One znode's operations as the search takes them, and where each comes from.
struct object {
  std::vector<timed<znode_operation>> steps;
  std::vector<const operation*> from;
  bool counts_versions = false;
  std::set<std::string> owners;  // sessions that may have made it as an ephemeral
  bool may_be_numbered_unseen = false;

  void add(const znode_operation& what, std::int64_t call_us, std::int64_t return_us,
           const operation& source) {
    counts_versions = counts_versions || what.expected != -1 || what.version != -1;
    steps.push_back({what, call_us, return_us});
    from.push_back(&source);
  }
};

/// Numbers for texts; what was never read is one number, since nothing tells it apart.
class numbered_texts {
 public:
  void see(const std::string& text) { numbers_.try_emplace(text, numbers_.size() + 2); }
  [[nodiscard]] std::string text(std::uint32_t number) const {
    for (const auto& [text, each] : numbers_)
      if (each == number) return text;
    return "";
  }
  [[nodiscard]] std::uint32_t number(const std::optional<std::string>& text) const {
    if (!text) return 0;
    auto at = numbers_.find(*text);
    return at == numbers_.end() ? 1 : static_cast<std::uint32_t>(at->second);
  }

 private:
  std::map<std::string, std::size_t> numbers_;
};

class znode_histories {
 public:
  znode_histories(const history& h, const check_options& o) : history_(h), options_(o) {
    for (const auto& op : h.operations) {
      if (op.data_read) data_.see(*op.data_read);
      owners_.see(plain_session(op.session));
      if (!op.stat) continue;
      if (op.stat->owner) owners_.see(plain_session(*op.stat->owner));
      if (op.is_ok() && op.stat->mzxid && op.stat->version)
        versions_[{op.asked.path, *op.stat->mzxid}] = *op.stat->version;
    }
    for (const auto& op : h.operations) note_session(op);
    find_epochs();
    for (const auto& op : h.operations) add(op);
    for (auto& [path, each] : objects_) add_session_ends(each);
    for (auto& [path, each] : objects_)
      each.may_be_numbered_unseen = unseen_numbered_.count(path.substr(0, number_at(path))) != 0;
  }

  [[nodiscard]] const std::map<std::string, object>& objects() const { return objects_; }
  /// For people.
  [[nodiscard]] std::string text(const znode_state& s) const {
    if (s.is == znode_state::presence::present && s.data == znode_model::unread)
      return s.text() + ", data that no read has shown";
    auto data = data_.text(s.data);
    return s.text() + (data.empty() ? "" : ", data \"" + data.substr(0, 40) + "\"");
  }
  [[nodiscard]] std::size_t replaced_leaders() const { return replaced_leaders_; }

 private:
  struct session_life {
    std::int64_t alive_us = 0;  // the latest request that proves it
    const operation* last = nullptr;
    const operation* closed = nullptr;
    bool is_of_all = false;  // it has made an ephemeral: more servers than its own know it
  };

  void note_session(const operation& op) {
    if (op.session.empty()) return;
    auto& life = lives_[op.session];
    if (life.last == nullptr) life.last = &op;
    if (op.is_unknown()) return;
    const bool may_be_of_a_replaced_leader =
        options_.forgives_replaced_leaders && op.asked.kind == op_kind::sync;
    if (op.proves_its_session() && !may_be_of_a_replaced_leader && op.sent_us >= life.alive_us) {
      life.last = &op;
      life.alive_us = op.sent_us;
    }
    if (op.asked.kind == op_kind::close && op.is_ok()) life.closed = &op;
    life.is_of_all = life.is_of_all || (op.asked.ephemeral && op.is_ok());
  }

  /// When each epoch was first heard of by an acknowledged write.
  void find_epochs() {
    for (const auto& op : history_.operations)
      if (auto zxid = op.write_zxid()) {
        auto [at, is_new] = epoch_heard_us_.try_emplace(*zxid >> 32, *op.heard_us);
        if (!is_new) at->second = std::min(at->second, *op.heard_us);
      }
  }

  [[nodiscard]] bool is_of_replaced_leader(const operation& op) const {
    if (!op.zxid) return false;
    for (auto at = epoch_heard_us_.upper_bound(*op.zxid >> 32); at != epoch_heard_us_.end(); ++at)
      if (at->second <= *op.synced_from_us) return true;
    return false;
  }

  void add(const operation& op) {
    switch (op.asked.kind) {
      case op_kind::create:
      case op_kind::remove:
      case op_kind::set:
        add_write(op, op.asked, op.answer, op.created, op.stat, op.write_zxid().value_or(0));
        break;
      case op_kind::multi:
        add_multi(op);
        break;
      case op_kind::get:
      case op_kind::exists:
      case op_kind::children:
        add_read(op);
        break;
      default:
        break;
    }
  }

  void add_multi(const operation& op) {
    bool refused = std::any_of(op.results.begin(), op.results.end(),
                               [](const auto& r) { return r.answer != "ok"; });
    if (!op.is_unknown() && (!op.is_ok() || refused)) return;
    std::map<std::string, std::vector<std::size_t>> by_path;
    for (std::size_t i = 0; i < op.multi.size(); ++i) by_path[op.multi[i].path].push_back(i);
    for (const auto& [path, places] : by_path) {
      bool writes_alone = std::all_of(places.begin(), places.end(), [&op](std::size_t i) {
        return op.multi[i].kind == op_kind::set;
      });
      auto add_one = [&](change asked, std::size_t i, std::int64_t zxid, std::int32_t writes) {
        auto result = i < op.results.size() ? op.results[i] : change_result{"ok", "", {}};
        add_write(op, asked, op.answer, result.created, result.stat, zxid, writes);
      };
      if (places.size() == 1 || writes_alone) {  // what others see of several writes is the last
        auto asked = op.multi[places.back()];
        asked.version = op.multi[places.front()].version;
        add_one(asked, places.back(), op.zxid.value_or(0), static_cast<int>(places.size()));
        continue;
      }
      // They have one zxid; for the search they are several, in any order.
      for (auto i : places) add_one(op.multi[i], i, 0, 1);
    }
  }

  void add_write(const operation& op, const change& asked, const std::string& answer,
                 const std::string& created, const std::optional<node_stat>& stat,
                 std::int64_t zxid, std::int32_t writes = 1) {
    auto path = asked.path;
    if (asked.sequential) {
      if (op.is_unknown()) unseen_numbered_.insert(asked.path);
      if (op.is_unknown() || answer != "ok" || created.empty()) return;
      path = created;
    }
    auto how = outcome_of(asked.kind, op.is_unknown() ? "ok" : answer);
    if (!how) return;
    auto& to = objects_[path];
    znode_operation what;
    what.how = *how;
    what.zxid = zxid;
    what.expected = asked.kind == op_kind::create ? -1 : asked.version;
    if (*how == outcome::created || *how == outcome::written) {
      what.data = data_.number(asked.data);
      if (!op.is_unknown() && stat) what.version = stat->version.value_or(-1);
    }
    what.writes = writes;
    if (what.how == outcome::written && what.version == -1 && zxid != 0)
      if (auto told = versions_.find({path, zxid}); told != versions_.end())
        what.version = told->second;
    if (*how == outcome::created) {
      what.owner =
          asked.ephemeral ? owners_.number(plain_session(op.session)) : znode_model::nobody;
      if (asked.ephemeral) to.owners.insert(op.session);
    }
    to.add(what, op.sent_us, op.done_us(), op);
  }

  [[nodiscard]] static std::optional<outcome> outcome_of(op_kind kind, const std::string& answer) {
    bool is_create = kind == op_kind::create;
    if (answer == "ok")
      return is_create                 ? outcome::created
             : kind == op_kind::remove ? outcome::removed
                                       : outcome::written;
    if (answer == "no_node") return outcome::found_absent;
    if (answer == "no_children_for_ephemerals" && is_create) return outcome::found_absent;
    if (answer == "node_exists" && is_create) return outcome::found_present;
    if (answer == "not_empty") return outcome::found_present;
    if (answer == "bad_version" && !is_create) return outcome::found_other_version;
    return {};
  }

  void add_read(const operation& op) {
    if (!options_.believes_sync || !op.synced_from_us || op.is_unknown()) return;
    if (op.answer != "ok" && op.answer != "no_node") return;
    if (options_.forgives_replaced_leaders && is_of_replaced_leader(op)) {
      ++replaced_leaders_;
      return;
    }
    znode_operation what;
    what.how = op.is_ok() ? outcome::read : outcome::found_absent;
    if (op.is_ok()) {
      what.data = data_.number(op.data_read);
      if (op.stat) {
        what.version = op.stat->version.value_or(-1);
        what.zxid = op.stat->mzxid.value_or(0);
        if (op.stat->owner) what.owner = owner_number(*op.stat->owner);
      }
    }
    objects_[op.asked.path].add(what, *op.synced_from_us, *op.heard_us, op);
  }

  [[nodiscard]] std::uint32_t owner_number(const std::string& session) const {
    auto plain = plain_session(session);
    return plain.empty() ? znode_model::nobody : owners_.number(plain);
  }

  /// A session that ends takes its ephemerals with it, when it is closed or, if nobody closed it,
  /// at some time behind the last that proves it, or never.
  void add_session_ends(object& to) {
    for (const auto& session : to.owners) {
      const auto& life = lives_[session];
      znode_operation what;
      what.how = outcome::session_ended;
      what.owner = owners_.number(plain_session(session));
      if (life.closed != nullptr && history_.starts_empty) {
        // The close of a session that only its server knows is no txn: it is answered at a zxid
        // that may be older than what others were told before.
        if (life.is_of_all) what.zxid = life.closed->zxid.value_or(0);
        to.add(what, life.closed->sent_us, life.closed->done_us(), *life.closed);
      } else if (life.last != nullptr) {
        to.add(what, life.alive_us, no_return, *life.last);
      }
    }
  }

  const history& history_;
  const check_options& options_;
  numbered_texts data_, owners_;
  std::map<std::string, session_life> lives_;
  std::map<std::int64_t, std::int64_t> epoch_heard_us_;
  std::map<std::string, object> objects_;
  std::set<std::string> unseen_numbered_;  // prefixes of which somebody may have made a number
  /// Which version a write made, if anybody was told: the write's own answer may not have.
  std::map<std::pair<std::string, std::int64_t>, std::int32_t> versions_;
  std::size_t replaced_leaders_ = 0;
};

/// The last few operations that could be placed, the one that could not, and those open beside it.
trouble describe(const znode_histories& all, const std::string& path,
                 const search_result<znode_state>& found, const std::string& what) {
  constexpr std::size_t shown_max = 5;
  const auto& of = all.objects().at(path);
  trouble out{what + path, {}};
  const auto stuck_us = of.steps[found.stuck].return_us;
  std::vector<std::size_t> before;
  for (std::size_t i = 0; i < of.steps.size(); ++i)
    if (i != found.stuck && of.steps[i].return_us <= stuck_us) before.push_back(i);
  std::stable_sort(before.begin(), before.end(), [&](std::size_t a, std::size_t b) {
    return of.steps[a].return_us < of.steps[b].return_us;
  });
  if (before.size() > shown_max) before.erase(before.begin(), before.end() - shown_max);
  for (auto i : before) out.shown.push_back("before  " + of.from[i]->text());
  for (const auto& state : found.before) out.shown.push_back("then    " + all.text(state));
  out.shown.push_back("stuck   " + of.from[found.stuck]->text());
  for (auto i : found.pending)
    if (i != found.stuck && out.shown.size() < 4 * shown_max)
      out.shown.push_back("beside  " + of.from[i]->text());
  return out;
}

/// The root, and what a server makes for itself.
bool is_always_there(const std::string& path) {
  return path == "/" || path == "/zookeeper" || path.starts_with("/zookeeper/");
}

}  // namespace

verdict check_linearizability(const history& h, const check_options& o) {
  verdict out{"linearizable", "writes, and reads behind a sync, of each znode", 0, {}, {}, ""};
  znode_histories all{h, o};
  for (const auto& [path, each] : all.objects()) {
    if (each.may_be_numbered_unseen) continue;
    out.judged += each.steps.size();
    znode_state initial;
    if (!h.starts_empty || is_always_there(path)) initial.is = znode_state::presence::unknown;
    auto found =
        search_linearization(znode_model{each.counts_versions}, each.steps, initial, o.work_max);
    using said = search_result<znode_state>::verdict;
    if (found.said == said::does_not)
      out.troubles.push_back(describe(all, path, found, "no order explains the answers of "));
    if (found.said == said::gave_up)
      out.gave_up.push_back(describe(
          all, path, found, "gave up after " + std::to_string(found.work) + " steps with "));
  }
  if (all.replaced_leaders() > 0)
    out.note = std::to_string(all.replaced_leaders()) +
               " reads behind a sync were answered by a leader that had been replaced; they were "
               "taken as plain reads";
  return out;
}

}  // namespace troupe::history
