// SPDX-License-Identifier: Apache-2.0
/// The whole tree as one server has it, as sorted lines: path, data, stat. Behind a sync, so that
/// it holds what was committed before it was asked. /zookeeper/config is left out, which each
/// server writes for itself when it starts. Errors: a text on stderr and false.
#pragma once

#include <string>

namespace troupe::nemesis {

[[nodiscard]] bool dump_tree(const std::string& server, const std::string& to_path);

}  // namespace troupe::nemesis
