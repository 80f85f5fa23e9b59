// SPDX-License-Identifier: Apache-2.0
/// From zoo.cfg and myid to a node_config.
/// Errors: one line that names file, line, key, value and what is accepted; the first one found.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "config/node_config.hpp"

namespace troupe::config {

struct loaded {
  node_config value;
  std::vector<std::string> warnings;  // each one line: file, line, key and what is the matter
};

/// Reads the file at `path`, and myid in the data directory that it names.
[[nodiscard]] tl::expected<loaded, std::string> load(const std::string& path);

/// Content of the file at a path, nullopt when there is none that can be read.
using file_reader = std::function<std::optional<std::string>(const std::string& path)>;

/// The same on text that is already there: `name` is what errors call the file, `read` gives myid.
[[nodiscard]] tl::expected<loaded, std::string> parse(std::string_view text,
                                                      const std::string& name,
                                                      const file_reader& read);

}  // namespace troupe::config
