// SPDX-License-Identifier: Apache-2.0
/// `actor-cluster host`: waits for clients, lets those ask who know the secret (exchange.hpp says
/// against whom that helps), and starts a process for each server of theirs. It serves one question
/// at a time; who has not asked within some seconds is hung up on, and delays nobody.
/// All its servers end with it.
#pragma once

#include <string>

#include "tools/cluster/exchange.hpp"

namespace troupe::cluster {

struct host_options {
  address listen;  // port 0: a free one, which is told
  std::string dir;
  std::string secret_file;
};

/// Until SIGTERM or SIGINT. Returns the exit code.
int run_host(const host_options& options);

}  // namespace troupe::cluster
