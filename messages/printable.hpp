// SPDX-License-Identifier: Apache-2.0
/// Text from outside on its way to a log, a terminal or an operator's eyes: what could forge a
/// line, steer a terminal or turn the reading order around is written as the bytes it is, `\x1b`
/// for each. That is: control characters (C0, DEL, and C1, which is U+0080 to U+009F), the line and
/// paragraph separators U+2028 and U+2029, the marks of writing direction (U+061C, U+200E, U+200F,
/// U+202A to U+202E, U+2066 to U+2069), and bytes that are no UTF-8. All other text stays as it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe {

struct character {
  std::size_t bytes = 1;  // so many of the text are this character
  bool is_safe = false;   // false: to be escaped
};

/// What a text that is not empty begins with.
[[nodiscard]] character first_character(std::string_view text);

[[nodiscard]] bool is_printable(std::string_view text);

/// Appends `text` so that it can be shown. Escaped are the characters of `also` as well (ASCII);
/// those of `kept` stay though they are control characters.
void append_printable(std::string& out, std::string_view text, std::string_view also = {},
                      std::string_view kept = {});

[[nodiscard]] std::string printable(std::string_view text, std::string_view kept = {});

/// At most so many bytes of `text`, no character cut in two.
[[nodiscard]] std::string_view clipped(std::string_view text, std::size_t bytes_max);

}  // namespace troupe
