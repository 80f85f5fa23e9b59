// SPDX-License-Identifier: Apache-2.0
#include "actors/base/tcp_listener.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "config/host.hpp"

namespace troupe {
namespace {

std::uint16_t port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

/// The descriptor, or -1 with errno set.
int listen_on(const addrinfo& at, int backlog) {
  const int fd = ::socket(at.ai_family, at.ai_socktype | SOCK_CLOEXEC, at.ai_protocol);
  if (fd < 0) return -1;
  const int on = 1, off = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Of "::" alone, which is every address then, as in Java.
  if (at.ai_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(fd, at.ai_addr, at.ai_addrlen) == 0 && ::listen(fd, backlog) == 0) return fd;
  const int why = errno;
  ::close(fd);
  errno = why;
  return -1;
}

/// The address, or all of its kind.
bool is_missing_here(int code) { return code == EAFNOSUPPORT || code == EADDRNOTAVAIL; }

std::string text_of(const addrinfo& at) {
  char text[NI_MAXHOST] = {};
  const int e =
      ::getnameinfo(at.ai_addr, at.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return e == 0 ? std::string{text} : std::string{};
}

/// As Java does: of a name with addresses of both kinds an IPv4 one. One that this machine does not
/// have is passed over, and one that is taken is not: clients would find somebody else there.
tl::expected<int, listen_error> listen_at(const std::string& host, std::uint16_t port,
                                          int backlog) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto service = std::to_string(port);
  if (const int e = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found); e != 0)
    return tl::unexpected(listen_error{
        0, host, {}, port, "the host name " + host + " has no address: " + ::gai_strerror(e)});
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  std::optional<listen_error> why;
  for (const int family : {AF_INET, AF_INET6})
    for (const auto* at = found; at != nullptr; at = at->ai_next) {
      if (at->ai_family != family) continue;
      const int fd = listen_on(*at, backlog < 0 ? SOMAXCONN : backlog);
      if (fd >= 0) return fd;
      const int code = errno;
      const listen_error here{code, host, text_of(*at), port, std::strerror(code)};
      if (!is_missing_here(code)) return tl::unexpected(here);
      if (!why) why = here;
    }
  if (!why) why = listen_error{0, host, {}, port, "the host name " + host + " has no address"};
  return tl::unexpected(*std::move(why));
}

}  // namespace

tl::expected<tcp_listener, listen_error> tcp_listener::open(const std::string& host,
                                                            std::uint16_t port, int backlog) {
  const bool everywhere = config::is_wildcard(host);
  auto fd = listen_at(everywhere ? "::" : host, port, backlog);
  if (!fd && everywhere && is_missing_here(fd.error().code))  // there is no IPv6 here
    fd = listen_at("0.0.0.0", port, backlog);
  if (!fd) {
    fd.error().host = host;
    return tl::unexpected(std::move(fd.error()));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(*fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return tcp_listener(*fd, port_of(bound));
}

std::string listening_address(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return host;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  for (const int family : {AF_INET, AF_INET6})
    for (const auto* at = found; at != nullptr; at = at->ai_next)
      if (at->ai_family == family) return text_of(*at);
  return host;
}

tcp_listener::tcp_listener(tcp_listener&& other) noexcept
    : fd_(other.release()), port_(other.port_) {}

tcp_listener& tcp_listener::operator=(tcp_listener&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(port_, other.port_);
  return *this;
}

tcp_listener::~tcp_listener() {
  if (fd_ >= 0) ::close(fd_);
}

int tcp_listener::release() noexcept { return std::exchange(fd_, -1); }

void watch_for_dead_peer(int fd, std::int32_t timeout_ms, bool probe) {
  const int on = probe ? 1 : 0;
  const auto timeout = static_cast<unsigned>(timeout_ms);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

}  // namespace troupe
