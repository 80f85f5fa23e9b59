// SPDX-License-Identifier: Apache-2.0
/// What a whole history tells of each znode, whoever told it: at which zxids it changed, and
/// whether anything may have removed it. Only what is certain is a fact.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/history/history.hpp"

namespace troupe::history {

/// When a request may have taken effect.
struct span {
  std::int64_t from_us = 0, to_us = never;
};

struct znode_facts {
  std::vector<std::int64_t> changed_at;  // zxids, ascending: created, written or removed
  std::vector<span> removals;            // deletes that happened or may have
  bool may_be_ephemeral = false;

  [[nodiscard]] bool may_vanish() const { return may_be_ephemeral || !removals.empty(); }
  /// A change behind `after` and not behind `upto`; zero: none is known.
  [[nodiscard]] std::int64_t change_between(std::int64_t after, std::int64_t upto) const;
};

/// The changes that a request asked for, with what each was answered; none of one that was refused
/// as a whole. Of an unanswered one each may have happened.
struct asked_change {
  const change* asked;
  std::string created;  // where a create that was acknowledged made its znode
};
[[nodiscard]] std::vector<asked_change> changes_of(const operation& op);

[[nodiscard]] std::map<std::string, znode_facts> gather_facts(const history& h);

}  // namespace troupe::history
