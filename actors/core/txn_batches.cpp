// SPDX-License-Identifier: Apache-2.0
#include "actors/core/txn_batches.hpp"

namespace troupe::core {

std::vector<std::vector<txn_ptr>> in_batches(const std::vector<txn_ptr>& txns, std::size_t bytes) {
  std::vector<std::vector<txn_ptr>> out;
  std::size_t held = bytes;
  for (const auto& txn : txns) {
    if (held >= bytes) {
      out.emplace_back();
      held = 0;
    }
    out.back().push_back(txn);
    held += txn->bytes.size();
  }
  return out;
}

}  // namespace troupe::core
