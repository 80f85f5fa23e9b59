// SPDX-License-Identifier: Apache-2.0
/// From which address the sessions came that this server has made: so that no address fills all
/// servers with sessions that it opens and leaves behind. Counts a session from its making to its
/// end, wherever its client is by then.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "actors/core/pace.hpp"
#include "messages/ids.hpp"

namespace troupe::core {

class session_origins {
 public:
  [[nodiscard]] std::size_t count(std::string_view address) const {
    auto at = counts_.find(address);
    return at == counts_.end() ? 0 : at->second;
  }
  void begin(session_id session, std::string_view address) {
    auto of_address = counts_.try_emplace(std::string{address}, 0).first;
    if (by_session_.emplace(session, of_address).second) ++of_address->second;
  }
  /// Nothing for a session that was made elsewhere.
  void end(session_id session) {
    auto at = by_session_.find(session);
    if (at == by_session_.end()) return;
    if (--at->second->second == 0) counts_.erase(at->second);
    by_session_.erase(at);
  }
  /// Forgets the sessions whose end nobody will tell.
  template <class Lives>
  void keep_if(Lives lives, const pace& at = {}) {
    for (auto next = by_session_.begin(); next != by_session_.end();) {
      at.step();
      const auto id = next++->first;
      if (!lives(id)) end(id);
    }
  }

 private:
  std::map<std::string, std::size_t, std::less<>> counts_;
  std::unordered_map<session_id, decltype(counts_)::iterator> by_session_;
};

}  // namespace troupe::core
