// SPDX-License-Identifier: Apache-2.0
/// Why a port cannot be listened on, in words that say what to do: who has it, which addresses this
/// machine has, who may have a low port.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "actors/base/tcp_listener.hpp"

namespace troupe {

struct port_holder {
  pid_t pid = 0;         // 0: another user's, which may not be looked into
  std::string data_dir;  // where it runs when it is a server of ours
  std::string text;      // "process 7, an actor-node started from /etc/zoo.cfg"
};

/// Who listens at the port, at whatever address of this machine; nullopt: nobody.
[[nodiscard]] std::optional<port_holder> holder_of_port(std::uint16_t port);

/// "in use by process 7 ...", "this machine has no address ...".
[[nodiscard]] std::string in_words(const listen_error& why);

/// Tries to listen, for a moment, as a server would. Empty: it works; else why not, in words.
/// What `but_for` holds counts as free.
[[nodiscard]] std::string why_not_listening(const std::string& host, std::uint16_t port,
                                            pid_t but_for);

}  // namespace troupe
