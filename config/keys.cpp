// SPDX-License-Identifier: Apache-2.0
#include "config/keys.hpp"

#include <algorithm>
#include <limits>

#include "actors/core/edit_distance.hpp"
#include "config/key_entries.hpp"

namespace troupe::config {

namespace {

constexpr std::string_view any_number = ".N";

/// Whether a row of the table stands for this name.
bool covers(std::string_view row, std::string_view name) {
  if (row == name) return true;
  if (row.ends_with(any_number)) return name.starts_with(row.substr(0, row.size() - 1));
  if (row.ends_with('*')) return name.starts_with(row.substr(0, row.size() - 1));
  return row.ends_with('.') && name.starts_with(row);
}

bool is_whole_name(std::string_view row) { return !row.ends_with('.') && !row.ends_with('*'); }

}  // namespace

const std::vector<key_section>& key_table() {
  static const std::vector<key_section> table{
      entries::server_keys(),   entries::client_keys(),   entries::limit_keys(),
      entries::znode_keys(),    entries::ensemble_keys(), entries::journal_keys(),
      entries::security_keys(), entries::insight_keys(),  entries::tuning_keys()};
  return table;
}

const key_entry* find_key(std::string_view name) {
  const key_entry* of_many = nullptr;
  for (const auto& section : key_table())
    for (const auto& x : section.keys) {
      if (x.name == name) return &x;
      if (of_many == nullptr && covers(x.name, name)) of_many = &x;
    }
  return of_many;
}

std::string_view plain_name(std::string_view key) {
  constexpr std::string_view prefix = "zookeeper.";
  if (key.starts_with(prefix) && find_key(key.substr(prefix.size())))
    return key.substr(prefix.size());
  return key;
}

bool is_secret(std::string_view name) {
  const auto* entry = find_key(plain_name(name));
  if (entry != nullptr && entry->is_secret) return true;
  const auto word = entries::lower(name);
  const bool is_a_place = word.ends_with("path") || word.ends_with("file");
  return !is_a_place && (word.find("passw") != word.npos || word.ends_with("superdigest"));
}

bool is_membership(std::string_view key) {
  return key.starts_with("server.") || key.starts_with("group.") || key.starts_with("weight.");
}

std::string nearest_key(std::string_view key) {
  auto wanted = entries::lower(key);
  if (wanted.starts_with("zookeeper.")) wanted.erase(0, 10);  // as the Java property is called
  auto dot = wanted.rfind('.');
  if (dot != std::string::npos && parse_number(wanted.substr(dot + 1), 0, entries::long_max))
    wanted = wanted.substr(0, dot) + ".n";
  std::string best;
  std::size_t best_edits = std::numeric_limits<std::size_t>::max();
  for (const auto& section : key_table())
    for (const auto& x : section.keys) {
      if (!is_whole_name(x.name)) continue;
      const auto a = wanted.size(), b = x.name.size();
      if ((a > b ? a - b : b - a) >= best_edits) continue;  // each character too many is an edit
      auto n = core::edit_distance(wanted, entries::lower(x.name));
      if (n >= best_edits) continue;
      best_edits = n;
      best = x.name;
    }
  return best;
}

}  // namespace troupe::config
