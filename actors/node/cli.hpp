// SPDX-License-Identifier: Apache-2.0
/// actor-node's command line: zkServer.sh's verbs, with its words where scripts look for them.
#pragma once

namespace troupe {

/// Exit codes; those of a running server are run_server()'s.
namespace exit_code {
inline constexpr int done = 0;
inline constexpr int failed = 1;      // also: already running, not serving
inline constexpr int bad_config = 2;  // and a command line that is not understood
inline constexpr int not_yet = 4;     // --wait: it runs, and did not serve in that time
}  // namespace exit_code

/// Does what the arguments say and returns the exit code.
int run_cli(int argc, char** argv);

}  // namespace troupe
