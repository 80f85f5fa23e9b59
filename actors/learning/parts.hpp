// SPDX-License-Identifier: Apache-2.0
/// The learner's inner parts, one file each: finding the leader (discovery.cpp), what
/// becomes of the list of servers (membership.cpp), the txns that it sends
/// (txns.cpp), what clients ask of it (forward.cpp), and all else (learner.cpp).
/// Nobody else includes this.
#pragma once

#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/learning/learner.hpp"

namespace troupe::learner_parts {

/// Introduces this server to the leader's Peer until a handler of it answers, which is ours from
/// then on. False, and the term has ended: not within initLimit, or it does not lead.
coro::task<bool> find_leader(learner_ptr self);

/// The leader's word that these are the servers. Empty: it says nothing of them.
void hear_membership(learner_ptr self, const std::string& text);
/// A txn is about to be logged. Of a reconfig: what was seen before it must have been committed.
void note_logged(learner_ptr self, const txn& x);
/// A txn is committed. Of a reconfig: its list is. The term ends if it gives this server another
/// role.
void note_committed(learner_ptr self, const txn& x);
/// The database's content was replaced, by one that was last changed by these servers' list.
void note_replaced(learner_ptr self, const core::tree& content);

using encoded_txns = google::protobuf::RepeatedPtrField<std::string>;
/// Txns have come from the leader, or a part of one: they are read, in slices when they are long,
/// and then taken in, or a turn of the conversation. It is the last thing that a handler does.
/// Parts that do not join end the term.
void hear_txns(learner_ptr self, received_txns::kind what, encoded_txns encoded,
               core::part_place place);
/// Logs them, and applies what is committed. A hole, or a txn that is not known here, ends the
/// term.
void take_in_as_meant(learner_ptr self, received_txns received);
/// Hands to the database what is committed up to `upto`, in order. `established`: a leader whose
/// epoch is says so, and then nothing of it is undone any more.
void commit_upto(learner_ptr self, zxid upto, bool established = true);
/// What synchronization brings is committed once the leader's epoch is established, and that is
/// what UPTODATE says.
void tell_committed(learner_ptr self, const std::vector<txn_ptr>& txns);

/// Clients' writes go to the leader, in their order: what is much by and by, what is long in parts.
void forward_writes(learner_ptr self, forwarded_writes& writes);
/// A question goes behind the writes before it.
[[nodiscard]] caf::result<session_verdict> ask_leader_for(learner_ptr self, session_id session);

/// Tells the leader, and waits for what becomes of it. Clients are not served any more; the log
/// goes on and is acked, for it is the leader's, whatever the tree is.
void on_tree_differs(learner_ptr self, const tree_differs& m);

/// The last word to the peer; said once.
void end_term(learner_ptr self, std::string reason,
              role_ended::trust trusts = role_ended::trust::tree);

[[nodiscard]] std::int64_t my_number(learner_ptr self);
[[nodiscard]] std::chrono::milliseconds init_limit(learner_ptr self);

}  // namespace troupe::learner_parts
