// SPDX-License-Identifier: Apache-2.0
#include "config/node_config.hpp"

#include <algorithm>
#include <map>

#include "config/keys.hpp"
#include "config/server_line.hpp"
#include "messages/txn.hpp"

namespace troupe::config {

namespace {

/// A value as zoo.cfg needs it: Java Properties takes a backslash for an escape.
std::string escaped(std::string_view value) {
  std::string out;
  for (char c : value) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

/// A key that a name of somebody's choice is part of; it would end at what parts it from its value.
std::string escaped_key(std::string_view key) {
  std::string out;
  for (char c : escaped(key)) {
    if (c == '=' || c == ':' || c == ' ') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

}  // namespace

const server_entry* node_config::find(server_id id) const {
  auto i = std::find_if(servers.begin(), servers.end(), [id](const auto& x) { return x.id == id; });
  return i == servers.end() ? nullptr : &*i;
}

std::size_t node_config::planned_txn_bytes_max() const {
  return std::min(2 * static_cast<std::size_t>(jute_buffer_bytes_max), txn_bytes_max);
}

bool node_config::has_groups() const {
  return std::any_of(servers.begin(), servers.end(), [](const auto& x) { return x.group; });
}

bool node_config::allows_four_letter_word(std::string_view word) const {
  return std::any_of(four_letter_words.begin(), four_letter_words.end(),
                     [word](const auto& x) { return x == "*" || x == word; });
}

std::string print_line(std::string_view key, std::string_view value) {
  return escaped_key(key) + "=" + escaped(value) + "\n";
}

std::string print_members(const node_config& cfg) {
  std::string out;
  std::map<std::int64_t, std::string> groups;
  for (const auto& x : cfg.servers) {
    out += print_line("server." + std::to_string(x.id.value), print_server_line(x, true));
    if (!x.group) continue;
    auto& members = groups[*x.group];
    members += (members.empty() ? "" : ":") + std::to_string(x.id.value);
  }
  for (const auto& [group, members] : groups)
    out += print_line("group." + std::to_string(group), members);
  if (!groups.empty())
    for (const auto& x : cfg.servers)
      out += print_line("weight." + std::to_string(x.id.value), std::to_string(x.weight));
  return out;
}

std::string print(const node_config& cfg) {
  std::string out;
  for (const auto& section : key_table()) {
    std::string lines;
    for (const auto& key : section.keys) {
      if (auto value = key.show ? key.show(cfg) : std::nullopt)
        lines += print_line(key.name, *value);
      if (!key.show_many) continue;
      for (const auto& [name, value] : key.show_many(cfg)) lines += print_line(name, value);
    }
    if (!lines.empty()) out += "# " + std::string{section.title} + "\n" + lines + "\n";
  }
  return out + print_members(cfg);
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

}  // namespace troupe::config
