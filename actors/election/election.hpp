// SPDX-License-Identifier: Apache-2.0
/// Votes, and tells its peer who leads: core::election_round, given links to the other servers'
/// election actors, timers, and words for people. Published at the election port.
/// Owns: the links to the other servers; they are kept up while the server is settled, too, for
/// those who look. They follow the list of servers; who calls and is in no list is answered, for it
/// may be about to join.
/// A reconfig that some have logged, and that may be committed, has to be agreed to by voters who
/// may not know of it: who looks and hears of such a list from one with a longer log elects by it,
/// too, as long as that one is there. That only adds to what is needed. Where a quorum does not
/// hold the list, its holder gives way to them after a while (core/pending_lists.hpp). Invariant:
/// whatever is heard goes through `round` once, in the order it came: while a search for a leader
/// is under way by way of `heard`, else directly. Units: ms. Errors: a server that cannot be
/// reached and one with another server list are kept, with the reason, for `status`; neither is an
/// error of ours.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "actors/base/node_context.hpp"
#include "actors/base/pinned.hpp"
#include "actors/core/election_round.hpp"
#include "actors/core/election_words.hpp"
#include "actors/core/pending_lists.hpp"
#include "actors/coro/inbox.hpp"
#include "actors/coro/scope.hpp"
#include "actors/coro/signal.hpp"
#include "actors/election/lists_heard.hpp"
#include "actors/interfaces/election.hpp"
#include "actors/interfaces/links.hpp"

namespace troupe {

struct election_options {
  context_ptr context;
  links_actor links;
  view_ptr members;
};

struct election_state {
  static inline const char* name = "zk.election";

  /// The way to one other server.
  struct link {
    election_actor dialled;  // null while there is none
    election_actor caller;  // who last spoke from there; may be there before `dialled` is, or after
    std::string error;      // why `dialled` is null; empty until a dial failed or a link was lost
    coro::signal lost;      // `dialled` went down
    coro::signal called;    // there is life: no need to wait for the next try
    std::string host;       // of its election port; empty: a stranger, or not to be dialled
    std::uint16_t port = 0;
    coro::scope dialling;  // last member: dies first
  };

  // What a search for a leader hears.
  struct reachable {
    server_id server;
  };
  struct unreachable {
    server_id server;
  };
  struct wait_over {};  // nobody came with a better vote
  struct list_seen {    // the sender's log holds a list that is not known to be committed
    server_id by;
    membership_ptr list;  // null: nobody is to elect by it any more
  };
  using event = std::variant<core::notification, reachable, unreachable, wait_over, list_seen,
                             membership_ptr>;

  election_options options;
  core::election_round round;
  look_for_leader history;  // the last search's: where this server's log ends
  view_ptr own;             // as this server knows the lists
  view_ptr members;  // who elects: with a list that another server's log holds, while it is there
  std::optional<server_id> lender;  // who that is
  core::pending_lists pending;      // as heard in this search
  bool gives_way = false;           // to those who do not hold the list that it has logged
  bool told_pending = false;        // in this search, that a leader needs a quorum of two lists
  std::map<server_id, link> links;
  lists_heard lists;
  bool id_claimed = false;  // another server calls itself by our id
  std::chrono::steady_clock::time_point search_began;
  core::election_account last_account;  // of the last decision
  std::string established_at;           // the role in which this server serves; empty: none
  coro::inbox<event> heard;
  coro::scope finalizing;  // the wait for a better vote
  coro::scope search;      // last member: dies first
};

using election_ptr = pinned_pointer<election_actor, election_state>;

election_actor::behavior_type election(election_ptr self, election_options options);

}  // namespace troupe
