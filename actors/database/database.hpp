// SPDX-License-Identifier: Apache-2.0
/// Owns tree, watches and sessions (ZKDatabase with PrepRequestProcessor, CommitProcessor and
/// FinalRequestProcessor around it): plans writes while this server leads, applies what is
/// committed everywhere, answers reads. Owns: the database, the table of client connections, the
/// window of recent txns. Order: a connection's replies leave in the order of its requests; a read
/// waits for that connection's own earlier writes and for nothing else; a watch event leaves before
/// any reply that could show the change. One actor, one mailbox: no read ever runs beside an apply.
/// What may take long (a session's end with all its ephemerals, a change that thousands watch) is
/// done in slices, between which other actors have their turns and this one handles no message.
/// Errors: the client's go into its replies; a digest that is not the leading server's is logged as
/// an error, and where there are other servers that may be right this one serves nobody until its
/// content is replaced.
#pragma once

#include <caf/typed_response_promise.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/base/client_account.hpp"
#include "actors/base/long_work.hpp"
#include "actors/base/node_context.hpp"
#include "actors/base/pinned.hpp"
#include "actors/base/sasl_conversation.hpp"
#include "actors/core/acl.hpp"
#include "actors/core/audit.hpp"
#include "actors/core/expiry.hpp"
#include "actors/core/memory_budget.hpp"
#include "actors/core/prep.hpp"
#include "actors/core/refused_sessions.hpp"
#include "actors/core/session_origins.hpp"
#include "actors/core/sessions.hpp"
#include "actors/core/shown_history.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/core/tree.hpp"
#include "actors/core/watches.hpp"
#include "actors/core/write_gate.hpp"
#include "actors/interfaces/client.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/database_stats.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/snapshots.hpp"

namespace troupe {

struct database_options {
  context_ptr context;
};

struct database_state {
  static inline const char* name = "zk.database";
  using clock = std::chrono::steady_clock;

  /// What an auth or sasl request came to: it counts at once, its answer waits for its turn.
  struct login {
    error_code err = error_code::ok;
    std::string body = {};
  };
  /// A write that the audit log will tell of, and what it will say of who asked.
  struct audited {
    core::audited_write write;
    core::audit_record by;
  };
  /// A request that waits behind the connection's own writes, or is such a write.
  struct waiting_request {
    client_request request;  // without the body, once that is on its way to the leading server
    clock::time_point received;
    std::vector<std::size_t> with_stat = {};  // of a multi: see create2_positions()
    error_code refusal = error_code::ok;      // without asking the leader
    bool is_local = false;                    // the close of a session that only this server knows
    login proved = {};                        // of an auth or sasl
    std::unique_ptr<audited> for_audit = {};  // of a write, if there is an audit log
    std::size_t bytes = 0;                    // as it came
    std::int64_t weight = 0;                  // of a write: see core::weight_of()
    bool is_held = false;  // a write that is not yet on its way to the leading server
    bool is_long = false;  // a read whose answer may be long
  };
  struct connection {
    client_sink client;
    session_id session;
    zxid since;  // txns of the session up to here are an earlier connection's
    core::identities shown;
    /// Its front is a write or a sync under way, or waits until the client takes its output. No
    /// read waits for that with a write under way behind it: it would show what was asked after it.
    std::deque<waiting_request> queue;
    std::size_t reads = 0, under_way = 0, held = 0;  // in the queue; reads: and all answered here
    client_output output;                            // gathered in the present turn
    account_ptr account;                             // counts `output` once the turn is over
    request_figures figures;
    std::unique_ptr<sasl_conversation> conversation = {};  // once it has begun one
    bool is_admitted = true;      // false: enforce.auth.schemes asks for more than it has shown
    bool is_rejected = false;     // it failed to log in: nothing more is heard of it
    bool is_ending = false;       // its client has closed the session: nor of it
    bool has_output = false;      // it is in `with_output`
    bool waits_for_room = false;  // it was asked to say when its client has taken its output
  };
  struct opening_session {
    open_session asked;
    caf::typed_response_promise<session_opened> promise;
    clock::time_point since;
  };
  enum class mode { closed, read_only, leading, learning };

  explicit database_state() : planner(tree) {}

  database_options options;
  core::tree tree;
  core::prep planner;  // while leading
  core::watches watches;
  std::optional<core::sessions> live;  // while leading: who expires when
  core::refused_sessions refused;      // while leading, where sessions may be local
  core::expiry expiry;                 // while leading: containers and TTL znodes
  std::map<std::string, std::int64_t>
      breach_told_ms;          // limited znode -> when its breach was logged
  std::deque<txn_ptr> recent;  // the newest applied txns, contiguous
  gauge_part recent_bytes;     // of them

  core::memory_watch memory;
  std::uint64_t refused_writes = 0, refused_sessions = 0;  // by this server, for want of memory
  std::int64_t heap_trimmed_ms = 0;                        // when that was last asked for

  mode role = mode::closed;
  proposal_sink leader;   // while leading
  forward_sink upstream;  // while learning
  bool exhausted_told = false;
  /// The txn whose digest is of another tree than this. From then on nobody is served by it.
  std::optional<zxid> differs_at;
  /// The same, and not forgotten when serving stops: no snapshot of this tree is written until it
  /// is replaced, or a role begins with it: whether it is to be replaced is decided in between.
  std::optional<zxid> suspect_since;
  core::shown_history shown;            // what read-only clients may see, and who comes back
  std::optional<core::sessions> local;  // unless closed: sessions that only this server knows
  std::int64_t expired_at_ms = 0;       // when sessions were last looked through

  std::map<connection_id, connection> connections;
  /// Writes under way whose connection is gone: nobody will be answered, but the audit log is told.
  std::map<session_id, std::deque<std::pair<cxid, std::unique_ptr<audited>>>> orphans;
  /// Of sessions that only this server knows: writes under way whose connection is gone. So many
  /// txns of the session answer nothing on its present one. (Of others the leader tells `since`.)
  std::map<session_id, std::size_t> left_behind;
  std::map<session_id, connection_id> by_session;
  std::map<session_id, opening_session> opening;  // made anew: createSession is under way
  connection_id most_watching;                    // whom bound_watches() cut off last
  std::set<session_id> abandoned;  // the same, but their clients have left and know no id
  core::session_origins origins;   // of all that were made here and live
  std::map<connection_id, opening_session> reopening;  // the leader is asked whether they live
  std::optional<core::session_id_generator> new_ids;
  std::int64_t ids_from_ms = 0;            // as the journal claimed it
  std::set<session_id> touched;            // while learning: heard since last collected
  std::vector<connection_id> with_output;  // gathered output to be sent at the turn's end
  std::size_t gathered_bytes = 0;          // of it, in events
  std::vector<write_request> to_forward;   // gathered writes, sent at the turn's end
  std::vector<txn_ptr> to_propose;

  struct stream {
    std::unique_ptr<core::snapshot_encoder> pieces;
    caf::actor_addr asked_by;
  };
  std::map<std::uint64_t, stream> streams;  // to learners
  std::uint64_t next_stream = 1;
  std::unique_ptr<core::snapshot_encoder> snapshot;  // to disk
  snapshot_sink snapshot_to;

  membership_ptr members;        // as known to be committed; null until the peer says so
  std::set<server_id> synced;    // while leading: who could vote in a new membership
  std::optional<zxid> reconfig;  // while leading: planned and not applied
  database_stats stats;
  std::map<std::string_view, std::int64_t> limit_told_ms;  // limit -> when it was last logged
  std::uint64_t latency_count = 0;
  double latency_sum_ms = 0;
  std::deque<core::zxid_digest> digests;  // of each 128th zxid (DataTree.logZxidDigest)

  core::write_gate gate;            // of clients' writes on their way to the leading server
  std::deque<session_id> to_close;  // while leading: expired, and their close is not planned yet
  std::int64_t planned_bytes = 0;   // while leading: of txns that are not applied yet

  std::vector<connection_id> to_drain;  // reads that wait for no write any more, too many at once
  std::vector<connection_id> to_end;    // closed in this turn, with too many watches to end at once
  discarding_actor discarding;          // frees what takes long to free
  core::pace walks;                     // of what is under way in slices; else nobody's
  long_work work;                       // last member: dies first
};

using database_ptr = pinned_pointer<database_actor, database_state>;

database_actor::behavior_type database(database_ptr self, database_options options);

}  // namespace troupe
