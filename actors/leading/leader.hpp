// SPDX-License-Identifier: Apache-2.0
/// The leading role for one epoch (ZooKeeper's class Leader; ZAB paper, sections III to V).
/// Its conversation: a quorum names its epochs -> the new epoch, durable here first -> a quorum
/// promises -> a quorum acks the leader's history -> currentEpoch durable -> serve, until a quorum
/// is no longer heard. Hot path: propose -> {journal, learner handlers}; acks -> quorum ->
/// {database, learner handlers}. A sync is answered behind what was proposed before it, when a
/// quorum has proved that it still follows (core/sync_rounds.hpp). Invariant: a txn is committed
/// when a quorum of synced voters, this server's own journal counted as one of them, has it on
/// disk, and in zxid order. Reconfiguration: the epoch is established by a quorum of the committed
/// and of the last seen servers, and that commits the latter. A reconfig's txn brings the next list
/// into the window; its commit makes it the ensemble, is written to the files and, when this server
/// is no voter any more, ends the term: all have the commit by then, and the voters elect among
/// themselves.
#pragma once

#include <caf/typed_response_promise.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "actors/base/node_context.hpp"
#include "actors/base/pinned.hpp"
#include "actors/core/epoch_handshake.hpp"
#include "actors/core/liveness.hpp"
#include "actors/core/proposals.hpp"
#include "actors/core/sync_rounds.hpp"
#include "actors/coro/scope.hpp"
#include "actors/coro/signal.hpp"
#include "actors/coro/task.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/discovery.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/roles.hpp"

namespace troupe {

struct leader_options {
  context_ptr context;
  view_ptr members;
  // This server's history as the role begins; log and database agree on it.
  epoch accepted;
  epoch current;
  zxid last;
  journal_actor journal;
  database_actor database;
  role_sink peer;
  /// Makes the handler of one learner (the wiring knows how).
  std::function<learner_handler_actor(caf::local_actor* parent, leader_actor leader,
                                      learner_actor learner, const wire::LearnerInfo& hello)>
      make_handler;
};

struct leader_state {
  static inline const char* name = "zk.leader";

  struct learner_entry {
    learner_handler_actor handler;
    bool observer = false;    // or follows as one does: it counts for nothing
    bool forwarding = false;  // gets proposals or informs
    bool synced = false;      // acked NEWLEADER
  };

  leader_options options;
  epoch era;
  membership_ptr members;  // committed
  membership_ptr next;     // proposed by a reconfig and not committed; null: none
  core::quorum electors;   // who had to agree to this epoch
  core::epoch_handshake handshake;
  core::proposals window;
  core::liveness alive;
  std::map<server_id, learner_entry> learners;
  std::deque<txn_ptr> outstanding;  // proposed, not committed: the txns of window
  gauge_part outstanding_bytes;     // of them
  struct waiting_sync {
    sync_waiter waiter;
    learner_handler_actor through;  // null: a client of this server
  };
  core::sync_rounds rounds;
  std::deque<waiting_sync> syncs;  // whom it concerns, in the order of rounds
  std::set<server_id> lagging;     // learners for which clients hold large writes back
  std::set<server_id> differing;   // learners whose trees are not what this leader's digests say
  bool serving = false;
  zxid told_committed;  // as the journal was told last
  caf::actor_clock::time_point serving_since;
  bool ended = false;
  std::int64_t ticks = 0;
  std::int64_t proposal_bytes_last = -1, proposal_bytes_min = -1, proposal_bytes_max = -1;

  struct waiting_join {
    caf::typed_response_promise<epoch_proposed> asked;
    bool counts = true;
  };
  std::vector<waiting_join> awaiting_epoch;
  std::vector<caf::typed_response_promise<epoch_confirmed>> awaiting_confirmation;
  bool epoch_is_durable = false;  // LEADERINFO may go out
  coro::signal progress;          // the handshake moved
  coro::scope work;               // last member: dies first, before what its tasks use
};

using leader_ptr = pinned_pointer<leader_actor, leader_state>;

leader_actor::behavior_type leader(leader_ptr self, leader_options options);

}  // namespace troupe
