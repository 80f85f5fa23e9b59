// SPDX-License-Identifier: Apache-2.0
#include "actors/core/sessions.hpp"

#include <algorithm>

#include "actors/core/mutants.hpp"
#include "actors/core/znode.hpp"

namespace troupe::core {

sessions::sessions(std::int64_t tick_ms) : tick_ms_(tick_ms) {}

void sessions::arm(session_id id, session& s, std::int64_t at_ms) {
  auto deadline = (at_ms / tick_ms_ + 1) * tick_ms_;
  if (deadline == s.deadline_ms) return;  // a touch within the same tick, as most are
  disarm(id, s);
  s.deadline_ms = deadline;
  buckets_[deadline].insert(id);
}

void sessions::disarm(session_id id, const session& s) {
  auto bucket = buckets_.find(s.deadline_ms);
  if (bucket == buckets_.end()) return;
  bucket->second.erase(id);
  if (bucket->second.empty()) buckets_.erase(bucket);
}

bool sessions::add(session_id id, std::int32_t timeout_ms, std::int64_t now_ms) {
  auto [found, is_new] = by_id_.try_emplace(id);
  found->second.timeout_ms = timeout_ms;
  if (!found->second.closing) arm(id, found->second, now_ms + timeout_ms);
  return is_new;
}

bool sessions::touch(session_id id, std::int64_t now_ms) {
  auto found = by_id_.find(id);
  return found != by_id_.end() && touch(id, found->second.timeout_ms, now_ms);
}

bool sessions::touch(session_id id, std::int32_t timeout_ms, std::int64_t now_ms) {
  auto found = by_id_.find(id);
  if (found == by_id_.end() || found->second.closing) return false;
  arm(id, found->second, now_ms + timeout_ms);
  return true;
}

std::vector<session_id> sessions::expire(std::int64_t now_ms, pace at) {
  std::vector<session_id> out;
  while (!buckets_.empty() && buckets_.begin()->first <= now_ms) {
    for (auto id : buckets_.begin()->second) {
      at.step();
      by_id_.at(id).closing = true;
      out.push_back(id);
    }
    buckets_.erase(buckets_.begin());
  }
  sort_in_steps(out, at);
  return out;
}

std::optional<std::int64_t> sessions::next_deadline_ms() const {
  return buckets_.empty() ? std::nullopt : std::optional{buckets_.begin()->first};
}

void sessions::rearm_all(const session_timeouts& known, std::int64_t now_ms, pace at) {
  by_id_.clear();
  buckets_.clear();
  for (const auto& [id, timeout_ms] : known) {
    at.step(2);
    add(id, timeout_ms, now_ms);
  }
}

void sessions::touch_all(std::int64_t now_ms, pace at) {
  for (auto& [id, s] : by_id_) {
    at.step(2);
    if (!s.closing) arm(id, s, now_ms + s.timeout_ms);
  }
}

void sessions::set_closing(session_id id) {
  auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  found->second.closing = true;
  disarm(id, found->second);
}

void sessions::remove(session_id id) {
  auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  disarm(id, found->second);
  by_id_.erase(found);
}

error_code sessions::set_owner(session_id id, session_owner owner) {
  auto found = by_id_.find(id);
  if (found == by_id_.end() || found->second.closing) return error_code::session_expired;
  found->second.owner = owner;
  return error_code::ok;
}

error_code sessions::check_owner(session_id id, session_owner owner) {
  auto found = by_id_.find(id);
  if (found == by_id_.end() || (found->second.closing && !mutated(mutant::closing_session_writes)))
    return error_code::session_expired;
  if (found->second.owner == 0) found->second.owner = owner;
  return found->second.owner == owner ? error_code::ok : error_code::session_moved;
}

std::optional<std::int32_t> sessions::timeout_of(session_id id) const {
  auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional{found->second.timeout_ms};
}

std::int32_t clamp_timeout(std::int32_t requested_ms, std::int32_t min_ms, std::int32_t max_ms) {
  return std::max(min_ms, std::min(requested_ms, max_ms));
}

session_id_generator::session_id_generator(server_id server, std::int64_t wall_ms) {
  auto clock = (static_cast<std::uint64_t>(wall_ms) << 24) >> 8;
  auto top = static_cast<std::uint64_t>(session_byte_of(server)) << 56;
  next_ = static_cast<std::int64_t>(clock | top);
}

session_id session_id_generator::next() {
  if (session_id{next_} == container_owner) ++next_;  // would read as a container's owner
  return {next_++};
}

}  // namespace troupe::core
