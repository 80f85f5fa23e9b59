// SPDX-License-Identifier: Apache-2.0
/// Paths as people write them, and what stands there.
#pragma once

#include <optional>
#include <string>

namespace troupe::config {

/// The same file wherever the process goes: a server behind the terminal leaves the directory it
/// was started in. Without `.`, `..` and a slash at the end.
[[nodiscard]] std::string absolute_path(const std::string& given);

/// nullopt: it cannot be read.
[[nodiscard]] std::optional<std::string> read_whole(const std::string& path);

}  // namespace troupe::config
