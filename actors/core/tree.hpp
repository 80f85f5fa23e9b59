// SPDX-License-Identifier: Apache-2.0
/// The replicated state: znodes, their access lists, ephemerals and the sessions that stand in the
/// log (ZooKeeper's DataTree and the session map of ZKDatabase).
/// Order: apply() takes txns in zxid order. It is idempotent in the sense a fuzzy snapshot needs
/// (FileTxnSnapLog.restore): replaying txns over a copy that already has some of their effects ends
/// in the same tree; NodeExists and NoNode are then no failure, cversion and pzxid only rise.
/// Errors: nothing here refuses a txn. What the leading server refused is an error_txn already.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/core/acl_cache.hpp"
#include "actors/core/digest.hpp"
#include "actors/core/pace.hpp"
#include "actors/core/quotas.hpp"
#include "actors/core/znode.hpp"
#include "messages/txn.hpp"

namespace troupe::core {

/// What a change sets off. The event's type says which watch tables it reads (watches.hpp).
struct watch_trigger {
  event_type type = event_type::none;
  std::string path;
  acl_ptr acl;  // of the znode at `path`: only who may read it is told (ZooKeeper 3.8.4 and later)
};

/// One change's outcome, as its reply needs it.
struct op_result {
  op_code type = op_code::error;
  error_code err = error_code::ok;
  std::string path;
  std::optional<stat> node_stat;  // of creates, set_data, set_acl, reconfig
  jute::buffer data;              // of a reconfig: the new /zookeeper/config
};

/// One txn's outcome.
struct applied {
  txn_header header;
  op_result result;
  std::vector<op_result> multi;         // per op, for a multi
  std::vector<watch_trigger> triggers;  // in the order to fire
  bool digest_matches = true;           // false: this tree is not the leading server's
  std::int64_t digest_told = 0;         // which digest it would have, when it does not match
};

/// The digest a tree had after a txn.
struct zxid_digest {
  zxid at;
  std::int32_t version = digest_version;
  std::int64_t value = 0;
  friend bool operator==(const zxid_digest&, const zxid_digest&) = default;
};

/// How many znodes are below, to any depth.
[[nodiscard]] std::size_t count_below(const znode& top, pace at = {});

using session_timeouts = std::map<session_id, std::int32_t>;  // id -> timeout_ms

class tree {
 public:
  /// A new database: /, /zookeeper, /zookeeper/quota, /zookeeper/config.
  tree();

  /// `at` is told of each znode that is touched: nothing else may use the tree while it waits.
  applied apply(const txn& x, pace at = {});

  /// Null if there is none. "" and "/" are the root. Valid until the next change.
  [[nodiscard]] const znode* find(std::string_view path) const;
  [[nodiscard]] const znode& root() const { return *root_; }
  [[nodiscard]] stat stat_of(const znode& node) const;
  [[nodiscard]] const acl_ptr& acl_of(const znode& node) const { return acls_.find(node.acl_id); }
  [[nodiscard]] const acl_cache& acls() const { return acls_; }
  [[nodiscard]] owner_kind kind_of(const znode& node) const {
    return kind_of_owner(node.stats.ephemeral_owner, extended_types_);
  }

  /// Paths of a session's ephemerals, ascending.
  [[nodiscard]] std::vector<std::string> ephemerals(session_id owner, pace at = {}) const;
  [[nodiscard]] std::size_t ephemeral_count() const { return ephemeral_count_; }
  [[nodiscard]] std::size_t ephemeral_count(session_id owner) const {
    const auto found = ephemerals_.find(owner);
    return found == ephemerals_.end() ? 0 : found->second.size();
  }
  /// Sessions that have ephemerals, ascending (the `dump` command).
  [[nodiscard]] std::vector<session_id> ephemeral_owners() const;
  [[nodiscard]] const session_timeouts& sessions() const { return sessions_; }
  /// In no order. TTL znodes are known as such while extended types are on.
  using znodes = std::unordered_set<const znode*>;
  [[nodiscard]] const znodes& containers() const { return containers_; }
  [[nodiscard]] const znodes& ttl_znodes() const { return ttl_znodes_; }

  /// The limit that a change below or at `path` of so many znodes and bytes would break.
  [[nodiscard]] std::optional<quota_breach> breach_by(std::string_view path, std::int64_t count,
                                                      std::int64_t bytes) const;

  /// As ZooKeeper counts: the root twice ("" and "/").
  [[nodiscard]] std::size_t node_count() const { return node_count_ + 1; }
  /// Bytes of all paths and data.
  [[nodiscard]] std::int64_t approximate_data_size() const { return data_bytes_; }
  /// What znodes, lists of access and the sets of special znodes take of the heap, by the model of
  /// heap_bytes.hpp; kept up to date with each change. Sessions are counted apart.
  [[nodiscard]] std::int64_t memory_bytes() const {
    return memory_bytes_ + acls_.memory_bytes() + limited_.memory_bytes();
  }

  [[nodiscard]] std::int64_t digest() const { return digest_.value(); }
  [[nodiscard]] zxid last_processed() const { return last_processed_; }
  /// After loading a snapshot (its name holds the zxid), or when an epoch begins.
  void set_last_processed(zxid at);
  /// The digest now, with the zxid that the tree had it first at: a txn's, not that of an epoch
  /// begun since. All zeros in a new database; of a fuzzy copy the one that it was promised.
  [[nodiscard]] zxid_digest last_digest() const;
  /// The tree is a fuzzy copy until the txn `then.at`, and has that digest after it. Until then no
  /// digest is compared. When that txn is the last processed, it is compared at once: false if it
  /// differs. Ignored when it is older, or the digest of another version.
  /// A difference there proves nothing yet: ZooKeeper changes its tree before it notes the digest,
  /// so the copy may hold a part of the txn after `then.at`. The next digest that a txn carries
  /// decides, for a digest is of the whole tree.
  [[nodiscard]] bool expect_digest(const zxid_digest& then);
  /// The txn that the tree is a fuzzy copy until, as long as it has not come; or that has come and
  /// left a difference which no other has explained yet.
  [[nodiscard]] std::optional<zxid> fuzzy_until() const {
    return expected_ ? std::optional{expected_->at} : std::nullopt;
  }

  /// The membership as data of /zookeeper/config; local, outside of txns and digest
  /// (ZKDatabase.initConfigInZKDatabase).
  void set_config(std::string text, zxid version, std::int64_t now_ms);
  /// Whether owners of that form are TTL znodes', or a session's (znode.hpp).
  void set_extended_types(bool on);
  [[nodiscard]] bool extended_types() const { return extended_types_; }

 private:
  friend std::int64_t recount_memory(const tree& all);
  friend class snapshot_decoder;  // fills an empty tree node by node
  struct empty_tag {};
  explicit tree(empty_tag);

  struct change_context;
  op_result change(change_context& at, const create_txn& t);
  op_result change(change_context& at, const create_container_txn& t);
  op_result change(change_context& at, const create_ttl_txn& t);
  op_result change(change_context& at, const delete_txn& t);
  op_result change(change_context& at, const set_data_txn& t);
  op_result change(change_context& at, const set_acl_txn& t);
  op_result change(change_context& at, const check_version_txn& t);
  op_result change(change_context& at, const create_session_txn& t);
  op_result change(change_context& at, const close_session_txn& t);
  op_result change(change_context& at, const error_txn& t);
  op_result change(change_context& at, const multi_txn& t);
  op_result create(change_context& at, const std::string& path, const jute::buffer& data,
                   const acl_list& acl, session_id owner, std::int32_t parent_cversion);
  op_result remove(change_context& at, const std::string& path);
  void compare_digest(const txn& x, applied& out);

  znode* find_mutable(std::string_view path);
  znode& add_child(znode& parent, std::string_view path, const jute::buffer& data,
                   std::int64_t acl_id, const stat_persisted& stats);
  /// With all below it: a fuzzy copy may hold children of a later life of the same path.
  void remove_child(znode& parent, const znode& child, pace at);
  void add_config_node(znode& zookeeper);
  /// Puts a znode among its session's ephemerals, the containers or the TTL znodes.
  void enrol(const znode& node);
  void forget(const znode& node, std::string_view path);
  void insert(znodes& into, const znode& node);
  void erase(znodes& from, const znode& node);
  /// Of the sets that enrol() fills.
  [[nodiscard]] std::int64_t special_sets_bytes() const;
  void set_root(const jute::buffer& data, std::int64_t acl_id, const stat_persisted& stats);
  template <class Change>
  void change_content(znode& node, std::string_view path, Change edit);
  void raise_cversion(znode& parent, std::string_view path, std::int32_t cversion, zxid at);

  // Quotas (tree_quotas.cpp).
  void charge(std::string_view path, std::int64_t count, std::int64_t bytes);
  void charge_created(std::string_view path, const znode& node, pace at);
  void charge_removed(std::string_view path, const znode& node, pace at);
  void recount(std::string_view limited, pace at = {});
  template <class Edit>
  void change_usage(std::string_view limited, Edit edit);
  /// After a load: which znodes have limits, and what is in use below them now.
  void set_up_quotas();

  /// Frees a tree of any depth without recursion: a client may nest znodes as deep as it likes.
  struct uproot {
    void operator()(znode* root) const;
  };
  std::unique_ptr<znode, uproot> root_;
  acl_cache acls_;
  std::unordered_map<session_id, znodes> ephemerals_;
  znodes containers_, ttl_znodes_;
  limited_paths limited_;
  session_timeouts sessions_;
  tree_digest digest_;
  std::optional<zxid_digest> expected_;
  zxid last_processed_;
  zxid digest_at_;
  std::size_t node_count_ = 0;
  std::size_t ephemeral_count_ = 0;
  std::int64_t data_bytes_ = 0;
  std::int64_t memory_bytes_ = 0;
  bool extended_types_ = false;
};

/// memory_bytes(), counted anew by a walk, for whoever wants to know that it is right.
[[nodiscard]] std::int64_t recount_memory(const tree& all);

}  // namespace troupe::core
