// SPDX-License-Identifier: Apache-2.0
/// What all our programs have in common on the command line: --help and --version, one line for a
/// command line that is not understood, which names the word and what was probably meant, and the
/// exit code 2 then.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace troupe::program {

inline constexpr int usage_error = 2;

/// "actor-log of Troupe 0.1.0 (ZooKeeper protocol 3.8), built on 2026-11-29 16:49 UTC"
[[nodiscard]] std::string version_line(std::string_view program);

/// Reads the command line; the app's name is the program's. nullopt: go on. Else all is said, and
/// this is the exit code.
[[nodiscard]] std::optional<int> parse(CLI::App& app, int argc, const char* const* argv,
                                       std::ostream& out, std::ostream& err);

}  // namespace troupe::program
