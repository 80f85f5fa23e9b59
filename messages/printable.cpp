// SPDX-License-Identifier: Apache-2.0
#include "messages/printable.hpp"

#include <cstdint>

namespace troupe {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

bool is_continued_by(std::uint8_t byte) { return (byte & 0xc0) == 0x80; }

/// The length a first byte promises; 0 for one that begins no character.
std::size_t promised_bytes(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

bool is_safe_code_point(std::uint32_t c) {
  const auto is_in = [c](std::uint32_t from, std::uint32_t to) { return c >= from && c <= to; };
  return !is_in(0, 0x1f) && !is_in(0x7f, 0x9f) && c != 0x061c && !is_in(0x200e, 0x200f) &&
         !is_in(0x2028, 0x202e) && !is_in(0x2066, 0x2069);
}

/// How much of a text is plain ASCII, which most texts are throughout.
std::size_t plain_bytes(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= 0x20 && text[count] < 0x7f) ++count;
  return count;
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
}

}  // namespace

character first_character(std::string_view text) {
  const auto first = byte_at(text, 0);
  const auto bytes = promised_bytes(first);
  if (bytes == 0 || bytes > text.size()) return {1, false};
  if (bytes == 1) return {1, is_safe_code_point(first)};
  std::uint32_t c = first & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if (!is_continued_by(byte_at(text, i))) return {1, false};
    c = (c << 6) | (byte_at(text, i) & 0x3fU);
  }
  const bool is_overlong = (bytes == 3 && c < 0x800) || (bytes == 4 && c < 0x10000);
  if (is_overlong || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return {1, false};
  return {bytes, is_safe_code_point(c)};
}

bool is_printable(std::string_view text) {
  for (;;) {
    text.remove_prefix(plain_bytes(text));
    if (text.empty()) return true;
    const auto next = first_character(text);
    if (!next.is_safe) return false;
    text.remove_prefix(next.bytes);
  }
}

void append_printable(std::string& out, std::string_view text, std::string_view also,
                      std::string_view kept) {
  while (!text.empty()) {
    if (const auto plain = also.empty() ? plain_bytes(text) : 0; plain > 0) {
      out += text.substr(0, plain);
      text.remove_prefix(plain);
      continue;
    }
    const auto next = first_character(text);
    const auto bytes = text.substr(0, next.bytes);
    const bool is_shown = next.is_safe ? also.find(bytes.front()) == also.npos
                                       : kept.find(bytes.front()) != kept.npos;
    if (is_shown)
      out += bytes;
    else
      append_escaped(out, bytes);
    text.remove_prefix(next.bytes);
  }
}

std::string printable(std::string_view text, std::string_view kept) {
  std::string out;
  out.reserve(text.size());
  append_printable(out, text, {}, kept);
  return out;
}

std::string_view clipped(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  auto end = bytes_max;
  for (int back = 0; back < 3 && end > 0 && is_continued_by(byte_at(text, end)); ++back) --end;
  return text.substr(0, is_continued_by(byte_at(text, end)) ? bytes_max : end);
}

}  // namespace troupe
