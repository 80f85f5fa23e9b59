// SPDX-License-Identifier: Apache-2.0
/// Connecting within a limit, on the loopback interface.
#include "actors/node/dialler.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

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

}  // namespace
}  // namespace troupe
