// SPDX-License-Identifier: Apache-2.0
/// Txns on their way to another server, gathered into messages that are short for whoever carries
/// them. One that is longer than a message may be is alone, to be sent in parts (parts.hpp).
#pragma once

#include <cstddef>
#include <vector>

#include "messages/txn.hpp"

namespace troupe::core {

/// In their order. No batch is empty, and only a single txn is longer than `bytes_max`.
[[nodiscard]] std::vector<std::vector<txn_ptr>> in_batches(const std::vector<txn_ptr>& txns,
                                                           std::size_t bytes_max);

}  // namespace troupe::core
