// SPDX-License-Identifier: Apache-2.0
/// Listening TCP sockets for brokers that bring their own: CAF's do not say why a port cannot be
/// had.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

namespace troupe {

/// Why a port could not be listened on.
struct listen_error {
  int code = 0;         // errno; 0: the host's name has no address
  std::string host;     // as it was asked for
  std::string address;  // of it, in digits, where it failed; empty: there is none
  std::uint16_t port = 0;
  std::string text;  // the system's words
};

/// Owns: the socket, until release().
class tcp_listener {
 public:
  /// Listens on a host's name or address, IPv4 or IPv6; port 0 means any free one. 0.0.0.0 and ::
  /// are every address of both kinds, as in Java, or of IPv4 where there is no IPv6. `backlog`
  /// connections wait ready to be accepted, as many as the system allows when it is negative.
  [[nodiscard]] static tl::expected<tcp_listener, listen_error> open(const std::string& host,
                                                                     std::uint16_t port,
                                                                     int backlog = -1);

  tcp_listener(tcp_listener&& other) noexcept;
  tcp_listener& operator=(tcp_listener&& other) noexcept;
  ~tcp_listener();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The descriptor, which is the caller's to close from now on.
  [[nodiscard]] int release() noexcept;

 private:
  tcp_listener(int fd, std::uint16_t port) : fd_(fd), port_(port) {}

  int fd_ = -1;
  std::uint16_t port_ = 0;
};

/// The address at which a port of `host` listens: of a name with several kinds the IPv4 one, as in
/// Java, so that `localhost` in one file is 127.0.0.1 in the next. The name itself if it has none.
[[nodiscard]] std::string listening_address(const std::string& host);

/// Finds out about clients that vanished: an end to sockets whose other side has taken nothing for
/// `timeout_ms`, and, with `probe`, keepalive probes.
void watch_for_dead_peer(int fd, std::int32_t timeout_ms, bool probe);

}  // namespace troupe
