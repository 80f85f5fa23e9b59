// SPDX-License-Identifier: Apache-2.0
/// The members of an actor's state, by name: what a table of them must not leave out.
#pragma once

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

namespace troupe::test {

/// Of a header as it is written in this project. Static ones, types and functions are none.
inline std::set<std::string> members_of(const std::string& header, const std::string& type) {
  std::ifstream in{std::string{TROUPE_SOURCE_DIR "/"} + header};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  auto at = text.find("struct " + type + " {");
  if (at == text.npos) return {};
  const auto is_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  std::set<std::string> out;
  std::string said;  // of the present declaration, without what stands in brackets
  bool is_function = false, is_initial = false;
  // The last word of "type name" or of ", name" is the name.
  const auto take = [&] {
    auto end = said.size();
    while (end > 0 && !is_name(said[end - 1])) --end;
    auto begin = end;
    while (begin > 0 && is_name(said[begin - 1])) --begin;
    if (begin < end) out.insert(said.substr(begin, end - begin));
  };
  const auto is_none = [&] {
    const auto first = said.find_first_not_of(" \n");
    const auto rest =
        first == said.npos ? std::string_view{} : std::string_view{said}.substr(first);
    for (std::string_view word : {"static", "using", "struct", "enum", "friend"})
      if (rest.starts_with(word)) return true;
    return is_function || rest.empty();
  };
  int depth = 0, angles = 0;
  for (at = text.find('{', at) + 1; at < text.size(); ++at) {
    const char c = text[at];
    if (text.compare(at, 2, "//") == 0) {
      at = text.find('\n', at);
      continue;
    }
    if (c == '}' && depth == 0) return out;
    if (c == '{' || c == '(') ++depth;
    if (c == '(' && depth == 1 && !is_initial) is_function = true;
    if (c == '}' || c == ')') --depth;
    if (c == '}' && depth == 0 && is_function) {  // its body
      said.clear();
      is_function = false;
    }
    if (depth > 0 || c == '}' || c == ')') continue;
    if (c == '<') ++angles;
    if (c == '>') --angles;
    if (angles > 0 || c == '>') continue;
    if (c == '=') is_initial = true;
    if (c == ';' || c == ',') {
      if (!is_none()) take();
      is_initial = false;
      if (c == ';') {
        said.clear();
        is_function = false;
      }
      continue;
    }
    if (!is_initial) said += c;
  }
  return {};
}

}  // namespace troupe::test
