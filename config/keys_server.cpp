// SPDX-License-Identifier: Apache-2.0
// Keys of the server itself and of its clients.
#include <algorithm>

#include "config/host.hpp"
#include "config/key_entries.hpp"

namespace troupe::config::entries {

namespace {

verdict take_session_timeout(std::optional<std::int32_t>& to, std::string_view value) {
  to.reset();
  if (value == "-1") return std::nullopt;  // ZooKeeper's way to ask for the default
  return take_number(to.emplace(), value, {1, int_max, "ms; -1 = default"});
}

/// Java reads this one with Integer.decode, so 0x stands for hexadecimal.
verdict take_jute_buffer(draft& d, std::string_view value) {
  std::int32_t bytes = 0;
  if (value.starts_with("0x") || value.starts_with("0X")) {
    auto [end, error] = std::from_chars(value.data() + 2, value.data() + value.size(), bytes, 16);
    if (error == std::errc{} && end == value.data() + value.size() && bytes >= 1024) {
      d.cfg.jute_buffer_bytes_max = bytes;
      return std::nullopt;
    }
  }
  return take_number(d.cfg.jute_buffer_bytes_max, value,
                     {1024, int_max, "bytes; 0x for hexadecimal"});
}

/// As ZooKeeper, which cannot do without srvr itself: that word is always in it.
verdict take_four_letter_words(draft& d, std::string_view value) {
  std::vector<std::string> words;
  for (auto word : split(value, ',')) {
    if (word.empty()) continue;
    bool letters =
        std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (word != "*" && !(letters && word.size() == 4))
      return "four-letter words with commas between, or * for all";
    words.emplace_back(word);
  }
  const bool has_it =
      std::ranges::any_of(words, [](const auto& x) { return x == "*" || x == "srvr"; });
  if (!has_it) words.emplace_back("srvr");
  d.cfg.four_letter_words = std::move(words);
  return std::nullopt;
}

constexpr std::string_view memory_words =
    "bytes, with k, m or g behind them for more, at least 64m; a part such as 50%; cgroup; or none";

/// "256m" -> 268435456.
std::optional<std::int64_t> parse_size(std::string_view text) {
  constexpr std::string_view units = "kmg";
  int shift = 0;
  if (!text.empty())
    if (auto unit = units.find(text.back()); unit != std::string_view::npos) {
      shift = 10 * (static_cast<int>(unit) + 1);
      text.remove_suffix(1);
    }
  auto n = parse_number(text, 0, long_max >> shift);
  return n ? std::optional{*n << shift} : std::nullopt;
}

verdict take_memory_limit(draft& d, std::string_view value) {
  using kind = memory_limit::kind;
  const auto text = lower(value);
  auto& to = d.cfg.memory_limit;
  if (text == "none" || text == "cgroup") {
    to = {text == "none" ? kind::none : kind::cgroup, 0};
  } else if (text.ends_with('%')) {
    auto part = parse_number(std::string_view{text}.substr(0, text.size() - 1), 1, 100);
    if (!part) return std::string{memory_words};
    to = {kind::percent, *part};
  } else {
    auto bytes = parse_size(text);
    if (!bytes || *bytes < memory_limit::bytes_min) return std::string{memory_words};
    to = {kind::bytes, *bytes};
  }
  return std::nullopt;
}

std::string memory_limit_text(const memory_limit& limit) {
  using kind = memory_limit::kind;
  switch (limit.how) {
    case kind::cgroup:
      return "cgroup";
    case kind::none:
      return "none";
    case kind::percent:
      return std::to_string(limit.value) + '%';
    case kind::bytes:
      break;
  }
  constexpr std::int64_t mib = 1 << 20;
  return limit.value % mib == 0 ? std::to_string(limit.value / mib) + 'm'
                                : std::to_string(limit.value);
}

std::string number_text(std::int64_t n) { return std::to_string(n); }

}  // namespace

key_section server_keys() {
  key_section out{"The server", {}};
  out.keys.push_back(text("dataDir", &node_config::data_dir, "a directory",
                          "Snapshots, epochs, the pid file and myid."));
  out.keys.back().fallback = "none; it has to be said";
  out.keys.push_back(text("dataLogDir", &node_config::data_log_dir, "a directory",
                          "Txn logs. A disk of their own makes writes faster."));
  out.keys.back().fallback = "dataDir";
  out.keys.push_back(number("tickTime", &node_config::tick_ms, {1, int_max, "ms"},
                            "One tick, the unit of the limits below and of session timeouts."));
  out.keys.push_back(flag("datadir.autocreate", &node_config::auto_create_directories,
                          "Whether a missing data directory is made at the start, not an error."));
  out.keys.push_back(
      flag("db.autocreate", &node_config::auto_create_database,
           "Whether an empty data directory is a new, empty database. With false it has to be "
           "prepared with a file `initialize` in it, or the server neither votes nor serves."));
  out.keys.push_back(number("turn.warningthresholdms", &node_config::turn_warning_ms,
                            {0, int_max, "ms; 0 = never"},
                            "A turn that keeps the I/O thread from everybody else for longer is "
                            "logged. Troupe's own."));
  out.keys.push_back(custom(
      "memory.limit", std::string{memory_words}, "cgroup",
      "How much memory this server may take. Near it, what would make its tree larger is refused "
      "with OperationTimeout; deletes, smaller data, reads and new sessions are not. A part is one "
      "of the cgroup's limit, or else of the machine's memory; `cgroup` is all of the former, and "
      "no limit where there is none. A cgroup's limit is never passed, whatever is said here but "
      "`none`; but less than 64 MiB counts as 64 MiB, in which a server can just live. Not a key "
      "of ZooKeeper's, whose heap -Xmx bounds.",
      take_memory_limit, [](const node_config& c) { return memory_limit_text(c.memory_limit); }));
  return out;
}

key_section client_keys() {
  key_section out{"Clients", {}};
  auto add = [&out](key_entry x) { out.keys.push_back(std::move(x)); };
  add(number("clientPort", &node_config::client_port, {1, 65535, "port"},
             "Where clients connect. May stand in the server line instead."));
  out.keys.back().fallback = "none; it has to be said here or in the server line";
  add(custom(
      "clientPortAddress", std::string{host_form} + "; 0.0.0.0 and [::] = every address", "0.0.0.0",
      "The address clientPort listens on. Empty = 127.0.0.1 alone, as in ZooKeeper.",
      [](draft& d, std::string_view v) -> verdict {
        auto host =
            v.empty() ? std::optional{std::string{client_address_when_empty}} : parse_host(v);
        if (!host) return std::string{host_form};
        d.client_address = *std::move(host);
        return std::nullopt;
      },
      [](const node_config& c) { return c.client_address; }));
  add(number("clientPortListenBacklog", &node_config::listen_backlog,
             {-1, int_max, "connections; -1 = as many as the system allows"},
             "Connections the system holds ready until they are accepted."));
  add(number("maxClientCnxns", &node_config::connections_per_address_max,
             {0, int_max, "0 = no limit"}, "Connections from one client address."));
  add(number("maxCnxns", &node_config::connections_max, {0, int_max, "0 = no limit"},
             "Client connections of this server in all."));
  add(custom(
      "minSessionTimeout", words_for({1, int_max, "ms; -1 = default"}), "2 ticks",
      "The shortest session timeout a client is granted.",
      [](draft& d, std::string_view v) {
        return take_session_timeout(d.min_session_timeout_ms, v);
      },
      [](const node_config& c) { return number_text(c.min_session_timeout_ms); }));
  add(custom(
      "maxSessionTimeout", words_for({1, int_max, "ms; -1 = default"}), "20 ticks",
      "The longest session timeout a client is granted.",
      [](draft& d, std::string_view v) {
        return take_session_timeout(d.max_session_timeout_ms, v);
      },
      [](const node_config& c) { return number_text(c.max_session_timeout_ms); }));
  add(number("globalOutstandingLimit", &node_config::global_outstanding_max,
             {1, int_max, "requests"},
             "Requests of all clients under way in this server. Beyond it no connection that has "
             "one under way is read from; nobody gets an error."));
  add(custom(
      "jute.maxbuffer", words_for({1024, int_max, "bytes; 0x for hexadecimal"}), "1048575",
      "The longest request; a longer one closes its connection. What a leader makes of one may be "
      "twice as long. ZooKeeper reads it from Java's command line only.",
      take_jute_buffer, [](const node_config& c) { return number_text(c.jute_buffer_bytes_max); }));
  add(flag("clientTcpKeepAlive", &node_config::client_keep_alive,
           "Keepalive probes on client connections, which find clients that vanished. ZooKeeper's "
           "own default is false."));
  add(number("nio.sessionlessCnxnTimeout", &node_config::sessionless_ms_max,
             {0, int_max, "ms; 0 = maxSessionTimeout"},
             "How long a connection may stay without having said who it is. ZooKeeper's own "
             "default is 10000."));
  add(choice("leaderServes", &node_config::leader_serves, "yes", "no",
             "no: a server that leads an ensemble takes no clients, and has its time for the "
             "others."));
  add(custom(
      "4lw.commands.whitelist", "four-letter words with commas between, or * for all", "srvr",
      "Four-letter words the client port answers. srvr is always among them, and isro with "
      "readonlymode.enabled.",
      take_four_letter_words, [](const node_config& c) { return joined(c.four_letter_words); }));
  return out;
}

key_section znode_keys() {
  key_section out{"Znodes", {}};
  auto add = [&out](key_entry x) { out.keys.push_back(std::move(x)); };
  add(choice("skipACL", &node_config::skip_acl, "yes", "no", "yes: no ACL is looked at."));
  add(refused("emulate353TTLNodes", "a znode's TTL stands in other bits of its owner then",
              "TTL znodes as ZooKeeper 3.5.3 kept them.", "false"));
  add(flag("extendedTypesEnabled", &node_config::extended_types,
           "TTL znodes may be created. All servers of an ensemble must agree; myid is at most 254 "
           "then."));
  add(flag("enforceQuota", &node_config::enforce_quota,
           "A change beyond a hard quota limit is refused, not only warned of."));
  add(number("znode.container.checkIntervalMs", &node_config::container_check_interval_ms,
             {1, int_max, "ms"},
             "How often the leader looks for empty containers and overdue TTL znodes."));
  add(number("znode.container.maxPerMinute", &node_config::container_deletes_per_minute_max,
             {1, int_max, "deletes"}, "How many of them it deletes in a minute."));
  add(number("znode.container.maxNeverUsedIntervalMs", &node_config::container_never_used_ms_max,
             {0, long_max, "ms; 0 = never"},
             "After how long a container is deleted that never had a child."));
  return out;
}

}  // namespace troupe::config::entries
