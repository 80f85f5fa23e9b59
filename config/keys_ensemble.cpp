// SPDX-License-Identifier: Apache-2.0
// Keys of the ensemble, and of the files a server keeps.
#include <algorithm>
#include <cmath>

#include "config/key_entries.hpp"

namespace troupe::config::entries {

namespace {

/// 3 for "server.3"; nullopt when no number follows the last dot.
std::optional<std::int64_t> number_of(std::string_view key) {
  return parse_number(key.substr(key.rfind('.') + 1), 0, long_max);
}

verdict take_server(draft& d, std::string_view key, std::string_view value) {
  auto n = number_of(key);
  if (!n) return "a key server.N with N a whole number from 0";
  auto entry = parse_server_line({*n}, value);
  if (!entry) return accepted_server_line(value);
  d.servers[*n] = *entry;
  return std::nullopt;
}

verdict take_group(draft& d, std::string_view key, std::string_view value) {
  auto n = number_of(key);
  if (!n) return "a key group.N with N a whole number from 0";
  auto& members = d.groups[*n];
  members.clear();
  for (auto part : split(value, ':')) {
    auto id = parse_number(part, 0, long_max);
    if (!id) return "numbers of servers with colons between, such as 1:2:3";
    members.push_back(*id);
  }
  return std::nullopt;
}

constexpr range weight_range{0, 1'000'000};

std::string_view word_of(snapshot_compression how) {
  switch (how) {
    case snapshot_compression::gzip:
      return "gz";
    case snapshot_compression::snappy:
      return "snappy";
    case snapshot_compression::none:
      break;
  }
  return "";
}

verdict read_compression(draft& d, std::string_view value) {
  auto word = lower(value);
  for (auto how :
       {snapshot_compression::none, snapshot_compression::gzip, snapshot_compression::snappy}) {
    if (word != word_of(how)) continue;
    d.cfg.snapshot_compression = how;
    return std::nullopt;
  }
  return "gz, snappy, or nothing for snapshots as they are";
}

verdict take_weight(draft& d, std::string_view key, std::string_view value) {
  auto n = number_of(key);
  if (!n) return "a key weight.N with N a whole number from 0";
  return take_number(d.weights[*n], value, weight_range);
}

key_entry member(std::string_view name, std::string accepted, std::string fallback,
                 std::string_view meaning,
                 verdict (*read)(draft&, std::string_view, std::string_view)) {
  auto out = row(name, std::move(accepted), meaning);
  out.fallback = std::move(fallback);
  out.read = read;
  return out;
}

verdict take_size_factor(draft& d, std::string_view value) {
  double x = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), x);
  if (error != std::errc{} || end != value.data() + value.size() || !std::isfinite(x))
    return "a number such as 0.33; negative = never";
  d.cfg.snapshot_size_factor = x;
  return std::nullopt;
}

std::string shortest(double x) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, x).ptr};
}

}  // namespace

key_section ensemble_keys() {
  key_section out{"The ensemble", {}};
  auto add = [&out](key_entry x) { out.keys.push_back(std::move(x)); };
  add(member("server.N", std::string{server_line_form}, "none: a standalone server",
             "A member. N is what stands in its file myid. Session ids bear its lowest byte, which "
             "must be another for each member: numbers below 256 are best.",
             take_server));
  add(member("group.N", "numbers of servers with colons between, such as 1:2:3", "",
             "Servers whose majority counts as one: hierarchical quorums.", take_group));
  add(member("weight.N", words_for(weight_range), "1",
             "A voter's weight in its group; 0 = never leads and never counts.", take_weight));
  add(member("dynamicConfigFile", "a file", "none",
             "Where the server, group and weight lines are instead of here.",
             [](draft& d, std::string_view, std::string_view v) -> verdict {
               if (v.empty()) return "a file";
               d.dynamic_file = v;
               return std::nullopt;
             }));
  add(number("initLimit", &node_config::init_limit_ticks, {1, int_max, "ticks"},
             "Time a learner has to join a leader and to take over its data. An ensemble has to "
             "say it."));
  add(number("syncLimit", &node_config::sync_limit_ticks, {1, int_max, "ticks"},
             "How long a learner or the leader may be silent. An ensemble has to say it."));
  add(number("connectToLearnerMasterLimit", &node_config::connect_limit_ticks,
             {0, int_max, "ticks; 0 = initLimit"},
             "Time a learner has to reach the leader it was told of."));
  add(number("cnxTimeout", &node_config::connect_ms_max, {1, int_max, "ms"},
             "Time to connect to another server's port. ZooKeeper's own default is 5000."));
  add(flag("tcpKeepAlive", &node_config::peer_keep_alive,
           "Keepalive probes on the connections this server opens to others."));
  add(flag("quorumListenOnAllIPs", &node_config::listen_on_all_ips,
           "Peer and election port listen on all addresses, not on that of the server line "
           "alone."));
  add(flag("standaloneEnabled", &node_config::standalone_enabled,
           "false: a single server line runs an ensemble of one, not a standalone server."));
  add(custom(
      "peerType", "observer or participant", "participant",
      "The role of this server; its server line wins, with a warning.",
      [](draft& d, std::string_view v) {
        return take_choice(d.observer.emplace(), v, "observer", "participant");
      },
      [](const node_config& c) {
        return std::string{c.is_observer() ? "observer" : "participant"};
      }));
  add(refused("electionAlg", "the algorithms 0, 1 and 2 are gone from ZooKeeper too",
              "The election; 3 is FastLeaderElection.", "3"));
  add(no_effect("observerMasterPort", "0", "observers learn from the leader",
                "A port at which followers serve observers.", "0"));
  add(no_effect("observerMaster.", "", "observers learn from the leader",
                "How followers serve observers."));
  for (std::string_view name : {"syncEnabled", "observer.syncEnabled"})
    add(no_effect_flag(name, true, "an observer always keeps a log and snapshots",
                       "Whether observers write to disk.", true));
  add(flag("reconfigEnabled", &node_config::reconfig_enabled,
           "Changing the members while the ensemble runs."));
  add(flag("localSessionsEnabled", &node_config::local_sessions,
           "New sessions are known to their server alone: no txn, and no coming back at another."));
  add(flag("localSessionsUpgradingEnabled", &node_config::local_sessions_upgrading,
           "A local session's first ephemeral znode makes it one of all servers; otherwise it is "
           "refused."));
  add(flag("readonlymode.enabled", &node_config::read_only_mode,
           "Without a leader for max(2 s, tickTime) a server serves reads to clients that ask for "
           "no more. One whose disk fails does so whatever this says."));
  add(no_effect_flag("multiAddress.enabled", false,
                     "a server line has one address; a line with | is refused",
                     "Several addresses for one server.", false));
  add(no_effect("multiAddress.", "", "a server line has one address",
                "How the addresses of a server are probed."));
  add(refused("oraclePath", "there is no quorum of two with an oracle",
              "A file that decides who leads when one of two servers is lost."));
  return out;
}

key_section journal_keys() {
  key_section out{"Txn logs and snapshots", {}};
  auto add = [&out](key_entry x) { out.keys.push_back(std::move(x)); };
  add(choice("forceSync", &node_config::force_sync, "yes", "no",
             "no: answers before the disk has the txn. Faster, and what was acknowledged can be "
             "lost."));
  add(number("fsync.warningthresholdms", &node_config::fsync_warning_ms, {0, int_max, "ms"},
             "A sync that takes longer is logged."));
  add(number("snapCount", &node_config::snap_count, {2, int_max, "txns"},
             "Txns between snapshots. Each server takes its next one at random within the second "
             "half."));
  add(kilobytes("snapSizeLimitInKb", &node_config::snap_log_bytes_max,
                {-1, 1LL << 40, "KB; below 1 = no limit"},
                "A snapshot is also taken when that much was logged, at random within the second "
                "half."));
  add(kilobytes("txnLogSizeLimitInKb", &node_config::log_file_bytes_max,
                {-1, 1LL << 40, "KB; below 1 = no limit"},
                "A txn log that has become so long is followed by another."));
  add(kilobytes("preAllocSize", &node_config::log_prealloc_bytes, {1, 1LL << 40, "KB"},
                "What a txn log grows by."));
  add(number("commitLogCount", &node_config::commit_log_count, {1, int_max, "txns"},
             "Txns kept in memory to bring learners up to date."));
  add(custom("snapshotSizeFactor", "a number such as 0.33; negative = never", "0.33",
             "Txn logs up to this part of a snapshot's size may be read for a learner.",
             take_size_factor,
             [](const node_config& c) { return shortest(c.snapshot_size_factor); }));
  add(flag("snapshot.trust.empty", &node_config::snapshot_trust_empty,
           "Logs without any snapshot are taken for complete: once, after an upgrade from 3.4."));
  add(custom(
      "autopurge.snapRetainCount", words_for({3, int_max, "snapshots"}), "3",
      "Snapshots a purge leaves, with their logs. Less than 3 is raised to 3.",
      [](draft& d, std::string_view v) {
        return take_number(d.cfg.purge_retain_count, v, {3, int_max, "snapshots"});
      },
      [](const node_config& c) { return std::to_string(c.purge_retain_count); }));
  constexpr range purge_hours{-int_max, int_max, "hours; below 1 = never"};
  add(with_own_default(custom(
      "autopurge.purgeInterval", words_for(purge_hours), "", "Time between purges.",
      [purge_hours](draft& d, std::string_view v) -> verdict {
        std::int32_t hours = 0;
        if (auto refused = take_number(hours, v, purge_hours)) return refused;
        d.cfg.purge_interval_hours = std::max(hours, 0);
        return std::nullopt;
      },
      [](const node_config& c) { return std::to_string(c.purge_interval_hours); })));
  // ZooKeeper takes any other word for no compression; a typo is told here.
  add(custom("snapshot.compression.method", "gz, snappy, or nothing for snapshots as they are", "",
             "How snapshots are compressed on disk.", read_compression, [](const node_config& c) {
               return std::optional{std::string{word_of(c.snapshot_compression)}};
             }));
  add(no_effect_flag("digest.enabled", true, "digests are always kept and compared",
                     "Digests of the database, by which servers find that they differ.", true));
  add(no_effect("serializeLastProcessedZxid.enabled", "true",
                "a snapshot's name says what it holds", "The last zxid within a snapshot."));
  for (std::string_view name : {"flushDelay", "maxWriteQueuePollTime", "maxBatchSize"})
    add(no_effect(name, name == "maxBatchSize" ? "1000" : "0",
                  "one sync makes durable whatever came while the last one ran",
                  "How writes are gathered for one sync."));
  return out;
}

}  // namespace troupe::config::entries
