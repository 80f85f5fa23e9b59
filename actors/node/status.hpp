// SPDX-License-Identifier: Apache-2.0
/// How a server of this machine is, asked at its client port and told in zkServer.sh's words.
#pragma once

#include <iosfwd>
#include <string>

#include "actors/node/verb_target.hpp"

namespace troupe {

struct server_state {
  enum class kind { serving, not_serving, no_answer };
  kind is = kind::no_answer;
  std::string mode;    // serving: leader, follower, observer, standalone, read-only
  std::string disk;    // serving: what is wrong with it; empty: nothing
  std::string memory;  // the same of memory.limit
  std::string whys;    // not serving: our own word's answer, from which `is` comes
  std::string reason;  // no answer: why
};

/// One answer decides: what is told of a server that comes up meanwhile does not contradict itself.
[[nodiscard]] server_state ask_state(const std::string& host, std::uint16_t port, int timeout_ms);

/// Prints the state; returns the exit code.
int print_status(const verb_target& of, std::ostream& out, std::ostream& err);

/// Prints what a server that serves tells of its ensemble, and of how its leader was elected.
void print_election(const verb_target& of, std::ostream& out);

/// Waits until the server serves, and prints its mode, or why it does not yet. Returns the exit
/// code: exit_code::not_yet when it runs and the time is over, failed when it has ended.
int wait_until_serving(verb_target of, int wait_s, std::ostream& out, std::ostream& err);

}  // namespace troupe
