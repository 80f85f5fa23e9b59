// SPDX-License-Identifier: Apache-2.0
// What holds for a config as a whole: what is missing, and which lines do not go together.
#include <algorithm>
#include <limits>

#include "config/builder.hpp"
#include "config/files.hpp"
#include "config/host.hpp"
#include "config/jaas.hpp"
#include "config/membership.hpp"
#include "config/server_line.hpp"

namespace troupe::config::reading {

namespace {

constexpr std::string_view sasl_provider_line =
    "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider";

}  // namespace

problem builder::finish() {
  for (auto step :
       {&builder::read_members_file, &builder::resolve_members, &builder::resolve_paths,
        &builder::resolve_groups, &builder::check_members, &builder::resolve_my_id,
        &builder::check_ensemble, &builder::resolve_client_port, &builder::resolve_timeouts,
        &builder::resolve_clients, &builder::resolve_sasl, &builder::check_auth_schemes})
    if (auto found = (this->*step)()) return found;
  return std::nullopt;
}

/// The lines of a dynamicConfigFile. The config itself may have none then, nor the file any other
/// (QuorumPeerConfig.parseDynamicConfig).
problem builder::read_members_file() {
  const auto path = draft_.dynamic_file;
  if (path.empty()) return std::nullopt;
  for (const auto& [key, said] : said_)
    if (is_membership(key))
      return said.where + ": " + key + ": the server, group and weight lines have to be in " +
             path + ", since dynamicConfigFile names it";
  auto text = read_(path);
  if (!text) return at("dynamicConfigFile") + "=" + path + ": cannot be read";
  auto lines = parse_properties(*text);
  if (!lines) return path + ":" + std::to_string(lines.error().line) + ": " + lines.error().text;
  for (const auto& x : *lines) {
    const auto where = path + ":" + std::to_string(x.line);
    if (!is_membership(x.key))
      return where + ": " + x.key +
             ": not valid; accepted in a dynamicConfigFile: server.N, "
             "group.N and weight.N";
    if (auto found = take_known(*find_key(x.key), x.key, x.value, where)) return found;
  }
  cfg().membership_version = version_in_name(path);
  return std::nullopt;
}

problem builder::resolve_members() {
  for (auto& [id, entry] : draft_.servers) {
    if (auto w = draft_.weights.find(id); w != draft_.weights.end()) entry.weight = w->second;
    cfg().servers.push_back(entry);
  }
  return std::nullopt;
}

problem builder::resolve_paths() {
  if (!said("dataDir")) return missing("dataDir", "it names the directory of snapshots");
  cfg().data_dir = absolute_path(cfg().data_dir);
  cfg().data_log_dir = said("dataLogDir") ? absolute_path(cfg().data_log_dir) : cfg().data_dir;
  // Read when the server has gone behind the terminal, and left this directory.
  if (auto& file = cfg().session_secret_file; !file.empty()) file = absolute_path(file);
  return std::nullopt;
}

problem builder::resolve_groups() {
  auto entry_of = [this](std::int64_t id) {
    auto& all = cfg().servers;
    auto i = std::find_if(all.begin(), all.end(), [id](auto& x) { return x.id.value == id; });
    return i == all.end() ? nullptr : &*i;
  };
  for (const auto& [id, weight] : draft_.weights)
    if (!entry_of(id))
      return at("weight." + std::to_string(id)) + ": there is no server." + std::to_string(id);
  for (const auto& [group, members] : draft_.groups) {
    const auto where = at("group." + std::to_string(group));
    for (auto id : members) {
      auto* entry = entry_of(id);
      if (!entry) return where + ": there is no server." + std::to_string(id);
      if (entry->group)
        return where + ": server." + std::to_string(id) + " is in group." +
               std::to_string(*entry->group) + " too; accepted: every server in one group";
      entry->group = group;
    }
  }
  if (draft_.groups.empty() && draft_.weights.empty()) return std::nullopt;
  for (const auto& x : cfg().servers)
    if (!x.observer && !x.group)
      return server_at(x.id.value) +
             ": in no group; accepted: with group. or weight. lines, every voter is in a group";
  return std::nullopt;
}

/// What holds for the list of members whoever we are (QuorumPeerConfig.parseDynamicConfig).
problem builder::check_members() {
  const auto& all = cfg().servers;
  auto voters = std::count_if(all.begin(), all.end(), [](auto& x) { return !x.observer; });
  if (voters < static_cast<std::ptrdiff_t>(all.size())) {
    if (voters == 0) return file_ + ": observers without any participant; accepted: 1 or more";
    if (voters == 1 && cfg().standalone_enabled)
      return file_ +
             ": observers and a single participant; accepted: 2 participants or more, or "
             "standaloneEnabled=false";
  }
  if (voters > 0 &&
      std::none_of(all.begin(), all.end(), [](auto& x) { return !x.observer && x.weight > 0; }))
    return file_ + ": every participant has weight 0; accepted: a weight above 0 for one or more";
  for (auto a = all.begin(); a != all.end(); ++a)
    for (auto b = all.begin(); b != a; ++b)
      for (auto port : {a->peer_port, a->election_port})
        if (canonical_host(a->host) == canonical_host(b->host) &&
            (port == b->peer_port || port == b->election_port))
          return server_at(a->id.value) + ": port " + std::to_string(port) + " of " + a->host +
                 " is server." + std::to_string(b->id.value) + "'s too";
  for (auto a = all.begin(); a != all.end(); ++a)
    for (auto b = all.begin(); b != a; ++b)
      if (session_byte_of(a->id) == session_byte_of(b->id))
        return server_at(a->id.value) +
               ": the lowest byte of its number, which session ids bear, is that of server." +
               std::to_string(b->id.value) +
               " too, so that both might make the same session; accepted: numbers that differ in "
               "it, such as those below 256";
  warn_of_own_line();
  if (voters == 2)
    warn(file_ + ": 2 participants: the loss of either stops the service; 3 stand the loss of one");
  else if (voters > 2 && voters % 2 == 0)
    warn(file_ + ": " + std::to_string(voters) + " participants: an even number stands no more " +
         "losses than one fewer");
  return std::nullopt;
}

/// What others are told of this server by a reconfig, and by the list in /zookeeper/config.
void builder::warn_of_own_line() {
  if (!cfg().reconfig_enabled) return;
  for (const auto& x : cfg().servers)
    if (is_wildcard(x.host))
      warn(server_at(x.id.value) + "=" + x.host +
           ": with reconfigEnabled=true the others are told " +
           "this line, too; they go on with the address they know, new servers and clients see " +
           x.host + "; better: the name by which others reach it, with quorumListenOnAllIPs=true");
}

std::string builder::missing(const std::string& key, std::string_view what) const {
  auto out = at(key) + ": missing; " + std::string{what};
  for (const auto& x : unknown_)
    if (x.nearest == key)
      return out + "; " + x.where + " has " + x.key + ", which is no key: did it mean " + key + "?";
  return out;
}

problem builder::resolve_my_id() {
  const auto path = cfg().data_dir + "/myid";
  auto content = read_(path);
  constexpr std::string_view accepted =
      "accepted: one line with the N of this server's server.N line, 0 or greater";
  if (!content) {
    if (cfg().is_standalone()) return std::nullopt;
    return path + ": missing or not readable; " + std::string{accepted};
  }
  auto line = without_byte_order_mark(*content);
  line = line.substr(0, line.find_first_of("\r\n"));
  line.erase(line.find_last_not_of(" \t") + 1);
  line.erase(0, line.find_first_not_of(" \t"));
  auto id = parse_number(line, 0, std::numeric_limits<std::int64_t>::max());
  if (!id) return path + ":1: myid=" + line + ": not valid; " + std::string{accepted};
  if (*id > 254 && cfg().extended_types)  // its sessions would read as TTL znodes' owners
    return path + ":1: myid=" + line + ": too large with extendedTypesEnabled; accepted: 0..254";
  cfg().my_id = server_id{*id};
  if (cfg().servers.empty() || cfg().me()) return std::nullopt;
  auto text = path + ":1: myid=" + line + ": there is no server." + line + " in " + file_;
  if (!cfg().is_standalone()) return text + "; " + std::string{accepted};
  warn(text + "; ignored, since this server is standalone");
  return std::nullopt;
}

problem builder::check_ensemble() {
  if (cfg().is_standalone()) return std::nullopt;
  for (const std::string key : {"initLimit", "syncLimit"})
    if (!said(key)) return missing(key, "an ensemble needs it, in ticks, such as 10 and 5");
  if (draft_.observer && *draft_.observer != cfg().is_observer()) {
    const auto role = cfg().is_observer() ? "observer" : "participant";
    warn(at("peerType") + ": differs from this server's line, which wins: " + role);
  }
  return std::nullopt;
}

problem builder::resolve_client_port() {
  const server_entry* line = cfg().me();
  if (!line && cfg().servers.size() == 1) line = &cfg().servers.front();  // alone, without a myid
  if (draft_.client_address) cfg().client_address = *draft_.client_address;
  if (line && line->client_port) {
    const auto where = server_at(line->id.value);
    if (said("clientPort") && cfg().client_port != *line->client_port)
      return where + ": client port " + std::to_string(*line->client_port) +
             ", but clientPort says " + std::to_string(cfg().client_port) +
             "; accepted: one of them";
    if (line->client_address && draft_.client_address && !is_wildcard(*draft_.client_address) &&
        canonical_host(*line->client_address) != canonical_host(*draft_.client_address))
      return where + ": client address " + *line->client_address + ", but clientPortAddress says " +
             *draft_.client_address + "; accepted: one of them";
    cfg().client_port = *line->client_port;
    if (line->client_address) cfg().client_address = *line->client_address;
  }
  if (cfg().client_port == 0)
    return missing("clientPort",
                   "accepted: a port 1..65535 here or behind the ; of the server line");
  return std::nullopt;
}

problem builder::resolve_timeouts() {
  auto ticks = [this](std::int64_t n) {
    return static_cast<std::int32_t>(
        std::min<std::int64_t>(n * cfg().tick_ms, std::numeric_limits<std::int32_t>::max()));
  };
  cfg().min_session_timeout_ms = draft_.min_session_timeout_ms.value_or(ticks(2));
  cfg().max_session_timeout_ms = draft_.max_session_timeout_ms.value_or(ticks(20));
  if (cfg().min_session_timeout_ms > cfg().max_session_timeout_ms)
    return at("minSessionTimeout") + "=" + std::to_string(cfg().min_session_timeout_ms) +
           ": above maxSessionTimeout, which is " + std::to_string(cfg().max_session_timeout_ms) +
           "; accepted: at most that (ms; defaults are 2 and 20 ticks)";
  return std::nullopt;
}

/// What two keys decide together.
problem builder::resolve_clients() {
  if (draft_.enforce_auth && draft_.auth_schemes.empty())
    return at("enforce.auth.enabled") +
           "=true: enforce.auth.schemes is missing; accepted: one that names digest, ip or sasl";
  if (draft_.enforce_auth) cfg().required_auth_schemes = draft_.auth_schemes;
  if (cfg().session_requires_sasl) cfg().required_auth_schemes = {"sasl"};
  if (cfg().read_only_mode && !cfg().allows_four_letter_word("isro"))
    cfg().four_letter_words.emplace_back("isro");
  return std::nullopt;
}

/// The users of the JAAS file (ServerCnxnFactory.configureSaslLogin).
problem builder::resolve_sasl() {
  const auto& path = cfg().jaas_file;
  if (path.empty()) return std::nullopt;
  auto text = read_(path);
  if (!text)
    return at(std::string{jaas_key}) + "=" + path + ": cannot be read; accepted: a JAAS file";
  auto users = read_jaas_users(*text, cfg().jaas_section);
  if (!users && users.error().line == 0)
    return path + ": " + users.error().text + " (" + at(std::string{jaas_key}) +
           " names this file)";
  if (!users) return path + ":" + std::to_string(users.error().line) + ": " + users.error().text;
  cfg().sasl_users = *std::move(users);
  if (cfg().sasl_super_password.empty()) return std::nullopt;
  auto super = cfg().sasl_users.find("super");
  if (super == cfg().sasl_users.end())
    warn(at(std::string{super_password_key}) + ": without effect: " + path + " has no user_super");
  else
    super->second = cfg().sasl_super_password;
  return std::nullopt;
}

/// AuthenticationHelper.validateConfiguredProperties; and that somebody can show what is asked for.
problem builder::check_auth_schemes() {
  const auto& wanted = cfg().required_auth_schemes;
  if (std::ranges::find(wanted, "sasl") == wanted.end()) return std::nullopt;
  const auto where =
      at(cfg().session_requires_sasl ? "sessionRequireClientSASLAuth" : "enforce.auth.schemes");
  if (!cfg().sasl_in_acls)
    return where + ": asks for the scheme sasl, which is not there; accepted: with a line " +
           std::string{sasl_provider_line};
  if (wanted.size() == 1 && cfg().sasl_users.empty())
    return where + ": nobody could log in by SASL; accepted: with a line " + std::string{jaas_key} +
           "=FILE that names the users";
  return std::nullopt;
}

}  // namespace troupe::config::reading
