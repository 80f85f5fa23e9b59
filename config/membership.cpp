// SPDX-License-Identifier: Apache-2.0
#include "config/membership.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <utility>

#include "config/host.hpp"
#include "config/properties.hpp"
#include "config/server_line.hpp"

namespace troupe::config {
namespace {

constexpr std::int64_t number_max = std::numeric_limits<std::int64_t>::max();

std::string hex(std::int64_t x) {
  char digits[20];
  return {digits,
          std::to_chars(digits, digits + sizeof digits, static_cast<std::uint64_t>(x), 16).ptr};
}

std::optional<std::int64_t> parse_hex(std::string_view s) {
  std::uint64_t x = 0;
  auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), x, 16);
  if (s.empty() || error != std::errc{} || end != s.data() + s.size() || x > number_max)
    return std::nullopt;
  return static_cast<std::int64_t>(x);
}

/// As ZooKeeper's StringUtils.split: blanks around parts go, and so do empty parts.
std::vector<std::string> split(std::string_view s, char by) {
  std::vector<std::string> out;
  while (!s.empty()) {
    auto n = s.find(by);
    auto part = s.substr(0, n);
    while (!part.empty() && static_cast<unsigned char>(part.front()) <= ' ') part.remove_prefix(1);
    while (!part.empty() && static_cast<unsigned char>(part.back()) <= ' ') part.remove_suffix(1);
    if (!part.empty()) out.emplace_back(part);
    s.remove_prefix(n == s.npos ? s.size() : n + 1);
  }
  return out;
}

/// The number behind the last dot, or the whole: "server.5" and "5" are 5.
std::optional<std::int64_t> number_of(std::string_view key) {
  return parse_number(key.substr(key.rfind('.') + 1), 0, number_max);
}

/// A server's value with its client address as ZooKeeper writes it: always said in full.
std::string canonical(server_entry x) {
  if (x.client_port && !x.client_address) x.client_address = "0.0.0.0";
  return print_server_line(x, true);
}

/// Collects the lines of a list in whatever order they come.
struct draft_list {
  std::map<std::int64_t, server_entry> servers;
  std::map<std::int64_t, std::int64_t> group_of, weight_of;
  zxid version;

  std::optional<refused_change> take(const std::string& key, const std::string& value);
  tl::expected<membership, refused_change> finish();
};

refused_change bad(std::string reason) { return {error_code::bad_arguments, std::move(reason)}; }
/// ZooKeeper answers a number that is none with "marshalling error".
refused_change no_number(const std::string& text) {
  return {error_code::marshalling_error, text + ": not valid; accepted: a whole number"};
}

std::optional<refused_change> draft_list::take(const std::string& key, const std::string& value) {
  const auto line = key + "=" + value;
  if (key == "version") {
    auto x = parse_hex(value);
    if (!x) return no_number(line);
    version = zxid{*x};
    return std::nullopt;
  }
  const auto stem = key.substr(0, key.find('.'));
  if (stem != "server" && stem != "group" && stem != "weight")
    return bad(line + ": not valid; accepted: server.N, group.N, weight.N and version");
  auto n = number_of(key);
  if (!n) return no_number(line);
  if (stem == "weight") {
    auto weight = parse_number(value, 0, std::numeric_limits<std::int32_t>::max());
    if (!weight) return no_number(line);
    weight_of[*n] = *weight;
  } else if (stem == "group") {
    for (const auto& part : split(value, ':')) {
      auto id = parse_number(part, 0, number_max);
      if (!id) return no_number(line);
      if (!group_of.emplace(*id, *n).second) return bad(line + ": a server in several groups");
    }
  } else {
    auto entry = parse_server_line({*n}, value);
    if (!entry) return bad(line + ": not valid; accepted: " + accepted_server_line(value));
    servers[*n] = *std::move(entry);
  }
  return std::nullopt;
}

tl::expected<membership, refused_change> draft_list::finish() {
  membership out{version, {}};
  const bool grouped = !group_of.empty() || !weight_of.empty();
  for (auto& [id, entry] : servers) {
    if (auto g = group_of.find(id); g != group_of.end()) entry.group = g->second;
    if (auto w = weight_of.find(id); w != weight_of.end()) entry.weight = w->second;
    if (grouped && !entry.observer && !entry.group)
      return tl::unexpected(bad("server." + std::to_string(id) + " is in no group"));
    out.servers.push_back(std::move(entry));
  }
  return out;
}

tl::expected<membership, refused_change> read_list(std::string_view text) {
  auto lines = parse_properties(text);
  if (!lines) return tl::unexpected(bad(lines.error().text));
  draft_list draft;
  for (const auto& line : *lines)
    if (auto refused = draft.take(line.key, line.value)) return tl::unexpected(*std::move(refused));
  return draft.finish();
}

bool is_everywhere(const std::string& host) { return is_loopback(host) || is_wildcard(host); }

/// Two servers at one address; loopback and wildcard addresses may be any host's
/// (QuorumServer.checkAddressDuplicate).
bool collide(const server_entry& a, const server_entry& b) {
  auto addresses = [](const server_entry& x) {
    const auto host = canonical_host(x.host);
    std::vector<std::pair<std::string, std::uint16_t>> out{{host, x.peer_port},
                                                           {host, x.election_port}};
    if (x.client_port && x.client_address)
      out.emplace_back(canonical_host(*x.client_address), *x.client_port);
    return out;
  };
  for (const auto& mine : addresses(a))
    for (const auto& theirs : addresses(b))
      if (mine == theirs && !is_everywhere(mine.first)) return true;
  return false;
}

std::optional<refused_change> check_session_bytes(const membership& list) {
  std::map<std::int64_t, server_id> of_byte;
  for (const auto& x : list.servers)
    if (auto [other, is_new] = of_byte.try_emplace(session_byte_of(x.id), x.id); !is_new)
      return bad("server." + std::to_string(x.id.value) + " and server." +
                 std::to_string(other->second.value) +
                 ": the lowest bytes of their numbers, which session ids bear, are the same");
  return std::nullopt;
}

std::optional<refused_change> join(membership& to, const std::string& spec) {
  auto parts = split(spec, '=');
  if (parts.size() != 2)
    return bad(spec + ": not valid; accepted: server.N=" + accepted_server_line(spec));
  auto id = number_of(parts[0]);
  if (!id) return no_number(spec);
  auto entry = parse_server_line({*id}, parts[1]);
  if (!entry) return bad(spec + ": not valid; accepted: server.N=" + accepted_server_line(spec));
  if (!entry->client_port) return bad(spec + ": the client port behind the ; is missing");
  for (const auto& other : to.servers)
    if (other.id != entry->id && collide(*entry, other))
      return bad(spec + ": an address of server." + std::to_string(other.id.value) + " too");
  std::erase_if(to.servers, [&](const auto& x) { return x.id == entry->id; });
  auto behind = std::find_if(to.servers.begin(), to.servers.end(),
                             [&](const auto& x) { return x.id > entry->id; });
  to.servers.insert(behind, *std::move(entry));
  return std::nullopt;
}

tl::expected<membership, refused_change> change_some(const membership& now,
                                                     const membership_change& asked) {
  auto out = now;
  if (std::any_of(now.servers.begin(), now.servers.end(), [](const auto& x) { return x.group; }))
    return tl::unexpected(bad("groups decide on quorums, so the whole list has to be given"));
  for (const auto& part : split(asked.leaving.value_or(""), ',')) {
    auto id = parse_number(part, std::numeric_limits<std::int64_t>::min(), number_max);
    if (!id) return tl::unexpected(no_number(part));
    std::erase_if(out.servers, [&](const auto& x) { return x.id.value == *id; });
  }
  for (const auto& spec : split(asked.joining.value_or(""), ','))
    if (auto refused = join(out, spec)) return tl::unexpected(*std::move(refused));
  return out;
}

tl::expected<membership, refused_change> change_all(std::string text, bool standalone_enabled) {
  std::replace(text.begin(), text.end(), ',', '\n');
  auto out = read_list(text);
  if (!out) return out;
  auto voters = std::count_if(out->servers.begin(), out->servers.end(),
                              [](const auto& x) { return !x.observer; });
  bool observed = voters < static_cast<std::ptrdiff_t>(out->servers.size());
  // An IllegalArgumentException in ZooKeeper, which its client hears of as a marshalling error.
  if ((voters == 0 && (observed || !standalone_enabled)) ||
      (voters == 1 && standalone_enabled && observed))
    return tl::unexpected(
        refused_change{error_code::marshalling_error, "observers need participants to observe"});
  return out;
}

bool moves_to_dynamic_file(std::string_view key, bool has_client_port) {
  return key.starts_with("server.") || key.starts_with("group") || key.starts_with("weight") ||
         key.starts_with("dynamicConfigFile") || key.starts_with("peerType") ||
         (has_client_port && key.starts_with("clientPort"));
}

}  // namespace

const server_entry* membership::find(server_id id) const {
  auto at =
      std::find_if(servers.begin(), servers.end(), [id](const auto& x) { return x.id == id; });
  return at == servers.end() ? nullptr : &*at;
}

bool membership::is_observer(server_id id) const {
  const auto* entry = find(id);
  return entry != nullptr && entry->observer;
}

bool membership::is_voter(server_id id) const {
  const auto* entry = find(id);
  return servers.empty() || (entry != nullptr && !entry->observer);
}

view_ptr make_view(membership committed) {
  auto list = std::make_shared<const membership>(std::move(committed));
  return std::make_shared<const membership_view>(membership_view{list, list});
}

membership_ptr established_in(epoch era, const membership& list) {
  return std::make_shared<const membership>(membership{zxid::first_of(era), list.servers});
}

view_ptr with_committed(const membership_view& now, membership_ptr committed) {
  auto seen = now.seen->version > committed->version ? now.seen : committed;
  return std::make_shared<const membership_view>(
      membership_view{std::move(committed), std::move(seen)});
}

view_ptr with_seen(const membership_view& now, membership_ptr seen) {
  if (seen->version <= now.committed->version) seen = now.committed;
  return std::make_shared<const membership_view>(membership_view{now.committed, std::move(seen)});
}

membership membership_of(const node_config& cfg) {
  if (cfg.is_standalone()) return {};
  return {cfg.membership_version, cfg.servers};
}

std::string print_lines(const membership& m) {
  std::string out;
  std::map<std::int64_t, std::string> groups;
  for (const auto& x : m.servers) {
    out += "server." + std::to_string(x.id.value) + "=" + canonical(x) + "\n";
    if (!x.group) continue;
    auto& members = groups[*x.group];
    members += (members.empty() ? "" : ":") + std::to_string(x.id.value);
  }
  for (const auto& [group, members] : groups)
    out += "group." + std::to_string(group) + "=" + members + "\n";
  if (!groups.empty())
    for (const auto& x : m.servers)
      if (x.group)
        out += "weight." + std::to_string(x.id.value) + "=" + std::to_string(x.weight) + "\n";
  return out;
}

std::string print(const membership& m) {
  return print_lines(m) + "version=" + hex(m.version.value);
}

tl::expected<membership, std::string> parse_membership(std::string_view text) {
  auto out = read_list(text);
  if (!out) return tl::unexpected(std::move(out.error().reason));
  return *std::move(out);
}

std::uint64_t digest_of(const membership& m) {
  std::map<std::int64_t, std::int64_t> group_names;  // a number of a group means nothing by itself
  std::string text;
  for (const auto& x : m.servers) {
    if (x.observer) continue;
    text += std::to_string(x.id.value);
    if (x.group) {
      const auto name = group_names.try_emplace(*x.group, x.id.value).first->second;
      text += " weight " + std::to_string(x.weight) + " group " + std::to_string(name);
    }
    text += "\n";
  }
  return fnv1a(text);
}

std::string told_lines(const membership& m) {
  node_config cfg;
  cfg.servers = m.servers;
  return print_members(cfg);
}

tl::expected<core::quorum, std::string> quorum_of(const membership& m) {
  std::vector<core::ensemble_member> members;
  for (const auto& x : m.servers)
    members.push_back({.id = x.id, .observer = x.observer, .weight = x.weight, .group = x.group});
  return core::quorum::make(members);
}

tl::expected<membership, refused_change> change(const membership& now,
                                                const membership_change& asked, zxid made_by,
                                                bool standalone_enabled) {
  auto out = asked.new_members ? change_all(*asked.new_members, standalone_enabled)
                               : change_some(now, asked);
  if (!out) return out;
  if (auto refused = check_session_bytes(*out)) return tl::unexpected(*std::move(refused));
  out->version = made_by;
  auto voters = std::count_if(out->servers.begin(), out->servers.end(),
                              [](const auto& x) { return !x.observer; });
  if (voters < (standalone_enabled ? 2 : 1))
    return tl::unexpected(
        bad("too few participants; accepted: 2 or more, or 1 with "
            "standaloneEnabled=false"));
  if (auto decides = quorum_of(*out); !decides)
    return tl::unexpected(
        refused_change{error_code::new_config_no_quorum, std::move(decides.error())});
  return out;
}

// -- files ----------------------------------------------------------------------------------------

std::string dynamic_file_name(const std::string& zoo_cfg, zxid version) {
  return zoo_cfg + ".dynamic." + hex(version.value);
}

zxid version_in_name(std::string_view dynamic_file) {
  auto dot = dynamic_file.rfind('.');
  if (dot == dynamic_file.npos) return {};
  return zxid{parse_hex(dynamic_file.substr(dot + 1)).value_or(0)};
}

std::string point_to(std::string_view zoo_cfg_text, const std::string& dynamic_file,
                     bool has_client_port) {
  std::string out;
  bool goes = false, goes_on = false;  // the line before, and its end is in this one
  const auto plain = without_byte_order_mark(zoo_cfg_text);
  for (std::string_view rest = plain; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    auto key = line;
    key.remove_prefix(std::min(key.find_first_not_of(" \t\f"), key.size()));
    const bool is_comment = !goes_on && (key.starts_with('#') || key.starts_with('!'));
    if (!goes_on) goes = moves_to_dynamic_file(key, has_client_port);
    if (!goes) out.append(line).push_back('\n');
    const auto end = line.substr(0, line.size() - (line.ends_with('\r') ? 1 : 0));
    const auto text = end.find_last_not_of('\\');
    const auto backslashes = end.size() - (text == end.npos ? 0 : text + 1);
    goes_on = !is_comment && backslashes % 2 == 1;
  }
  return out + "dynamicConfigFile=" + dynamic_file + "\n";
}

}  // namespace troupe::config
