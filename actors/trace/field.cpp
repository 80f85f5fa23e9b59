// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/field.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "messages/printable.hpp"

namespace troupe::log {

namespace {

template <class Number>
void append_number(std::string& line, Number x) {
  std::array<char, 32> digits{};
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr;
  line.append(digits.data(), end);
}

/// Values are shown up to here; most come from people and peers, who can make them long.
constexpr std::size_t text_bytes_max = 1024;

[[nodiscard]] bool needs_quotes(std::string_view x) {
  return x.empty() || x.find_first_of(" \"\\=") != x.npos || !is_printable(x);
}

void append_quoted(std::string& line, std::string_view x) {
  line += '"';
  for (std::size_t begin = 0; begin < x.size();) {
    const auto end = std::min(x.find_first_of("\"\\\n", begin), x.size());
    append_printable(line, x.substr(begin, end - begin));
    if (end < x.size()) line.append(1, '\\').append(1, x[end] == '\n' ? 'n' : x[end]);
    begin = end + 1;
  }
  line += '"';
}

void append_text(std::string& line, std::string_view x) {
  const auto shown = clipped(x, text_bytes_max);
  if (needs_quotes(shown))
    append_quoted(line, shown);
  else
    line += shown;
  if (shown.size() < x.size())
    line.append("...(").append(std::to_string(x.size())).append("_bytes)");
}

}  // namespace

void field::append_to(std::string& line) const {
  line.append(key_).append(1, '=');
  std::visit(
      [&]<class T>(const T& x) {
        if constexpr (std::is_same_v<T, bool>) {
          line += x ? "true" : "false";
        } else if constexpr (std::is_arithmetic_v<T>) {
          append_number(line, x);
        } else if constexpr (std::is_same_v<T, hex>) {
          line += to_hex(x.value);
        } else if constexpr (std::is_same_v<T, other>) {
          append_text(line, x.text(x.value));
        } else {
          append_text(line, x);
        }
      },
      value_);
}

std::string text_of(fields which) {
  std::string text;
  for (const auto& x : which) {
    if (!text.empty()) text += ' ';
    x.append_to(text);
  }
  return text;
}

}  // namespace troupe::log
