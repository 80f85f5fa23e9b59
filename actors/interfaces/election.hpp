// SPDX-License-Identifier: Apache-2.0
/// Who leads: the question, the answer, and what its status is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/interfaces/local_message.hpp"
#include "actors/interfaces/status.hpp"
#include "config/membership.hpp"
#include "messages/ids.hpp"
#include "messages/peer/election.pb.h"
#include "messages/proto_inspect.hpp"
#include "messages/server_state.hpp"

namespace troupe {

/// Find the leader, voting for myself with this history first.
struct look_for_leader {
  TROUPE_STAYS_LOCAL;
  zxid last;
  epoch current;
  view_ptr members;      // null: as before
  bool has_led = false;  // in the term before: its vote waits until a quorum is heard
};

struct elected {
  TROUPE_STAYS_LOCAL;
  server_id leader;
  epoch leader_epoch;  // the voted peerEpoch: the last epoch of the leader's history
  zxid leader_zxid;
  election_round_number round;
  membership_ptr newer;  // nothing was decided: others know this list to be committed
  view_ptr members;      // who has elected
  /// Should this server's log be ahead of the leader's, it could not lead all the same: a quorum of
  /// the committed list does not hold the list that it holds, or lists differ and one lacks it.
  bool gives_way = false;
};

/// The servers have changed while a role is played.
struct members_changed {
  TROUPE_STAYS_LOCAL;
  view_ptr members;
};

/// The peer's role changed, or its epoch is established; the election answers those who look with
/// it.
struct role_taken {
  TROUPE_STAYS_LOCAL;
  server_state state = server_state::looking;
  std::optional<epoch> established;
};

/// Votes, and tells its peer who leads. Published at the election port.
using election_actor = caf::typed_actor<
    replies_to<look_for_leader>::with<elected>, reacts_to<role_taken>, reacts_to<members_changed>,
    replies_to<get_election_status>::with<election_status>, reacts_to<wire::Notification>>;

}  // namespace troupe
