// SPDX-License-Identifier: Apache-2.0
#include "config/keys.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "config/server_line.hpp"

namespace troupe::config {

namespace {

/// nullopt: taken. Text: refused, and this is what is accepted.
using verdict = std::optional<std::string>;

constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();

std::string lower(std::string_view s) {
  std::string out{s};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

std::vector<std::string_view> split(std::string_view s, char by) {
  std::vector<std::string_view> out;
  for (;;) {
    auto n = s.find(by);
    auto part = s.substr(0, n);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    out.push_back(part);
    if (n == std::string_view::npos) return out;
    s.remove_prefix(n + 1);
  }
}

template <class T>
verdict number(T& to, std::string_view value, std::int64_t min, std::int64_t max,
               std::string_view unit) {
  auto n = parse_number(value, min, max);
  if (!n)
    return "a whole number " + std::to_string(min) + ".." + std::to_string(max) +
           (unit.empty() ? "" : " (" + std::string{unit} + ")");
  to = static_cast<T>(*n);
  return std::nullopt;
}

template <class T>
verdict choice(T& to, std::string_view value, std::string_view yes, std::string_view no) {
  auto x = lower(value);
  if (x != yes && x != no) return std::string{yes} + " or " + std::string{no};
  to = x == yes;
  return std::nullopt;
}

verdict flag(bool& to, std::string_view value) { return choice(to, value, "true", "false"); }

verdict text(std::string& to, std::string_view value, std::string_view accepted) {
  if (value.empty()) return std::string{accepted};
  to = value;
  return std::nullopt;
}

verdict session_timeout(std::optional<std::int32_t>& to, std::string_view value) {
  to.reset();
  if (value == "-1") return std::nullopt;  // ZooKeeper's way to ask for the default
  return number(to.emplace(), value, 1, int_max, "ms; -1 = default");
}

verdict log_prealloc(draft& d, std::string_view value) {
  std::int64_t kb = 0;
  if (auto refused = number(kb, value, 1, std::int64_t{1} << 40, "KB")) return refused;
  d.cfg.log_prealloc_bytes = kb * 1024;
  return std::nullopt;
}

verdict size_factor(draft& d, std::string_view value) {
  double x = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), x);
  if (error != std::errc{} || end != value.data() + value.size() || !std::isfinite(x))
    return "a number such as 0.33; negative = never";
  d.cfg.snapshot_size_factor = x;
  return std::nullopt;
}

/// Java reads this one with Integer.decode, so 0x stands for hexadecimal.
verdict jute_buffer(draft& d, std::string_view value) {
  std::int32_t bytes = 0;
  if (value.starts_with("0x") || value.starts_with("0X")) {
    auto [end, error] = std::from_chars(value.data() + 2, value.data() + value.size(), bytes, 16);
    if (error == std::errc{} && end == value.data() + value.size() && bytes >= 1024) {
      d.cfg.jute_buffer_bytes_max = bytes;
      return std::nullopt;
    }
  }
  return number(d.cfg.jute_buffer_bytes_max, value, 1024, int_max, "bytes; 0x for hexadecimal");
}

verdict four_letter_words(draft& d, std::string_view value) {
  std::vector<std::string> words;
  for (auto word : split(value, ',')) {
    if (word.empty()) continue;
    bool letters =
        std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (word != "*" && !(letters && word.size() == 4))
      return "four-letter words with commas between, or * for all";
    words.emplace_back(word);
  }
  d.cfg.four_letter_words = std::move(words);
  return std::nullopt;
}

verdict super_digest(draft& d, std::string_view value) {
  const auto colon = value.find(':');
  if (colon == 0 || colon == value.npos || colon + 1 == value.size())
    return "a user and the digest of user and password, such as super:xQJmxLMiHGwaqBvst5y6rkB6HQs=";
  d.cfg.super_digest = value;
  return std::nullopt;
}

verdict snap_retain_count(draft& d, std::string_view value) {
  return number(d.cfg.purge_retain_count, value, 3, int_max, "snapshots");
}

struct reader {
  std::string_view key;
  verdict (*read)(draft&, std::string_view);
};

constexpr std::array readers{
    reader{"tickTime", [](draft& d, auto v) { return number(d.cfg.tick_ms, v, 1, int_max, "ms"); }},
    reader{"initLimit",
           [](draft& d, auto v) { return number(d.cfg.init_limit_ticks, v, 1, int_max, "ticks"); }},
    reader{"syncLimit",
           [](draft& d, auto v) { return number(d.cfg.sync_limit_ticks, v, 1, int_max, "ticks"); }},
    reader{"dataDir", [](draft& d, auto v) { return text(d.cfg.data_dir, v, "a directory"); }},
    reader{"dataLogDir",
           [](draft& d, auto v) { return text(d.cfg.data_log_dir, v, "a directory"); }},
    reader{"clientPort",
           [](draft& d, auto v) { return number(d.cfg.client_port, v, 1, 65535, "port"); }},
    reader{"clientPortAddress",
           [](draft& d, auto v) {
             return text(d.client_address.emplace(), v, "a name or an address of this host");
           }},
    reader{"minSessionTimeout",
           [](draft& d, auto v) { return session_timeout(d.min_session_timeout_ms, v); }},
    reader{"maxSessionTimeout",
           [](draft& d, auto v) { return session_timeout(d.max_session_timeout_ms, v); }},
    reader{"maxClientCnxns",
           [](draft& d, auto v) {
             return number(d.cfg.connections_per_address_max, v, 0, int_max, "0 = no limit");
           }},
    reader{"peerType",
           [](draft& d, auto v) {
             return choice(d.observer.emplace(), v, "observer", "participant");
           }},
    reader{"electionAlg",
           [](draft&, auto v) {
             return v == "3" ? verdict{} : verdict{"3, the only election that is left"};
           }},
    reader{"snapCount",
           [](draft& d, auto v) { return number(d.cfg.snap_count, v, 2, int_max, "txns"); }},
    reader{"preAllocSize", log_prealloc},
    reader{"forceSync", [](draft& d, auto v) { return choice(d.cfg.force_sync, v, "yes", "no"); }},
    reader{"fsync.warningthresholdms",
           [](draft& d, auto v) { return number(d.cfg.fsync_warning_ms, v, 0, int_max, "ms"); }},
    reader{"commitLogCount",
           [](draft& d, auto v) { return number(d.cfg.commit_log_count, v, 1, int_max, "txns"); }},
    reader{"snapshotSizeFactor", size_factor},
    reader{"autopurge.snapRetainCount", snap_retain_count},
    reader{"autopurge.purgeInterval",
           [](draft& d, auto v) {
             return number(d.cfg.purge_interval_hours, v, 0, int_max, "hours; 0 = never");
           }},
    reader{"standaloneEnabled", [](draft& d, auto v) { return flag(d.cfg.standalone_enabled, v); }},
    reader{"reconfigEnabled", [](draft& d, auto v) { return flag(d.cfg.reconfig_enabled, v); }},
    reader{"dynamicConfigFile",
           [](draft& d, auto v) { return text(d.dynamic_file, v, "a file of server lines"); }},
    reader{"quorumListenOnAllIPs",
           [](draft& d, auto v) { return flag(d.cfg.listen_on_all_ips, v); }},
    reader{"globalOutstandingLimit",
           [](draft& d, auto v) {
             return number(d.cfg.global_outstanding_max, v, 1, int_max, "requests");
           }},
    reader{"jute.maxbuffer", jute_buffer},
    reader{"4lw.commands.whitelist", four_letter_words},
    reader{"DigestAuthenticationProvider.superDigest", super_digest},
    reader{"snapshot.trust.empty",
           [](draft& d, auto v) { return flag(d.cfg.snapshot_trust_empty, v); }},
};

/// ZooKeeper's other keys: a whole name, or, where it ends in a dot, the beginning of names.
constexpr std::array known_keys{"DigestAuthenticationProvider.digestAlg",
                                "X509AuthenticationProvider.",
                                "admin.",
                                "audit.enable",
                                "authProvider.",
                                "client.certReload",
                                "client.portUnification",
                                "clientPortListenBacklog",
                                "clientTcpKeepAlive",
                                "cnxTimeout",
                                "commitProcessor.",
                                "connectToLearnerMasterLimit",
                                "connectionMaxTokens",
                                "connectionTokenFillTime",
                                "connectionTokenFillCount",
                                "connectionFreezeTime",
                                "connectionDropIncrease",
                                "connectionDropDecrease",
                                "connectionDecreaseRatio",
                                "connection_throttle_tokens",
                                "connection_throttle_fill_time",
                                "connection_throttle_fill_count",
                                "connection_throttle_freeze_time",
                                "connection_throttle_drop_increase",
                                "connection_throttle_drop_decrease",
                                "connection_throttle_decrease_ratio",
                                "datadir.autocreate",
                                "db.autocreate",
                                "digest.enabled",
                                "electionPortBindRetry",
                                "enableEagerACLCheck",
                                "enforce.auth.",
                                "enforceQuota",
                                "extendedTypesEnabled",
                                "fips-mode",
                                "flushDelay",
                                "globalOutstandingBytesLimit",
                                "jute.maxbuffer.extrasize",
                                "jvm.pause.",
                                "largeRequestMaxBytes",
                                "largeRequestThreshold",
                                "leader.maxConcurrentDiffSyncs",
                                "leader.maxConcurrentSnapSyncs",
                                "leaderServes",
                                "localSessionsEnabled",
                                "localSessionsUpgradingEnabled",
                                "maxBatchSize",
                                "maxCnxns",
                                "maxGetChildrenResponseCacheSize",
                                "maxResponseCacheSize",
                                "maxTimeToWaitForEpoch",
                                "maxWriteQueuePollTime",
                                "metricsProvider.",
                                "multiAddress.",
                                "nio.",
                                "observer.",
                                "observerMasterPort",
                                "oraclePath",
                                "portUnification",
                                "quorum.auth.",
                                "quorum.cnxn.threads.size",
                                "quorumCnxnTimeoutMs",
                                "readonlymode.enabled",
                                "request_throttle_max_requests",
                                "request_throttle_stall_time",
                                "request_throttle_drop_stale",
                                "request_throttler.",
                                "secureClientPort",
                                "secureClientPortAddress",
                                "serializeLastProcessedZxid.enabled",
                                "sessionRequireClientSASLAuth",
                                "skipACL",
                                "snapSizeLimitInKb",
                                "snapshot.compression.method",
                                "ssl.",
                                "sslQuorum",
                                "sslQuorumReloadCertFiles",
                                "superUser",
                                "syncEnabled",
                                "tcpKeepAlive",
                                "throttledOpWaitTime",
                                "txnLogSizeLimitInKb",
                                "znode.container."};

/// "server" and 3 for "server.3"; nullopt when no number follows the last dot.
struct numbered {
  std::string_view stem;
  std::int64_t n = 0;
};
std::optional<numbered> numbered_key(std::string_view key) {
  auto dot = key.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  auto n = parse_number(key.substr(dot + 1), 0, std::numeric_limits<std::int64_t>::max());
  if (!n) return std::nullopt;
  return numbered{key.substr(0, dot), *n};
}

bool is_membership(std::string_view key) {
  return key.starts_with("server.") || key.starts_with("group.") || key.starts_with("weight.");
}

verdict set_membership(draft& d, std::string_view key, std::string_view value) {
  auto name = numbered_key(key);
  if (!name || name->n < 1 || (name->stem != "group" && name->n > 255))
    return "a key server.N or weight.N with N 1..255, or group.N with N from 1";
  if (name->stem == "server") {
    auto entry = parse_server_line({name->n}, value);
    if (!entry) return std::string{server_line_form};
    d.servers[name->n] = *entry;
    return std::nullopt;
  }
  if (name->stem == "weight") return number(d.weights[name->n], value, 0, 1'000'000, "");
  auto& members = d.groups[name->n];
  members.clear();
  for (auto part : split(value, ':')) {
    auto id = parse_number(part, 1, 255);
    if (!id) return "numbers of servers with colons between, such as 1:2:3";
    members.push_back(*id);
  }
  return std::nullopt;
}

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto here = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = std::exchange(row[j], here);
    }
  }
  return row.back();
}

}  // namespace

key_kind kind_of(std::string_view key) {
  auto is_key = [key](const reader& x) { return x.key == key; };
  if (is_membership(key) || std::any_of(readers.begin(), readers.end(), is_key))
    return key_kind::read;
  auto covers = [key](std::string_view known) {
    return known == key || (known.ends_with('.') && key.starts_with(known));
  };
  return std::any_of(known_keys.begin(), known_keys.end(), covers) ? key_kind::known
                                                                   : key_kind::unknown;
}

std::optional<std::string> set(draft& to, std::string_view key, std::string_view value) {
  if (is_membership(key)) return set_membership(to, key, value);
  for (const auto& x : readers)
    if (x.key == key) return x.read(to, value);
  return "a key that is known";
}

std::string nearest_key(std::string_view key) {
  std::string wanted = lower(key);
  if (auto name = numbered_key(key)) wanted = lower(name->stem) + ".n";
  if (wanted.starts_with("zookeeper.")) wanted.erase(0, 10);  // as the Java property is called
  std::string best;
  std::size_t best_edits = std::numeric_limits<std::size_t>::max();
  auto offer = [&](std::string_view candidate) {
    auto n = edits(wanted, lower(candidate));
    if (n >= best_edits) return;
    best_edits = n;
    best = candidate;
  };
  for (const auto& x : readers) offer(x.key);
  for (std::string_view x : {"server.N", "group.N", "weight.N"}) offer(x);
  for (std::string_view x : known_keys)
    if (!x.ends_with('.')) offer(x);
  return best;
}

}  // namespace troupe::config
