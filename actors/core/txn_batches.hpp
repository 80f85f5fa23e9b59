// SPDX-License-Identifier: Apache-2.0
/// Txns on their way to another server, cut into messages: one message is neither longer than what
/// its encoding can tell, nor for ever on the wire before the next one.
#pragma once

#include <cstddef>
#include <vector>

#include "messages/txn.hpp"

namespace troupe::core {

inline constexpr std::size_t txn_batch_bytes = std::size_t{1} << 20;

/// In their order. No batch is empty, and none goes on behind the txn with which it reaches
/// `bytes`.
[[nodiscard]] std::vector<std::vector<txn_ptr>> in_batches(const std::vector<txn_ptr>& txns,
                                                           std::size_t bytes = txn_batch_bytes);

}  // namespace troupe::core
