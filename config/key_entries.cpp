// SPDX-License-Identifier: Apache-2.0
#include "config/key_entries.hpp"

#include <algorithm>

namespace troupe::config::entries {

std::string lower(std::string_view s) {
  std::string out{s};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

std::vector<std::string_view> split(std::string_view s, char by) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  std::vector<std::string_view> out;
  for (;;) {
    auto n = s.find(by);
    auto part = s.substr(0, n);
    while (!part.empty() && is_blank(part.front())) part.remove_prefix(1);
    while (!part.empty() && is_blank(part.back())) part.remove_suffix(1);
    out.push_back(part);
    if (n == std::string_view::npos) return out;
    s.remove_prefix(n + 1);
  }
}

std::string words_for(const range& r) {
  return "a whole number " + std::to_string(r.min) + ".." + std::to_string(r.max) +
         (r.unit.empty() ? "" : " (" + std::string{r.unit} + ")");
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

verdict take_choice(bool& to, std::string_view value, std::string_view yes, std::string_view no) {
  auto x = lower(value);
  if (x != yes && x != no) return std::string{yes} + " or " + std::string{no};
  to = x == yes;
  return std::nullopt;
}

key_entry row(std::string_view name, std::string accepted, std::string_view meaning) {
  key_entry out;
  out.name = name;
  out.accepted = std::move(accepted);
  out.meaning = meaning;
  return out;
}

key_entry with_own_default(key_entry x) {
  const node_config untouched;
  x.fallback = x.show(untouched).value_or("");
  return x;
}

key_entry kilobytes(std::string_view name, std::int64_t node_config::*field, range r,
                    std::string_view meaning) {
  auto out = row(name, words_for(r), meaning);
  out.read = [field, r](draft& d, std::string_view, std::string_view v) -> verdict {
    std::int64_t kb = 0;
    if (auto not_taken = take_number(kb, v, r)) return not_taken;
    d.cfg.*field = kb < 1 ? 0 : kb * 1024;
    return std::nullopt;
  };
  out.show = [field](const node_config& c) {
    return c.*field == 0 ? "-1" : std::to_string(c.*field / 1024);
  };
  return with_own_default(std::move(out));
}

key_entry choice(std::string_view name, bool node_config::*field, std::string_view yes,
                 std::string_view no, std::string_view meaning) {
  auto out = row(name, std::string{yes} + " or " + std::string{no}, meaning);
  out.read = [field, yes, no](draft& d, std::string_view, std::string_view v) {
    return take_choice(d.cfg.*field, v, yes, no);
  };
  out.show = [field, yes, no](const node_config& c) { return std::string{c.*field ? yes : no}; };
  return with_own_default(std::move(out));
}

key_entry flag(std::string_view name, bool node_config::*field, std::string_view meaning) {
  return choice(name, field, "true", "false", meaning);
}

key_entry text(std::string_view name, std::string node_config::*field, std::string_view accepted,
               std::string_view meaning) {
  auto out = row(name, std::string{accepted}, meaning);
  out.read = [field, words = out.accepted](draft& d, std::string_view,
                                           std::string_view v) -> verdict {
    if (v.empty()) return words;
    d.cfg.*field = v;
    return std::nullopt;
  };
  out.show = [field](const node_config& c) -> std::optional<std::string> {
    if ((c.*field).empty()) return std::nullopt;
    return c.*field;
  };
  return out;
}

key_entry custom(std::string_view name, std::string accepted, std::string fallback,
                 std::string_view meaning, std::function<verdict(draft&, std::string_view)> read,
                 std::function<std::optional<std::string>(const node_config&)> show) {
  auto out = row(name, std::move(accepted), meaning);
  out.fallback = std::move(fallback);
  out.read = [read = std::move(read)](draft& d, std::string_view, std::string_view v) {
    return read(d, v);
  };
  out.show = std::move(show);
  return out;
}

key_entry no_effect(std::string_view name, std::string_view fallback, std::string_view why,
                    std::string_view meaning, std::string_view as_ours) {
  auto out = row(name, "any", meaning);
  out.how = key_class::no_effect;
  out.fallback = std::string{fallback};
  out.as_ours = as_ours;
  out.why = why;
  out.read = [](draft&, std::string_view, std::string_view) { return verdict{}; };
  return out;
}

key_entry no_effect_flag(std::string_view name, bool fallback, std::string_view why,
                         std::string_view meaning, bool ours) {
  auto out = no_effect(name, fallback ? "true" : "false", why, meaning, ours ? "true" : "false");
  out.accepted = "true or false";
  out.read = [](draft&, std::string_view, std::string_view v) {
    bool said = false;
    return take_choice(said, v, "true", "false");
  };
  return out;
}

key_entry refused(std::string_view name, std::string_view why, std::string_view meaning,
                  std::string_view as_ours) {
  auto out = row(name, as_ours.empty() ? "none" : std::string{as_ours}, meaning);
  out.how = key_class::refused;
  out.fallback = std::string{as_ours};
  out.as_ours = as_ours;
  out.why = why;
  out.read = [as_ours](draft&, std::string_view, std::string_view v) -> verdict {
    if (!as_ours.empty() && lower(v) == lower(as_ours)) return std::nullopt;
    return as_ours.empty() ? "none" : std::string{as_ours};
  };
  return out;
}

key_entry built_in(std::string_view name, std::vector<std::string> classes, std::string_view why,
                   std::string_view meaning) {
  auto out = refused(name, why, meaning);
  out.accepted = joined(classes);
  out.read = [classes = std::move(classes), words = out.accepted](draft&, std::string_view,
                                                                  std::string_view v) -> verdict {
    if (std::ranges::find(classes, v) != classes.end()) return std::nullopt;
    return words;
  };
  return out;
}

}  // namespace troupe::config::entries
