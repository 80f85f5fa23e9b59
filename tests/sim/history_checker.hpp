// SPDX-License-Identifier: Apache-2.0
/// Agreement, total order and prefix consistency (ZAB paper, section II; Zab.tla's invariants),
/// judged by what each server's database applied while it served.
/// A zxid is given to one txn only, behind one other only; so a history is known by its last zxid,
/// and whatever any server loads or applies, committed or not, tells a piece of it. The agreed
/// history grows with the first server that serves a txn; whoever else serves must have a beginning
/// of it, or continue it.
/// Also here: one established leader an epoch, no zxid hole within an epoch, no txn that is longer
/// than any server plans.
#pragma once

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

  /// No server plans a longer txn.
  void expect_lengths_up_to(std::size_t bytes) { txn_bytes_max_ = bytes; }

  // -- what a server's database was told, in its order --------------------------------------------

  void on_start(server_id who);  // a new life: nothing known
  /// A content whose last txn is `last`; `recent` are its newest txns, possibly not all known. It
  /// may hold a part of what is behind, up to `fuzzy_until`.
  void on_install(server_id who, zxid last, const std::vector<txn_ptr>& recent,
                  zxid fuzzy_until = {});
  void on_apply(server_id who, const std::vector<txn_ptr>& txns);
  /// Its journal is about to log these, whatever becomes of them.
  void on_log(server_id who, const std::vector<txn_ptr>& txns);
  void on_lead(server_id who, epoch era);
  void on_learn(server_id who, epoch era);
  void on_stop(server_id who);
  /// Without a leader it shows its content to clients that ask for no more.
  void on_show(server_id who);

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
    bool placed = false;  // its served history was compared up to `last`
    zxid last;            // of its whole history
    zxid fuzzy_until;     // its content holds a part of what is behind `last`, up to here
    zxid unknown;         // if not placed: the txn that nobody has shown, or not its predecessor
  };

  void learn(server_id who, const txn_ptr& txn);
  /// In its epoch, the zxid before; an epoch's first stands behind the history its leader began
  /// with.
  [[nodiscard]] std::optional<zxid> predecessor(zxid id) const;
  void check_follows(server_id who, zxid last, zxid next);
  void serve(server_id who);
  void compare(server_id who, server& s);

  std::function<void(std::string)> fail_;
  std::size_t txn_bytes_max_ = txn_bytes_max;
  std::map<server_id, server> servers_;
  std::map<zxid, txn_ptr> known_;
  std::vector<txn_ptr> agreed_;
  std::map<zxid, std::size_t> index_;  // of agreed_
  struct leadership {
    server_id who;
    unsigned life = 0;
    zxid began_with;
  };
  std::map<epoch, leadership> leaders_;
};

}  // namespace troupe::sim
