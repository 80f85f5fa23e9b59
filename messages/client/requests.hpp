// SPDX-License-Identifier: Apache-2.0
/// A client's write as the leading server plans it, from its own clients or from a learner's.
#pragma once

#include <string>
#include <vector>

#include "messages/client/records.hpp"
#include "messages/ids.hpp"

namespace troupe {

struct write_request {
  session_id session;
  cxid cx;
  op_code op = op_code::notification;
  std::string body;
  std::vector<auth_id> identities;
};

}  // namespace troupe
