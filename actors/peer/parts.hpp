// SPDX-License-Identifier: Apache-2.0
/// The peer actor's inner parts: the role loop (peer.cpp), and what it does with the data
/// directory, a disk that fails and a past that is not to be believed (history.cpp). Nobody else
/// includes this.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "actors/interfaces/peer.hpp"
#include "actors/peer/peer.hpp"

namespace troupe::peer_parts {

/// Reads the data directory into the database, as often as it takes. A disk that failed has to take
/// writes first: a server that cannot write stands for nothing, and would be elected and fail, over
/// and over. Meanwhile what was applied can be read by clients that ask for no more. `whole`: also
/// what is logged and not known to be committed is applied.
coro::task<> load_from_disk(peer_ptr self, bool whole = false);

/// What this server votes with: all that it has logged, committed or not. The database has applied
/// a beginning of it; where it has more, the log is read anew. Null: the disk failed.
coro::task<std::optional<term>> settle_history(peer_ptr self);

/// Applies what this server has logged, up to `last`, and not applied
/// (ZKDatabase.fastForwardDataBase): whoever leads commits it, and whoever follows is told what it
/// has too much. False: the disk failed, or the tree is not what a digest says; then it has to be
/// loaded anew, whole.
coro::task<bool> apply_logged(peer_ptr self, zxid last);

/// Reads for clients that ask for no more, once there is no leader for so long. None where the tree
/// holds what is not known to be committed.
coro::task<> serve_reads(peer_ptr self, std::chrono::milliseconds grace);
void stop_reads(peer_ptr self);
/// A tree that holds what is not known to be committed is read from the disk, without that.
coro::task<> reread_for_readers(peer_ptr self);

/// The disk failed: ends the role.
void on_disk_failed(peer_ptr self, const std::string& reason);
/// The log was to hold what it must not: ends the role, and the files are read anew.
void on_log_refused(peer_ptr self, const std::string& reason);

/// A role has ended because the tree here is wrong: reads it anew, which is enough if what is on
/// the disk was right.
coro::task<> read_tree_anew(peer_ptr self, role_ended::trust trusts, std::string reason);

/// How long an election may take in which this server does not stand; `infinite`: it stands, or
/// never will.
struct candidacy {
  bool stands = true;
  std::chrono::nanoseconds patience;
};
[[nodiscard]] candidacy candidacy_of(peer_ptr self, const term& history);

}  // namespace troupe::peer_parts
