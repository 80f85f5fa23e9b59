// SPDX-License-Identifier: Apache-2.0
#include "actors/node/four_letter_client.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace troupe {

namespace {

constexpr std::size_t answer_bytes_max = 1 << 20;

/// A socket connected to the first address that takes it; below 0: none did, and errno says why.
int connect_to(const addrinfo* addresses, int timeout_ms) {
  int fd = -1;
  for (const auto* x = addresses; x != nullptr && fd < 0; x = x->ai_next) {
    fd = ::socket(x->ai_family, x->ai_socktype | SOCK_CLOEXEC, x->ai_protocol);
    if (fd < 0) continue;
    // On Linux the send timeout bounds connect() too.
    timeval limit{timeout_ms / 1000, (timeout_ms % 1000) * 1000};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(fd, x->ai_addr, x->ai_addrlen) == 0) break;
    int why = errno;
    ::close(fd);
    fd = -1;
    errno = why;
  }
  return fd;
}

std::string reason(int error, int timeout_ms) {
  if (error == EAGAIN || error == EINPROGRESS)
    return "no answer within " + std::to_string(timeout_ms) + " ms";
  return std::strerror(error);
}

}  // namespace

tl::expected<std::string, std::string> ask_four_letter(const std::string& host, std::uint16_t port,
                                                       std::string_view word, int timeout_ms) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int e = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found); e != 0)
    return tl::unexpected(host + ": " + ::gai_strerror(e));
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{found, &::freeaddrinfo};
  int fd = connect_to(found, timeout_ms);
  if (fd < 0) return tl::unexpected(reason(errno, timeout_ms));
  std::string answer;
  int error = 0;
  if (::send(fd, word.data(), word.size(), MSG_NOSIGNAL) < 0) error = errno;
  char bytes[4096];
  while (error == 0 && answer.size() < answer_bytes_max) {
    auto n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n == 0) break;
    if (n > 0)
      answer.append(bytes, static_cast<std::size_t>(n));
    else if (errno != EINTR)
      error = errno;
  }
  ::close(fd);
  if (error != 0 && answer.empty()) return tl::unexpected(reason(error, timeout_ms));
  return answer;
}

std::string value_of(std::string_view answer, std::string_view key) {
  while (!answer.empty()) {
    auto line = answer.substr(0, answer.find('\n'));
    answer.remove_prefix(std::min(line.size() + 1, answer.size()));
    if (line.starts_with(key) && line.substr(key.size()).starts_with(": "))
      return std::string{line.substr(key.size() + 2)};
  }
  return {};
}

}  // namespace troupe
