// SPDX-License-Identifier: Apache-2.0
/// Bodies of replies (FinalRequestProcessor): what follows the ReplyHeader for a write that was
/// applied and for a read. A reply with an error has no body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/core/tree.hpp"
#include "actors/core/watches.hpp"
#include "messages/client/requests.hpp"

namespace troupe::core {

struct reply {
  error_code err = error_code::ok;
  std::string body;
};

/// The answer to the write that became `done`. A failed multi answers ok with an error per op.
[[nodiscard]] reply reply_to_write(const applied& done);

struct watch_request {
  watch_kind kind = watch_kind::data;
  std::string path;
};
struct read_reply {
  error_code err = error_code::ok;
  std::string body;
  std::optional<watch_request> watch;  // to register before anything else is applied
};

/// The reads: exists, getData, getChildren, getChildren2, getACL. unimplemented for another op.
/// setWatches and setWatches2 are watches::set_watches().
[[nodiscard]] read_reply answer_read(op_code op, std::string_view body, const identities& shown,
                                     const tree& now);

}  // namespace troupe::core
