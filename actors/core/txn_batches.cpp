// SPDX-License-Identifier: Apache-2.0
#include "actors/core/txn_batches.hpp"

namespace troupe::core {

std::vector<std::vector<txn_ptr>> in_batches(const std::vector<txn_ptr>& txns,
                                             std::size_t bytes_max) {
  std::vector<std::vector<txn_ptr>> out;
  std::size_t held = 0;
  for (const auto& txn : txns) {
    const auto bytes = txn->bytes.size();
    if (out.empty() || held + bytes > bytes_max) {
      out.emplace_back();
      held = 0;
    }
    out.back().push_back(txn);
    held += bytes;
  }
  return out;
}

}  // namespace troupe::core
