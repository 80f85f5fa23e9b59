// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/field.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace troupe::log {

namespace {

template <class Number>
void append_number(std::string& line, Number x) {
  std::array<char, 32> digits{};
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr;
  line.append(digits.data(), end);
}

[[nodiscard]] bool is_control(char x) { return static_cast<unsigned char>(x) < 0x20 || x == 0x7f; }

[[nodiscard]] bool needs_quotes(std::string_view x) {
  return x.empty() || std::any_of(x.begin(), x.end(), [](char c) {
           return c == ' ' || c == '"' || c == '\\' || c == '=' || is_control(c);
         });
}

void append_quoted(std::string& line, std::string_view x) {
  static constexpr std::string_view digits = "0123456789abcdef";
  line += '"';
  for (char c : x) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (is_control(c)) {
      line += "\\x";
      line += digits[static_cast<unsigned char>(c) >> 4];
      line += digits[static_cast<unsigned char>(c) & 0xf];
    } else {
      line += c;
    }
  }
  line += '"';
}

void append_text(std::string& line, std::string_view x) {
  if (needs_quotes(x)) {
    append_quoted(line, x);
  } else {
    line += x;
  }
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
