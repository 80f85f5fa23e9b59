// SPDX-License-Identifier: Apache-2.0
/// Where a server listens, and what is told when it cannot.
#include "actors/base/tcp_listener.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace troupe {
namespace {

bool has_ipv6() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

TEST(TcpListener, NameIsShownByTheAddressThatIsListenedAt) {
  EXPECT_EQ(listening_address("localhost"), "127.0.0.1");
  EXPECT_EQ(listening_address("127.0.0.2"), "127.0.0.2");
}

TEST(TcpListener, PortThatIsTakenIsToldWithTheAddress) {
  auto ours = tcp_listener::open("127.0.0.1", 0);
  ASSERT_TRUE(ours) << ours.error().text;
  auto second = tcp_listener::open("localhost", ours->port());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_EQ(second.error().host, "localhost");
  EXPECT_EQ(second.error().address, "127.0.0.1");
  EXPECT_EQ(second.error().port, ours->port());
}

/// Only where there is no IPv6 is an IPv4 socket for everybody as good.
TEST(TcpListener, PortThatIsTakenEverywhereIsNotTriedForIpv4Alone) {
  auto ours = tcp_listener::open("0.0.0.0", 0);
  ASSERT_TRUE(ours) << ours.error().text;
  auto second = tcp_listener::open("0.0.0.0", ours->port());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_EQ(second.error().address, has_ipv6() ? "::" : "0.0.0.0");
}

TEST(TcpListener, AddressThatThisMachineDoesNotHaveIsTold) {
  auto none = tcp_listener::open("192.0.2.1", 0);  // for documentation alone (RFC 5737)
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, EADDRNOTAVAIL);
}

}  // namespace
}  // namespace troupe
