// SPDX-License-Identifier: Apache-2.0
/// What the sinks of this room tell spdlog about their files. Nobody else includes this.
#pragma once

#include <spdlog/common.h>

#include <string>

namespace troupe::log {

/// Files are made as actors/trace/own_files.hpp makes them.
[[nodiscard]] spdlog::file_event_handlers makes_own_files();

/// A line was lost: stderr hears of the first one and then of one an hour, so that a full disk does
/// not fill what stderr goes to.
void lost_line(const std::string& why);

}  // namespace troupe::log
