// SPDX-License-Identifier: Apache-2.0
#include "config/node_config.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "config/server_line.hpp"

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

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

std::string shortest(double x) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, x).ptr};
}

/// Collects `key=value` lines, each under the comment that says its unit.
struct printer {
  std::string out;

  void section(std::string_view title) { out += "\n# " + std::string{title} + "\n"; }
  void line(std::string_view key, std::string_view value) {
    out += std::string{key} + "=" + escaped(value) + "\n";
  }
  void line(std::string_view key, std::int64_t value) { line(key, std::to_string(value)); }
  void flag(std::string_view key, bool value) { line(key, value ? "true" : "false"); }
};

std::string membership(const node_config& cfg, bool with_clients) {
  printer p;
  std::map<std::int64_t, std::string> groups;
  for (const auto& x : cfg.servers) {
    p.line("server." + std::to_string(x.id.value), print_server_line(x, with_clients));
    if (!x.group) continue;
    auto& members = groups[*x.group];
    members += (members.empty() ? "" : ":") + std::to_string(x.id.value);
  }
  for (const auto& [group, members] : groups) p.line("group." + std::to_string(group), members);
  if (!groups.empty())
    for (const auto& x : cfg.servers) p.line("weight." + std::to_string(x.id.value), x.weight);
  return p.out;
}

}  // namespace

const server_entry* node_config::find(server_id id) const {
  auto i = std::find_if(servers.begin(), servers.end(), [id](const auto& x) { return x.id == id; });
  return i == servers.end() ? nullptr : &*i;
}

bool node_config::has_groups() const {
  return std::any_of(servers.begin(), servers.end(), [](const auto& x) { return x.group; });
}

bool node_config::allows_four_letter_word(std::string_view word) const {
  return std::any_of(four_letter_words.begin(), four_letter_words.end(),
                     [word](const auto& x) { return x == "*" || x == word; });
}

std::string print(const node_config& cfg) {
  printer p;
  p.out = "# This server: " + (cfg.my_id ? std::to_string(cfg.my_id->value) : "no myid") +
          (cfg.is_standalone() ? ", standalone\n" : ", one of an ensemble\n");
  p.section("Directories.");
  p.line("dataDir", cfg.data_dir);
  p.line("dataLogDir", cfg.data_log_dir);
  p.section("Clients. Session timeouts in ms; globalOutstandingLimit in requests;");
  p.out += "# jute.maxbuffer in bytes; maxClientCnxns for each client address, 0 = no limit.\n";
  p.line("clientPortAddress", cfg.client_address);
  p.line("clientPort", cfg.client_port);
  p.line("maxClientCnxns", cfg.connections_per_address_max);
  p.line("minSessionTimeout", cfg.min_session_timeout_ms);
  p.line("maxSessionTimeout", cfg.max_session_timeout_ms);
  p.line("globalOutstandingLimit", cfg.global_outstanding_max);
  p.line("jute.maxbuffer", cfg.jute_buffer_bytes_max);
  p.line("4lw.commands.whitelist", joined(cfg.four_letter_words));
  if (!cfg.super_digest.empty())
    p.line("DigestAuthenticationProvider.superDigest", cfg.super_digest);
  p.section("Ensemble. tickTime in ms, the two limits in ticks.");
  p.line("tickTime", cfg.tick_ms);
  p.line("initLimit", cfg.init_limit_ticks);
  p.line("syncLimit", cfg.sync_limit_ticks);
  p.line("electionAlg", 3);
  p.flag("standaloneEnabled", cfg.standalone_enabled);
  p.flag("reconfigEnabled", cfg.reconfig_enabled);
  p.flag("quorumListenOnAllIPs", cfg.listen_on_all_ips);
  p.line("peerType", cfg.is_observer() ? "observer" : "participant");
  if (cfg.membership_version != zxid{})
    p.out += "# The list of version " + to_string(cfg.membership_version) + ":\n";
  p.out += membership(cfg, true);
  p.section("Journal. snapCount and commitLogCount in txns, preAllocSize in KB, threshold in ms.");
  p.line("snapCount", cfg.snap_count);
  p.line("preAllocSize", cfg.log_prealloc_bytes / 1024);
  p.line("forceSync", cfg.force_sync ? "yes" : "no");
  p.line("fsync.warningthresholdms", cfg.fsync_warning_ms);
  p.line("commitLogCount", cfg.commit_log_count);
  p.line("snapshotSizeFactor", shortest(cfg.snapshot_size_factor));
  p.flag("snapshot.trust.empty", cfg.snapshot_trust_empty);
  p.section("Purge. purgeInterval in hours, 0 = never.");
  p.line("autopurge.snapRetainCount", cfg.purge_retain_count);
  p.line("autopurge.purgeInterval", cfg.purge_interval_hours);
  return p.out;
}

std::string server_list_text(const node_config& cfg) { return membership(cfg, false); }

std::uint64_t server_list_digest(const node_config& cfg) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : server_list_text(cfg)) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

}  // namespace troupe::config
