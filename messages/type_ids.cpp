// SPDX-License-Identifier: Apache-2.0
#include "messages/type_ids.hpp"

#include <caf/actor_system_config.hpp>

#include "messages/peer/election.pb.h"
#include "messages/peer/forward.pb.h"
#include "messages/peer/zab.pb.h"
#include "messages/proto_inspect.hpp"

namespace troupe {
namespace {

template <class... Messages>
void add_all(caf::actor_system_config& config) {
  (config.add_message_type<Messages>(Messages::default_instance().GetTypeName()), ...);
}

}  // namespace

void add_message_types(caf::actor_system_config& config) {
  using namespace wire;
  add_all<Notification>(config);
  add_all<LearnerInfo, NotLeading, LeaderInfo, AckEpoch>(config);
  add_all<Truncate, SyncTxns, SnapshotChunk, SnapshotCredit, NewLeader, AckNewLeader, UpToDate>(
      config);
  add_all<Proposal, Ack, Commit, Inform, TreeDiffers, Ping, Pong>(config);
  add_all<Forward, SyncDone, StaleWrite, Revalidate, Revalidated>(config);
}

}  // namespace troupe
