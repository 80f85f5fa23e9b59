// SPDX-License-Identifier: Apache-2.0
#include "actors/core/prep.hpp"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <utility>

#include "actors/core/mutants.hpp"
#include "actors/core/path.hpp"
#include "messages/in_steps.hpp"

namespace troupe::core {
namespace {

/// What planning one change takes, beside looking at a znode.
constexpr std::size_t steps_of_change = 8;

tl::unexpected<error_code> refused(error_code why) { return tl::unexpected{why}; }

/// The version after a change that expects `expected` (-1: any). -1 itself is never a version, or
/// it could not be asked for (ZOOKEEPER-4743).
std::optional<std::int32_t> next_version(std::int32_t current, std::int32_t expected) {
  if (expected != -1 && expected != current) return std::nullopt;
  auto next = static_cast<std::int32_t>(static_cast<std::uint32_t>(current) + 1);
  return next == -1 ? 0 : next;
}

/// What a create request's flags mean (CreateMode). They number the modes; only up to 3 are they
/// bits too.
struct create_mode {
  bool sequential = false;
  bool ephemeral = false;
  bool ttl = false;
};
std::optional<create_mode> mode_of(std::int32_t flags) {
  switch (flags) {
    case create_flag::persistent:
    case create_flag::container:
      return create_mode{};
    case create_flag::ephemeral:
      return create_mode{.ephemeral = true};
    case create_flag::sequential:
      return create_mode{.sequential = true};
    case create_flag::ephemeral_sequential:
      return create_mode{.sequential = true, .ephemeral = true};
    case create_flag::ttl:
      return create_mode{.ttl = true};
    case create_flag::ttl_sequential:
      return create_mode{.sequential = true, .ttl = true};
    default:
      return std::nullopt;
  }
}

/// The operation's mode, or why there is none (PrepRequestProcessor.validateCreateRequest).
tl::expected<create_mode, error_code> check_mode(const create_op& op, bool extended_types) {
  auto mode = mode_of(op.request.flags);
  if (!mode) return refused(error_code::bad_arguments);
  if (mode->ttl && !extended_types) return refused(error_code::unimplemented);
  auto ttl_ms = op.type == op_code::create_ttl ? op.ttl_ms : -1;
  bool ttl_fits = mode->ttl ? ttl_ms > 0 && ttl_ms <= ttl_ms_max : ttl_ms < 0;
  // A createTTL of another mode ends ZooKeeper's server, if it brings a negative ttl.
  if (!ttl_fits || (op.type == op_code::create_ttl && !mode->ttl))
    return refused(error_code::bad_arguments);
  return *mode;
}

session_id owner_of(const create_op& op, create_mode mode, session_id session) {
  if (op.type == op_code::create_container) return container_owner;
  if (mode.ttl) return make_ttl_owner(op.ttl_ms);
  return mode.ephemeral ? session : session_id{};
}

using one_change = decltype(multi_op::body);
one_change make_create(const create_op& op, create_mode mode, std::string path, acl_list acl,
                       std::int32_t parent_cversion) {
  const auto& data = op.request.data;
  if (op.type == op_code::create_container)
    return create_container_txn{std::move(path), data, std::move(acl), parent_cversion};
  if (mode.ttl)
    return create_ttl_txn{std::move(path), data, std::move(acl), parent_cversion, op.ttl_ms};
  return create_txn{std::move(path), data, std::move(acl), mode.ephemeral, parent_cversion};
}

std::int64_t bytes_of(const jute::buffer& data) {
  return data ? static_cast<std::int64_t>(data->size()) : 0;
}

std::string sequence_suffix(std::int32_t parent_cversion) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%010d", static_cast<int>(parent_cversion));
  return digits;
}

/// Java fails on an entry without an id where it asks whether that is valid.
template <class Request>
tl::expected<acl_list, error_code> fixed_acl(const Request& asked, const identities& shown,
                                             const acl_rules& rules) {
  auto fixed = fix_up_acl(asked.acl, shown, rules);
  if (!fixed && asked.has_null_id) return refused(error_code::marshalling_error);
  return fixed;
}

/// A txn that has changes and no body yet: header, digest, a count.
constexpr std::size_t empty_txn_bytes = 32 + 12 + 4;

/// What ZooKeeper asks of a path before it looks for the parent; the rest of the rule comes later,
/// with the sequence number.
bool has_parent(std::string_view path) {
  return path.find('/') != std::string_view::npos && path.find('\0') == std::string_view::npos;
}

}  // namespace

/// One request being planned, with what it takes to undo it.
struct prep::context {
  const write_request& request;
  txn_header header;
  tree_digest digest_before;
  std::deque<undo> undos;   // a vector that grows moves all it has
  std::int64_t growth = 0;  // bytes that the tree will have more
  pace walks{};
};

void prep::begin(zxid first) {
  next_ = first;
  order_.clear();
  latest_.clear();
  touched_.clear();
  growth_.clear();
  digest_ = tree_digest::of(committed_->digest());
}

txn prep::plan(const write_request& request, std::int64_t now_ms, pace walks) {
  auto at = start(request, now_ms);
  at.walks = walks;
  const auto step = [&walks] { walks.step(); };
  auto decoded = decode_write(request.op, request.body, step);
  if (!decoded) return finish(at, refused(decoded.error()));
  auto body = plan_body(at, *decoded);
  if (auto* several = std::get_if<multi_request>(&*decoded)) free_in_steps(several->ops, step);
  if (body && !growth_.fits(at.growth)) {
    roll_back(at);
    ++refused_for_memory_;
    body = refused(grows_too_large);
  }
  auto out = finish(at, std::move(body));
  for (; !at.undos.empty(); at.undos.pop_back()) walks.step();
  return out;
}

txn prep::refuse(const write_request& request, error_code why, std::int64_t now_ms) {
  auto at = start(request, now_ms);
  return finish(at, refused(why));
}

std::optional<txn> prep::plan_expiry(const std::string& path, std::int64_t now_ms) {
  auto node = look_up(path);
  if (!node || node->num_children > 0) return std::nullopt;
  auto kind = kind_of_owner(node->stats.ephemeral_owner, committed_->extended_types());
  if (kind != owner_kind::container && kind != owner_kind::ttl) return std::nullopt;
  if (kind == owner_kind::ttl && !is_overdue(node->stats, now_ms)) return std::nullopt;
  if (empty_txn_bytes + path.size() > options_.txn_bytes_max) return std::nullopt;
  write_request own{{}, {}, op_code::delete_container, {}, {}};
  auto at = start(own, now_ms);
  at.growth += growth_.of_removal(path, node->data_bytes);
  put_removal(at, path, std::move(*node));
  return finish(at, delete_txn{path});
}

bool prep::may(const context& at, std::int32_t permissions, const acl_list& acl) const {
  return options_.skip_acl || is_allowed(acl, permissions, at.request.identities);
}

bool prep::within_quota(std::string_view path, std::int64_t count, std::int64_t bytes) {
  auto breach = committed_->breach_by(path, count, bytes);
  if (!breach) return true;
  breaches_.push_back(*breach);
  return !breach->is_hard || !options_.enforce_quota;
}

prep::context prep::start(const write_request& request, std::int64_t now_ms) {
  txn_header header{request.session, request.cx, next_, now_ms, request.op};
  next_ = next_.next();
  return {request, header, digest_, {}, 0, {}};
}

txn prep::finish(context& at, tl::expected<txn_body, error_code> body) {
  txn out{.header = at.header};
  auto refusal = body ? error_code::ok : body.error();
  if (body) {
    out.body = std::move(*body);
    auto* close = std::get_if<close_session_txn>(&out.body);
    if (close == nullptr || close->paths) out.digest = txn_digest{digest_version, digest_.value()};
    if (encoded_bytes(out) <= options_.txn_bytes_max ||
        (close != nullptr && mutated(mutant::close_not_measured))) {
      growth_.planned(at.header.id, at.growth);
      return out;
    }
    roll_back(at);
    refusal = error_code::bad_arguments;
  }
  out.header.type = op_code::error;
  out.body = error_txn{refusal};
  out.digest.reset();
  return out;
}

acl_rules prep::rules_for_acls() const { return {options_.sasl_in_acls, options_.txn_bytes_max}; }

tl::expected<txn_body, error_code> prep::plan_body(context& at, const decoded_write& request) {
  if (auto several = std::get_if<multi_request>(&request)) return plan_multi(at, *several);
  if (auto open = std::get_if<create_session_request>(&request))
    return create_session_txn{open->timeout_ms};
  if (std::holds_alternative<close_session_request>(request)) return plan_close(at);
  if (auto reconfig = std::get_if<reconfig_request>(&request)) return plan_reconfig(at, *reconfig);
  auto done =
      std::visit([&](const auto& op) { return plan_op(at, op); }, std::get<write_op>(request));
  if (!done) return refused(done.error());
  return std::visit([](auto&& body) { return txn_body{std::move(body)}; }, std::move(done->body));
}

// -- one operation: the order of the checks decides which error a client sees ---------------------

prep::planned prep::plan_op(context& at, const create_op& op) {
  const auto& asked = op.request;
  auto mode = check_mode(op, committed_->extended_types());
  if (!mode) return refused(mode.error());
  if (!op.has_path) return refused(error_code::marshalling_error);
  if (!has_parent(asked.path)) return refused(error_code::bad_arguments);
  auto acl = fixed_acl(asked, at.request.identities, rules_for_acls());
  if (!acl) return refused(acl.error());
  auto parent = look_up(parent_path(asked.path));
  if (!parent) return refused(error_code::no_node);
  if (acl->size() > acl_entries_max_) return refused(error_code::invalid_acl);
  if (!may(at, permission::create, *parent->acl)) return refused(error_code::no_auth);
  auto path = asked.path;
  if (mode->sequential)
    path += sequence_suffix(mutated(mutant::sequence_by_children)
                                ? static_cast<std::int32_t>(parent->num_children)
                                : parent->stats.cversion);
  if (!is_valid_path(path)) return refused(error_code::bad_arguments);
  if (look_up(path)) return refused(error_code::node_exists);
  if (kind_of_owner(parent->stats.ephemeral_owner, committed_->extended_types()) ==
      owner_kind::session)
    return refused(error_code::no_children_for_ephemerals);
  if (!within_quota(path, 1, bytes_of(asked.data))) return refused(error_code::quota_exceeded);

  auto cversion = static_cast<std::int32_t>(static_cast<std::uint32_t>(parent->stats.cversion) + 1);
  record node{.at = at.header.id, .exists = true};
  node.stats.czxid = node.stats.mzxid = node.stats.pzxid = at.header.id;
  node.stats.ctime = node.stats.mtime = at.header.time_ms;
  node.stats.ephemeral_owner = owner_of(op, *mode, at.request.session);
  node.acl = std::make_shared<const acl_list>(*acl);
  node.content = content_crc(path, asked.data ? std::string_view{*asked.data} : "");
  node.data_bytes = bytes_of(asked.data);
  at.growth += growth_.of_creation(path, asked.data, *acl);
  parent->stats.cversion = cversion;
  parent->stats.pzxid = at.header.id;
  ++parent->num_children;
  put(at, parent_path(path), std::move(*parent));
  put(at, path, std::move(node));
  return multi_op{op.type, make_create(op, *mode, std::move(path), std::move(*acl), cversion)};
}

prep::planned prep::plan_op(context& at, const delete_request& op) {
  if (!has_parent(op.path) || is_special_path(op.path)) return refused(error_code::bad_arguments);
  auto parent = look_up(parent_path(op.path));
  if (!parent) return refused(error_code::no_node);
  if (!may(at, permission::remove, *parent->acl)) return refused(error_code::no_auth);
  auto node = look_up(op.path);
  if (!node) return refused(error_code::no_node);
  if (!next_version(node->stats.version, op.version)) return refused(error_code::bad_version);
  if (node->num_children > 0) return refused(error_code::not_empty);
  at.growth += growth_.of_removal(op.path, node->data_bytes);
  put_removal(at, op.path, std::move(*node));
  return multi_op{op_code::remove, delete_txn{op.path}};
}

prep::planned prep::plan_op(context& at, const set_data_request& op) {
  if (!is_valid_path(op.path)) return refused(error_code::bad_arguments);
  auto node = look_up(op.path);
  if (!node) return refused(error_code::no_node);
  if (!may(at, permission::write, *node->acl)) return refused(error_code::no_auth);
  if (!within_quota(op.path, 0, bytes_of(op.data) - node->data_bytes))
    return refused(error_code::quota_exceeded);
  auto version =
      next_version(node->stats.version, mutated(mutant::version_not_compared) ? -1 : op.version);
  if (!version) return refused(error_code::bad_version);
  node->stats.version = *version;
  node->stats.mtime = at.header.time_ms;
  node->stats.mzxid = at.header.id;
  node->content = content_crc(op.path, op.data ? std::string_view{*op.data} : "");
  at.growth += growth_.of_data(node->data_bytes, bytes_of(op.data));
  node->data_bytes = bytes_of(op.data);
  put(at, op.path, std::move(*node));
  return multi_op{op_code::set_data, set_data_txn{op.path, op.data, *version}};
}

prep::planned prep::plan_op(context& at, const set_acl_request& op) {
  if (!is_valid_path(op.path)) return refused(error_code::bad_arguments);
  auto acl = fixed_acl(op, at.request.identities, rules_for_acls());
  if (!acl) return refused(acl.error());
  auto node = look_up(op.path);
  if (!node) return refused(error_code::no_node);
  if (acl->size() > acl_entries_max_) return refused(error_code::invalid_acl);
  if (!may(at, permission::admin, *node->acl)) return refused(error_code::no_auth);
  auto version = next_version(node->stats.aversion, op.version);
  if (!version) return refused(error_code::bad_version);
  node->stats.aversion = *version;
  node->acl = std::make_shared<const acl_list>(*acl);
  at.growth += growth_.of_list(*acl);
  put(at, op.path, std::move(*node));
  return multi_op{op_code::set_acl, set_acl_txn{op.path, std::move(*acl), *version}};
}

prep::planned prep::plan_op(context& at, const check_request& op) {
  if (!is_valid_path(op.path)) return refused(error_code::bad_arguments);
  auto node = look_up(op.path);
  if (!node) return refused(error_code::no_node);
  if (!may(at, permission::read, *node->acl)) return refused(error_code::no_auth);
  auto version = next_version(node->stats.version, op.version);
  if (!version) return refused(error_code::bad_version);
  return multi_op{op_code::check, check_version_txn{op.path, *version}};
}

/// PrepRequestProcessor asks for the permission last of all. The znode's version stays -1.
tl::expected<txn_body, error_code> prep::plan_reconfig(context& at, const reconfig_request& asked) {
  if (!judge_) return refused(error_code::unimplemented);
  auto text = judge_(asked, at.header.id);
  if (!text) return refused(text.error());
  auto node = look_up(config_path);
  if (!node) return refused(error_code::no_node);
  if (!is_allowed(*node->acl, permission::write, at.request.identities))
    return refused(error_code::no_auth);
  node->stats.version = -1;
  node->stats.mtime = at.header.time_ms;
  node->stats.mzxid = at.header.id;
  put(at, config_path, std::move(*node));
  return set_data_txn{std::string{config_path}, std::move(*text), -1};
}

// -- several at once ------------------------------------------------------------------------------

multi_txn prep::plan_multi(context& at, const multi_request& request) {
  multi_txn out;
  bool failed = false;
  auto bytes = empty_txn_bytes;
  out.ops.reserve(request.ops.size());
  for (const auto& op : request.ops) {
    at.walks.step(steps_of_change);
    auto done = failed ? planned{refused(error_code::runtime_inconsistency)}
                       : std::visit([&](const auto& x) { return plan_op(at, x); }, op);
    if (done) bytes += encoded_bytes(*done);
    if (done && bytes > options_.txn_bytes_max) {
      done = refused(error_code::bad_arguments);
      // What stands before a failure is logged with it, as ZooKeeper does; this has no room for it.
      for (auto& before : out.ops) before = {op_code::error, error_txn{error_code::ok}};
    }
    if (done) {
      // ZooKeeper before 3.9 passes over a create2 it reads here.
      if (done->type == op_code::create2) done->type = op_code::create;
      out.ops.push_back(std::move(*done));
      continue;
    }
    if (!failed && !mutated(mutant::failed_multi_leaves_traces)) roll_back(at);
    failed = true;
    out.ops.push_back({op_code::error, error_txn{done.error()}});
  }
  return out;
}

close_session_txn prep::plan_close(context& at) {
  auto session = at.request.session;
  auto candidates = committed_->ephemerals(session, at.walks);
  if (auto found = touched_.find(session);
      found != touched_.end() && !mutated(mutant::late_ephemeral_left))
    for (const auto& [path, since] : found->second) {
      at.walks.step();
      candidates.push_back(path);
    }
  sort_in_steps(candidates, at.walks);
  // Not std::ranges::unique: clang 14, with which the fuzzers are built, does not take this
  // library's.
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  std::map<std::string_view, std::int32_t> removed_below;  // by parent
  close_session_txn out{std::vector<std::string>{}};
  auto bytes = empty_txn_bytes;
  for (const auto& path : candidates) {
    at.walks.step(steps_of_change);
    auto node = look_up(path);
    if (!node || node->stats.ephemeral_owner != session) continue;
    node->exists = false;
    at.growth += growth_.of_removal(path, node->data_bytes);
    put(at, path, std::move(*node));
    ++removed_below[parent_path(path)];
    bytes += sizeof(std::int32_t) + path.size();
    if (bytes > options_.txn_bytes_max && !mutated(mutant::close_not_measured)) out.paths.reset();
    if (out.paths) out.paths->push_back(path);
  }
  for (const auto& [over, count] : removed_below) {  // once each, however many went
    at.walks.step(steps_of_change);
    auto parent = look_up(over);
    if (!parent) continue;
    parent->num_children -= count;
    parent->stats.pzxid = at.header.id;
    put(at, over, std::move(*parent));
  }
  return out;
}

// -- the overlay of outstanding changes -----------------------------------------------------------

std::optional<prep::record> prep::look_up(std::string_view path) const {
  if (const auto* found = latest_.find(path))
    return found->second.exists ? std::optional{found->second} : std::nullopt;
  auto node = committed_->find(path);
  if (!node) return std::nullopt;
  record out{.at = committed_->last_processed(), .exists = true};
  out.stats = node->stats;
  out.num_children = node->num_children();
  out.acl = committed_->acl_of(*node);
  out.content = node->content;
  out.data_bytes = static_cast<std::int64_t>(node->data.size());
  return out;
}

void prep::put(context& at, std::string_view path, record next) {
  next.at = at.header.id;
  if (is_digested(path)) {
    if (auto before = look_up(path)) digest_.remove(node_digest(before->content, before->stats));
    if (next.exists) digest_.add(node_digest(next.content, next.stats));
  }
  auto owner = next.stats.ephemeral_owner;
  if (owner.value != 0) touched_[owner].insert_or_assign(std::string{path}, next.at);
  order_.push_back({next.at, std::string{path}, owner});
  auto [entry, is_new] = latest_.try_emplace(std::string{path});
  at.undos.push_back(
      {std::string{path}, is_new ? std::nullopt : std::optional{std::move(entry->second)}});
  entry->second = std::move(next);
}

void prep::put_removal(context& at, std::string_view path, record node) {
  auto over = parent_path(path);
  if (auto parent = look_up(over)) {
    --parent->num_children;
    parent->stats.pzxid = at.header.id;
    put(at, over, std::move(*parent));
  }
  node.exists = false;
  put(at, path, std::move(node));
}

void prep::roll_back(context& at) {
  while (!at.undos.empty()) {
    at.walks.step();
    auto [path, before] = std::move(at.undos.back());
    at.undos.pop_back();
    forget(path, order_.back().owner, at.header.id);
    order_.pop_back();
    if (!before) continue;
    auto owner = before->stats.ephemeral_owner;
    if (owner.value != 0) touched_[owner].insert_or_assign(path, before->at);
    latest_.try_emplace(std::move(path)).first->second = std::move(*before);
  }
  digest_ = at.digest_before;
  at.growth = 0;
}

void prep::applied(zxid upto, pace at) {
  while (!order_.empty() && order_.front().at <= upto) {
    at.step();
    forget(order_.front().path, order_.front().owner, order_.front().at);
    order_.pop_front();
  }
  growth_.applied(upto);
  if (order_.empty()) digest_ = tree_digest::of(committed_->digest());
}

/// Drops the record of the change `at`, unless a later change has taken its place.
void prep::forget(std::string_view path, session_id owner, zxid at) {
  if (const auto* found = latest_.find(path); found != nullptr && found->second.at == at)
    latest_.erase(*found);
  auto of_owner = touched_.find(owner);
  if (of_owner == touched_.end()) return;
  if (auto found = of_owner->second.find(path);
      found != of_owner->second.end() && found->second == at)
    of_owner->second.erase(found);
  if (of_owner->second.empty()) touched_.erase(of_owner);
}

}  // namespace troupe::core
