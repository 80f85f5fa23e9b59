// SPDX-License-Identifier: Apache-2.0
#include "actors/core/tree.hpp"

#include <algorithm>
#include <utility>

#include "actors/core/heap_bytes.hpp"
#include "actors/core/path.hpp"

namespace troupe::core {
namespace {

/// What one change of a txn takes, beside looking at a znode.
constexpr std::size_t steps_of_change = 4;
/// Room for them is taken at once: a vector that grows moves all it has, and that is no step.
constexpr std::size_t triggers_of_change = 2;

/// Elements of a set are const for the sake of their order; only the name takes part in that, and
/// nothing here changes a name.
znode& mutable_element(const znode& node) { return const_cast<znode&>(node); }

constexpr auto root_bytes = heap_bytes(sizeof(znode));
constexpr auto children_bytes = heap_bytes(sizeof(children_set));

stat_persisted new_stats(const txn_header& at, session_id owner) {
  stat_persisted s;
  s.czxid = s.mzxid = s.pzxid = at.id;
  s.ctime = s.mtime = at.time_ms;
  s.ephemeral_owner = owner;
  return s;
}

}  // namespace

struct tree::change_context {
  const txn_header& header;
  std::vector<watch_trigger>& triggers;
  std::vector<op_result>& multi;
  pace walks;
};

void tree::uproot::operator()(znode* root) const {
  std::vector<std::unique_ptr<children_set>> waiting;
  if (root->children) waiting.push_back(std::move(root->children));
  while (!waiting.empty()) {
    auto level = std::move(waiting.back());
    waiting.pop_back();
    for (const auto& child : *level)
      if (child.children) waiting.push_back(std::move(mutable_element(child).children));
  }
  delete root;
}

tree::tree(empty_tag) {}

tree::tree() {
  set_root(jute::buffer{""}, acl_cache::open_id, {});
  auto& zookeeper = add_child(*root_, zookeeper_path, jute::buffer{""}, acl_cache::open_id, {});
  add_child(zookeeper, quota_path, jute::buffer{""}, acl_cache::open_id, {});
  add_config_node(zookeeper);
}

void tree::add_config_node(znode& zookeeper) {
  stat_persisted stats;
  stats.aversion = -1;  // ZooKeeper sets this node's list with version -1
  auto read_only = acls_.acquire({{permission::read, {"world", "anyone"}}});
  add_child(zookeeper, config_path, jute::buffer{""}, read_only, stats);
}

// -- applying -------------------------------------------------------------------------------------

applied tree::apply(const txn& x, pace walks) {
  applied out;
  out.header = x.header;
  change_context at{x.header, out.triggers, out.multi, walks};
  out.result = std::visit([&](const auto& body) { return change(at, body); }, x.body);
  out.result.type = x.header.type;
  if (auto* t = std::get_if<set_data_txn>(&x.body); t && x.header.type == op_code::reconfig)
    out.result.data = t->data;
  // Only now: a snapshot that starts here must not claim half a multi.
  last_processed_ = digest_at_ = std::max(last_processed_, x.header.id);
  compare_digest(x, out);
  return out;
}

op_result tree::change(change_context& at, const create_txn& t) {
  auto owner = t.ephemeral ? at.header.client : session_id{};
  return create(at, t.path, t.data, t.acl, owner, t.parent_cversion);
}

op_result tree::change(change_context& at, const create_container_txn& t) {
  return create(at, t.path, t.data, t.acl, container_owner, t.parent_cversion);
}

op_result tree::change(change_context& at, const create_ttl_txn& t) {
  return create(at, t.path, t.data, t.acl, make_ttl_owner(t.ttl_ms), t.parent_cversion);
}

op_result tree::create(change_context& at, const std::string& path, const jute::buffer& data,
                       const acl_list& acl, session_id owner, std::int32_t parent_cversion) {
  op_result out{.path = path};
  auto over = std::string{parent_path(path)};
  auto parent = path.starts_with('/') ? find_mutable(over) : nullptr;
  if (!parent) {
    out.err = error_code::no_node;
    return out;
  }
  if (parent_cversion == -1) parent_cversion = parent->stats.cversion + 1;
  raise_cversion(*parent, over, parent_cversion, at.header.id);
  auto acl_id = acls_.acquire(acl);
  if (auto present = find_mutable(path)) {  // only over a fuzzy copy
    acls_.release(std::exchange(present->acl_id, acl_id));
    out.err = error_code::node_exists;
    return out;
  }
  auto& child = add_child(*parent, path, data, acl_id, new_stats(at.header, owner));
  out.node_stat = stat_of(child);
  charge_created(path, child, at.walks);
  at.triggers.push_back({event_type::node_created, path, acl_of(child)});
  at.triggers.push_back({event_type::node_children_changed, std::move(over), acl_of(*parent)});
  return out;
}

op_result tree::change(change_context& at, const delete_txn& t) { return remove(at, t.path); }

op_result tree::remove(change_context& at, const std::string& path) {
  op_result out{.path = path};
  auto over = std::string{parent_path(path)};
  auto parent = path.size() > 1 && path.front() == '/' ? find_mutable(over) : nullptr;
  if (!parent) {
    out.err = error_code::no_node;
    return out;
  }
  // Even when a fuzzy copy has lost the child already; and never below what a later create set.
  if (at.header.id > parent->stats.pzxid)
    change_content(*parent, over, [&](znode& n) { n.stats.pzxid = at.header.id; });
  auto child = find(path);
  if (!child) {
    out.err = error_code::no_node;
    return out;
  }
  auto child_acl = acl_of(*child);
  charge_removed(path, *child, at.walks);
  remove_child(*parent, *child, at.walks);
  at.triggers.push_back({event_type::node_deleted, path, std::move(child_acl)});
  at.triggers.push_back({event_type::node_children_changed, std::move(over), acl_of(*parent)});
  return out;
}

op_result tree::change(change_context& at, const set_data_txn& t) {
  op_result out{.path = t.path};
  auto node = find_mutable(t.path);
  if (!node) {
    out.err = error_code::no_node;
    return out;
  }
  auto bytes_before = static_cast<std::int64_t>(node->data.size());
  memory_bytes_ -= node->data.memory_bytes();
  change_content(*node, t.path, [&](znode& n) {
    n.data = blob{t.data};
    n.content = content_crc(t.path, n.data.view());
    n.stats.version = t.version;
    n.stats.mzxid = at.header.id;
    n.stats.mtime = at.header.time_ms;
  });
  auto more_bytes = static_cast<std::int64_t>(node->data.size()) - bytes_before;
  data_bytes_ += more_bytes;
  memory_bytes_ += node->data.memory_bytes();
  out.node_stat = stat_of(*node);
  charge(t.path, 0, more_bytes);
  at.triggers.push_back({event_type::node_data_changed, t.path, acl_of(*node)});
  return out;
}

op_result tree::change(change_context&, const set_acl_txn& t) {
  op_result out{.path = t.path};
  auto node = find_mutable(t.path);
  if (!node) {
    out.err = error_code::no_node;
    return out;
  }
  change_content(*node, t.path, [&](znode& n) { n.stats.aversion = t.version; });
  acls_.release(node->acl_id);  // first, so that ids go as they do in ZooKeeper
  node->acl_id = acls_.acquire(t.acl);
  out.node_stat = stat_of(*node);
  return out;
}

op_result tree::change(change_context&, const check_version_txn& t) { return {.path = t.path}; }

op_result tree::change(change_context& at, const create_session_txn& t) {
  sessions_[at.header.client] = t.timeout_ms;
  return {};
}

op_result tree::change(change_context& at, const close_session_txn& t) {
  if (t.paths) {
    at.triggers.reserve(triggers_of_change * t.paths->size());
    for (const auto& path : *t.paths) {
      remove(at, path);
      at.walks.step(steps_of_change);
    }
  }
  // All of them in logs before 3.6; else what only a fuzzy copy has.
  for (const auto& path : ephemerals(at.header.client, at.walks)) {
    remove(at, path);
    at.walks.step(steps_of_change);
  }
  sessions_.erase(at.header.client);
  return {};
}

op_result tree::change(change_context&, const error_txn& t) { return {.err = t.err}; }

op_result tree::change(change_context& at, const multi_txn& t) {
  op_result out;
  at.triggers.reserve(triggers_of_change * t.ops.size());
  at.multi.reserve(t.ops.size());
  auto failure = std::find_if(t.ops.begin(), t.ops.end(),
                              [](const multi_op& op) { return op.type == op_code::error; });
  for (auto op = t.ops.begin(); op != t.ops.end(); ++op) {
    op_result done;
    if (failure == t.ops.end() || op->type == op_code::error) {
      done = std::visit([&](const auto& body) { return change(at, body); }, op->body);
      done.type = op->type;
    } else if (op > failure) {
      done.err = error_code::runtime_inconsistency;
    }  // before the failure: ok, and nothing happened
    if (out.err == error_code::ok) out.err = done.err;
    at.multi.push_back(std::move(done));
    at.walks.step(steps_of_change);
  }
  return out;
}

void tree::compare_digest(const txn& x, applied& out) {
  const bool can_be_compared = x.digest && x.digest->version == digest_version;
  if (expected_) {
    if (x.header.id < expected_->at) return;
    const bool is_as_told = x.header.id == expected_->at && digest() == expected_->value;
    if (!is_as_told && (x.header.id == expected_->at || !can_be_compared)) return;
    expected_.reset();
  }
  if (can_be_compared && x.digest->tree != digest()) {
    out.digest_matches = false;
    out.digest_told = x.digest->tree;
  }
}

void tree::set_last_processed(zxid at) {
  last_processed_ = at;
  if (digest_at_.value == 0) digest_at_ = at;  // as loaded; no txn since
}

zxid_digest tree::last_digest() const {
  if (expected_) return *expected_;
  return {digest_at_, digest_version, digest_at_.value == 0 ? 0 : digest()};
}

bool tree::expect_digest(const zxid_digest& then) {
  expected_.reset();
  if (then.version != digest_version || then.at < last_processed_ || then.at.value == 0)
    return true;
  if (then.at == last_processed_ && then.value == digest()) return true;
  expected_ = then;
  return then.at > last_processed_;
}

// -- reading --------------------------------------------------------------------------------------

const znode* tree::find(std::string_view path) const {
  if (path.empty() || path == root_path) return root_.get();
  if (path.front() != '/') return nullptr;
  const znode* node = root_.get();
  for (std::size_t begin = 1; node;) {
    if (!node->children) return nullptr;
    auto end = path.find('/', begin);
    auto child = node->children->find(path.substr(begin, end - begin));
    node = child == node->children->end() ? nullptr : &*child;
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  return node;
}

znode* tree::find_mutable(std::string_view path) {
  auto node = find(path);
  return node ? &mutable_element(*node) : nullptr;
}

stat tree::stat_of(const znode& node) const {
  const auto& p = node.stats;
  stat s;
  s.czxid = p.czxid;
  s.mzxid = p.mzxid;
  s.ctime = p.ctime;
  s.mtime = p.mtime;
  s.version = p.version;
  // Stored: creates. Shown: creates and deletes, and every create but the living ones was deleted.
  s.cversion = static_cast<std::int32_t>(2U * static_cast<std::uint32_t>(p.cversion) -
                                         static_cast<std::uint32_t>(node.num_children()));
  s.aversion = p.aversion;
  if (kind_of(node) == owner_kind::session) s.ephemeral_owner = p.ephemeral_owner;
  s.data_length = static_cast<std::int32_t>(node.data.size());
  s.num_children = node.num_children();
  s.pzxid = p.pzxid;
  return s;
}

std::vector<std::string> tree::ephemerals(session_id owner, pace at) const {
  std::vector<std::string> out;
  if (auto found = ephemerals_.find(owner); found != ephemerals_.end())
    for (auto node : found->second) {
      at.step();
      out.push_back(node->path());
    }
  sort_in_steps(out, at);
  return out;
}

std::vector<session_id> tree::ephemeral_owners() const {
  std::vector<session_id> out;
  for (const auto& [owner, nodes] : ephemerals_) out.push_back(owner);
  std::sort(out.begin(), out.end());
  return out;
}

void tree::set_config(std::string text, zxid version, std::int64_t now_ms) {
  if (!find(config_path))  // a database from before 3.5
    if (auto zookeeper = find_mutable(zookeeper_path)) add_config_node(*zookeeper);
  std::vector<watch_trigger> unseen;
  std::vector<op_result> none;
  txn_header header{.id = version, .time_ms = now_ms};
  change_context at{header, unseen, none, {}};
  change(at, set_data_txn{std::string{config_path}, jute::buffer{std::move(text)}, -1});
}

// -- the structure --------------------------------------------------------------------------------

void tree::set_root(const jute::buffer& data, std::int64_t acl_id, const stat_persisted& stats) {
  root_.reset(new znode);
  root_->data = blob{data};
  root_->acl_id = acl_id;
  root_->stats = stats;
  root_->content = content_crc({}, root_->data.view());
  digest_.add(node_digest(root_->content, stats));
  node_count_ = 1;
  memory_bytes_ += root_bytes + root_->data.memory_bytes();
  data_bytes_ = 1 + static_cast<std::int64_t>(root_->data.size());
}

znode& tree::add_child(znode& parent, std::string_view path, const jute::buffer& data,
                       std::int64_t acl_id, const stat_persisted& stats) {
  if (!parent.children) {
    parent.children = std::make_unique<children_set>();
    memory_bytes_ += children_bytes;
  }
  znode fresh;
  fresh.name = std::string{base_name(path)};  // not assigned: that would take room for 30 at least
  fresh.parent = &parent;
  fresh.data = blob{data};
  fresh.acl_id = acl_id;
  fresh.stats = stats;
  fresh.content = content_crc(path, fresh.data.view());
  auto hint = parent.children->end();  // sequential names, and snapshots, come ascending
  auto& child = mutable_element(*parent.children->insert(hint, std::move(fresh)));
  if (is_digested(path)) digest_.add(node_digest(child.content, stats));
  enrol(child);
  ++node_count_;
  memory_bytes_ += child.memory_bytes();
  data_bytes_ += static_cast<std::int64_t>(path.size() + child.data.size());
  return child;
}

void tree::remove_child(znode& parent, const znode& child, pace at) {
  std::vector<const znode*> waiting{&child};
  while (!waiting.empty()) {
    at.step();
    auto node = waiting.back();
    waiting.pop_back();
    forget(*node, node->path());
    if (!node->children) continue;
    memory_bytes_ -= children_bytes;
    for (const auto& below : *node->children) waiting.push_back(&below);
  }
  // Out of the set as a root of its own, so that its end needs no recursion either.
  auto gone = parent.children->extract(parent.children->find(child));
  std::unique_ptr<znode, uproot> free_slowly{new znode(std::move(gone.value()))};
  if (!parent.children->empty()) return;
  parent.children.reset();
  memory_bytes_ -= children_bytes;
}

template <class Change>
void tree::change_content(znode& node, std::string_view path, Change edit) {
  auto counts = is_digested(path);
  if (counts) digest_.remove(node_digest(node.content, node.stats));
  edit(node);
  if (counts) digest_.add(node_digest(node.content, node.stats));
}

void tree::raise_cversion(znode& parent, std::string_view path, std::int32_t cversion, zxid at) {
  if (cversion <= parent.stats.cversion) return;
  change_content(parent, path, [&](znode& n) {
    n.stats.cversion = cversion;
    n.stats.pzxid = at;
  });
}

}  // namespace troupe::core
