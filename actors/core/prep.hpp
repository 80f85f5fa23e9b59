// SPDX-License-Identifier: Apache-2.0
/// Turns a write request into a txn on the leading server (PrepRequestProcessor): checks it against
/// the tree as it will be once every planned txn is applied, and gives it the next zxid.
/// Invariant: a zxid is spent on a refused request too, as an error_txn, so that every server logs
/// and answers alike. No txn is longer than the options say: what a request would make of the state
/// is measured here, before anybody else sees it. Too long is refused as bad_arguments; the close
/// of a session, which cannot be refused, then names no paths. Order: plan() in the order of
/// arrival; applied() in the order of zxids. A txn that changes something carries the digest the
/// tree will have after it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/core/growth.hpp"
#include "actors/core/path_table.hpp"
#include "actors/core/tree.hpp"
#include "messages/client/requests.hpp"
#include "messages/txn.hpp"

namespace troupe::core {

struct prep_options {
  bool skip_acl = false;       // everybody may do everything
  bool enforce_quota = false;  // hard limits refuse
  bool sasl_in_acls = false;   // ACLs may name SASL users
  std::size_t txn_bytes_max = troupe::txn_bytes_max;
};

class prep {
 public:
  /// `committed` is the database; it must outlive this object and is only read.
  explicit prep(const tree& committed, prep_options options = {})
      : options_(options), committed_(&committed), growth_(committed) {}
  void set_options(prep_options options) { options_ = options; }
  /// Bounds the tree: a request that would make it larger is refused with operation_timeout.
  void limit_tree(std::optional<std::int64_t> bytes_max) { growth_.limit(bytes_max); }
  /// How many were.
  [[nodiscard]] std::uint64_t refused_for_memory() const { return refused_for_memory_; }

  /// A znode's ACL may have so many entries, as it will be stored.
  void set_acl_entries_max(std::size_t entries) { acl_entries_max_ = entries; }

  /// Judges a reconfig: the text of the membership that the txn `zxid` makes, or why there is none.
  /// Whether the client may ask for it is for plan() to say. Without a judge it is unimplemented.
  using membership_judge =
      std::function<tl::expected<std::string, error_code>(const reconfig_request&, zxid)>;
  void judge_memberships(membership_judge judge) { judge_ = std::move(judge); }

  /// A leadership begins: nothing is outstanding; the first txn gets `first`.
  void begin(zxid first);
  /// The zxid the next plan() will spend. is_last_of_epoch() of the last one: step down.
  [[nodiscard]] zxid next_zxid() const { return next_; }

  /// `at` is told of each operation and each ephemeral: nothing else may use this object or the
  /// tree while it waits.
  [[nodiscard]] txn plan(const write_request& request, std::int64_t now_ms, pace at = {});
  /// A request refused before it came here (session expired or moved).
  [[nodiscard]] txn refuse(const write_request& request, error_code why, std::int64_t now_ms);
  /// Deletes a container or TTL znode whose time has come. nullopt, and no zxid is spent: it is
  /// gone or changed meanwhile, has children again, is neither of these, or its path alone would
  /// make too long a txn (no client can name it either).
  [[nodiscard]] std::optional<txn> plan_expiry(const std::string& path, std::int64_t now_ms);
  /// The quota limits that were broken since this was asked last, refused or only worth a word.
  [[nodiscard]] std::vector<quota_breach> take_breaches() { return std::exchange(breaches_, {}); }
  /// The tree has everything up to `upto`.
  void applied(zxid upto, pace at = {});
  /// Planned changes that the tree does not have yet.
  [[nodiscard]] std::size_t outstanding() const { return order_.size(); }

 private:
  /// A znode as it will be after the txn `at`.
  struct record {
    zxid at;
    bool exists = false;
    stat_persisted stats;  // of the last life, when it does not exist
    std::int32_t num_children = 0;
    acl_ptr acl;
    std::uint32_t content = 0;
    std::int64_t data_bytes = 0;
  };
  struct change {
    zxid at;
    std::string path;
    session_id owner;  // of the ephemeral at `path`, 0 if it is none
  };
  struct undo {
    std::string path;
    std::optional<record> before;
  };
  struct context;
  using planned = tl::expected<multi_op, error_code>;

  planned plan_op(context& at, const create_op& op);
  planned plan_op(context& at, const delete_request& op);
  planned plan_op(context& at, const set_data_request& op);
  planned plan_op(context& at, const set_acl_request& op);
  planned plan_op(context& at, const check_request& op);
  tl::expected<txn_body, error_code> plan_body(context& at, const decoded_write& request);
  tl::expected<txn_body, error_code> plan_reconfig(context& at, const reconfig_request& asked);
  multi_txn plan_multi(context& at, const multi_request& request);
  close_session_txn plan_close(context& at);

  [[nodiscard]] bool may(const context& at, std::int32_t permissions, const acl_list& acl) const;
  /// False: a hard limit stands against it.
  bool within_quota(std::string_view path, std::int64_t count, std::int64_t bytes);
  context start(const write_request& request, std::int64_t now_ms);
  [[nodiscard]] txn finish(context& at, tl::expected<txn_body, error_code> body);
  [[nodiscard]] acl_rules rules_for_acls() const;
  [[nodiscard]] std::optional<record> look_up(std::string_view path) const;
  void put(context& at, std::string_view path, record next);
  void put_removal(context& at, std::string_view path, record node);
  void forget(std::string_view path, session_id owner, zxid at);
  void roll_back(context& at);

  prep_options options_;
  const tree* committed_;
  std::size_t acl_entries_max_ = 1'000;
  std::vector<quota_breach> breaches_;
  membership_judge judge_;
  tree_growth growth_;
  std::uint64_t refused_for_memory_ = 0;
  zxid next_;
  tree_digest digest_;
  std::deque<change> order_;
  path_table<record> latest_;
  /// Paths with outstanding changes that are or were a session's ephemerals: candidates for its
  /// close_session, with the change that put them here.
  std::unordered_map<session_id, std::map<std::string, zxid, std::less<>>> touched_;
};

}  // namespace troupe::core
