// SPDX-License-Identifier: Apache-2.0
/// Reads a file whose content is a secret: a regular file that not everybody may read and that only
/// its owner may write.
/// Errors: a text that names the file, what is the matter and what is accepted; never the content.
#pragma once

#include <cstddef>
#include <string>

#include <tl/expected.hpp>

namespace troupe {

inline constexpr std::size_t secret_file_bytes_max = 16 * 1024;

[[nodiscard]] tl::expected<std::string, std::string> read_secret_file(const std::string& path);

}  // namespace troupe
