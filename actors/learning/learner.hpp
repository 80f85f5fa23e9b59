// SPDX-License-Identifier: Apache-2.0
/// What follower and observer share, and it is most of them: finding the leader's Peer, discovery
/// and synchronization as a coroutine, then broadcast as plain handlers (ZAB paper, phases 1-3;
/// ZooKeeper's class Learner). Not an actor of its own. Order of effects on NEWLEADER: snapshot or
/// truncation durable -> synced txns durable -> currentEpoch durable -> ack. Invariant: what is
/// acked is on disk; what is applied is committed, or was in the history the leader began its epoch
/// with; no zxid hole is taken in (ZOOKEEPER-4925); the files name the newest list of servers that
/// is logged, or the one before it. Fencing: messages count only with this term's
/// epoch, from the learner_handler that began it.
#pragma once

#include <caf/typed_response_promise.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/node_context.hpp"
#include "actors/base/pinned.hpp"
#include "actors/core/parts.hpp"
#include "actors/core/pending.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/coro/inbox.hpp"
#include "actors/coro/scope.hpp"
#include "actors/coro/task.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/links.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/roles.hpp"

namespace troupe {

struct learner_options {
  context_ptr context;
  server_id leader;
  bool observer = false;
  // This server's history as the role begins; log and database agree on it.
  epoch accepted;
  epoch current;
  zxid last;
  journal_actor journal;
  database_actor database;
  role_sink peer;
  links_actor links;
  view_ptr members;
  view_ptr electing{};          // where the leader is found; null: by `members`
  bool needs_snapshot = false;  // the tree here is wrong, or the log cannot be cut
  bool promises = true;   // false: what was logged here is lost, so its word counts for nothing
  bool in_doubt = false;  // it is no candidate
  bool gives_way = false;  // see elected
};

/// Txns as the leading server sent them, read. A null one: this version does not know it.
struct received_txns {
  enum class kind {
    history,   // SyncTxns: of the leader's history, which its epoch commits
    proposed,  // Proposal
    informed,  // Inform: committed
  };
  kind what = kind::history;
  std::vector<txn_ptr> txns;
};

/// One turn of the conversation with the leading server, in the order it arrived.
struct leader_message {
  std::variant<wire::NotLeading, wire::LeaderInfo, wire::Truncate, received_txns,
               wire::SnapshotChunk, wire::NewLeader, wire::UpToDate, wire::Commit>
      what;
  caf::strong_actor_ptr from;
};

struct learner_state {
  static inline const char* name = "zk.learner";

  learner_options options;
  learner_handler_actor handler;  // null until the leader has answered
  std::string not_taken_in;       // what the leader's server last said to a hello, for people
  epoch era;                      // of the leader, from its LeaderInfo on
  bool uncounted = false;         // promised a later epoch: follows, and acks no txn
  bool acking = false;            // acked NEWLEADER: from here on acks go out as the disk answers
  bool broadcasting = false;      // after UPTODATE: the hot path instead of the conversation
  bool ended = false;
  bool tree_differs = false;  // from what the leader's digests say; clients are not served
  bool writes_held = false;   // as the leader said last
  bool collecting = false;    // the database was asked who was heard, and has not answered

  view_ptr members;  // as this server knows them now; seen: the newest it has logged

  core::pending window;               // zxids received, not committed
  std::deque<txn_ptr> uncommitted;    // their txns, in the same order
  gauge_part uncommitted_bytes;       // of them
  zxid logged_upto;                   // as the journal said
  zxid told_committed;                // as it was told last
  std::vector<txn_ptr> synced_early;  // applied before UPTODATE; kept for context->committed only
  std::chrono::steady_clock::time_point heard;       // the leader's last sign of life
  std::unique_ptr<core::snapshot_decoder> incoming;  // while a snapshot arrives

  core::part_joiner arriving;  // a txn that the leader sends in parts
  received_txns::kind arriving_as = received_txns::kind::history;
  gauge_part arriving_bytes;  // of it

  /// What waits for its turn on the way to the leader, in its order.
  std::deque<std::variant<write_request, wire::Revalidate>> to_leader;
  std::uint64_t sent_of_first = 0;  // of its body, when that goes in parts
  bool sending = false;             // a task does it

  std::uint64_t next_ticket = 1;
  std::map<std::uint64_t, caf::typed_response_promise<session_verdict>> revalidations;

  coro::inbox<leader_message> turns;
  coro::scope work;   // dies before what its tasks use
  long_work reading;  // of txns; last member: dies first
};

using learner_ptr = pinned_pointer<learner_actor, learner_state>;

/// The handlers and the running conversation of a learner; its term ends with role_ended to the
/// peer.
learner_actor::behavior_type make_learner(learner_ptr self, learner_options options);

}  // namespace troupe
