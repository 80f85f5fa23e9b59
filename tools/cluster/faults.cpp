// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/faults.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "config/server_line.hpp"

namespace troupe::cluster {
namespace {

std::string_view trimmed(std::string_view x) {
  while (!x.empty() && x.front() == ' ') x.remove_prefix(1);
  while (!x.empty() && x.back() == ' ') x.remove_suffix(1);
  return x;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

tl::unexpected<std::string> bad_side(std::string_view text, const std::string& why) {
  return tl::unexpected("'" + std::string{text} + "': " + why +
                        "; accepted: sides of server numbers such as 1,2 / 3,4,5");
}

}  // namespace

void faults::cut(const std::vector<side>& sides) {
  for (std::size_t a = 0; a < sides.size(); ++a)
    for (std::size_t b = 0; b < sides.size(); ++b)
      if (a != b) cut_one_way(sides[a], sides[b]);
}

void faults::cut_one_way(const side& from, const side& to) {
  for (auto a : from)
    for (auto b : to) held_.emplace(a, b);
}

void faults::slow(server_number who, std::int64_t delay_ms) {
  if (delay_ms > 0)
    slow_[who] = delay_ms;
  else
    slow_.erase(who);
}

void faults::disk_full(server_number who) { disks_[who].is_full = true; }

void faults::disk_slow(server_number who, std::int64_t sync_ms) {
  auto& disk = disks_[who];
  disk.sync_ms = sync_ms;
  if (disk == disk_fault{}) disks_.erase(who);
}

link_fault faults::between(server_number from, server_number to) const {
  link_fault found;
  found.is_held = held_.contains({from, to});
  for (auto end : {from, to})
    if (auto it = slow_.find(end); it != slow_.end()) found.delay_ms += it->second;
  return found;
}

disk_fault faults::disk_of(server_number who) const {
  auto it = disks_.find(who);
  return it == disks_.end() ? disk_fault{} : it->second;
}

nlohmann::json faults::to_json() const {
  auto out = nlohmann::json{{"held", nlohmann::json::array()},
                            {"slow", nlohmann::json::array()},
                            {"disks", nlohmann::json::array()}};
  for (const auto& [from, to] : held_) out["held"].push_back({from, to});
  for (const auto& [who, ms] : slow_) out["slow"].push_back({who, ms});
  for (const auto& [who, disk] : disks_)
    out["disks"].push_back({{"server", who}, {"full", disk.is_full}, {"sync_ms", disk.sync_ms}});
  return out;
}

tl::expected<faults, std::string> faults::from_json(const nlohmann::json& from) {
  try {
    faults out;
    for (const auto& x : from.at("held"))
      out.held_.emplace(x.at(0).get<server_number>(), x.at(1).get<server_number>());
    for (const auto& x : from.at("slow"))
      out.slow(x.at(0).get<server_number>(), x.at(1).get<std::int64_t>());
    for (const auto& x : from.at("disks")) {
      const auto who = x.at("server").get<server_number>();
      if (x.at("full").get<bool>()) out.disk_full(who);
      out.disk_slow(who, x.at("sync_ms").get<std::int64_t>());
    }
    return out;
  } catch (const nlohmann::json::exception& e) {
    return tl::unexpected(std::string{"not a value of faults: "} + e.what());
  }
}

tl::expected<std::vector<side>, std::string> parse_sides(std::string_view text,
                                                         server_number servers) {
  std::vector<side> sides;
  side seen;
  for (auto part : split(text, '/')) {
    side one;
    for (auto word : split(part, ',')) {
      const auto number = config::parse_number(word, 1, servers);
      if (!number)
        return bad_side(text, "'" + std::string{word} + "' is no server; there are 1.." +
                                  std::to_string(servers));
      const auto who = static_cast<server_number>(*number);
      if (!seen.insert(who).second)
        return bad_side(text, "server " + std::to_string(who) + " stands there twice");
      one.insert(who);
    }
    sides.push_back(std::move(one));
  }
  if (sides.size() < 2) return bad_side(text, "that is one side, and a cut has two or more");
  return sides;
}

tl::expected<std::int64_t, std::string> parse_delay_ms(std::string_view text) {
  auto digits = text;
  std::int64_t unit = 1;
  if (digits.ends_with("ms")) {
    digits.remove_suffix(2);
  } else if (digits.ends_with("s")) {
    digits.remove_suffix(1);
    unit = 1'000;
  }
  const auto number = config::parse_number(digits, 0, delay_ms_max / unit);
  if (!number)
    return tl::unexpected("'" + std::string{text} + "' is no delay; accepted: 0ms to " +
                          std::to_string(delay_ms_max / 1'000) + "s, such as 20ms or 2s");
  return *number * unit;
}

std::string to_text(const faults& x) {
  std::string out;
  auto say = [&out](const std::string& phrase) { out += (out.empty() ? "" : "; ") + phrase; };
  const auto all = x.to_json();
  std::map<server_number, std::string> unheard;  // by who is not heard
  for (const auto& pair : all["held"]) {
    auto& to = unheard[pair[0].get<server_number>()];
    to += (to.empty() ? "" : ",") + std::to_string(pair[1].get<server_number>());
  }
  for (const auto& [from, to] : unheard)
    say("held: what " + std::to_string(from) + " says to " + to);
  for (const auto& pair : all["slow"])
    say("server." + pair[0].dump() + " slow by " + pair[1].dump() + " ms");
  for (const auto& disk : all["disks"]) {
    const auto who = "disk of server." + disk["server"].dump();
    if (disk["full"].get<bool>()) say(who + " full");
    if (disk["sync_ms"].get<std::int64_t>() > 0)
      say(who + " slow by " + disk["sync_ms"].dump() + " ms");
  }
  return out.empty() ? "none" : out;
}

}  // namespace troupe::cluster
