// SPDX-License-Identifier: Apache-2.0
/// Connecting within a limit, on the loopback interface.
#include "actors/node/dialler.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>
#include <fstream>
#include <iomanip>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include "actors/base/caf.hpp"

namespace troupe {
namespace {

/// A port of this machine, listened on by somebody who accepts nobody.
class port {
 public:
  port() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::bind(fd_, as_address(), size), 0);
    EXPECT_EQ(::getsockname(fd_, as_address(), &size), 0);
  }
  ~port() {
    for (int fd : waiting_) ::close(fd);
    ::close(fd_);
  }
  void listen() { EXPECT_EQ(::listen(fd_, 0), 0); }
  /// From now on the kernel drops whoever knocks, as a host does that is cut off.
  void fill() {
    for (int n = 0; n < 8; ++n) {
      waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)::connect(waiting_.back(), as_address(), sizeof address_);
    }
  }
  /// Lets in whoever knocks, until `done`.
  void accept_all(const std::atomic<bool>& done) {
    while (!done) {
      pollfd knocking{fd_, POLLIN, 0};
      if (::poll(&knocking, 1, 10) == 1) waiting_.push_back(::accept(fd_, nullptr, nullptr));
    }
  }
  [[nodiscard]] std::uint16_t number() const { return ntohs(address_.sin_port); }

 private:
  sockaddr* as_address() { return reinterpret_cast<sockaddr*>(&address_); }

  int fd_;
  sockaddr_in address_{};
  std::vector<int> waiting_;
};

TEST(Dialler, ConnectsToWhoListens) {
  port there;
  there.listen();
  auto fd = connect_within("127.0.0.1", there.number(), {});
  ASSERT_TRUE(fd) << fd.error();
  ::close(*fd);
}

TEST(Dialler, PortThatNobodyListensOnRefuses) {
  port there;
  auto fd = connect_within("127.0.0.1", there.number(), {});
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error(), "Connection refused");
}

TEST(Dialler, HostThatSaysNothingIsGivenUp) {
  port there;
  there.listen();
  there.fill();
  dialler_options soon;
  soon.connect_limit = std::chrono::milliseconds{50};
  auto fd = connect_within("127.0.0.1", there.number(), soon);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error(), "Connection timed out");
}

/// Connections to `port` whose first packet nobody has answered yet, in the kernel's table.
std::size_t dials_under_way(std::uint16_t port) {
  std::ostringstream wanted;
  wanted << ":" << std::uppercase << std::hex << std::setw(4) << std::setfill('0') << port << " 02";
  std::ifstream table{"/proc/net/tcp"};
  std::size_t found = 0;
  for (std::string line; std::getline(table, line);)
    if (line.find(wanted.str()) != std::string::npos) ++found;
  return found;
}

/// A server that is stopped while it dials: the connection comes when nobody wants it any more.
TEST(Dialler, SystemEndsThoughADialSucceedsLate) {
  port there;
  there.listen();
  there.fill();
  const auto before = dials_under_way(there.number());
  caf::actor_system_config settings;
  settings.load<caf::io::middleman>();
  auto system = std::make_optional<caf::actor_system>(settings);
  auto dialler = spawn_dialler(*system, {});
  caf::anon_send(dialler, caf::connect_atom::value, std::string{"127.0.0.1"}, there.number());
  while (dials_under_way(there.number()) == before) std::this_thread::yield();
  caf::anon_send_exit(dialler, caf::exit_reason::kill);
  dialler = nullptr;
  std::atomic<bool> done = false;
  std::thread host{[&] { there.accept_all(done); }};
  system.reset();
  done = true;
  host.join();
}

}  // namespace
}  // namespace troupe
