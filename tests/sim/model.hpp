// SPDX-License-Identifier: Apache-2.0
/// What a ZooKeeper tree means to a client, told a second time and as simply as possible: the
/// oracle that replies are compared with. Shares no code with core::tree.
#pragma once

#include <map>
#include <set>
#include <string>

#include "messages/txn.hpp"

namespace troupe::sim {

class model {
 public:
  struct node {
    std::string data;
    zxid created, changed;
    std::int32_t version = 0;
    session_id owner;  // of an ephemeral
  };

  void apply(const txn& x) {
    for (const auto& op : ops_of(x)) apply_op(x.header, op);
  }

  /// Null if there is none.
  [[nodiscard]] const node* find(const std::string& path) const {
    auto at = nodes_.find(path);
    return at == nodes_.end() ? nullptr : &at->second;
  }

  /// Names of the direct children.
  [[nodiscard]] std::set<std::string> children(const std::string& path) const {
    std::set<std::string> out;
    auto prefix = path == "/" ? path : path + "/";
    for (auto at = nodes_.lower_bound(prefix); at != nodes_.end(); ++at) {
      if (at->first.compare(0, prefix.size(), prefix) != 0) break;
      if (at->first.find('/', prefix.size()) == std::string::npos)
        out.insert(at->first.substr(prefix.size()));
    }
    return out;
  }

  [[nodiscard]] const std::map<std::string, node>& nodes() const { return nodes_; }

  /// The paths whose znode a txn makes, changes or deletes.
  [[nodiscard]] static std::set<std::string> touched(const txn& x) {
    std::set<std::string> out;
    for (const auto& op : ops_of(x)) {
      if (auto* c = std::get_if<create_txn>(&op)) out.insert(c->path);
      if (auto* d = std::get_if<delete_txn>(&op)) out.insert(d->path);
      if (auto* s = std::get_if<set_data_txn>(&op)) out.insert(s->path);
      if (auto* e = std::get_if<close_session_txn>(&op); e != nullptr && e->paths)
        out.insert(e->paths->begin(), e->paths->end());
    }
    return out;
  }

 private:
  [[nodiscard]] static std::vector<txn_body> ops_of(const txn& x) {
    auto* multi = std::get_if<multi_txn>(&x.body);
    if (multi == nullptr) return {x.body};
    std::vector<txn_body> out;
    for (const auto& op : multi->ops) {
      if (std::holds_alternative<error_txn>(op.body)) return {};
      std::visit([&out](const auto& body) { out.emplace_back(body); }, op.body);
    }
    return out;
  }

  void apply_op(const txn_header& by, const txn_body& body) {
    if (auto* c = std::get_if<create_txn>(&body)) {
      nodes_[c->path] = {c->data.value_or(""), by.id, by.id, 0,
                         c->ephemeral ? by.client : session_id{}};
    } else if (auto* d = std::get_if<delete_txn>(&body)) {
      nodes_.erase(d->path);
    } else if (auto* s = std::get_if<set_data_txn>(&body)) {
      if (auto at = nodes_.find(s->path); at != nodes_.end()) {
        at->second.data = s->data.value_or("");
        at->second.changed = by.id;
        at->second.version = s->version;
      }
    } else if (std::holds_alternative<close_session_txn>(body)) {
      std::erase_if(nodes_, [&](const auto& x) { return x.second.owner == by.client; });
    }
  }

  std::map<std::string, node> nodes_;
};

}  // namespace troupe::sim
