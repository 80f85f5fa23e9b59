// SPDX-License-Identifier: Apache-2.0
/// The server as a member of its ensemble: which role it plays, what becomes of it, what its status
/// is.
#pragma once

#include <string>

#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/local_message.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/interfaces/status.hpp"
#include "config/membership.hpp"
#include "messages/ids.hpp"
#include "messages/peer/zab.pb.h"
#include "messages/proto_inspect.hpp"
#include "messages/server_state.hpp"

namespace troupe {

/// A role's establishment, told to the peer: learners are synced with a quorum, clients may be
/// served.
struct role_established {
  TROUPE_STAYS_LOCAL;
  epoch era;
};

/// From a role: these are the servers now.
struct membership_committed {
  TROUPE_STAYS_LOCAL;
  membership_ptr list;
};

/// A role's last word to the peer before it ends.
struct role_ended {
  TROUPE_STAYS_LOCAL;
  std::string reason;
  /// What this server may build upon: all it has; all, but its log cannot be cut to its leader's
  /// history; or nothing, since its tree is wrong: whoever says so knows by a digest, or by the
  /// others.
  enum class trust { tree, no_cut, none_by_digest, none_by_others } trusts = trust::tree;
};

/// Hears what becomes of the role its server plays (peer).
using role_sink = caf::typed_actor<reacts_to<role_established>, reacts_to<role_ended>,
                                   reacts_to<membership_committed>, reacts_to<tree_differs>>;

/// The server's role switch. Published at the peer port, where learners introduce themselves.
using peer_actor =
    caf::typed_actor<reacts_to<wire::LearnerInfo>, reacts_to<disk_failed>, reacts_to<log_refused>,
                     reacts_to<role_established>, reacts_to<role_ended>,
                     reacts_to<membership_committed>, reacts_to<tree_differs>,
                     replies_to<get_server_status>::with<server_status>,
                     reacts_to<reset_statistics>>;

}  // namespace troupe
