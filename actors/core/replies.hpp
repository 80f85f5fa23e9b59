// SPDX-License-Identifier: Apache-2.0
/// Bodies of replies (FinalRequestProcessor): what follows the ReplyHeader for a write that was
/// applied and for a read. A reply with an error has no body.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/core/tree.hpp"
#include "actors/core/watches.hpp"
#include "messages/client/requests.hpp"

namespace troupe::core {

struct reply {
  error_code err = error_code::ok;
  std::string body;
};

/// The answer to the write that became `done`. A failed multi answers ok with an error per op; its
/// ops at the positions `with_stat` were create2.
[[nodiscard]] reply reply_to_write(const applied& done,
                                   const std::vector<std::size_t>& with_stat = {}, pace at = {});

/// How long the body of a reply may be. The parts of a multiRead have a bound of their own: what
/// they come to is up to who asks, and has nothing to do with what is stored.
struct reply_limits {
  std::size_t bytes_max = 256 << 20;
  std::size_t multi_read_bytes_max = 16 << 20;
};

/// Who asks for a read. `shown` must outlive it.
struct asker {
  const identities& shown;
  session_id session;
  bool skip_acl = false;  // everybody may read everything
  reply_limits limits = {};
};

struct watch_request {
  watch_kind kind = watch_kind::data;
  std::string path;
};
struct read_reply {
  error_code err = error_code::ok;
  std::string body;
  std::optional<watch_request> watch;  // to register before anything else is applied
  bool is_cut = false;                 // a limit was met: all of it, or parts, are bad_arguments
};

/// The reads: exists, getData, getChildren, getChildren2, getACL, getAllChildrenNumber, multiRead,
/// getEphemerals, whoAmI. unimplemented for another op. A reply that would be longer than the
/// limits is bad_arguments; of a multiRead, the parts from the first that does not fit on are. No
/// more is built than a limit allows.
[[nodiscard]] read_reply answer_read(op_code op, std::string_view body, const asker& who,
                                     const tree& now, pace at = {});

/// Whether the answer to a request that needs no leader, or the events before it, may be long, as
/// the tree is now: some tens of kilobytes, to be compared with what a client may leave unread.
[[nodiscard]] bool may_be_long(op_code op, std::string_view body, const tree& now);

/// addWatch, checkWatches and removeWatches, performed for a watcher. No path is asked to be well
/// formed, nor to exist. bad_arguments: the watcher may have no more watches. setWatches and
/// setWatches2 are watches::set_watches().
[[nodiscard]] reply answer_watch_op(op_code op, std::string_view body, watcher_key watcher,
                                    watches& table);

}  // namespace troupe::core
