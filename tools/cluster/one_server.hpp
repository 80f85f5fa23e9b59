// SPDX-License-Identifier: Apache-2.0
/// The process of one server of a test cluster: `actor-cluster host-one`, started by a host.
///
/// Order: a line of JSON comes in on stdin, {"token":T}; the process opens a BASP port on loopback,
/// tells its number in a line on descriptor 3, and waits for one remote spawn whose first argument
/// is the token. Others are refused, and after the first good one the port is closed; only the
/// host's connection stays. Then the main thread runs the server as actor-node does (run_server),
/// with a link_filter and a faulty_disk in the seams. The process dies with its host, whatever
/// happens.
#pragma once

namespace troupe::cluster {

inline constexpr int report_fd = 3;

/// Returns the process's exit code: that of the server.
int run_one_server();

}  // namespace troupe::cluster
