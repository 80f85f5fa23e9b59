// SPDX-License-Identifier: Apache-2.0
#include "tests/history/znode_model.hpp"

#include <utility>

namespace troupe::history {
namespace {

using presence = znode_state::presence;
using outcome = znode_operation::outcome;

/// Whether two facts may be the same, one of which may not be known.
template <typename T>
bool fits(T known, T told, T unknown) {
  return known == unknown || told == unknown || known == told;
}

/// Learns a fact that may or may not have been known.
template <typename T>
void learn(T& known, T told, T unknown) {
  if (told != unknown) known = told;
}

/// As it was, but for certain there: what an unknown beginning turns out to have been.
znode_state there(znode_state s) {
  if (s.is == presence::unknown) s.is = presence::present;
  return s;
}

znode_state gone(const znode_state& before, std::int64_t zxid) {
  znode_state after;
  after.last = zxid != 0 ? zxid : before.last;
  return after;
}

/// The zxids of what changes a znode rise.
bool may_follow(const znode_state& before, const znode_operation& op) {
  return op.zxid == 0 || op.zxid > before.last;
}

}  // namespace

std::string znode_state::text() const {
  if (is == presence::unknown) return "nothing known of it";
  if (is == presence::absent) return "absent";
  std::string out = "present";
  if (version != -1) out += ", version " + std::to_string(version);
  if (mzxid != 0) out += ", mzxid " + std::to_string(mzxid);
  return out;
}

std::optional<znode_state> znode_model::create(const operation& op) const {
  if (!fits(0, op.version, -1)) return {};
  state after;
  after.is = presence::present;
  after.version = counts_versions_ ? 0 : -1;
  after.data = op.data;
  after.owner = op.owner;
  after.mzxid = op.zxid;
  return after;
}

std::optional<znode_state> znode_model::write(const state& before, const operation& op) const {
  if (!fits(before.version, op.expected, -1)) return {};
  auto known = before.version != -1 ? before.version : op.expected;
  auto due = known == -1 ? -1 : known + op.writes;
  if (!fits(due, op.version, -1)) return {};
  auto after = there(before);
  after.version = due != -1 ? due : op.version;
  if (!counts_versions_) after.version = -1;
  after.data = op.data;
  after.mzxid = op.zxid;
  learn(after.last, op.zxid, std::int64_t{0});
  return after;
}

std::optional<znode_state> znode_model::read(const state& before, const operation& op) {
  if (!fits(before.version, op.version, -1) || !fits(before.data, op.data, 0u) ||
      !fits(before.owner, op.owner, 0u) || !fits(before.mzxid, op.zxid, std::int64_t{0}))
    return {};
  // Who wrote it is not known, but it was behind what is known.
  if (before.mzxid == 0 && !may_follow(before, op)) return {};
  auto after = there(before);
  learn(after.version, op.version, -1);
  learn(after.data, op.data, 0u);
  learn(after.owner, op.owner, 0u);
  learn(after.mzxid, op.zxid, std::int64_t{0});
  learn(after.last, op.zxid, std::int64_t{0});
  return after;
}

std::optional<znode_state> znode_model::step(const state& before, const operation& op) const {
  bool is_read = op.how == outcome::read;
  if (!is_read && !may_follow(before, op)) return {};
  bool may_be_there = before.is != presence::absent;
  bool may_be_absent = before.is != presence::present;
  switch (op.how) {
    case outcome::created: {
      auto after = may_be_absent ? create(op) : std::nullopt;
      if (after) after->last = op.zxid != 0 ? op.zxid : before.last;
      return after;
    }
    case outcome::removed:
      if (!may_be_there || !fits(before.version, op.expected, -1)) return {};
      return gone(before, op.zxid);
    case outcome::written:
      return may_be_there ? write(before, op) : std::nullopt;
    case outcome::read:
      return may_be_there ? read(before, op) : std::nullopt;
    case outcome::found_absent: {
      if (!may_be_absent) return {};
      auto after = before;
      after.is = presence::absent;
      return after;
    }
    case outcome::found_present:
      return may_be_there ? std::optional{there(before)} : std::nullopt;
    case outcome::found_other_version:
      if (!may_be_there || (before.version != -1 && before.version == op.expected)) return {};
      return there(before);
    case outcome::session_ended:
      if (!may_be_there || !fits(before.owner, op.owner, 0u)) return before;
      return gone(before, op.zxid);
  }
  return {};
}

bool znode_model::only_looks(const operation& op) const {
  return op.how == outcome::read || op.how == outcome::found_absent ||
         op.how == outcome::found_present || op.how == outcome::found_other_version;
}

std::size_t znode_model::hash(const state& s) const {
  std::size_t out = static_cast<std::size_t>(s.is);
  auto mix = [&out](std::uint64_t x) { out = (out ^ x) * 0x9e3779b97f4a7c15u + (out >> 29); };
  mix(static_cast<std::uint32_t>(s.version));
  mix((std::uint64_t{s.data} << 32) | s.owner);
  mix(static_cast<std::uint64_t>(s.mzxid));
  mix(static_cast<std::uint64_t>(s.last));
  return out;
}

}  // namespace troupe::history
