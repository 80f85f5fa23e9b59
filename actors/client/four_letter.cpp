// SPDX-License-Identifier: Apache-2.0
#include "actors/client/four_letter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "actors/client/four_letter_lines.hpp"
#include "config/membership.hpp"

namespace troupe::four_letter {
namespace {

constexpr std::string_view not_serving =
    "This ZooKeeper instance is not currently serving requests\n";
constexpr std::string_view word_of_our_own = "whys";
constexpr std::string_view telnet_interrupt = "\xff\xf4\xff\xfd";

/// ZooKeeper's words, and one of our own that every server answers (package
/// org.apache.zookeeper.server.command).
constexpr std::array<std::string_view, 19> known_words = {
    "conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro",          "mntr",
    "ruok", "srst", "srvr", "stat", "stmk", "wchc", "wchp", "wchs", word_of_our_own,
};

std::string_view mode(const server_status& s) {
  if (s.read_only) return "read-only";
  if (s.standalone) return "standalone";
  switch (s.state) {
    case server_state::leading:
      return "leader";
    case server_state::following:
      return "follower";
    case server_state::observing:
      return "observer";
    case server_state::looking:
      break;
  }
  return "looking";
}

/// As QuorumPeer.getDetailedPeerState: "following - synchronization".
std::string peer_state(const server_status& s) {
  auto text = std::string(to_string(s.state));
  if (!s.phase.empty()) text.append(" - ").append(s.phase);
  return text;
}

std::string join(std::int64_t a, std::int64_t b, std::int64_t c) {
  return std::to_string(a) + '/' + std::to_string(b) + '/' + std::to_string(c);
}

/// What `srvr` and `status` say when nothing may grow.
std::string memory_text(const memory_figures& m) {
  const auto mib = [](std::int64_t bytes) { return std::to_string(bytes >> 20); };
  return m.full + ": writes that would make the tree larger are refused (limit " + mib(m.limit) +
         " MiB, resident " + mib(m.resident) + ", tree " + mib(m.tree) + " of " + mib(m.tree_max) +
         ")";
}

std::string srvr(const situation& now, bool with_clients) {
  const auto& db = now.database;
  lines out;
  out.field("Zookeeper version", full_version());
  if (now.status.read_only) out.put("READ-ONLY mode; serving only read-only clients");
  if (!now.status.disk_fault.empty()) out.field("Disk", now.status.disk_fault);
  if (!db.memory.full.empty()) out.field("Memory", memory_text(db.memory));
  if (with_clients) {
    out.put("Clients:");
    put_connections(out, now, true);
    out.put("");
  }
  out.field("Latency min/avg/max", std::to_string(db.latency_ms_min) + '/' +
                                       java_double(db.latency_ms_average) + '/' +
                                       std::to_string(db.latency_ms_max));
  out.field("Received", db.requests_received);
  out.field("Sent", db.replies_sent + db.events_sent);
  out.field("Connections", now.gateway.connection_count);
  out.field("Outstanding", db.outstanding);
  out.field("Zxid", to_string(db.last));
  out.field("Mode", mode(now.status));
  out.field("Node count", db.znodes);
  if (mode(now.status) == "leader")
    out.field("Proposal sizes last/min/max",
              join(now.status.proposal_bytes_last, now.status.proposal_bytes_min,
                   now.status.proposal_bytes_max));
  return std::move(out).take();
}

void put_leader_figures(lines& out, const server_status& status) {
  const auto count = [&](bool observer) {
    return std::ranges::count_if(status.learners,
                                 [&](const auto& l) { return l.synced && l.observer == observer; });
  };
  const auto strangers = std::ranges::count_if(
      status.learners, [](const auto& l) { return l.synced && !l.observer && !l.votes; });
  out.figure("learners", status.learners.size());
  out.figure("synced_followers", count(false) - strangers);
  out.figure("synced_non_voting_followers", strangers);
  out.figure("synced_observers", count(true));
  out.figure("pending_syncs", status.pending_syncs);
  out.figure("leader_uptime", status.led_ms);
  out.figure("last_proposal_size", status.proposal_bytes_last);
  out.figure("min_proposal_size", status.proposal_bytes_min);
  out.figure("max_proposal_size", status.proposal_bytes_max);
  if (status.membership_version != zxid{})
    out.figure("reconfig_in_progress", status.reconfig.empty() ? 0 : 1);
}

void put_span_figures(lines& out, const std::string& one, const std::string& several,
                      const span_figures& x) {
  out.figure(one + "_ms_max", x.ms_max);
  for (std::size_t i = 0; i < x.counts.size(); ++i)
    out.figure(several + "_over_" + std::to_string(span_figures::at_least_ms[i]) + "ms",
               x.counts[i]);
}

void put_memory_figures(lines& out, const memory_figures& m) {
  out.figure("memory_limit", m.limit);
  out.figure("memory_tree_bytes", m.tree);
  out.figure("memory_sessions_bytes", m.sessions);
  out.figure("memory_buffers_bytes", m.buffers);
  out.figure("memory_unlogged_bytes", m.unlogged);
  out.figure("memory_resident", m.resident);
  if (m.limit > 0) {
    out.figure("memory_tree_bytes_max", m.tree_max);
    out.figure("memory_sessions_bytes_max", m.sessions_max);
    out.figure("memory_buffers_bytes_max", m.buffers_max);
    out.figure("memory_state", m.full.empty() ? "ok" : "full");
  }
  out.figure("writes_refused_for_memory", m.refused_writes);
  out.figure("sessions_refused_for_memory", m.refused_sessions);
}

std::string mntr(const situation& now) {
  const auto& db = now.database;
  lines out;
  out.figure("version", full_version());
  out.figure("server_state", mode(now.status));
  if (!now.status.standalone) out.figure("peer_state", peer_state(now.status));
  out.figure("avg_latency", db.latency_ms_average);
  out.figure("max_latency", db.latency_ms_max);
  out.figure("min_latency", db.latency_ms_min);
  out.figure("packets_received", db.requests_received);
  out.figure("packets_sent", db.replies_sent + db.events_sent);
  out.figure("num_alive_connections", now.gateway.connection_count);
  out.figure("outstanding_requests", db.outstanding);
  out.figure("uptime", now.gateway.up_ms);
  out.figure("znode_count", db.znodes);
  out.figure("watch_count", db.watches);
  out.figure("watch_bytes", db.watch_bytes);
  out.figure("watches_refused_count", db.watches_refused);
  out.figure("replies_refused_count", db.replies_refused);
  out.figure("client_unsent_bytes", now.gateway.unsent_bytes);
  out.figure("client_request_bytes", now.gateway.request_bytes);
  out.figure("clients_cut_off_count", now.gateway.cut_off);
  out.figure("ephemerals_count", db.ephemerals);
  out.figure("approximate_data_size", db.data_bytes);
  out.figure("digest_mismatches_count", db.digest_mismatches);
  out.figure("disk_state", now.status.disk_fault.empty() ? "ok" : "failed");
  if (!now.status.disk_fault.empty()) out.figure("disk_fault", now.status.disk_fault);
  out.figure("disk_faults_count", now.status.disk_faults);
  out.figure("global_sessions", db.sessions);
  out.figure("local_sessions", db.local_sessions);
  out.figure("open_file_descriptor_count", now.gateway.open_files);
  out.figure("max_file_descriptor_count", now.gateway.open_files_max);
  out.figure("connections_refused_for_files", now.gateway.refused_for_files);
  out.figure("connections_refused_for_memory", now.gateway.refused_for_memory);
  put_memory_figures(out, db.memory);
  out.figure("connection_drop_probability", 0.0);  // connections are refused or kept, never diced
  out.figure("last_client_response_size", db.reply_bytes_last);
  out.figure("min_client_response_size", db.reply_bytes_min);
  out.figure("max_client_response_size", db.reply_bytes_max);
  put_span_figures(out, "io_turn", "io_turns", db.turns.by_clock);
  put_span_figures(out, "io_turn_cpu", "io_turns_cpu", db.turns.cpu);
  put_span_figures(out, "io_round_cpu", "io_rounds_cpu", db.turns.round_cpu);
  out.figure("auth_failed_count", 0);  // of TLS clients, whom ZooKeeper alone counts here
  if (!now.status.standalone) out.figure("quorum_size", now.status.voters);
  if (mode(now.status) == "leader") put_leader_figures(out, now.status);
  return std::move(out).take();
}

/// The config as reconfigs have left it.
config::node_config as_it_is_now(config::node_config cfg, const membership_ptr& members) {
  if (!members || members->servers.empty()) return cfg;
  cfg.servers = members->servers;
  cfg.membership_version = members->version;
  const auto* me = cfg.me();
  if (me != nullptr && me->client_port) cfg.client_port = *me->client_port;
  return cfg;
}

std::string conf(const config::node_config& cfg, const directory_sizes& sizes) {
  lines out;
  out.setting("clientPort", cfg.client_port);
  out.setting("secureClientPort", -1);
  out.setting("dataDir", cfg.data_dir + "/version-2");
  out.setting("dataDirSize", sizes.data_bytes);
  out.setting("dataLogDir", cfg.data_log_dir + "/version-2");
  out.setting("dataLogSize", sizes.log_bytes);
  out.setting("tickTime", cfg.tick_ms);
  out.setting("maxClientCnxns", cfg.connections_per_address_max);
  out.setting("minSessionTimeout", cfg.min_session_timeout_ms);
  out.setting("maxSessionTimeout", cfg.max_session_timeout_ms);
  out.setting("clientPortListenBacklog", cfg.listen_backlog);
  out.setting("serverId", cfg.my_id.value_or(server_id{}).value);
  if (const auto* me = cfg.me(); me != nullptr && !cfg.is_standalone()) {
    out.setting("initLimit", cfg.init_limit_ticks);
    out.setting("syncLimit", cfg.sync_limit_ticks);
    out.setting("electionAlg", 3);
    out.setting("electionPort", me->election_port);
    out.setting("quorumPort", me->peer_port);
    out.setting("peerType", me->observer ? 1 : 0);
    out.put("membership: ");
    char version_digits[16];
    const auto end = std::to_chars(version_digits, version_digits + sizeof version_digits,
                                   static_cast<std::uint64_t>(cfg.membership_version.value), 16)
                         .ptr;
    return std::move(out).take() + config::print_members(cfg) +
           "version=" + std::string(version_digits, end);
  }
  return std::move(out).take();
}

std::string quoted_line(const std::string& line) {
  return line.empty() ? "no such line" : '"' + line + '"';
}

/// "server.3 (127.0.0.1:2883)".
std::string leader_line(const server_status& s) {
  if (!s.leader) return "none";
  const auto* entry = s.members ? s.members->find(*s.leader) : nullptr;
  return "server." + std::to_string(s.leader->value) +
         (entry == nullptr ? std::string{}
                           : " (" + entry->host + ":" + std::to_string(entry->peer_port) + ")");
}

using difference = election_status::differing_list::kind;

std::string_view name_of(difference what) {
  if (what == difference::addresses) return "Server address differs";
  return what == difference::under_change ? "Server list under change" : "Server list differs";
}

std::string_view consequence_of(difference what) {
  if (what == difference::addresses) return "; each server goes by its own list";
  return what == difference::under_change
             ? "; make the lists equal before the next change"
             : "; neither counts for the other until they have the same voters, groups and weights";
}

std::string whys(const situation& now) {
  const auto& s = now.status;
  lines out;
  out.field("State", s.standalone ? std::string("standalone") : peer_state(s));
  out.field("Serving", s.serving     ? std::string{"yes"}
                       : s.read_only ? "reads only, up to " + to_string(now.database.last)
                                     : std::string{"no"});
  if (!s.reason.empty()) out.field("Reason", s.reason);
  if (!s.disk_fault.empty()) out.field("Disk", s.disk_fault);
  if (!now.database.memory.full.empty()) out.field("Memory", memory_text(now.database.memory));
  if (!s.standalone) {
    out.field("Leader", leader_line(s));
    out.field("Epoch", s.era.value);
    out.field("Election round", s.election.round.value);
  }
  if (s.membership_version != zxid{}) out.field("Membership", to_string(s.membership_version));
  if (!s.reconfig.empty()) out.field("Reconfig under way", s.reconfig);
  for (const auto& l : s.learners)
    out.field("Learner", "server." + std::to_string(l.id.value) +
                             (l.observer ? " observer"
                              : l.votes  ? " follower"
                                         : " follower without a vote") +
                             (l.synced ? ", synced" : ", not yet synced"));
  for (const auto& u : s.election.unreachable)
    out.field("Unreachable",
              "server." + std::to_string(u.id.value) + ' ' + u.address + ": " + u.error);
  for (const auto& d : s.election.differing)
    out.field(name_of(d.what), "server." + std::to_string(d.id.value) + ": ours " +
                                   quoted_line(d.ours) + " theirs " + quoted_line(d.theirs) +
                                   std::string{consequence_of(d.what)});
  for (auto id : s.election.not_listed_by)
    out.field("Not listed", "server." + std::to_string(id.value) +
                                " has no server line for this server in its list");
  if (s.standalone) return std::move(out).take();  // nobody is elected where there is one alone
  return std::move(out).take() + s.election.last_reason;  // lines, as these are
}

}  // namespace

verdict judge(std::string_view four_bytes, const config::node_config& cfg) {
  if (four_bytes == telnet_interrupt) return verdict::hang_up;
  if (std::ranges::find(known_words, four_bytes) == known_words.end()) return verdict::no_word;
  const bool allowed = four_bytes == word_of_our_own || cfg.allows_four_letter_word(four_bytes);
  return allowed ? verdict::answered : verdict::refused;
}

needs needs_of(std::string_view word, const config::node_config& cfg) {
  needs out;
  if (judge(word, cfg) != verdict::answered) return out;
  const auto is = [word](auto... any) { return ((word == any) || ...); };
  out.status = !is("ruok", "envi", "gtmk", "stmk");
  out.connections = is("stat", "cons", "dump");
  out.sizes = is("conf", "dirs");
  out.open_files = is("mntr");
  out.environment = is("envi");
  out.trace_mask = is("gtmk", "stmk");
  out.details.connections = out.connections;
  out.details.watches = is("wchs", "wchp", "wchc");
  out.details.sessions = is("dump");
  out.details.digests = is("hash");
  out.reset.server = is("srst");
  out.reset.connections = is("crst");
  return out;
}

bool is_listing(std::string_view word) {
  constexpr std::array<std::string_view, 5> listings = {"cons", "dump", "stat", "wchc", "wchp"};
  return std::ranges::find(listings, word) != listings.end();
}

std::string too_many_listings(std::string_view word) {
  return std::string(word) + " is not executed because " + std::to_string(listings_max) +
         " listings are under way and not yet read.\n";
}

std::string answer(std::string_view word, const config::node_config& cfg, const situation& now) {
  const auto what = judge(word, cfg);
  if (what == verdict::no_word || what == verdict::hang_up) return {};
  if (what == verdict::refused)
    return std::string(word) + " is not executed because it is not in the whitelist.\n";
  if (word == "ruok") return "imok";
  if (word == word_of_our_own) return whys(now);
  if (word == "isro") return now.status.serving ? "rw" : now.status.read_only ? "ro" : "null";
  if (word == "envi") return envi(now);
  if (word == "gtmk" || word == "stmk")
    return now.trace_mask ? std::to_string(*now.trace_mask) : std::string{};
  if (word == "conf") return conf(as_it_is_now(cfg, now.status.members), now.sizes);
  if (!now.status.serving && !now.status.read_only) return std::string(not_serving);
  if (word == "mntr") return mntr(now);
  if (word == "cons") return cons(now);
  if (word == "dump") return dump(cfg, now);
  if (word == "wchs") return wchs(now);
  if (word == "wchp") return wchp(now);
  if (word == "wchc") return wchc(now);
  if (word == "dirs") return dirs(now);
  if (word == "hash") return hash(now);
  if (word == "crst") return "Connection stats reset.\n";
  if (word == "srst") return "Server stats reset.\n";
  return srvr(now, word == "stat");
}

std::string java_double(double x) {
  x = std::round(x * 1e4) / 1e4;
  const auto size = std::abs(x);
  const bool plain = size == 0 || (size >= 1e-3 && size < 1e7);
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, x,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific)
                       .ptr;
  std::string text(digits, end);
  if (plain) return text.find('.') == std::string::npos ? text + ".0" : text;
  const auto at = text.find('e');
  auto mantissa = text.substr(0, at);
  if (mantissa.find('.') == std::string::npos) mantissa += ".0";
  return mantissa + 'E' + std::to_string(std::stoi(text.substr(at + 1)));
}

}  // namespace troupe::four_letter
