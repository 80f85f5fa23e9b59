// SPDX-License-Identifier: Apache-2.0
/// Agreement, total order and prefix consistency (ZAB paper, section II; Zab.tla's invariants),
/// judged by what each server's database applied while it served.
/// The agreed history grows with the first server that serves a txn; every other one must serve the
/// same bytes at the same place. A server's history is known from what it loaded (`recent`) and
/// what it applied since; it counts as served when a role begins to serve with it.
/// Also here: one established leader an epoch, no zxid hole within an epoch.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/ids.hpp"
#include "messages/txn.hpp"

namespace troupe::sim {

class history_checker {
 public:
  /// `fail` hears each violation once.
  explicit history_checker(std::function<void(std::string)> fail) : fail_(std::move(fail)) {}

  // -- what a server's database was told, in its order --------------------------------------------

  void on_start(server_id who);  // a new life: nothing known
  /// A content whose last txn is `last`; `recent` are its newest txns, possibly not all known.
  void on_install(server_id who, zxid last, const std::vector<txn_ptr>& recent);
  void on_apply(server_id who, const std::vector<txn_ptr>& txns);
  void on_lead(server_id who, epoch era);
  void on_learn(server_id who, epoch era);
  void on_stop(server_id who);

  /// Histories that could not be compared because they began behind the agreed one must have found
  /// their place by now.
  void on_end();

  [[nodiscard]] const std::vector<txn_ptr>& agreed() const { return agreed_; }
  /// Null when nothing was agreed at `id`.
  [[nodiscard]] txn_ptr find(zxid id) const;
  [[nodiscard]] std::size_t leaderships() const { return leaders_.size(); }

 private:
  struct server {
    unsigned life = 0;
    bool serving = false;
    zxid last;                        // of its whole history
    std::optional<std::size_t> place;  // how many of agreed_ are behind it; none: not yet known
    std::optional<zxid> before;       // what the first of `tail` follows, if that is known
    std::deque<txn_ptr> tail;         // applied, not yet compared
  };

  void compare(server_id who, server& s);
  [[nodiscard]] std::optional<std::size_t> find_place(const server& s) const;
  void accept(server_id who, const txn_ptr& txn, std::size_t place);
  void check_follows(server_id who, zxid last, zxid next);
  void serve(server_id who);

  std::function<void(std::string)> fail_;
  std::map<server_id, server> servers_;
  std::vector<txn_ptr> agreed_;
  std::map<zxid, std::size_t> index_;
  std::map<epoch, std::pair<server_id, unsigned>> leaders_;  // by era: who, in which life
};

}  // namespace troupe::sim
