// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/completion.hpp"

#include <algorithm>

namespace troupe::cli {
namespace {

constexpr std::string_view blanks = " \t";

std::vector<std::string> complete_path(std::string_view word, const children_of& children) {
  const auto name_at = word.rfind('/') + 1;
  const std::string parent{name_at == 1 ? "/" : word.substr(0, name_at - 1)};
  const auto prefix = word.substr(name_at);
  std::vector<std::string> out;
  for (const auto& name : children(parent))
    if (name.starts_with(prefix)) out.push_back((parent == "/" ? parent : parent + "/") + name);
  return out;
}

}  // namespace

std::vector<std::string> complete(std::string_view line, const std::vector<known_command>& commands,
                                  const children_of& children) {
  const auto begin = line.find_last_of(blanks);
  const auto word = begin == std::string_view::npos ? line : line.substr(begin + 1);
  auto before = line.substr(0, line.size() - word.size());
  before.remove_prefix(std::min(before.find_first_not_of(blanks), before.size()));
  const auto command = before.substr(0, before.find_first_of(blanks));
  std::vector<std::string> out;
  if (word.starts_with('/')) {
    out = complete_path(word, children);
  } else if (command.empty() || command == "help") {
    for (const auto& x : commands)
      if (x.name.starts_with(word)) out.emplace_back(x.name);
  } else if (word.starts_with('-')) {
    for (const auto& x : commands)
      if (x.name == command)
        std::ranges::copy_if(x.options, std::back_inserter(out),
                             [&](const auto& o) { return o.starts_with(word); });
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace troupe::cli
