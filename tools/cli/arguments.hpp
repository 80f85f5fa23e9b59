// SPDX-License-Identifier: Apache-2.0
/// actor-cli's own command line, which is zkCli.sh's (MyCommandOptions.parseOptions). Pure.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tools/cli/client.hpp"

namespace troupe::cli {

struct arguments {
  client_options connection;
  bool wait_for_connection = false;
  bool verbose = false;  // the C library's log goes to stderr
  bool help = false;
  bool version = false;
  std::vector<std::string> command;  // empty: a shell
};

/// `words` without the program's name. The error is a sentence.
[[nodiscard]] tl::expected<arguments, std::string> parse_arguments(
    const std::vector<std::string>& words);

}  // namespace troupe::cli
