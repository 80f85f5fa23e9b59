// SPDX-License-Identifier: Apache-2.0
#include "actors/core/write_gate.hpp"

#include <algorithm>

namespace troupe::core {

bool write_gate::has_room(const size_class& l, std::int64_t bytes) const {
  const bool is_small_class = &l == &small_;
  if (!is_held_) return is_small_class || l.under_way == 0 || l.under_way + bytes <= large_window_;
  return is_small_class && (l.under_way == 0 || l.under_way + bytes <= small_window_when_held);
}

bool write_gate::may_go(connection_id from, std::int64_t bytes) {
  auto& l = is_small(bytes) ? small_ : large_;
  if (has_turn_ == from) {
    has_turn_.reset();
    return true;
  }
  if (large_.queue.contains(from) || small_.queue.contains(from)) return false;
  if (l.queue.empty() && has_room(l, bytes)) return true;
  l.queue.push(from, bytes);
  return false;
}

void write_gate::went(session_id who, cxid cx, std::int64_t bytes) {
  if (is_small(bytes)) {
    small_.under_way += bytes;
    return;
  }
  large_.under_way += bytes;
  large_sent_[who].push_back({cx, bytes});
}

bool write_gate::has_next() const {
  for (const auto* l : {&small_, &large_})
    if (const auto first = l->queue.first(); first && has_room(*l, first->bytes)) return true;
  return false;
}

std::optional<connection_id> write_gate::next() {
  for (auto* l : {&small_, &large_}) {
    const auto first = l->queue.first();
    if (!first || !has_room(*l, first->bytes)) continue;
    l->queue.pop_first();
    return has_turn_ = first->of;
  }
  return std::nullopt;
}

void write_gate::applied(session_id who, cxid cx) {
  const auto at = large_sent_.find(who);
  if (at == large_sent_.end()) return;
  auto& sent = at->second;
  const auto found = std::ranges::find(sent, cx, &write_gate::sent::number);
  if (found == sent.end()) return;
  // A session's writes are applied in their order: what was before it was lost on its way.
  for (auto count = found - sent.begin() + 1; count > 0; --count) {
    large_.under_way -= sent.front().bytes;
    sent.pop_front();
  }
  if (sent.empty()) large_sent_.erase(at);
}

void write_gate::small_is_done(std::int64_t bytes) {
  if (is_small(bytes)) small_.under_way -= bytes;
}

void write_gate::end_of(session_id who) {
  const auto gone = large_sent_.extract(who);
  if (gone.empty()) return;
  for (const auto& each : gone.mapped()) large_.under_way -= each.bytes;
}

void write_gate::leave(connection_id from) {
  large_.queue.remove(from);
  small_.queue.remove(from);
  if (has_turn_ == from) has_turn_.reset();
}

std::int64_t weight_of(op_code op, std::size_t body_bytes, const identities& shown,
                       std::size_t ephemerals, std::int64_t txn_bytes_max) {
  // The shortest operation that can name `auth`, and what a path takes, about.
  constexpr std::int64_t op_bytes = 40, path_bytes = 128;
  auto bytes = static_cast<std::int64_t>(body_bytes);
  if (op == op_code::close_session)
    bytes += static_cast<std::int64_t>(ephemerals) * path_bytes;
  else if (shown.size() > 2) {  // its address, and one login
    std::int64_t list = 0;
    for (const auto& id : shown)
      list += static_cast<std::int64_t>(id.scheme.size() + id.id.size()) + 12;
    bytes += (bytes / op_bytes + 1) * list;
  }
  return std::min(bytes, std::max(txn_bytes_max, static_cast<std::int64_t>(body_bytes)));
}

}  // namespace troupe::core
