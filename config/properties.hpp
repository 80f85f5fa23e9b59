// SPDX-License-Identifier: Apache-2.0
/// The syntax of zoo.cfg, which is that of java.util.Properties: keys and values, in the order of
/// the file. Differs from Java in one point: bytes above 127 pass unchanged, so UTF-8 stays UTF-8.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace troupe::config {

struct property {
  std::string key;    // blanks at both ends are gone, as ZooKeeper trims them
  std::string value;  // likewise
  int line = 0;       // where it begins, counted from 1

  friend bool operator==(const property&, const property&) = default;
};

struct syntax_error {
  int line = 0;
  std::string text;
};

/// Text as an editor of Windows may begin it: the mark that says UTF-8 is no part of the first
/// line.
[[nodiscard]] std::string without_byte_order_mark(std::string_view text);
[[nodiscard]] bool has_byte_order_mark(std::string_view text);

/// zoo.cfg takes off no quotes, so that a path in quotes would be another path.
[[nodiscard]] bool is_quoted(std::string_view value);

/// Every property of `text`; a key that stands twice is listed twice.
[[nodiscard]] tl::expected<std::vector<property>, syntax_error> parse_properties(
    std::string_view text);

}  // namespace troupe::config
