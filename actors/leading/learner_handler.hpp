// SPDX-License-Identifier: Apache-2.0
/// Speaks with one learner on the leader's behalf: discovery and synchronization as a conversation,
/// then passes on proposals, commits and pings (ZooKeeper's LearnerHandler). Order: what the leader
/// sends is passed on in that order; until the learner has what came before, it is held, and so is
/// what is more than the network should have, or carry at once. Owns: nothing but the held
/// messages, and what has come of a request that the learner sends in parts. It dies with its
/// leader, with its learner, or when a newer handler for the same learner takes over.
#pragma once

#include <deque>
#include <variant>

#include "actors/base/node_context.hpp"
#include "actors/base/pinned.hpp"
#include "actors/core/learner_lag.hpp"
#include "actors/core/parts.hpp"
#include "actors/coro/inbox.hpp"
#include "actors/coro/scope.hpp"
#include "actors/coro/signal.hpp"
#include "actors/coro/task.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/roles.hpp"

namespace troupe {

struct learner_handler_options {
  context_ptr context;
  leader_actor leader;
  database_actor database;
  journal_actor journal;
  learner_actor learner;
  server_id id;
  bool observer = false;  // or follows as one does: its acks count for nothing
  epoch accepted;
  epoch current{};
  bool in_doubt = false;  // it is no candidate
};

struct learner_handler_state {
  static inline const char* name = "zk.learner_handler";

  using held_message =
      std::variant<forward_proposals, forward_commit, forward_committed, forward_sync_done>;

  learner_handler_options options;
  epoch era;
  bool passing_on = false;  // false: hold what the leader sends
  bool may_serve = false;   // the leader's epoch is established
  membership_ptr members;   // as they were then
  bool synced = false;
  bool ended = false;
  zxid sent_upto;  // the last txn on its way to the learner
  std::deque<held_message> held;
  std::uint64_t passed_of_first = 0;           // of its txn, when that goes in parts
  bool passing_held = false;                   // a task does it
  std::int64_t at_once_ms = 0;                 // when so much was passed on at once:
  std::size_t at_once_bytes = 0;
  std::uint32_t credit = 0;                    // snapshot pieces that may be under way
  gauge_part unheard_bytes;                    // forwarded by the leader, not known to have arrived
  std::int64_t on_the_way = 0;                 // of these, handed to the network
  std::optional<std::int64_t> measured_bytes;  // of these, sent before the ping numbered
  std::uint64_t measured_ping = 0;             // so
  core::learner_lag lag;                       // what it has not logged; not of an observer
  bool lags = false;                           // as the leader was told
  bool hold_writes = false;                    // as the leader said

  core::part_joiner arriving;  // a request of the learner's clients
  gauge_part arriving_bytes;   // of it

  coro::inbox<wire::AckEpoch> promises;
  coro::signal credit_or_ack;
  bool acked_new_leader = false;
  coro::scope work;  // last member: dies first, before what its tasks use
};

using learner_handler_ptr = pinned_pointer<learner_handler_actor, learner_handler_state>;

learner_handler_actor::behavior_type learner_handler(learner_handler_ptr self,
                                                     learner_handler_options options);

}  // namespace troupe
