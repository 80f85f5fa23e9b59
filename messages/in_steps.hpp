// SPDX-License-Identifier: Apache-2.0
/// Reading, writing and freeing what may have tens of thousands of parts, with word of each part as
/// it goes on: for whoever may not be kept that long at once. The results are those of the
/// functions without steps (txn.hpp, client/requests.hpp).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "messages/client/requests.hpp"
#include "messages/txn.hpp"

namespace troupe {

/// Told of each operation or path that was read, written or freed; it may wait meanwhile. Null:
/// nobody is told.
using step_teller = std::function<void()>;

[[nodiscard]] txn_ptr make_logged(txn value, const step_teller& step);
[[nodiscard]] txn_ptr parse_logged(std::string bytes, const step_teller& step);

[[nodiscard]] tl::expected<decoded_write, error_code> decode_write(op_code op,
                                                                   std::string_view body,
                                                                   const step_teller& step);
[[nodiscard]] tl::expected<std::vector<multi_read_op>, error_code> decode_multi_read(
    std::string_view body, const step_teller& step);
[[nodiscard]] tl::expected<set_watches2_request, error_code> decode_set_watches(
    op_code op, std::string_view body, const step_teller& step);

/// Frees what a vector holds, part by part, from its end.
template <class Part>
void free_in_steps(std::vector<Part>& all, const step_teller& step) {
  for (; !all.empty(); all.pop_back())
    if (step) step();
}

}  // namespace troupe
