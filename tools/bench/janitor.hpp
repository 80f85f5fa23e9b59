// SPDX-License-Identifier: Apache-2.0
/// Makes the subtree that a run works in, and removes it: one connection of its own, blocking, with
/// many requests under way. Errors: texts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/bench/connection.hpp"
#include "tools/bench/operations.hpp"

namespace troupe::bench {

class janitor {
 public:
  janitor(std::vector<address> servers, std::int32_t session_timeout_ms)
      : servers_(std::move(servers)), link_(session_timeout_ms) {}

  /// Connects to the first server that takes it.
  [[nodiscard]] outcome arrive();
  /// Makes the root, which must not be there yet, and the keys.
  [[nodiscard]] outcome make(const key_space& keys);
  /// Also true when make() failed later: there is something to remove.
  [[nodiscard]] bool has_made_root() const { return has_made_root_; }
  /// Removes a znode and all below it; fine if it is not there.
  [[nodiscard]] outcome remove_tree(const std::string& root);
  /// Ends the session.
  [[nodiscard]] outcome leave();

 private:
  /// Asks as long as `ask` has something to ask, and hears the answers of all.
  outcome converse(const std::function<bool()>& ask,
                   const std::function<void(const answered&)>& hear);
  outcome turn(std::int64_t deadline_ns, const std::function<void(const answered&)>& hear);
  outcome lost(const std::string& why) const;
  outcome list_all(const std::string& root, std::vector<std::string>& found);

  std::vector<address> servers_;
  std::size_t server_ = 0;
  bool has_made_root_ = false;
  connection link_;
};

}  // namespace troupe::bench
