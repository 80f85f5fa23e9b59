// SPDX-License-Identifier: Apache-2.0
/// What a server was told at its start: zoo.cfg and myid as one value, read once and passed down.
/// Every default is ZooKeeper's (QuorumPeerConfig) unless a comment says otherwise.
/// Units: the last word of a name. Invariant: a config that came from config::load() is consistent;
/// nobody below checks it again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
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

/// How snapshots are written; those that are there are read whatever they are.
enum class snapshot_compression { none, gzip, snappy };

/// How much of the machine's memory a server may take, as memory.limit says it.
struct memory_limit {
  static constexpr std::int64_t bytes_min = 64 << 20;
  enum class kind {
    cgroup,  // its limit, where there is one; else none
    none,
    bytes,    // `value` of them
    percent,  // `value` of the cgroup's limit, or else of the machine's memory
  };
  kind how = kind::cgroup;
  std::int64_t value = 0;

  friend bool operator==(const memory_limit&, const memory_limit&) = default;
};

struct node_config {
  // -- who we are ---------------------------------------------------------------------------------
  std::optional<server_id> my_id;     // the file myid; a standalone server may have none
  std::vector<server_entry> servers;  // ascending by id; empty or of one when standalone
  bool standalone_enabled = true;     // false: a single server line still runs an ensemble, of one
  bool reconfig_enabled = false;      // clients may change the servers of the running ensemble
  bool local_sessions = false;        // known to their server alone, until they need to be more
  bool local_sessions_upgrading = false;  // their first ephemeral znode makes them known to all
  bool read_only_mode = false;  // without a leader, reads for clients that ask for no more
  zxid membership_version;      // of `servers`: the dynamic file's, 0 when there is none

  // -- files --------------------------------------------------------------------------------------
  std::string data_dir;      // snapshots, epochs, myid, pid file; absolute
  std::string data_log_dir;  // txn logs; data_dir when not said; absolute
  bool auto_create_directories = true;
  config::memory_limit memory_limit;
  bool auto_create_database = true;  // false: an empty directory needs a file `initialize`
  /// This zoo.cfg, absolute, which a reconfig changes; empty: none, and nothing is written.
  std::string config_file;

  // -- clients ------------------------------------------------------------------------------------
  std::string client_address = "0.0.0.0";
  std::uint16_t client_port = 0;
  std::int32_t listen_backlog = -1;                // -1: as long as the system allows
  std::uint32_t connections_per_address_max = 60;  // 0: no limit
  std::uint32_t connections_max = 0;               // 0: no limit
  bool client_keep_alive = true;                   // ZooKeeper's default is false
  std::int32_t sessionless_ms_max = 0;  // 0: max_session_timeout_ms; ZooKeeper's default is 10'000
  bool leader_serves = true;            // false: no clients at the leader of an ensemble
  std::int32_t min_session_timeout_ms = 6'000;     // when not said: 2 ticks
  std::int32_t max_session_timeout_ms = 60'000;    // when not said: 20 ticks
  std::int32_t global_outstanding_max = 1'000;     // requests; beyond it clients are not read from
  std::int32_t jute_buffer_bytes_max = 1'048'575;  // a longer frame closes its connection
  std::int64_t client_buffer_bytes_max = 256 << 20;  // held for all clients: requests and output
  std::int32_t client_reply_bytes_max = 256 << 20;   // of one reply
  std::int32_t client_watches_max = 500'000;         // of one connection
  std::int64_t client_watch_bytes_max = 512 << 20;   // of all connections
  std::int32_t client_acl_entries_max = 1'000;       // of one znode
  std::vector<std::string> four_letter_words = {"srvr"};  // which are answered; "*" = all
  /// Who shows the password of this "user:digest" passes every ACL; empty: nobody does.
  std::string super_digest;
  /// Of what session passwords are made, shared by all servers; empty: as ZooKeeper makes them.
  std::string session_secret_file;
  bool skip_acl = false;  // true: everybody may do everything
  /// A client has to show an identity of one of these before it asks anything; empty: need not.
  std::vector<std::string> required_auth_schemes;

  // -- SASL ---------------------------------------------------------------------------------------
  bool sasl_in_acls = false;  // authProvider.N says so: the scheme sasl has a meaning in ACLs
  std::string jaas_file;      // java.security.auth.login.config; empty: nobody logs in by SASL
  std::string jaas_section = "Server";
  std::map<std::string, std::string> sasl_users;  // of that entry, password by name; never printed
  std::string sasl_super_password;                // of the user "super", instead of the file's
  /// Who passes every ACL, by what stands behind "superUser" in the key: nothing, or ".N".
  std::map<std::string, std::string> sasl_super_users;
  bool session_requires_sasl = false;  // required_auth_schemes is sasl alone then
  bool keeps_who_fails_sasl = false;   // false: who shows a wrong password is cut off

  // -- audit log ----------------------------------------------------------------------------------
  bool audit = false;                              // each write of a client is a line in a file
  std::string audit_file = "zookeeper_audit.log";  // a relative one lies beside the server's log

  std::int32_t turn_warning_ms = 10;  // an actor that keeps the I/O thread longer; 0: none is told

  // -- znodes -------------------------------------------------------------------------------------
  bool extended_types = false;  // TTL znodes; a server's number is at most 254 then
  bool enforce_quota = false;   // hard quota limits refuse; soft ones are always warned of only
  std::int32_t container_check_interval_ms = 60'000;
  std::int32_t container_deletes_per_minute_max = 10'000;
  std::int64_t container_never_used_ms_max = 0;  // 0: one that had no child yet stays

  // -- ensemble -----------------------------------------------------------------------------------
  std::int32_t tick_ms = 3'000;
  std::int32_t init_limit_ticks = 10;    // an ensemble's zoo.cfg has to say it
  std::int32_t sync_limit_ticks = 5;     // an ensemble's zoo.cfg has to say it
  std::int32_t connect_limit_ticks = 0;  // for reaching the leader; 0: init_limit_ticks
  std::int32_t connect_ms_max = 2'000;   // to another server's port; ZooKeeper's default is 5'000
  bool peer_keep_alive = false;          // on connections to other servers
  bool listen_on_all_ips = false;        // peer and election ports; false: on our line's host only

  // -- journal ------------------------------------------------------------------------------------
  std::int32_t snap_count = 100'000;  // txns between snapshots, within a random half
  std::int64_t snap_log_bytes_max = std::int64_t{4} << 30;  // logged between snapshots; 0: no limit
  std::int64_t log_file_bytes_max = 0;                      // 0: no limit
  std::int64_t log_prealloc_bytes = 64 << 20;               // preAllocSize, which is written in KB
  bool force_sync = true;  // false: acks before the disk has it. Data can be lost
  std::int32_t fsync_warning_ms = 1'000;
  std::int32_t commit_log_count = 500;  // committed txns kept in memory to bring learners up
  double snapshot_size_factor =
      0.33;  // logs up to this part of a snapshot may serve a DIFF; <0: off
  config::snapshot_compression snapshot_compression = config::snapshot_compression::none;
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
  [[nodiscard]] std::size_t reply_bytes_max() const {
    return static_cast<std::size_t>(client_reply_bytes_max);
  }
  /// Of the parts of a multiRead together: the longest data has to fit in any case.
  [[nodiscard]] std::size_t multi_read_bytes_max() const {
    constexpr std::int32_t usual = 16 << 20, beside_data = 1024;
    const auto longest = std::max(usual, std::min(jute_buffer_bytes_max, INT32_MAX - beside_data));
    return std::min(reply_bytes_max(), static_cast<std::size_t>(longest) + beside_data);
  }
  /// Sessions that one address may have made at this server and left behind; 0: no limit.
  [[nodiscard]] std::size_t sessions_per_address_max() const {
    return std::size_t{100} * connections_per_address_max;
  }
  /// Groups and weights decide on quorums, instead of plain majority.
  [[nodiscard]] bool has_groups() const;
  [[nodiscard]] bool allows_four_letter_word(std::string_view word) const;
  [[nodiscard]] std::int64_t init_limit_ms() const {
    return std::int64_t{tick_ms} * init_limit_ticks;
  }
  [[nodiscard]] std::int64_t connect_limit_ms() const {
    return connect_limit_ticks > 0 ? std::int64_t{tick_ms} * connect_limit_ticks : init_limit_ms();
  }
  [[nodiscard]] std::int64_t sync_limit_ms() const {
    return std::int64_t{tick_ms} * sync_limit_ticks;
  }
  /// As a leader: a request that makes a longer txn is refused. ZooKeeper reads none that is longer
  /// than twice its jute.maxbuffer.
  [[nodiscard]] std::size_t planned_txn_bytes_max() const;

  friend bool operator==(const node_config&, const node_config&) = default;
};

/// The whole config in zoo.cfg's syntax, every default resolved; reading it again gives the same.
[[nodiscard]] std::string print(const node_config& cfg);

/// `key=value` and the line's end, escaped as zoo.cfg needs it.
[[nodiscard]] std::string print_line(std::string_view key, std::string_view value);

/// The server., group. and weight. lines.
[[nodiscard]] std::string print_members(const node_config& cfg);

/// FNV-1a, 64 bits: the same in every version, since servers of different ones compare it.
[[nodiscard]] std::uint64_t fnv1a(std::string_view text);

}  // namespace troupe::config
