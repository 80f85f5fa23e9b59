// SPDX-License-Identifier: Apache-2.0
/// The server's role switch: LOOKING, then LEADING, FOLLOWING or OBSERVING, then LOOKING again
/// (ZooKeeper's QuorumPeer). A role is an actor with one term's life; whatever comes late for an
/// old term reaches nobody. Published at the peer port, where learners introduce themselves.
/// Invariant: a vote is for all that is logged, whether the database has applied it or not; a role
/// starts only when log and database agree. In between the database stays where everything is known
/// to be committed, so that clients which accept reads only can be shown it.
/// Who the servers are: the files name a list that is committed, and the log may hold a newer one.
/// Until that is known to be committed, too, both decide together. A committed list comes from a
/// role or from another server's vote.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "actors/base/node_context.hpp"
#include "actors/base/pinned.hpp"
#include "actors/core/disk_patience.hpp"
#include "actors/coro/inbox.hpp"
#include "actors/coro/scope.hpp"
#include "actors/coro/task.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/election.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/roles.hpp"

namespace troupe {

/// How a role begins: the history it builds on.
struct term {
  server_id leader;
  epoch accepted;
  epoch current;
  zxid last;
  view_ptr members;
  view_ptr electing{};    // who has elected: may know a list that we have not seen
  bool observes = false;  // as a learner
  bool damaged = false;   // what was logged here is lost, and this server's word counts for nothing
  bool needs_snapshot = false;  // the tree is wrong, or the log cannot be cut
  bool gives_way = false;  // it could not lead, though its log may be ahead: see elected
  bool stands = true;           // as a candidate; false: the tree or the past is in doubt
};

struct peer_options {
  context_ptr context;
  view_ptr members;  // as the files say
  journal_actor journal;
  database_actor database;
  election_actor election;
  /// Make the role actors of one term (the wiring knows how).
  std::function<leader_actor(caf::local_actor* parent, const term&, role_sink)> make_leader;
  std::function<learner_actor(caf::local_actor* parent, const term&, role_sink)> make_learner;
};

struct peer_state {
  static inline const char* name = "zk.peer";

  peer_options options;
  view_ptr members;  // as this server knows them now
  server_status status;
  leader_actor leading;              // null unless this server leads
  caf::actor_addr role;              // of the present term
  std::string disk_trouble;          // empty: none
  bool trouble_is_counted = false;   // as a fault of the disk
  std::string log_refusal;           // why the log has to be opened anew; empty: it need not
  std::uint64_t failures_heard = 0;  // of the journal
  core::disk_patience patience;
  epoch accepted;            // as the present term began
  bool is_readable = false;  // the database has what clients may read
  bool cannot_cut = false;   // its log to its leader's history: a snapshot has to replace both
  std::string tree_doubt;    // why a leader's snapshot has to replace the tree; empty: it is right
  std::chrono::steady_clock::time_point doubted_since;
  role_ended last_word;  // why the role ends, as it said itself or as the disk made it
  coro::inbox<role_ended> endings;

  peer_state() = default;
  /// No role outlives its peer.
  ~peer_state();

  coro::scope reading;  // while looking: serves reads once that lasts
  coro::scope work;     // last member: dies first, before what its tasks use
};

using peer_ptr = pinned_pointer<peer_actor, peer_state>;

peer_actor::behavior_type peer(peer_ptr self, peer_options options);

}  // namespace troupe
