// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/connection.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

namespace troupe::bench {
namespace {

std::string text_of(int error) { return std::generic_category().message(error); }

}  // namespace

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

tl::expected<std::vector<address>, std::string> resolve(const std::vector<endpoint>& servers) {
  std::vector<address> found;
  for (const auto& server : servers) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* first = nullptr;
    if (const int failed = ::getaddrinfo(server.host.c_str(), server.port.c_str(), &hints, &first))
      return tl::unexpected{"the name of server " + to_string(server) +
                            " cannot be resolved: " + ::gai_strerror(failed)};
    address one{server, {}, first->ai_addrlen};
    std::memcpy(&one.at, first->ai_addr, first->ai_addrlen);
    ::freeaddrinfo(first);
    found.push_back(std::move(one));
  }
  return found;
}

outcome connection::end(std::string why) {
  close();
  return tl::unexpected{std::move(why)};
}

void connection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  connecting_ = false;
}

outcome connection::open(const address& to, std::size_t& lost) {
  close();
  lost = pipe.begin();
  pipe_out_.clear();
  written_ = 0;
  fd_ = ::socket(to.at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return end("no socket can be made: " + text_of(errno));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to.at), to.bytes) == 0) return {};
  if (errno != EINPROGRESS) return end(text_of(errno));
  connecting_ = true;
  return {};
}

outcome connection::read() {
  char bytes[64 * 1024];
  const auto n = ::read(fd_, bytes, sizeof bytes);
  if (n > 0) {
    pipe.feed({bytes, static_cast<std::size_t>(n)});
    return {};
  }
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  return end(n == 0 ? "the server closed it" : text_of(errno));
}

outcome connection::flush() {
  if (connecting_) {
    int failed = 0;
    socklen_t bytes = sizeof failed;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failed, &bytes);
    if (failed != 0) return end(text_of(failed));
    sockaddr_storage peer;
    socklen_t peer_bytes = sizeof peer;
    if (::getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &peer_bytes) != 0) return {};
    connecting_ = false;
  }
  for (;;) {
    if (written_ == pipe_out_.size()) {
      pipe_out_.clear();
      written_ = 0;
      pipe_out_.swap(pipe.out());
      if (pipe_out_.empty()) return {};
    }
    const auto n =
        ::send(fd_, pipe_out_.data() + written_, pipe_out_.size() - written_, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (n < 0) return end(text_of(errno));
    written_ += static_cast<std::size_t>(n);
  }
}

}  // namespace troupe::bench
