// SPDX-License-Identifier: Apache-2.0
/// Discovery, the first phase of a term (Zab, section "Phase 1"): a learner introduces itself and
/// promises the epoch of the one that it takes for its leader.
#pragma once

#include "actors/interfaces/local_message.hpp"
#include "config/membership.hpp"
#include "messages/ids.hpp"
#include "messages/peer/zab.pb.h"
#include "messages/proto_inspect.hpp"

namespace troupe {

/// Where a learner introduces itself (peer), and where it hears that it came to the wrong server
/// (learner).
using introduction_sink = caf::typed_actor<reacts_to<wire::LearnerInfo>>;

using refusal_sink = caf::typed_actor<reacts_to<wire::NotLeading>>;

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

}  // namespace troupe
