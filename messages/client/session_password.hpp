// SPDX-License-Identifier: Apache-2.0
/// The 16 bytes a client shows to come back to its session. They follow from the session id alone
/// (java.util.Random seeded with it), so any server can check them, a ZooKeeper one as well.
#pragma once

#include <string>

#include "messages/ids.hpp"

namespace troupe {

[[nodiscard]] std::string session_password(session_id session);

}  // namespace troupe
