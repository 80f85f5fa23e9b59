// SPDX-License-Identifier: Apache-2.0
#include "actors/node/dialler.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace troupe {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string words_of(int error) { return std::generic_category().message(error); }

/// A socket that is closed unless it is released.
class owned_socket {
 public:
  explicit owned_socket(int fd) : fd_(fd) {}
  owned_socket(const owned_socket&) = delete;
  owned_socket& operator=(const owned_socket&) = delete;
  ~owned_socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// 0 when the connection stands before `deadline`, else an errno.
int finish_connecting(int fd, steady_clock::time_point deadline) {
  for (;;) {
    auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    pollfd waiting{fd, POLLOUT, 0};
    auto ready = ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return errno;
    if (ready == 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
  }
}

tl::expected<int, std::string> connect_to(const addrinfo& address,
                                          steady_clock::time_point deadline,
                                          const connect_options& options) {
  owned_socket fd{::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (fd.get() < 0) return tl::unexpected(words_of(errno));
  int error = ::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) error = finish_connecting(fd.get(), deadline);
  if (error != 0) return tl::unexpected(words_of(error));
  auto limit_ms = static_cast<unsigned>(options.silence_limit.count());
  if (::setsockopt(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof limit_ms) != 0)
    return tl::unexpected(words_of(errno));
  const int on = 1;
  if (options.keep_alive && ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0)
    return tl::unexpected(words_of(errno));
  return fd.release();
}

class dialler : public caf::io::middleman_actor_impl {
 public:
  dialler(caf::actor_config& config, caf::actor broker, dialler_options options)
      : caf::io::middleman_actor_impl(config, std::move(broker)), options_(options) {}
  const char* name() const override { return "zk.dialler"; }

 protected:
  caf::expected<caf::io::scribe_ptr> connect(const std::string& host, std::uint16_t port) override {
    auto fd = options_.connect ? options_.connect(host, port, options_)
                               : connect_within(host, port, options_);
    if (!fd) return caf::make_error(caf::sec::cannot_connect_to_node, std::move(fd.error()));
    return system().middleman().backend().new_scribe(*fd);
  }

 private:
  dialler_options options_;
};

}  // namespace

tl::expected<int, std::string> connect_within(const std::string& host, std::uint16_t port,
                                              const connect_options& options) {
  const auto deadline = steady_clock::now() + options.connect_limit;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found))
    return tl::unexpected(std::string{::gai_strerror(failed)});
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{found, &::freeaddrinfo};
  tl::expected<int, std::string> outcome = tl::unexpected(std::string{"the name has no address"});
  for (auto* at = addresses.get(); at != nullptr && !outcome; at = at->ai_next)
    outcome = connect_to(*at, deadline, options);
  return outcome;
}

caf::io::middleman_actor spawn_dialler(caf::actor_system& system, dialler_options options) {
  auto broker = system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  // Not hidden: the system's end waits for the last dial before it ends CAF's broker. A scribe
  // that came later would lie in its mailbox for ever, which no ended broker of CAF closes, and
  // hold the dialler whose thread the system waits for.
  return system.spawn<dialler, caf::detached>(std::move(broker), options);
}

}  // namespace troupe
