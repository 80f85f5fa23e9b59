// SPDX-License-Identifier: Apache-2.0
/// Broadcast, the third phase of a term: txns are proposed, logged by a quorum, committed, applied.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/interfaces/local_message.hpp"
#include "messages/ids.hpp"
#include "messages/peer/zab.pb.h"
#include "messages/proto_inspect.hpp"
#include "messages/txn.hpp"

namespace troupe {

/// Txns the database prepared, in zxid order, to be agreed on.
struct propose {
  TROUPE_STAYS_LOCAL;
  std::vector<txn_ptr> txns;
};

/// The 32-bit counter of this epoch is used up: only a new election helps.
struct epoch_exhausted {
  TROUPE_STAYS_LOCAL;
};

/// The tree here is not the one that the digest of txn `at` is of (ZOOKEEPER-3512).
struct tree_differs {
  TROUPE_STAYS_LOCAL;
  zxid at;
};

/// A voter cannot keep up: clients' large writes are to wait, until this says that they need not.
struct hold_writes {  // leader -> database, learner_handler; learner -> database
  TROUPE_STAYS_LOCAL;
  bool hold = false;
};

/// Committed txns, in order; the database applies them and answers.
struct apply_txns {
  TROUPE_STAYS_LOCAL;
  std::vector<txn_ptr> txns;
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

struct forward_ping {
  TROUPE_STAYS_LOCAL;
  std::uint64_t round = 0;
  bool round_only = false;  // for the sake of a sync, between two ticks
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

}  // namespace troupe
