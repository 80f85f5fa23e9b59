// SPDX-License-Identifier: Apache-2.0
#include "actors/node/port_holder.hpp"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace troupe {
namespace {

using testing::HasSubstr;
using testing::Not;

/// One port: 127.0.0.1 is this process's, 127.0.0.2 a child's.
class SharedPort : public testing::Test {
 protected:
  void SetUp() override {
    auto ours = tcp_listener::open("127.0.0.1", 0);
    ASSERT_TRUE(ours) << ours.error().text;
    auto theirs = tcp_listener::open("127.0.0.2", ours->port());
    ASSERT_TRUE(theirs) << theirs.error().text;
    port_ = ours->port();
    int made[2];
    ASSERT_EQ(::pipe(made), 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ours->release());
      if (::write(made[1], "x", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char ready = 0;
    ASSERT_EQ(::read(made[0], &ready, 1), 1);
    ::close(made[0]);
    ::close(made[1]);
    ::close(theirs->release());
    ours_ = ours->release();
  }
  void TearDown() override {
    ::close(ours_);
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  static std::string process(pid_t pid) { return "in use by process " + std::to_string(pid); }

  int ours_ = -1;
  std::uint16_t port_ = 0;
  pid_t child_ = -1;
};

TEST_F(SharedPort, AddressIsFreeForWhoHasIt) {
  EXPECT_EQ(why_not_listening("127.0.0.1", port_, ::getpid()), "");
  EXPECT_EQ(why_not_listening("127.0.0.2", port_, child_), "");
  EXPECT_EQ(why_not_listening("127.0.0.3", port_, child_), "");
}

TEST_F(SharedPort, HolderIsWhoHasTheAddress) {
  EXPECT_THAT(why_not_listening("127.0.0.1", port_, child_), HasSubstr(process(::getpid())));
  EXPECT_THAT(why_not_listening("127.0.0.2", port_, ::getpid()), HasSubstr(process(child_)));
  EXPECT_THAT(why_not_listening("127.0.0.2", port_, 0), HasSubstr(process(child_)));
}

TEST_F(SharedPort, EveryAddressIsFreeOnlyForWhoHasThemAll) {
  for (const char* everywhere : {"0.0.0.0", "::"}) {
    EXPECT_THAT(why_not_listening(everywhere, port_, ::getpid()), HasSubstr(process(child_)));
    EXPECT_THAT(why_not_listening(everywhere, port_, child_), HasSubstr(process(::getpid())));
  }
}

TEST_F(SharedPort, ConnectionsAreNotWhatHoldsAPortThatIsListenedOn) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port_);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  const int taken = ::accept(ours_, nullptr, nullptr);
  EXPECT_THAT(why_not_listening("127.0.0.1", port_, 0), Not(HasSubstr("a connection of")));
  EXPECT_EQ(why_not_listening("127.0.0.2", port_, child_), "");
  ::close(taken);
  ::close(fd);
}

TEST(PortHolder, SaysWhatTheMachineLacks) {
  EXPECT_THAT(why_not_listening("192.0.2.7", 1, 0),
              HasSubstr("this machine has no address 192.0.2.7; it has "));
  EXPECT_THAT(why_not_listening(std::string(70, 'x'), 1, 0), HasSubstr("has no address"));
}

}  // namespace
}  // namespace troupe
