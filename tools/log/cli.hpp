// SPDX-License-Identifier: Apache-2.0
/// actor-log's command line: txn logs and snapshots read, checked, compared and repaired, without a
/// server.
#pragma once

#include "actors/storage/disk.hpp"
#include "tools/log/commands.hpp"

namespace troupe::log_tool {

/// Does what the arguments say and returns the exit code.
int run(int argc, const char* const* argv, storage::disk& d, const terminal& term);

}  // namespace troupe::log_tool
