// SPDX-License-Identifier: Apache-2.0
/// What a server was told at its start: zoo.cfg and myid as one value, read once and passed down.
/// Every default is ZooKeeper's (QuorumPeerConfig) unless a comment says otherwise.
/// Units: the last word of a name. Invariant: a config that came from config::load() is consistent;
/// nobody below checks it again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/ids.hpp"

namespace troupe::config {

/// One `server.N` line, with the weight and the group that other lines give that server.
struct server_entry {
  server_id id;
  std::string host;  // a name or an address; an IPv6 address stands here without its brackets
  std::uint16_t peer_port = 0;
  std::uint16_t election_port = 0;
  bool observer = false;
  std::optional<std::string> client_address;  // after the `;`; what is not said there is absent
  std::optional<std::uint16_t> client_port;
  std::int64_t weight = 1;            // 0: never leads and never counts in a quorum
  std::optional<std::int64_t> group;  // set for all voters or for none

  friend bool operator==(const server_entry&, const server_entry&) = default;
};

struct node_config {
  // -- who we are ---------------------------------------------------------------------------------
  std::optional<server_id> my_id;     // the file myid; a standalone server may have none
  std::vector<server_entry> servers;  // ascending by id; empty or of one when standalone
  bool standalone_enabled = true;     // false: a single server line still runs an ensemble, of one
  bool reconfig_enabled = false;      // clients may change the servers of the running ensemble
  zxid membership_version;            // of `servers`: the dynamic file's, 0 when there is none

  // -- files --------------------------------------------------------------------------------------
  std::string data_dir;      // snapshots, epochs, myid, pid file; absolute
  std::string data_log_dir;  // txn logs; data_dir when not said; absolute
  /// This zoo.cfg, absolute, which a reconfig changes; empty: none, and nothing is written.
  std::string config_file;

  // -- clients ------------------------------------------------------------------------------------
  std::string client_address = "0.0.0.0";
  std::uint16_t client_port = 0;
  std::uint32_t connections_per_address_max = 60;  // 0: no limit
  std::int32_t min_session_timeout_ms = 6'000;     // when not said: 2 ticks
  std::int32_t max_session_timeout_ms = 60'000;    // when not said: 20 ticks
  std::int32_t global_outstanding_max = 1'000;     // requests; beyond it clients are not read from
  std::int32_t jute_buffer_bytes_max = 1'048'575;  // a longer frame closes its connection
  /// Words the client port answers; "*" = all. ZooKeeper's own default is `srvr` alone; ours also
  /// has those that probes and agents ask for and that tell no client's secrets.
  std::vector<std::string> four_letter_words = {"srvr", "ruok", "isro", "mntr", "stat"};
  /// Who shows the password of this "user:digest" passes every ACL; empty: nobody does.
  std::string super_digest;

  // -- ensemble -----------------------------------------------------------------------------------
  std::int32_t tick_ms = 3'000;
  std::int32_t init_limit_ticks = 10;  // an ensemble's zoo.cfg has to say it
  std::int32_t sync_limit_ticks = 5;   // an ensemble's zoo.cfg has to say it
  bool listen_on_all_ips = false;      // peer and election ports; false: on our line's host only

  // -- journal ------------------------------------------------------------------------------------
  std::int32_t snap_count = 100'000;           // txns between snapshots, within a random half
  std::int64_t log_prealloc_bytes = 64 << 20;  // preAllocSize, which is written in KB
  bool force_sync = true;  // false: acks before the disk has it. Data can be lost
  std::int32_t fsync_warning_ms = 1'000;
  std::int32_t commit_log_count = 500;  // committed txns kept in memory to bring learners up
  double snapshot_size_factor =
      0.33;  // logs up to this part of a snapshot may serve a DIFF; <0: off
  bool snapshot_trust_empty = false;  // true: logs without any snapshot are believed
  std::int32_t purge_retain_count = 3;
  std::int32_t purge_interval_hours = 0;  // 0: never

  /// One server that speaks to no other: no line, or one line and standaloneEnabled.
  [[nodiscard]] bool is_standalone() const {
    return servers.empty() || (servers.size() == 1 && standalone_enabled);
  }
  /// Our own server line; null when there is none.
  [[nodiscard]] const server_entry* me() const { return my_id ? find(*my_id) : nullptr; }
  [[nodiscard]] const server_entry* find(server_id id) const;
  [[nodiscard]] bool is_observer() const { return me() != nullptr && me()->observer; }
  /// Groups and weights decide on quorums, instead of plain majority.
  [[nodiscard]] bool has_groups() const;
  [[nodiscard]] bool allows_four_letter_word(std::string_view word) const;
  [[nodiscard]] std::int64_t init_limit_ms() const {
    return std::int64_t{tick_ms} * init_limit_ticks;
  }
  [[nodiscard]] std::int64_t sync_limit_ms() const {
    return std::int64_t{tick_ms} * sync_limit_ticks;
  }

  friend bool operator==(const node_config&, const node_config&) = default;
};

/// The whole config in zoo.cfg's syntax, every default resolved; reading it again gives the same.
[[nodiscard]] std::string print(const node_config& cfg);

/// What all servers of an ensemble must agree on: the server., group. and weight. lines in one
/// canonical form and order. Client addresses are left out, since no quorum depends on them.
[[nodiscard]] std::string server_list_text(const node_config& cfg);

/// FNV-1a, 64 bits, of server_list_text(): what servers exchange in elections.
[[nodiscard]] std::uint64_t server_list_digest(const node_config& cfg);

}  // namespace troupe::config
