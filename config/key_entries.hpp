// SPDX-License-Identifier: Apache-2.0
/// How the rows of the table of keys are made: one function a kind of value. For the keys_*.cpp
/// beside this file alone.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/keys.hpp"
#include "config/server_line.hpp"

namespace troupe::config::entries {

inline constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t long_max = std::numeric_limits<std::int64_t>::max();

/// The whole numbers a key takes, and what they count; `note` says what a special one means.
struct range {
  std::int64_t min = 0, max = int_max;
  std::string_view unit = {};
};

[[nodiscard]] std::string lower(std::string_view s);
/// The parts between `by`, blanks around them gone.
[[nodiscard]] std::vector<std::string_view> split(std::string_view s, char by);
[[nodiscard]] std::string words_for(const range& r);
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

template <class T>
verdict take_number(T& to, std::string_view value, const range& r) {
  auto n = parse_number(value, r.min, r.max);
  if (!n) return words_for(r);
  to = static_cast<T>(*n);
  return std::nullopt;
}
[[nodiscard]] verdict take_choice(bool& to, std::string_view value, std::string_view yes,
                                  std::string_view no);

// -- honoured -----------------------------------------------------------------------------------

/// A row whose accepted words, name and meaning stand, and nothing else yet.
[[nodiscard]] key_entry row(std::string_view name, std::string accepted, std::string_view meaning);

/// Its default is what an untouched node_config shows.
[[nodiscard]] key_entry with_own_default(key_entry x);

/// A field of node_config under one name; its default is the field's.
template <class T>
key_entry number(std::string_view name, T node_config::*field, range r, std::string_view meaning) {
  auto out = row(name, words_for(r), meaning);
  out.read = [field, r](draft& d, std::string_view, std::string_view v) {
    return take_number(d.cfg.*field, v, r);
  };
  out.show = [field](const node_config& c) { return std::to_string(c.*field); };
  return with_own_default(std::move(out));
}
/// A number of bytes that zoo.cfg says in KB; -1 and all that is below 1 in it is off, 0 here.
[[nodiscard]] key_entry kilobytes(std::string_view name, std::int64_t node_config::*field, range r,
                                  std::string_view meaning);
[[nodiscard]] key_entry choice(std::string_view name, bool node_config::*field,
                               std::string_view yes, std::string_view no, std::string_view meaning);
[[nodiscard]] key_entry flag(std::string_view name, bool node_config::*field,
                             std::string_view meaning);
[[nodiscard]] key_entry text(std::string_view name, std::string node_config::*field,
                             std::string_view accepted, std::string_view meaning);
/// All else: the caller gives what reads and shows it.
[[nodiscard]] key_entry custom(std::string_view name, std::string accepted, std::string fallback,
                               std::string_view meaning,
                               std::function<verdict(draft&, std::string_view)> read,
                               std::function<std::optional<std::string>(const node_config&)> show);

// -- not honoured -------------------------------------------------------------------------------

/// Accepted, and a line says why nothing comes of it, unless the value is `as_ours`. `fallback` is
/// ZooKeeper's default.
[[nodiscard]] key_entry no_effect(std::string_view name, std::string_view fallback,
                                  std::string_view why, std::string_view meaning,
                                  std::string_view as_ours = {});
/// The same for one that has to be true or false.
[[nodiscard]] key_entry no_effect_flag(std::string_view name, bool fallback, std::string_view why,
                                       std::string_view meaning, bool ours);
/// Every value but `as_ours` ends the start.
[[nodiscard]] key_entry refused(std::string_view name, std::string_view why,
                                std::string_view meaning, std::string_view as_ours = {});

/// Classes of Java's by which a config names what is built in here; others end the start.
[[nodiscard]] key_entry built_in(std::string_view name, std::vector<std::string> classes,
                                 std::string_view why, std::string_view meaning);

// -- the parts of the table ---------------------------------------------------------------------

[[nodiscard]] key_section server_keys();
[[nodiscard]] key_section client_keys();
[[nodiscard]] key_section limit_keys();
[[nodiscard]] key_section znode_keys();
[[nodiscard]] key_section ensemble_keys();
[[nodiscard]] key_section journal_keys();
[[nodiscard]] key_section security_keys();
/// What of security_keys() is about SASL, and which classes know schemes.
[[nodiscard]] std::vector<key_entry> sasl_keys();
[[nodiscard]] key_section insight_keys();
[[nodiscard]] key_section tuning_keys();

}  // namespace troupe::config::entries
