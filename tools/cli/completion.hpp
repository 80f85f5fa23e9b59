// SPDX-License-Identifier: Apache-2.0
/// What could stand where the cursor is: a command's name, one of its options, or a znode's path.
/// Pure; the names of children come from a function that is asked for at most one znode.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cli {

struct known_command {
  std::string_view name;
  std::vector<std::string> options;  // with their dashes
};

using children_of = std::function<std::vector<std::string>(const std::string& path)>;

/// All that the last word of `line` may become, sorted; `line` ends at the cursor.
[[nodiscard]] std::vector<std::string> complete(std::string_view line,
                                                const std::vector<known_command>& commands,
                                                const children_of& children);

}  // namespace troupe::cli
