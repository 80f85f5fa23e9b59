// SPDX-License-Identifier: Apache-2.0
/// The roles of one term, as actors: who leads, who speaks with one learner, who learns.
#pragma once

#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/discovery.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/local_message.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/interfaces/status.hpp"
#include "actors/interfaces/synchronization.hpp"
#include "messages/peer/forward.pb.h"
#include "messages/peer/zab.pb.h"
#include "messages/proto_inspect.hpp"

namespace troupe {

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

}  // namespace troupe
