// SPDX-License-Identifier: Apache-2.0
/// Sessions that the leading server did not know when another server's client asked for them, so
/// that the client was told that they are over. One may have been local to the server that made it,
/// which does not hear of this: what that one still has on its way for it, writes or its becoming a
/// session of all, comes too late.
/// Invariant: of more than kept_max the newest are known. What was under way for an older one has
/// long come.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_set>

#include "messages/ids.hpp"

namespace troupe::core {

class refused_sessions {
 public:
  static constexpr std::size_t kept_max = 10'000;

  void add(session_id id) {
    if (!known_.insert(id).second) return;
    by_age_.push_back(id);
    if (by_age_.size() <= kept_max) return;
    known_.erase(by_age_.front());
    by_age_.pop_front();
  }
  [[nodiscard]] bool contains(session_id id) const { return known_.contains(id); }
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  std::deque<session_id> by_age_;
  std::unordered_set<session_id> known_;
};

}  // namespace troupe::core
