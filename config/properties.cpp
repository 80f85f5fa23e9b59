// SPDX-License-Identifier: Apache-2.0
#include "config/properties.hpp"

#include <cstdint>
#include <optional>

namespace troupe::config {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

std::string_view skip_blanks(std::string_view s) {
  while (!s.empty() && is_blank(s.front())) s.remove_prefix(1);
  return s;
}

std::string trim(std::string s) {
  auto is_space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };  // String.trim()
  while (!s.empty() && is_space(s.back())) s.pop_back();
  std::size_t n = 0;
  while (n < s.size() && is_space(s[n])) ++n;
  return s.substr(n);
}

/// Takes one line off the front; "\n", "\r" and "\r\n" all end one.
std::string_view take_line(std::string_view& in) {
  auto n = in.find_first_of("\r\n");
  if (n == std::string_view::npos) n = in.size();
  auto line = in.substr(0, n);
  in.remove_prefix(n);
  if (in.starts_with("\r\n"))
    in.remove_prefix(2);
  else if (!in.empty())
    in.remove_prefix(1);
  return line;
}

/// An odd number of backslashes at the end: the next line belongs to this one.
bool continues(std::string_view line) {
  std::size_t n = 0;
  while (n < line.size() && line[line.size() - 1 - n] == '\\') ++n;
  return n % 2 == 1;
}

void append_utf8(std::string& out, std::uint32_t c) {
  auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

std::optional<std::uint32_t> four_hex_digits(std::string_view s) {
  if (s.size() < 4) return std::nullopt;
  std::uint32_t x = 0;
  for (char c : s.substr(0, 4)) {
    auto digit = c >= '0' && c <= '9'   ? c - '0'
                 : c >= 'a' && c <= 'f' ? c - 'a' + 10
                 : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                        : -1;
    if (digit < 0) return std::nullopt;
    x = x * 16 + static_cast<std::uint32_t>(digit);
  }
  return x;
}

/// Resolves the escapes of a key or a value; nullopt for a broken \uXXXX.
std::optional<std::string> unescape(std::string_view in) {
  std::string out;
  while (!in.empty()) {
    char c = in.front();
    in.remove_prefix(1);
    if (c != '\\' || in.empty()) {
      if (c != '\\') out.push_back(c);
      continue;
    }
    char escaped = in.front();
    in.remove_prefix(1);
    switch (escaped) {
      case 't':
        out.push_back('\t');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'u': {
        auto unit = four_hex_digits(in);
        if (!unit) return std::nullopt;
        in.remove_prefix(4);
        bool high = *unit >= 0xD800 && *unit < 0xDC00;
        auto low = high && in.starts_with("\\u") ? four_hex_digits(in.substr(2)) : std::nullopt;
        if (low && *low >= 0xDC00 && *low < 0xE000) {
          in.remove_prefix(6);
          unit = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
        }
        append_utf8(out, *unit);
        break;
      }
      default:
        out.push_back(escaped);
    }
  }
  return out;
}

/// Where the key ends: the first `=`, `:` or blank that no backslash stands before.
std::size_t key_length(std::string_view line) {
  std::size_t n = 0;
  while (n < line.size() && line[n] != '=' && line[n] != ':' && !is_blank(line[n]))
    n += line[n] == '\\' ? 2 : 1;
  return n < line.size() ? n : line.size();
}

}  // namespace

bool has_byte_order_mark(std::string_view text) { return text.starts_with(byte_order_mark); }

std::string without_byte_order_mark(std::string_view text) {
  if (has_byte_order_mark(text)) text.remove_prefix(byte_order_mark.size());
  return std::string{text};
}

bool is_quoted(std::string_view value) {
  return value.size() > 1 && value.front() == value.back() &&
         (value.front() == '"' || value.front() == '\'');
}

tl::expected<std::vector<property>, syntax_error> parse_properties(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    return tl::unexpected(syntax_error{1, "the text is UTF-16; accepted: UTF-8 or ASCII"});
  const auto plain = without_byte_order_mark(text);
  text = plain;
  std::vector<property> out;
  for (int at = 1; !text.empty();) {
    const int begins = at;
    std::string line{skip_blanks(take_line(text))};
    ++at;
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    while (continues(line)) {
      line.pop_back();
      if (text.empty()) break;
      line += skip_blanks(take_line(text));
      ++at;
    }
    std::string_view rest = line;
    auto n = key_length(rest);
    auto key = unescape(rest.substr(0, n));
    rest = skip_blanks(rest.substr(n));
    if (!rest.empty() && (rest.front() == '=' || rest.front() == ':'))
      rest = skip_blanks(rest.substr(1));
    auto value = unescape(rest);
    if (!key || !value)
      return tl::unexpected(syntax_error{begins, "\\u must be followed by four hex digits"});
    // What is only blanks and a continuation is an empty key in Java too; it names nothing.
    if (key->empty() && value->empty()) continue;
    out.push_back({trim(*std::move(key)), trim(*std::move(value)), begins});
  }
  return out;
}

}  // namespace troupe::config
