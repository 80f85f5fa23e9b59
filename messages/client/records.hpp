// SPDX-License-Identifier: Apache-2.0
/// The client protocol's records, field by field as in zookeeper.jute, and the operations' numbers
/// (ZooDefs.OpCode). Each record's wire order is the order of its `fields` list. Times are ms since
/// 1970, timeouts ms.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/client/jute.hpp"
#include "messages/error_code.hpp"
#include "messages/ids.hpp"

namespace troupe {

enum class op_code : std::int32_t {
  notification = 0,
  create = 1,
  remove = 2,  // `delete` on the wire; the word is taken in C++
  exists = 3,
  get_data = 4,
  set_data = 5,
  get_acl = 6,
  set_acl = 7,
  get_children = 8,
  sync = 9,
  ping = 11,
  get_children2 = 12,
  check = 13,
  multi = 14,
  create2 = 15,
  reconfig = 16,
  check_watches = 17,
  remove_watches = 18,
  create_container = 19,
  delete_container = 20,
  create_ttl = 21,
  multi_read = 22,
  auth = 100,
  set_watches = 101,
  sasl = 102,
  get_ephemerals = 103,
  get_all_children_number = 104,
  set_watches2 = 105,
  add_watch = 106,
  who_am_i = 107,
  create_session = -10,
  close_session = -11,
  error = -1,
};

/// xids that are not a client's own count.
namespace special_xid {
inline constexpr std::int32_t watch_event = -1;
inline constexpr std::int32_t ping = -2;
inline constexpr std::int32_t auth = -4;
inline constexpr std::int32_t set_watches = -8;
}  // namespace special_xid

enum class event_type : std::int32_t {
  none = -1,
  node_created = 1,
  node_deleted = 2,
  node_data_changed = 3,
  node_children_changed = 4,
};

enum class keeper_state : std::int32_t {
  disconnected = 0,
  sync_connected = 3,
  auth_failed = 4,
  expired = -112,
};

namespace permission {
inline constexpr std::int32_t read = 1;
inline constexpr std::int32_t write = 2;
inline constexpr std::int32_t create = 4;
inline constexpr std::int32_t remove = 8;
inline constexpr std::int32_t admin = 16;
inline constexpr std::int32_t all = 31;
}  // namespace permission

/// Bits of a create request's flags (CreateMode).
namespace create_flag {
inline constexpr std::int32_t persistent = 0;
inline constexpr std::int32_t ephemeral = 1;
inline constexpr std::int32_t sequential = 2;
inline constexpr std::int32_t ephemeral_sequential = 3;
inline constexpr std::int32_t container = 4;
inline constexpr std::int32_t ttl = 5;
inline constexpr std::int32_t ttl_sequential = 6;
}  // namespace create_flag

/// Modes of addWatch (ZooDefs.AddWatchModes).
enum class add_watch_mode : std::int32_t { persistent = 0, persistent_recursive = 1 };

/// What checkWatches and removeWatches are about (Watcher.WatcherType). The last two came with
/// ZooKeeper 3.9.
enum class watcher_type : std::int32_t {
  children = 1,
  data = 2,
  any = 3,
  persistent = 4,
  persistent_recursive = 5,
};

/// One identity a connection has shown: ("digest", "user:base64"), ("world", "anyone").
struct auth_id {
  std::string scheme;
  std::string id;
  friend auto operator<=>(const auth_id&, const auth_id&) = default;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, auth_id>
void fields(A& a, S& s) { a(s.scheme, s.id); }

struct acl_entry {
  std::int32_t perms = 0;
  auth_id id;
  friend auto operator<=>(const acl_entry&, const acl_entry&) = default;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, acl_entry>
void fields(A& a, S& s) { a(s.perms, s.id); }

/// What a client sees of a znode besides its data; 68 bytes. `cversion` here counts creates and
/// deletes.
struct stat {
  zxid czxid, mzxid;
  std::int64_t ctime = 0, mtime = 0;
  std::int32_t version = 0, cversion = 0, aversion = 0;
  session_id ephemeral_owner;
  std::int32_t data_length = 0, num_children = 0;
  zxid pzxid;
  friend bool operator==(const stat&, const stat&) = default;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, stat>
void fields(A& a, S& s) {
  a(s.czxid, s.mzxid, s.ctime, s.mtime, s.version, s.cversion, s.aversion, s.ephemeral_owner,
    s.data_length, s.num_children, s.pzxid);
}

/// What disk keeps of a znode's stat; 60 bytes. `cversion` here counts creates only.
struct stat_persisted {
  zxid czxid, mzxid;
  std::int64_t ctime = 0, mtime = 0;
  std::int32_t version = 0, cversion = 0, aversion = 0;
  session_id ephemeral_owner;
  zxid pzxid;
  friend bool operator==(const stat_persisted&, const stat_persisted&) = default;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, stat_persisted>
void fields(A& a, S& s) {
  a(s.czxid, s.mzxid, s.ctime, s.mtime, s.version, s.cversion, s.aversion, s.ephemeral_owner,
    s.pzxid);
}

// -- the handshake ------------------------------------------------------------------------------

/// A client's first frame: 44 bytes, or 45 with the read-only flag that clients since 3.4 send.
struct connect_request {
  std::int32_t protocol_version = 0;
  zxid last_zxid_seen;
  std::int32_t timeout_ms = 0;
  session_id session;
  jute::buffer password;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, connect_request>
void fields(A& a, S& s) {
  a(s.protocol_version, s.last_zxid_seen, s.timeout_ms, s.session, s.password);
}

/// The answer; the read-only byte that follows it is written by the session, which knows if it was
/// asked for.
struct connect_response {
  std::int32_t protocol_version = 0;
  std::int32_t timeout_ms = 0;
  session_id session;
  jute::buffer password;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, connect_response>
void fields(A& a, S& s) { a(s.protocol_version, s.timeout_ms, s.session, s.password); }

struct request_header {
  cxid xid;
  op_code type = op_code::notification;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, request_header>
void fields(A& a, S& s) { a(s.xid, s.type); }

struct reply_header {
  cxid xid;
  zxid id;
  error_code err = error_code::ok;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, reply_header>
void fields(A& a, S& s) { a(s.xid, s.id, s.err); }

struct multi_header {
  op_code type = op_code::error;
  bool done = false;
  std::int32_t err = -1;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, multi_header>
void fields(A& a, S& s) { a(s.type, s.done, s.err); }

struct watch_event {
  event_type type = event_type::none;
  keeper_state state = keeper_state::sync_connected;
  std::string path;
  friend bool operator==(const watch_event&, const watch_event&) = default;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, watch_event>
void fields(A& a, S& s) { a(s.type, s.state, s.path); }

// -- requests -----------------------------------------------------------------------------------

struct create_request {  // also create2, and create_container with flags 4
  std::string path;
  jute::buffer data;
  std::vector<acl_entry> acl;
  std::int32_t flags = 0;
  bool has_null_id = false;  // not on the wire: an entry of `acl` lacks the id it needs
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, create_request>
void fields(A& a, S& s) { a(s.path, s.data, s.acl, s.flags); }

struct create_ttl_request {
  create_request plain;
  std::int64_t ttl_ms = 0;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, create_ttl_request>
void fields(A& a, S& s) { a(s.plain, s.ttl_ms); }

struct delete_request {
  std::string path;
  std::int32_t version = -1;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, delete_request>
void fields(A& a, S& s) { a(s.path, s.version); }

struct reconfig_request {
  jute::buffer joining;  // strings that may be null: new_members, or the other two
  jute::buffer leaving;
  jute::buffer new_members;
  std::int64_t config_id = -1;  // the version it has to be applied to; -1: any
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, reconfig_request>
void fields(A& a, S& s) { a(s.joining, s.leaving, s.new_members, s.config_id); }

struct set_data_request {
  std::string path;
  jute::buffer data;
  std::int32_t version = -1;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, set_data_request>
void fields(A& a, S& s) { a(s.path, s.data, s.version); }

struct set_acl_request {
  std::string path;
  std::vector<acl_entry> acl;
  std::int32_t version = -1;  // expected aversion
  bool has_null_id = false;   // as in create_request
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, set_acl_request>
void fields(A& a, S& s) { a(s.path, s.acl, s.version); }

struct check_request {
  std::string path;
  std::int32_t version = -1;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, check_request>
void fields(A& a, S& s) { a(s.path, s.version); }

/// exists, get_data, get_children and get_children2: a path and whether to watch it.
struct read_request {
  std::string path;
  bool watch = false;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, read_request>
void fields(A& a, S& s) { a(s.path, s.watch); }

/// get_acl, get_all_children_number, sync: a path alone.
struct path_request {
  std::string path;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, path_request>
void fields(A& a, S& s) { a(s.path); }

struct get_ephemerals_request {
  std::string prefix;  // null or blank: all
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, get_ephemerals_request>
void fields(A& a, S& s) { a(s.prefix); }

struct add_watch_request {
  std::string path;
  add_watch_mode mode = add_watch_mode::persistent;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, add_watch_request>
void fields(A& a, S& s) { a(s.path, s.mode); }

struct watches_request {  // check_watches and remove_watches
  std::string path;
  watcher_type type = watcher_type::any;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, watches_request>
void fields(A& a, S& s) { a(s.path, s.type); }

struct auth_request {
  std::int32_t type = 0;
  std::string scheme;
  jute::buffer auth;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, auth_request>
void fields(A& a, S& s) { a(s.type, s.scheme, s.auth); }

struct sasl_token {  // GetSASLRequest and SetSASLResponse
  jute::buffer token;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, sasl_token>
void fields(A& a, S& s) { a(s.token); }

struct set_watches_request {
  zxid relative_zxid;
  std::vector<std::string> data, exist, child;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, set_watches_request>
void fields(A& a, S& s) { a(s.relative_zxid, s.data, s.exist, s.child); }

struct set_watches2_request {
  set_watches_request one_shot;
  std::vector<std::string> persistent, persistent_recursive;
  bool is_cut = false;  // not on the wire
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, set_watches2_request>
void fields(A& a, S& s) { a(s.one_shot, s.persistent, s.persistent_recursive); }

}  // namespace troupe
