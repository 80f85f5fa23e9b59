// SPDX-License-Identifier: Apache-2.0
/// The database actor's inner parts, one file each: modes and applying (database.cpp), clients
/// (clients.cpp), their writes on the way to the leader (writes.cpp), what they
/// are sent (output.cpp), their watches (watches.cpp), their sessions
/// (sessions.cpp) and who they are (logins.cpp), how much memory all that takes
/// (memory.cpp), the audit log (audit.cpp), what learners and snapshots get
/// (sync.cpp), the list of servers (membership.cpp), what operators see
/// (stats.cpp). Nobody else includes this.
#pragma once

#include "actors/database/database.hpp"
#include "actors/interfaces/client.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/database_stats.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/snapshots.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/interfaces/synchronization.hpp"

namespace troupe::database_parts {

// -- long work ------------------------------------------------------------------------------------

/// Does what may take long in slices (pinned.hpp). It is the last thing that a handler does; what
/// the task needs of the message it has a copy of.
template <class Task>
void in_slices(database_ptr self, Task task) {
  struct paced {
    explicit paced(database_state& of) : s(of) { s.walks = core::pace{s.work}; }
    ~paced() { s.walks = {}; }
    database_state& s;
  };
  self->state.work.set_steps_per_slice(self->state.options.context->steps_per_slice);
  self->do_in_slices(self->state.work, [self, task = std::move(task)]() mutable {
    paced guard{self->state};
    task();
  });
}
[[nodiscard]] inline bool is_in_slices(const database_state& s) { return s.work.is_under_way(); }

/// More things than this are not dealt with in one turn.
inline constexpr std::size_t at_once_max = 64;
/// What is gathered for the leader goes out when it is so much.
inline constexpr std::size_t gathered_max = 256;
/// And for clients, in bytes: what the gateway does not know of it cannot bound. Not by their
/// number: a client that hears of many changes at once shall have few long messages.
inline constexpr std::size_t gathered_bytes_max = 1 << 20;
/// When so many clients were sent something in a walk, their sessions and sockets come first: who
/// comes behind them, as a new connection does at each of its steps, waits for so many of them.
inline constexpr std::size_t clients_at_once_max = 32;

/// Frees `what` on another thread.
template <class Thing>
void free_elsewhere(database_ptr self, Thing&& what) {
  self->send(self->state.discarding,
             discard{std::make_shared<std::decay_t<Thing>>(std::forward<Thing>(what))});
}

/// What an answer or an event takes, until it has left; in steps of core::pace.
inline constexpr std::size_t steps_of_output = 4;

// -- clients ------------------------------------------------------------------------------------

void on_client_requests(database_ptr self, client_requests& m);
void on_sync_done(database_ptr self, const sync_done& m);
/// After a txn was applied: tells watchers, then answers the client if it is ours.
void answer_applied(database_ptr self, const core::applied& done);
/// The client has taken its output: what waited for that is answered.
void on_client_has_room(database_ptr self, const client_has_room& m);
/// What was left to be drained.
void drain_later(database_ptr self);
/// An auth or sasl request, which counts at once; its answer waits for its turn.
[[nodiscard]] inline bool logs_in(op_code op) { return op == op_code::auth || op == op_code::sasl; }
/// The connection has output that the turn's end sends.
void note_output(database_state& s, connection_id id, database_state::connection& c);
/// An event of the txn `at`, to all who watched for it.
void send_events(database_ptr self, const core::fired_watches& fired, zxid at);
/// Sends the output that was gathered for clients.
void flush_output(database_ptr self);
/// Sends what this turn gathered: writes to their leader, output to clients. Every handler that
/// gathers ends with it.
void end_turn(database_ptr self);
void reply(database_ptr self, connection_id id, database_state::connection& c,
           const database_state::waiting_request& asked, zxid at, error_code err,
           std::string_view body);
void count_answer(database_state& s, database_state::connection& c,
                  const database_state::waiting_request& asked, zxid at,
                  database_state::clock::time_point now);
void close_after_output(database_state& s, connection_id id, database_state::connection& c);
/// A limit on what a client can cause was met: a line a second for each, however often it is.
void log_limit(database_ptr self, const database_state::connection& c, std::string_view what,
               std::int64_t limit);

// -- watches --------------------------------------------------------------------------------------

/// Whether a connection may have one more watch; if not, that is logged and counted.
[[nodiscard]] bool may_watch(database_ptr self, connection_id id,
                             const database_state::connection& c, core::watch_kind kind,
                             std::string_view path);
void set_watches(database_ptr self, connection_id id, database_state::connection& c,
                 const database_state::waiting_request& asked);
/// addWatch, checkWatches, removeWatches.
void answer_watch_op(database_ptr self, connection_id id, database_state::connection& c,
                     const database_state::waiting_request& asked);
[[nodiscard]] core::watches no_watches(const node_context& context);
/// When all watches together take too much, the connection with the most of them goes.
void bound_watches(database_ptr self);
void send_event(database_state& s, connection_id id, database_state::connection& c,
                std::string_view frame);
[[nodiscard]] std::string framed(zxid at, const watch_event& event);

// -- sessions -------------------------------------------------------------------------------------

caf::result<session_opened> on_open_session(database_ptr self, const open_session& m);
void session_created(database_ptr self, session_id id, std::int32_t timeout_ms, zxid by);
/// Ends the connection of a session that was closed or has expired; its own close is answered
/// first.
void session_closed(database_ptr self, const core::applied& done);
void on_connection_closed(database_ptr self, connection_id id);
/// Closes every connection without an answer: there is no leader to serve under.
void close_all_connections(database_ptr self);
void hear(database_ptr self, session_id session);

/// Sessions that only this server knows: all that are opened here while localSessionsEnabled, and
/// all that are opened at a server without a leader, which cannot tell anybody.
[[nodiscard]] bool may_have_local(const database_state& s);
/// From here on this server may have sessions of its own, and has none.
void begin_local_sessions(database_ptr self);
/// What a session that only this server knows, or a server that only serves reads, may not do is
/// refused; the first ephemeral znode of a local session makes it one of all servers first.
void judge_locally(database_ptr self, const database_state::connection& c,
                   database_state::waiting_request& asked);
void end_local(database_ptr self, session_id session);
void expire_local(database_ptr self);
/// What clients sent while this server could hear nobody (it was stopped, or a turn took long) may
/// still wait to be read, here or on the way: that time is not theirs.
void forgive_own_deafness(database_ptr self);

// -- who a client is ------------------------------------------------------------------------------

/// As enforce.auth.schemes asks (AuthenticationHelper).
[[nodiscard]] bool has_shown_enough(const database_state::connection& c,
                                    const config::node_config& config);
/// What the client proves by an auth or sasl request to be counts from now on. nullopt: it is not
/// worth an answer, only the end. Once one has failed nothing of the client is heard any more.
[[nodiscard]] std::optional<database_state::login> log_in(database_ptr self,
                                                          database_state::connection& c,
                                                          const client_request& asked);

// -- memory ---------------------------------------------------------------------------------------

/// Puts a txn that is applied into the window for learners, and the oldest out of it.
void remember(database_ptr self, const txn_ptr& txn);
/// The window as it was read from the disk.
void remember_only(database_ptr self, const std::vector<txn_ptr>& txns);
/// Now and then: whether the tree may grow on, and how far the planner may go.
void look_at_memory(database_ptr self);
/// Refuses what would make the tree larger while it may not grow. What the leading server refuses
/// for its own tree it says by a txn.
void judge_by_memory(database_ptr self, database_state::waiting_request& asked);
/// False, and counted: there is no room for a session more.
[[nodiscard]] bool has_room_for_session(database_ptr self);
[[nodiscard]] memory_figures memory_of(const database_state& s);

// -- the audit log; each does nothing where there is none ----------------------------------------

/// Keeps of a client's write what the log will want to know.
void note_for_audit(database_ptr self, const database_state::connection& c,
                    database_state::waiting_request& asked, const client_request& request);
void audit(database_ptr self, const database_state::audited& asked, const core::applied& done);
/// It is refused here, without a txn.
void audit_refusal(database_ptr self, const database_state::audited& asked);
/// The requests of a connection that wait are given up, but for what the log will tell of them.
void abandon_queue(database_state& s, database_state::connection& c);
/// A txn is applied that answers nobody: it may be what a connection that is gone has asked for.
void audit_orphan(database_ptr self, const core::applied& done);
/// What a connection that is gone has asked for came to nothing.
void audit_stale_orphan(database_ptr self, const stale_write& m);
/// A session is over; its ephemerals went with it.
void audit_end_of_session(database_ptr self, const core::applied& done);

// -- clients' writes, until they are with the leading server --------------------------------------

[[nodiscard]] bool is_answered_here(const database_state::waiting_request& asked);
/// A write or a sync enters its connection's queue, and goes to the leading server as soon as it
/// may: behind the connection's own, and in its turn among those of all connections.
void submit_or_hold(database_ptr self, connection_id id, database_state::connection& c,
                    database_state::waiting_request asked);
/// What held the connection's writes back may be over.
void submit_held(database_ptr self, connection_id id, database_state::connection& c);
/// Some are applied: others have their turns.
void let_writes_go(database_ptr self);
/// The leading server says whether large ones wait.
void hold_back(database_ptr self, bool hold);
void count_as_applied(database_state& s, const txn& done);
/// The leading server has made no txn of a write: its connection, if it is still here, ends.
void on_stale_write(database_ptr self, const stale_write& m);
/// The connection is gone.
void leave_gate(database_state& s, connection_id id, const database_state::connection& c);

// -- writes on the leading server ----------------------------------------------------------------

/// Whether more than a few changes come of it.
[[nodiscard]] bool takes_long_to_plan(op_code op, std::string_view body);
/// Plans a write of `owner`'s client, or refuses it by a txn when the session is gone. False: the
/// session has moved to another server. There is no txn then: its answer would be taken for that of
/// a request on the session's present connection, whose client may number its requests anew. (For a
/// server of an earlier version, which can be told by a txn alone, there is one.)
bool plan_write(database_ptr self, const write_request& request, server_id owner);
void propose_planned(database_ptr self);
/// Whether a session is alive; if so `owner` has it from now on.
[[nodiscard]] session_verdict revalidate(database_ptr self, const revalidate_session& m);

// -- the list of servers -------------------------------------------------------------------------

/// The text that a reconfig makes of /zookeeper/config, or why it may not be.
tl::expected<std::string, error_code> judge_reconfig(database_ptr self,
                                                     const reconfig_request& asked, zxid made_by);
/// /zookeeper/config shows no older list than the newest that is known to be committed; when nobody
/// may change the servers, just what this server's files say.
void show_membership(database_ptr self);
/// A reconfig is committed.
void note_reconfig(database_ptr self, const txn& x);
[[nodiscard]] std::string shown_membership(const database_state& s);

// -- learners and snapshots -----------------------------------------------------------------------

sync_source plan_for(const database_state& s, const plan_sync& asked,
                     const config::node_config& config);
caf::result<stream_opened> open_new_stream(database_ptr self);
caf::result<snapshot_piece> next_of_stream(database_ptr self, std::uint64_t stream);
/// To be called before a txn is applied: what is being copied may have to take something in first.
void warn_snapshots(database_state& s, const txn& next);
std::string wrong_tree(zxid at);
void begin_snapshot(database_ptr self, const take_snapshot& m);
void give_up_snapshot(database_ptr self, const std::string& reason);
void continue_snapshot(database_ptr self);

// -- figures for operators ------------------------------------------------------------------------

caf::result<database_stats> figures(database_ptr self);
caf::result<database_details> details(database_ptr self, const get_database_details& asked);
void reset(database_state& s, const reset_statistics& what);

[[nodiscard]] std::int64_t steady_ms(database_ptr self);

}  // namespace troupe::database_parts
