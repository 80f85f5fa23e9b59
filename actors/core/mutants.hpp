// SPDX-License-Identifier: Apache-2.0
/// Deliberate bugs, each one that a real coordination service has had, to prove that the simulation
/// finds such bugs. Only a build with TROUPE_MUTANTS holds them: in every other one mutated() is
/// false at compile time and leaves nothing behind.
/// Invariant: a process has one mutant at most, chosen before its first actor.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace troupe {

enum class mutant {
  none,
  // -- what is on disk when it is said to be
  ack_before_sync,
  own_ack_before_sync,
  epoch_before_history,
  new_leader_acked_before_history,
  promise_not_stored,
  tail_taken_for_durable,
  hole_after_failed_write,
  snapshot_named_too_late,
  cut_before_newer_logs,
  cut_keeps_newer_snapshots,
  snapshot_before_cut,
  rot_taken_for_the_end,
  rot_taken_for_a_torn_batch,
  torn_batch_taken_for_rot,
  file_ends_not_compared,
  mark_before_sync,
  mark_survives_cut,
  mark_moved_before_torn_files,
  cut_below_a_gap,
  wrong_tree_snapshotted,
  rotten_server_votes,
  lost_snapshot_vouched_for,
  length_taken_for_disk_fault,
  dead_role_taken_for_disk_fault,
  close_unseen_by_snapshot,
  snapshot_taken_for_committed,
  // -- who may lead, and with which history
  shorter_log_leads,
  observers_count,
  any_leader_followed,
  serves_before_quorum,
  half_is_a_quorum,
  lists_apart_accepted,
  later_epoch_one_at_a_time,
  new_servers_not_asked,
  old_servers_not_asked,
  logged_list_not_asked,
  orphan_list_blocks,
  orphan_list_dropped_unproved,
  longer_log_of_an_unlisted_blocks,
  // -- broadcast and synchronization
  discontinuous_proposal,
  diff_over_divergence,
  log_diff_unproved,
  cut_leaves_database,
  applied_when_proposed,
  parts_mixed,
  // -- sessions and clients
  session_made_anew,
  closing_session_writes,
  ended_session_writes,
  refused_session_writes,
  late_ephemeral_left,
  close_not_measured,
  client_shown_the_past,
  client_locked_out_after_epoch,
  logged_tail_served,
  read_overtakes_write,
  sync_answered_at_once,
  sync_without_quorum,
  write_repeated,
  failed_multi_leaves_traces,
  sequence_by_children,
  version_not_compared,
  event_behind_reply,
  watch_fires_again,
  watch_lost_in_multi,
  watches_not_replayed,
};

struct named_mutant {
  mutant what;
  std::string_view name;
  std::string_view story;  // what the bug is, and who had it
};

inline constexpr std::array mutants{
    named_mutant{mutant::ack_before_sync, "ack-before-sync",
                 "a follower acks what its disk has not synced (ZOOKEEPER-4646)"},
    named_mutant{mutant::own_ack_before_sync, "own-ack-before-sync",
                 "the leader counts its own ack before its disk has synced (ZOOKEEPER-4785)"},
    named_mutant{mutant::epoch_before_history, "epoch-before-history",
                 "currentEpoch is stored before the leader's history is (ZOOKEEPER-4643)"},
    named_mutant{mutant::new_leader_acked_before_history, "new-leader-acked-before-history",
                 "NEWLEADER is acked before the history is durable (ZOOKEEPER-3911)"},
    named_mutant{mutant::promise_not_stored, "promise-not-stored",
                 "an epoch is promised and forgotten by a restart (ZAB, phase 1)"},
    named_mutant{mutant::tail_taken_for_durable, "tail-taken-for-durable",
                 "what a killed process wrote and never synced counts as logged after its restart"},
    named_mutant{mutant::hole_after_failed_write, "hole-after-failed-write",
                 "the log goes on behind a write that failed (ZOOKEEPER-4882)"},
    named_mutant{mutant::snapshot_named_too_late, "snapshot-named-too-late",
                 "a snapshot is named by a txn it does not hold, which replay then skips"},
    named_mutant{mutant::cut_before_newer_logs, "cut-before-newer-logs",
                 "TRUNC cuts an older file before it removes newer ones; a crash leaves a hole"},
    named_mutant{mutant::cut_keeps_newer_snapshots, "cut-keeps-newer-snapshots",
                 "TRUNC leaves a snapshot that holds what was cut off, and does not look"},
    named_mutant{mutant::snapshot_before_cut, "snapshot-before-cut",
                 "SNAP is named before the log that it replaces is cut (ZOOKEEPER-5094's kind)"},
    named_mutant{
        mutant::rot_taken_for_the_end, "rot-taken-for-the-end",
        "a log ends before a damaged entry, as before one cut short (Alagappan, FAST 2018)"},
    named_mutant{mutant::rot_taken_for_a_torn_batch, "rot-taken-for-a-torn-batch",
                 "what was synced and is damaged at the end of the log is cut off like an "
                 "unfinished write (ZooKeeper does so)"},
    named_mutant{mutant::torn_batch_taken_for_rot, "torn-batch-taken-for-rot",
                 "a batch of which power left the end without the beginning counts as damage, and "
                 "after a power loss of all nobody leads"},
    named_mutant{mutant::file_ends_not_compared, "file-ends-not-compared",
                 "a log file that lost its end is taken for whole when the next begins an epoch "
                 "(as in ZooKeeper)"},
    named_mutant{mutant::mark_before_sync, "mark-before-sync",
                 "a batch is noted as synced before it is, and a torn one counts as rot"},
    named_mutant{mutant::mark_survives_cut, "mark-survives-cut",
                 "what was cut off is still noted as synced, and its end counts as lost"},
    named_mutant{mutant::mark_moved_before_torn_files, "mark-moved-before-torn-files",
                 "a start that was cut short has the next one take a torn first batch for rot"},
    named_mutant{mutant::cut_below_a_gap, "cut-below-a-gap",
                 "TRUNC removes the leader's snapshot that leads over a gap before it cuts the log "
                 "behind it, and a crash leaves neither history"},
    named_mutant{mutant::wrong_tree_snapshotted, "wrong-tree-snapshotted",
                 "a tree that is not what a digest says is written as a snapshot, and believed "
                 "when it is read again"},
    named_mutant{mutant::rotten_server_votes, "rotten-server-votes",
                 "who lost what it acknowledged elects, and is a quorum with one that is behind"},
    named_mutant{mutant::lost_snapshot_vouched_for, "lost-snapshot-vouched-for",
                 "the word where a history begins outlives the snapshot it was written for"},
    named_mutant{mutant::length_taken_for_disk_fault, "length-taken-for-disk-fault",
                 "a server's log refuses what its own jute.maxbuffer would, as if its disk failed"},
    named_mutant{mutant::dead_role_taken_for_disk_fault, "dead-role-taken-for-disk-fault",
                 "a role that dies while a leader's snapshot takes the log's place leaves what "
                 "counts as a disk that failed"},
    named_mutant{mutant::close_unseen_by_snapshot, "close-unseen-by-snapshot",
                 "ephemerals that go by their owner are missing in a snapshot that is under way, "
                 "and replay passes over their parents (ZOOKEEPER-3145)"},
    named_mutant{mutant::snapshot_taken_for_committed, "snapshot-taken-for-committed",
                 "what a start finds in a snapshot counts as committed, also in a leader's whose "
                 "epoch was not established and which is a fuzzy copy"},
    named_mutant{mutant::shorter_log_leads, "shorter-log-leads",
                 "votes are compared by server id alone, and the leader asks nobody's history"},
    named_mutant{mutant::observers_count, "observers-count",
                 "a quorum is a number of servers, observers among them"},
    named_mutant{
        mutant::any_leader_followed, "any-leader-followed",
        "who looks follows the first that says it leads, whatever later epoch was promised"},
    named_mutant{mutant::serves_before_quorum, "serves-before-quorum",
                 "the leader serves before a quorum has its history"},
    named_mutant{mutant::half_is_a_quorum, "half-is-a-quorum",
                 "of an even number of voters one half is a quorum"},
    named_mutant{mutant::lists_apart_accepted, "lists-apart-accepted",
                 "servers whose lists differ elect and follow each other, though a quorum of one "
                 "list may share nobody with a quorum of the other (as in ZooKeeper)"},
    named_mutant{mutant::later_epoch_one_at_a_time, "later-epoch-one-at-a-time",
                 "a leader resigns for who has promised a later epoch, and forgets that epoch: "
                 "terms "
                 "are lost until the leaders have counted up to it"},
    named_mutant{mutant::new_servers_not_asked, "new-servers-not-asked",
                 "a reconfig is committed by the old voters alone"},
    named_mutant{mutant::old_servers_not_asked, "old-servers-not-asked",
                 "a reconfig is committed by the new voters alone"},
    named_mutant{mutant::logged_list_not_asked, "logged-list-not-asked",
                 "an election goes by the committed list though the log holds the next one"},
    named_mutant{mutant::orphan_list_blocks, "orphan-list-blocks",
                 "who alone holds a list that was not committed stands for ever, and nobody leads "
                 "(as in ZooKeeper)"},
    named_mutant{mutant::orphan_list_dropped_unproved, "orphan-list-dropped-unproved",
                 "a logged list that no leader comes of is dropped, and its holder's promise "
                 "counted, though no quorum proves that it was not committed"},
    named_mutant{mutant::longer_log_of_an_unlisted_blocks, "longer-log-of-an-unlisted-blocks",
                 "while files differ, who has the longest log and is in no line of another's file "
                 "deposes each leader that its own file makes it a voter of"},
    named_mutant{mutant::discontinuous_proposal, "discontinuous-proposal",
                 "a follower takes a proposal though one before it is missing (ZOOKEEPER-4925)"},
    named_mutant{mutant::diff_over_divergence, "diff-over-divergence",
                 "a learner that holds what was never committed is sent a DIFF, and keeps it"},
    named_mutant{mutant::log_diff_unproved, "log-diff-unproved",
                 "a DIFF from the log is sent though the log lacks the learner's last txn"},
    named_mutant{mutant::cut_leaves_database, "cut-leaves-database",
                 "TRUNC cuts the log and leaves the tree as it was (ZOOKEEPER-1549)"},
    named_mutant{mutant::applied_when_proposed, "applied-when-proposed",
                 "a follower applies proposals before they are committed"},
    named_mutant{mutant::parts_mixed, "parts-mixed",
                 "what is short goes past a long txn that is sent in parts, and is taken for the "
                 "next of them"},
    named_mutant{mutant::session_made_anew, "session-made-anew",
                 "a session that has expired is opened anew under its id (ClickHouse 116690)"},
    named_mutant{mutant::closing_session_writes, "closing-session-writes",
                 "a session writes after its close was proposed, and leaves ephemerals"},
    named_mutant{mutant::ended_session_writes, "ended-session-writes",
                 "where sessions may be local, the leader takes the writes of any session that it "
                 "does not know, if another server made it: also of one that is over (as in "
                 "ZooKeeper); and what is asked behind a close is taken"},
    named_mutant{mutant::refused_session_writes, "refused-session-writes",
                 "a session that is local to one server writes on, and becomes one of all, after "
                 "another server has told its client that it is over (as in ZooKeeper)"},
    named_mutant{mutant::late_ephemeral_left, "late-ephemeral-left",
                 "closing a session passes over ephemerals that are not committed yet"},
    named_mutant{mutant::close_not_measured, "close-not-measured",
                 "the close of a session names all its ephemerals, however long that makes it "
                 "(ZOOKEEPER-4306)"},
    named_mutant{mutant::client_shown_the_past, "client-shown-the-past",
                 "a client is let in by a server that is behind what it has seen"},
    named_mutant{
        mutant::client_locked_out_after_epoch, "client-locked-out-after-epoch",
        "a client that has seen the last zxid of an epoch, which was cut off, is let in by "
        "nobody while nothing is written in the next (as by ZooKeeper's followers)"},
    named_mutant{mutant::logged_tail_served, "logged-tail-served",
                 "what is logged and not known to be committed is shown to clients that accept "
                 "reads only (as in ZooKeeper)"},
    named_mutant{mutant::read_overtakes_write, "read-overtakes-write",
                 "a read is answered before the same client's write that waits"},
    named_mutant{mutant::sync_answered_at_once, "sync-answered-at-once",
                 "a sync does not wait for what is proposed before it"},
    named_mutant{mutant::sync_without_quorum, "sync-without-quorum",
                 "a sync is answered by a leader that nobody follows any more (as in ZooKeeper)"},
    named_mutant{mutant::write_repeated, "write-repeated",
                 "a follower forwards a write twice when the leader is slow to answer"},
    named_mutant{mutant::failed_multi_leaves_traces, "failed-multi-leaves-traces",
                 "what a failed multi had planned is not taken back"},
    named_mutant{
        mutant::sequence_by_children, "sequence-by-children",
        "a sequential znode is numbered by the children that are there: numbers come again"},
    named_mutant{mutant::version_not_compared, "version-not-compared",
                 "setData does not look at the version it is given"},
    named_mutant{mutant::event_behind_reply, "event-behind-reply",
                 "a client hears of its write before it hears the event that the write caused"},
    named_mutant{mutant::watch_fires_again, "watch-fires-again",
                 "a one-shot watch stays after it has fired"},
    named_mutant{mutant::watch_lost_in_multi, "watch-lost-in-multi",
                 "only the first operation of a multi fires watches"},
    named_mutant{mutant::watches_not_replayed, "watches-not-replayed",
                 "setWatches sets them and does not tell what was missed"},
};

[[nodiscard]] constexpr std::optional<mutant> mutant_of(std::string_view name) {
  for (const auto& each : mutants)
    if (each.name == name) return each.what;
  return std::nullopt;
}

#ifdef TROUPE_MUTANTS
inline constexpr bool has_mutants = true;
inline mutant present_mutant = mutant::none;
[[nodiscard]] inline bool mutated(mutant which) { return present_mutant == which; }
#else
inline constexpr bool has_mutants = false;
[[nodiscard]] constexpr bool mutated(mutant) { return false; }
#endif

}  // namespace troupe
