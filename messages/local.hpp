// SPDX-License-Identifier: Apache-2.0
/// The messages that never leave a process: plain structs between the actors of one server.
/// Ownership: a message owns what it holds; txns and images are shared and immutable once sent,
/// except where a comment says that the receiver takes over.
#pragma once

#include <caf/actor_addr.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "messages/client/records.hpp"
#include "messages/client/requests.hpp"
#include "messages/ids.hpp"
#include "messages/local_clients.hpp"
#include "messages/server_state.hpp"
#include "messages/txn.hpp"

namespace troupe {

namespace core {
struct image;  // tree, sessions and the last zxid applied to them: what a snapshot holds
}

namespace config {
struct membership;       // a list of servers with its version
struct membership_view;  // what a server knows of them: committed, seen
}  // namespace config
using membership_ptr = std::shared_ptr<const config::membership>;
using view_ptr = std::shared_ptr<const config::membership_view>;

// -- roles <-> journal --------------------------------------------------------------------------

/// Everything up to `upto` is on disk.
struct logged {
  TROUPE_STAYS_LOCAL;
  zxid upto;
};
/// The data directory's content. The receiver takes the image over.
struct loaded_data {
  TROUPE_STAYS_LOCAL;
  std::shared_ptr<core::image> image;
  std::vector<txn_ptr> recent;  // the newest txns, contiguous, ending at the image's last zxid
  zxid last_logged;
  epoch accepted;
  epoch current;
  std::uint64_t digest_mismatches = 0;  // found while it was read
  bool tree_differs = false;            // from what the newest digest says
  std::string damaged{};  // not empty: why nothing of the past can be read here; the image is empty
  std::int64_t session_time_ms = 0;  // see install_image
  zxid committed{};  // known to be committed up to here, at least; the image ends there if it can
};
/// From a role whose epoch is established: all up to `upto` is committed. Noted on the disk some
/// time later.
struct known_committed {
  TROUPE_STAYS_LOCAL;
  zxid upto;
};
/// Whether the disk works: answered when files were written, synced and removed.
struct probe_disk {
  TROUPE_STAYS_LOCAL;
};
enum class epoch_kind { accepted, current };
/// Replaces acceptedEpoch or currentEpoch; the reply comes when the new file is durable.
struct store_epoch {
  TROUPE_STAYS_LOCAL;
  epoch_kind kind = epoch_kind::accepted;
  epoch era;
};
struct stored {
  TROUPE_STAYS_LOCAL;
};
/// Cuts the log after `keep_upto` and loads again what is left (leader-driven TRUNC).
struct truncate_log {
  TROUPE_STAYS_LOCAL;
  zxid keep_upto;
};
/// Keeps a list of servers that is committed in zoo.cfg's dynamic file, before anything that is
/// appended later. A failure is that of the disk.
struct store_membership {
  TROUPE_STAYS_LOCAL;
  membership_ptr committed;
};
/// Asks for logged txns after `after`, oldest first, as far as `bytes_max` allows. All appends sent
/// before are on disk when the reply comes, so with `bytes_max` 0 it is a barrier.
struct read_log {
  TROUPE_STAYS_LOCAL;
  zxid after;
  std::uint64_t bytes_max = 0;
};
struct log_range {
  TROUPE_STAYS_LOCAL;
  std::vector<txn_ptr> txns;
  bool complete = false;  // reaches the end of the log
  bool holds_after =
      false;  // a txn of exactly `after` is in the log: what follows it continues that history
  zxid last_logged;
  epoch accepted;  // the epoch files' content
  epoch current;
  bool damaged = false;  // what was logged here is lost
};

// -- snapshots ----------------------------------------------------------------------------------

/// A piece of a snapshot file. `as_of` names the file; `covers` is the last zxid any piece so far
/// may contain.
struct snapshot_piece {
  TROUPE_STAYS_LOCAL;
  zxid as_of;
  zxid covers;
  std::string bytes;
  bool last = false;
};
/// No further piece comes: the tree was replaced meanwhile, or is not what a digest says.
struct snapshot_given_up {
  TROUPE_STAYS_LOCAL;
  std::string reason;
};
/// The journal is ready for the next piece (one is in flight at a time).
struct next_piece {
  TROUPE_STAYS_LOCAL;
  zxid as_of;
};
/// A snapshot that came from the leader, piece by piece. The reply comes when the piece is written;
/// for the last one: when the snapshot is durable, older and divergent logs are out of the way, and
/// appends go behind it.
struct install_piece {
  TROUPE_STAYS_LOCAL;
  zxid as_of;
  std::string bytes;
  bool first = false;
  bool last = false;
};

// -- leader <-> database ------------------------------------------------------------------------

/// Txns the database prepared, in zxid order, to be agreed on.
struct propose {
  TROUPE_STAYS_LOCAL;
  std::vector<txn_ptr> txns;
};
/// Who waits for the word that all before a sync request is committed: a connection here, or a
/// learner.
struct sync_waiter {
  std::optional<server_id> learner;  // none: a client of the leading server
  session_id session;
  cxid xid;
  std::uint64_t connection = 0;  // as the server that holds it counts: others only pass it on
  caf::actor_addr through{};     // who speaks for the learner: the answer goes no other way
};
struct sync_behind {  // database -> leader: after all that was proposed so far
  TROUPE_STAYS_LOCAL;
  sync_waiter waiter;
};
struct sync_done {  // -> database of the server that holds the client
  TROUPE_STAYS_LOCAL;
  session_id session;
  cxid xid;
  std::uint64_t connection = 0;
};
/// A client's write came to the leading server when its session had moved on: it becomes no txn,
/// and the connection that it came over is one that its client has left.
struct stale_write {  // database of the leader -> learner_handler; -> database of the client's
  TROUPE_STAYS_LOCAL;
  session_id session;
  cxid xid;
  std::uint64_t connection = 0;
};
/// Committed txns, in order; the database applies them and answers.
struct apply_txns {
  TROUPE_STAYS_LOCAL;
  std::vector<txn_ptr> txns;
};
/// A voter cannot keep up: clients' large writes are to wait, until this says that they need not.
struct hold_writes {  // leader -> database, learner_handler; learner -> database
  TROUPE_STAYS_LOCAL;
  bool hold = false;
};
/// The 32-bit counter of this epoch is used up: only a new election helps.
struct epoch_exhausted {
  TROUPE_STAYS_LOCAL;
};

struct forwarded_writes {
  TROUPE_STAYS_LOCAL;
  server_id origin;
  std::vector<write_request> requests;
  caf::actor_addr through{};  // on the leading server: who speaks for the learner
};
/// Is this session alive; if so `owner` holds it from now on.
struct revalidate_session {
  TROUPE_STAYS_LOCAL;
  session_id session;
  server_id owner;
};
struct session_verdict {
  TROUPE_STAYS_LOCAL;
  bool valid = false;
  std::int32_t timeout_ms = 0;
  zxid planned_upto;  // txns up to here belong to an earlier connection of the session
};
/// Sessions heard of by a learner since it last said so.
struct touch_sessions {
  TROUPE_STAYS_LOCAL;
  std::vector<session_id> sessions;
};
struct collect_touches {
  TROUPE_STAYS_LOCAL;
};
struct touched_sessions {
  TROUPE_STAYS_LOCAL;
  static constexpr std::size_t at_once_max = 4096;  // who got so many asks again
  std::vector<session_id> sessions;
};
/// The leading server's clock for sessions: expire what is due.
struct expire_sessions {
  TROUPE_STAYS_LOCAL;
};

/// Puts a whole new content into the database (at start, after TRUNC, after SNAP).
struct install_image {
  TROUPE_STAYS_LOCAL;
  std::shared_ptr<core::image> image;
  std::vector<txn_ptr> recent;
  std::uint64_t digest_mismatches = 0;  // found while it was built
  std::int64_t session_time_ms = 0;     // ids of new sessions begin with it; 0: with the wall clock
  zxid committed{};                     // known to be committed up to here, at least
};
struct get_last_zxid {
  TROUPE_STAYS_LOCAL;
};
struct last_zxid {
  TROUPE_STAYS_LOCAL;
  zxid id;
  std::string membership;  // the text of /zookeeper/config
  bool tree_differs = false;
  bool may_be_shown = true;  // all of it is known to be committed
};
/// The tree here is not the one that the digest of txn `at` is of (ZOOKEEPER-3512).
struct tree_differs {
  TROUPE_STAYS_LOCAL;
  zxid at;
};
/// The servers as this server knows them now; /zookeeper/config shows no older list.
struct know_membership {
  TROUPE_STAYS_LOCAL;
  membership_ptr committed;
};
/// From the leader: who has its history and acks, itself too. A new membership needs a quorum of
/// them.
struct synced_servers {
  TROUPE_STAYS_LOCAL;
  std::set<server_id> ids;
};

/// What a learner with `peer_last` lacks of the leader's committed history.
struct plan_sync {
  TROUPE_STAYS_LOCAL;
  zxid peer_last;
  bool needs_snapshot = false;
};
struct sync_source {
  TROUPE_STAYS_LOCAL;
  enum class kind { diff, truncate, truncate_then_diff, diff_from_log, snapshot };
  kind how = kind::snapshot;
  zxid keep_upto;             // truncate*: the last one to keep
  zxid committed;             // where this history ends; the forwarded proposals go on behind it
  std::vector<txn_ptr> txns;  // diff*: in order; diff_from_log: the window, which continues the log
  std::uint64_t log_bytes_max = 0;  // diff_from_log: beyond this much log a snapshot is cheaper
};
/// A learner needs the whole tree: pieces are asked for one by one (see stream_piece).
struct open_stream {
  TROUPE_STAYS_LOCAL;
};
struct stream_opened {
  TROUPE_STAYS_LOCAL;
  std::uint64_t stream = 0;
};
struct get_stream_piece {
  TROUPE_STAYS_LOCAL;
  std::uint64_t stream = 0;
};
struct close_stream {
  TROUPE_STAYS_LOCAL;
  std::uint64_t stream = 0;
};

// -- peer <-> election --------------------------------------------------------------------------

/// Find the leader, voting for myself with this history first.
struct look_for_leader {
  TROUPE_STAYS_LOCAL;
  zxid last;
  epoch current;
  view_ptr members;      // null: as before
  bool has_led = false;  // in the term before: its vote waits until a quorum is heard
};
struct elected {
  TROUPE_STAYS_LOCAL;
  server_id leader;
  epoch leader_epoch;  // the voted peerEpoch: the last epoch of the leader's history
  zxid leader_zxid;
  election_round_number round;
  membership_ptr newer;  // nothing was decided: others know this list to be committed
  view_ptr members;      // who has elected
  /// Should this server's log be ahead of the leader's, it could not lead all the same: a quorum of
  /// the committed list does not hold the list that it holds, or lists differ and one lacks it.
  bool gives_way = false;
};
/// The servers have changed while a role is played.
struct members_changed {
  TROUPE_STAYS_LOCAL;
  view_ptr members;
};
/// The peer's role changed, or its epoch is established; the election answers those who look with
/// it.
struct role_taken {
  TROUPE_STAYS_LOCAL;
  server_state state = server_state::looking;
  std::optional<epoch> established;
};
struct get_election_status {
  TROUPE_STAYS_LOCAL;
};
struct election_status {
  TROUPE_STAYS_LOCAL;
  election_round_number round;
  struct silent_server {
    server_id id;
    std::string address;  // host:electionPort
    std::string error;
  };
  std::vector<silent_server> unreachable;
  /// A line of our list and of another server's, which are not the same.
  struct differing_list {
    enum class kind {
      refused,       // other quorums could decide by their list
      under_change,  // other voters, but every quorum of either list meets every one of the other
      addresses,     // the same voters, elsewhere
    };
    server_id id;
    std::string ours, theirs;  // empty: that side has no such line
    kind what = kind::refused;
  };
  std::vector<differing_list> differing;
  std::vector<server_id> not_listed_by;  // in whose lists this server has no line
  std::string last_reason;               // why the present leader: candidates, round, how long
};

// -- node-wide ----------------------------------------------------------------------------------

/// The disk failed: nothing more is acked from that file, the server must leave its role.
struct disk_failed {
  TROUPE_STAYS_LOCAL;
  std::string reason;
};
/// The log was to hold what it must not (a hole, or more than a txn can be): nothing is acked any
/// more, and the server must leave its role. Says nothing of the disk.
struct log_refused {
  TROUPE_STAYS_LOCAL;
  std::string reason;
};
/// A role's establishment, told to the peer: learners are synced with a quorum, clients may be
/// served.
struct role_established {
  TROUPE_STAYS_LOCAL;
  epoch era;
};
/// From a role: these are the servers now.
struct membership_committed {
  TROUPE_STAYS_LOCAL;
  membership_ptr list;
};
/// A role's last word to the peer before it ends.
struct role_ended {
  TROUPE_STAYS_LOCAL;
  std::string reason;
  /// What this server may build upon: all it has; all, but its log cannot be cut to its leader's
  /// history; or nothing, since its tree is wrong: whoever says so knows by a digest, or by the
  /// others.
  enum class trust { tree, no_cut, none_by_digest, none_by_others } trusts = trust::tree;
};

struct get_server_status {
  TROUPE_STAYS_LOCAL;
};
/// What `status`, srvr and mntr tell of the server as a member of its ensemble.
struct server_status {
  TROUPE_STAYS_LOCAL;
  server_id id;
  server_state state = server_state::looking;
  bool standalone = false;
  bool serving = false;
  bool read_only = false;         // not serving, apart from reads for clients that ask for no more
  std::string phase;              // discovery, synchronization, broadcast; empty while looking
  std::string reason;             // while not serving: why, for people
  std::string disk_fault;         // why the disk cannot be used; empty: it can
  std::uint64_t disk_faults = 0;  // since the start
  std::optional<server_id> leader;
  epoch era;
  election_status election;
  struct learner_line {
    server_id id;
    bool observer = false;
    bool synced = false;
    bool votes = true;
  };
  std::vector<learner_line> learners;  // of a leader
  std::uint64_t voters = 0;
  zxid membership_version;
  membership_ptr members;  // committed; may be null
  std::string reconfig;    // under way: who has it, for people; empty: none
  std::int64_t proposal_bytes_last = -1, proposal_bytes_min = -1,
               proposal_bytes_max = -1;  // of a leader
  std::uint64_t pending_syncs = 0;       // of a leader
  std::int64_t led_ms = 0;               // of a leader: since its epoch is established
};
struct get_leader_status {
  TROUPE_STAYS_LOCAL;
};
struct leader_status {
  TROUPE_STAYS_LOCAL;
  std::vector<server_status::learner_line> learners;
  std::string reconfig;
  std::int64_t proposal_bytes_last = -1, proposal_bytes_min = -1, proposal_bytes_max = -1;
  std::uint64_t pending_syncs = 0;
  std::int64_t led_ms = 0;
};

}  // namespace troupe
