// SPDX-License-Identifier: Apache-2.0
#include "config/partial_config.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "config/files.hpp"
#include "config/host.hpp"
#include "config/key_entries.hpp"
#include "config/keys.hpp"
#include "config/properties.hpp"
#include "config/server_line.hpp"

namespace troupe::config {
namespace {

/// Where one line is no property the others still are.
std::vector<property> readable_properties(std::string_view text) {
  if (auto whole = parse_properties(text)) return *std::move(whole);
  std::vector<property> out;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (auto one = parse_properties(line)) out.insert(out.end(), one->begin(), one->end());
  }
  return out;
}

/// Of the last line of that name; of another case only when there is none. nullopt: no line.
std::optional<std::string> value_of(const std::vector<property>& all, std::string_view key) {
  std::optional<std::string> exact, near;
  for (const auto& x : all) {
    const auto name = plain_name(x.key);
    if (name == key) exact = x.value;
    if (entries::lower(name) == entries::lower(key)) near = x.value;
  }
  auto value = exact ? exact : near;
  return value && is_quoted(*value) ? value->substr(1, value->size() - 2) : value;
}

std::optional<server_id> my_id_in(const std::string& data_dir, const file_reader& read) {
  const auto text = read(data_dir + "/myid");
  if (!text) return std::nullopt;
  const auto plain = without_byte_order_mark(*text);
  const auto begin = plain.find_first_not_of(" \t");
  if (begin == plain.npos) return std::nullopt;
  server_id out{};
  const auto [end, error] =
      std::from_chars(plain.data() + begin, plain.data() + plain.size(), out.value);
  return error == std::errc{} ? std::optional{out} : std::nullopt;
}

/// This server's line, as the server would find it: by myid, or the only one.
std::optional<server_entry> own_line(const std::vector<property>& all,
                                     std::optional<server_id> me) {
  constexpr std::string_view stem = "server.";
  std::vector<server_entry> servers;
  for (const auto& x : all) {
    if (!x.key.starts_with(stem)) continue;
    const auto id = parse_number(std::string_view{x.key}.substr(stem.size()), 0,
                                 std::numeric_limits<std::int64_t>::max());
    if (auto entry = parse_server_line({id.value_or(-1)}, x.value); id && entry)
      servers.push_back(*std::move(entry));
  }
  const auto mine =
      std::ranges::find_if(servers, [me](const server_entry& x) { return x.id == me; });
  if (mine != servers.end()) return *mine;
  return servers.size() == 1 ? std::optional{servers.front()} : std::nullopt;
}

}  // namespace

partial_config read_partial_config(std::string_view text, const file_reader& read,
                                   const std::vector<setting>& settings) {
  auto all = readable_properties(text);
  for (const auto& x : settings) all.push_back({x.key, x.value, 0});  // these stand above the file
  partial_config out;
  if (const auto dir = value_of(all, "dataDir").value_or(""); !dir.empty())
    out.data_dir = absolute_path(dir);
  out.client_address = node_config{}.client_address;
  if (const auto address = value_of(all, "clientPortAddress"))
    out.client_address = address->empty() ? std::string{client_address_when_empty}
                                          : parse_host(*address).value_or(out.client_address);
  out.client_port = parse_port(value_of(all, "clientPort").value_or("")).value_or(0);
  if (const auto list = value_of(all, "dynamicConfigFile"))
    for (auto& x : readable_properties(read(*list).value_or(""))) all.push_back(std::move(x));
  if (const auto mine = own_line(all, my_id_in(out.data_dir, read)); mine && mine->client_port) {
    out.client_port = *mine->client_port;
    out.client_address = mine->client_address.value_or(out.client_address);
  }
  return out;
}

partial_config load_partial_config(const std::string& path, const std::vector<setting>& settings) {
  return read_partial_config(read_whole(path).value_or(""), read_whole, settings);
}

}  // namespace troupe::config
