// SPDX-License-Identifier: Apache-2.0
/// Why no server of a list can be used. Each is looked at as anybody may: its name is resolved, its
/// port is dialled, and it is asked `srvr`, which servers answer whatever their whitelist says.
/// Where none answers, other protocols' first words are tried. All servers at the same time;
/// nothing is changed, and no session opened. Units: ms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::cli {

enum class finding {
  serves,
  reads_only,      // no quorum: for clients that ask for no more
  no_quorum,       // a server, and it does not serve
  hangs_up,        // accepts, and closes without a word
  silent,          // accepts, and says nothing
  other_protocol,  // answers, and is no client port without TLS
  unreachable,     // nobody is there, or no way to it
};

struct server_finding {
  std::string server;  // host:port
  finding what = finding::unreachable;
  std::string text;  // for people, behind the server
};

/// What the bytes are that came back for `srvr`; finding::silent for none.
[[nodiscard]] server_finding judge_answer(std::string_view answer);

/// One for each server of "host:port,...[/chroot]", in its order.
[[nodiscard]] std::vector<server_finding> look_at_servers(const std::string& hosts, int limit_ms);

/// One line, or one for each server: what is wrong with them. `read_only`: whether the client
/// accepts a server without a quorum. Empty when they all serve.
[[nodiscard]] std::string cause_text(const std::vector<server_finding>& found, bool read_only);

/// Waiting does not help: they all speak another protocol than clients do.
[[nodiscard]] bool none_is_client_port(const std::vector<server_finding>& found);

}  // namespace troupe::cli
