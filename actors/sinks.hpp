// SPDX-License-Identifier: Apache-2.0
/// Who may say what to whom: the typed interface of every actor, and the narrow ones that name a
/// single direction of speech. An actor's header names interfaces from here and never includes
/// another actor's header. Read top down: the walk of a write is client_session -> database ->
/// leader -> journal and learner_handler -> follower -> journal -> learner_handler -> leader ->
/// database -> client_session.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include "messages/database_figures.hpp"
#include "messages/local.hpp"
#include "messages/peer/election.pb.h"
#include "messages/peer/forward.pb.h"
#include "messages/peer/zab.pb.h"
#include "messages/proto_inspect.hpp"

namespace troupe {

/// A struct that says of itself that it stays in the process needs no inspector.
template <class T>
concept stays_local = requires {
  requires T::stays_local;
};

}  // namespace troupe

namespace caf {
template <troupe::stays_local T>
struct allowed_unsafe_message_type<T> : std::true_type {};
}  // namespace caf

namespace troupe {

class client_account;

using caf::reacts_to;
using caf::replies_to;

// -- narrow sinks -------------------------------------------------------------------------------

/// Hears that its appends are on disk, in order.
using logged_sink = caf::typed_actor<reacts_to<logged>>;

/// Writes these txns ahead; `to`, if given, hears when they are durable.
struct append_txns {
  TROUPE_STAYS_LOCAL;
  std::vector<txn_ptr> txns;
  logged_sink to;
};

/// Takes clients' writes on their way to the leading server (follower, observer).
using forward_sink = caf::typed_actor<reacts_to<forwarded_writes>,
                                      replies_to<revalidate_session>::with<session_verdict>,
                                      reacts_to<tree_differs>>;

/// Takes the txns that the leading server's database prepared (leader).
using proposal_sink = caf::typed_actor<reacts_to<propose>, reacts_to<sync_behind>,
                                       reacts_to<epoch_exhausted>, reacts_to<tree_differs>>;

/// Takes framed bytes for one client (client_session).
using client_sink = caf::typed_actor<reacts_to<client_output>>;

/// A client asks to be served: by a session made anew (`session` = 0) or taken up again after a
/// reconnect.
struct open_session {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
  session_id session;
  std::int32_t timeout_ms = 0;  // already clamped
  zxid last_zxid_seen;
  std::string address;  // of the client, without port
  client_sink client;
  bool accepts_read_only = false;
  std::shared_ptr<client_account> account = {};  // of the connection; null: made by who needs it
};

/// The client has taken its output, as was asked for.
struct client_has_room {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
};

/// Takes snapshot pieces for the disk (journal_scribe).
using snapshot_sink = caf::typed_actor<reacts_to<snapshot_piece>, reacts_to<snapshot_given_up>>;

/// Begin a fuzzy snapshot and send it to `to`, the first piece at once and each further one on
/// `next_piece`, until the last one or `snapshot_given_up`.
struct take_snapshot {
  TROUPE_STAYS_LOCAL;
  snapshot_sink to;
};
/// Gives snapshots when the journal wants one (database).
using snapshot_source = caf::typed_actor<reacts_to<take_snapshot>, reacts_to<next_piece>>;

/// Where a learner introduces itself (peer), and where it hears that it came to the wrong server
/// (learner).
using introduction_sink = caf::typed_actor<reacts_to<wire::LearnerInfo>>;
using refusal_sink = caf::typed_actor<reacts_to<wire::NotLeading>>;

/// Hears why nothing is logged any more (peer).
using failure_sink = caf::typed_actor<reacts_to<disk_failed>, reacts_to<log_refused>>;

/// Hears what becomes of the role its server plays (peer).
using role_sink = caf::typed_actor<reacts_to<role_established>, reacts_to<role_ended>,
                                   reacts_to<membership_committed>, reacts_to<tree_differs>>;

/// Asks the journal for what the data directory holds, and tells it whom to ask for snapshots and
/// whom to tell of failures from now on. Asked again after a failure, it reads the directory anew
/// and begins a new log file. `may_resync`: what cannot be read for what its bytes are may come
/// from the other servers. `whole`: the image holds all that is logged; else what is not known to
/// be committed stays in the log alone, if the newest snapshot holds nothing of it.
struct load_data {
  TROUPE_STAYS_LOCAL;
  snapshot_source snapshots;
  failure_sink failures;
  bool may_resync = false;
  bool whole = false;
};

// -- the database's modes, told by the role that begins ------------------------------------------

/// This server leads: prepare writes from `era`'s first zxid on and hand them to `leader`.
struct start_leading {
  TROUPE_STAYS_LOCAL;
  epoch era;
  proposal_sink leader;
  membership_ptr members;  // committed, all of them
};
/// This server learns: writes go to `upstream`.
struct start_learning {
  TROUPE_STAYS_LOCAL;
  epoch era;
  forward_sink upstream;
};
/// No leader, and none for a while: reads alone, for clients that ask for no more.
struct start_read_only {
  TROUPE_STAYS_LOCAL;
};
/// No leader: close all client connections; what was not committed is answered by nobody.
struct stop_serving {
  TROUPE_STAYS_LOCAL;
};

/// What takes long to free, such as a whole tree; whoever gets it is the last to hold it.
struct discard {
  TROUPE_STAYS_LOCAL;
  std::shared_ptr<const void> what;
};
using discarding_actor = caf::typed_actor<reacts_to<discard>>;

// -- long-lived actors --------------------------------------------------------------------------

/// The only actor that touches the disk: group commit, epochs, truncation, snapshots.
using journal_actor = caf::typed_actor<
    replies_to<load_data>::with<loaded_data>, reacts_to<append_txns>,
    replies_to<store_epoch>::with<stored>, replies_to<truncate_log>::with<loaded_data>,
    replies_to<read_log>::with<log_range>, replies_to<install_piece>::with<stored>,
    replies_to<probe_disk>::with<stored>, reacts_to<store_membership>, reacts_to<known_committed>>;

/// Owns tree, watches and sessions: prepares writes while leading, applies everywhere, answers
/// reads.
using database_actor = caf::typed_actor<
    // from roles and peer
    reacts_to<install_image>, reacts_to<start_leading>, reacts_to<start_learning>,
    reacts_to<start_read_only>, reacts_to<stop_serving>, reacts_to<apply_txns>,
    reacts_to<sync_done>, reacts_to<forwarded_writes>, reacts_to<stale_write>,
    reacts_to<hold_writes>, replies_to<revalidate_session>::with<session_verdict>,
    reacts_to<touch_sessions>, replies_to<collect_touches>::with<touched_sessions>,
    reacts_to<expire_sessions>, replies_to<get_last_zxid>::with<last_zxid>,
    reacts_to<know_membership>, reacts_to<synced_servers>,
    // synchronization of learners
    replies_to<plan_sync>::with<sync_source>, replies_to<open_stream>::with<stream_opened>,
    replies_to<get_stream_piece>::with<snapshot_piece>, reacts_to<close_stream>,
    // snapshots for the journal
    reacts_to<take_snapshot>, reacts_to<next_piece>,
    // from client sessions
    replies_to<open_session>::with<session_opened>, reacts_to<client_requests>,
    reacts_to<client_has_room>, reacts_to<connection_closed>,
    replies_to<get_database_stats>::with<database_stats>,
    replies_to<get_database_details>::with<database_details>, reacts_to<reset_statistics>>;

/// Who passed a client's write on.
using stale_write_sink = caf::typed_actor<reacts_to<stale_write>>;

/// Votes, and tells its peer who leads. Published at the election port.
using election_actor = caf::typed_actor<
    replies_to<look_for_leader>::with<elected>, reacts_to<role_taken>, reacts_to<members_changed>,
    replies_to<get_election_status>::with<election_status>, reacts_to<wire::Notification>>;

/// The server's role switch. Published at the peer port, where learners introduce themselves.
using peer_actor =
    caf::typed_actor<reacts_to<wire::LearnerInfo>, reacts_to<disk_failed>, reacts_to<log_refused>,
                     reacts_to<role_established>, reacts_to<role_ended>,
                     reacts_to<membership_committed>, reacts_to<tree_differs>,
                     replies_to<get_server_status>::with<server_status>,
                     reacts_to<reset_statistics>>;

// -- one term's roles ---------------------------------------------------------------------------

/// A learner has said hello: its handler asks the leader for the epoch both will be in.
struct join_epoch {
  TROUPE_STAYS_LOCAL;
  server_id learner;
  bool observer = false;
  epoch accepted;
  epoch current{};
  bool in_doubt = false;  // it is no candidate
};
struct epoch_proposed {
  TROUPE_STAYS_LOCAL;
  epoch era;
  membership_ptr members;  // what the leader knows to be committed
  bool counts = true;      // false: the learner has promised a later epoch
};
struct learner_promised {
  TROUPE_STAYS_LOCAL;
  server_id learner;
  bool counts = false;
  epoch current;
  zxid last;
  zxid committed_list, seen_list;  // versions of the lists that the learner knows
  bool in_doubt = false;           // it is no candidate
  bool gives_way = false;          // see wire::AckEpoch
};
/// A quorum has promised: synchronization may begin.
struct epoch_confirmed {
  TROUPE_STAYS_LOCAL;
};
/// From the leader to a handler: what is to be sent on to its learner, in this order. Txns are as
/// many as a message may hold, or one that is longer.
struct forward_proposals {
  TROUPE_STAYS_LOCAL;
  std::vector<txn_ptr> txns;
  /// The same, built once for all learners; null: the handler does it, in parts if they are long.
  std::shared_ptr<const wire::Proposal> encoded;
};
struct forward_commit {
  TROUPE_STAYS_LOCAL;
  zxid upto;
};
struct forward_committed {  // to observers
  TROUPE_STAYS_LOCAL;
  std::vector<txn_ptr> txns;
  std::shared_ptr<const wire::Inform> encoded;  // as above
};
struct forward_sync_done {
  TROUPE_STAYS_LOCAL;
  session_id session;
  cxid xid;
  std::uint64_t connection = 0;
};
struct forward_ping {
  TROUPE_STAYS_LOCAL;
  std::uint64_t round = 0;
  bool round_only = false;  // for the sake of a sync, between two ticks
};
/// The epoch is established: the learner may serve, and these are the servers.
struct leader_serves {
  TROUPE_STAYS_LOCAL;
  membership_ptr members;
};
struct begin_sync {
  TROUPE_STAYS_LOCAL;
  server_id learner;
  zxid peer_last;
  bool needs_snapshot = false;
};
struct learner_synced {  // acked NEWLEADER, with everything up to `upto` on its disk
  TROUPE_STAYS_LOCAL;
  server_id learner;
  zxid upto;
};
struct learner_acked {
  TROUPE_STAYS_LOCAL;
  server_id learner;
  zxid upto;
};
struct learner_differs {  // its tree is not the one that the digest of txn `at` is of
  TROUPE_STAYS_LOCAL;
  server_id learner;
  zxid at;
};
struct learner_heard {
  TROUPE_STAYS_LOCAL;
  server_id learner;
  std::uint64_t round = 0;  // of the ping that it answered
};
struct learner_lags {  // so far that clients have to hold back for it, or not any more
  TROUPE_STAYS_LOCAL;
  server_id learner;
  bool lags = false;
};
struct learner_gone {
  TROUPE_STAYS_LOCAL;
  server_id learner;
  std::string reason;
};

/// The leading role for one epoch.
using leader_actor = caf::typed_actor<
    reacts_to<wire::LearnerInfo>, reacts_to<propose>, reacts_to<sync_behind>,
    reacts_to<epoch_exhausted>, reacts_to<logged>, replies_to<join_epoch>::with<epoch_proposed>,
    replies_to<learner_promised>::with<epoch_confirmed>, replies_to<begin_sync>::with<sync_source>,
    reacts_to<learner_synced>, reacts_to<learner_acked>, reacts_to<learner_heard>,
    reacts_to<learner_differs>, reacts_to<tree_differs>, reacts_to<learner_lags>,
    reacts_to<learner_gone>, replies_to<get_leader_status>::with<leader_status>,
    reacts_to<reset_statistics>>;

/// Speaks with one learner on the leader's behalf. What begins with wire:: comes from the learner's
/// server.
using learner_handler_actor =
    caf::typed_actor<reacts_to<wire::AckEpoch>, reacts_to<wire::AckNewLeader>, reacts_to<wire::Ack>,
                     reacts_to<wire::Pong>, reacts_to<wire::TreeDiffers>, reacts_to<wire::Forward>,
                     reacts_to<wire::Revalidate>, reacts_to<wire::SnapshotCredit>,
                     reacts_to<forward_proposals>, reacts_to<forward_commit>,
                     reacts_to<forward_committed>, reacts_to<forward_sync_done>,
                     reacts_to<forward_ping>, reacts_to<hold_writes>, reacts_to<stale_write>,
                     reacts_to<leader_serves>>;

/// A follower or observer. What begins with wire:: comes from the leading server.
using learner_actor = caf::typed_actor<
    reacts_to<wire::NotLeading>, reacts_to<wire::LeaderInfo>, reacts_to<wire::Truncate>,
    reacts_to<wire::SyncTxns>, reacts_to<wire::SnapshotChunk>, reacts_to<wire::NewLeader>,
    reacts_to<wire::UpToDate>, reacts_to<wire::Proposal>, reacts_to<wire::Commit>,
    reacts_to<wire::Inform>, reacts_to<wire::SyncDone>, reacts_to<wire::StaleWrite>,
    reacts_to<wire::Ping>, reacts_to<wire::Revalidated>, reacts_to<logged>,
    reacts_to<forwarded_writes>, replies_to<revalidate_session>::with<session_verdict>,
    reacts_to<tree_differs>>;

// -- clients ------------------------------------------------------------------------------------

/// One client connection: handshake, framing, four-letter words, close.
using client_session_actor =
    caf::typed_actor<reacts_to<bytes_received>, reacts_to<transport_closed>,
                     reacts_to<output_congested>, reacts_to<client_output>>;

/// Moves bytes between sockets and client sessions (client_gateway; a simulated client in
/// tests/sim).
using transport_sink = caf::typed_actor<reacts_to<send_bytes>, reacts_to<pause_reading>,
                                        replies_to<get_gateway_stats>::with<gateway_stats>,
                                        reacts_to<reset_statistics>>;

// -- the other servers --------------------------------------------------------------------------

enum class port_kind { election, peer };
/// One try to reach the actor that a server publishes at its election or peer port.
struct dial {
  TROUPE_STAYS_LOCAL;
  server_id to;
  port_kind port = port_kind::election;
  std::string host;          // of its server line as it is now
  std::uint16_t number = 0;  // of the port
};
/// The handle is good until its down message. Errors carry a text for people.
struct linked {
  TROUPE_STAYS_LOCAL;
  server_id to;
  caf::strong_actor_ptr handle;
};
/// How a server reaches the others by id: the middleman in production, a simulated network in
/// tests/sim.
using links_actor = caf::typed_actor<replies_to<dial>::with<linked>>;

}  // namespace troupe
