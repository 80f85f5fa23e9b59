// SPDX-License-Identifier: Apache-2.0
// Connections for which there is no descriptor.
#include "actors/client/doorman.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "actors/base/tcp_listener.hpp"

namespace troupe {
namespace {

class SparingAccept : public ::testing::Test {
 protected:
  void SetUp() override {
    ::getrlimit(RLIMIT_NOFILE, &was_);
    auto few = was_;
    few.rlim_cur = 128;
    ::setrlimit(RLIMIT_NOFILE, &few);
    auto listener = tcp_listener::open("127.0.0.1", 0);
    ASSERT_TRUE(listener) << listener.error().text;
    port_ = listener->port();
    listening_ = listener->release();
    ::fcntl(listening_, F_SETFL, O_NONBLOCK);
  }
  void TearDown() override {
    for (int fd : taken_) ::close(fd);
    ::close(listening_);
    ::setrlimit(RLIMIT_NOFILE, &was_);
  }
  int connect_one() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    taken_.push_back(fd);
    return fd;
  }
  void take_all_descriptors() {
    for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY)) >= 0;) taken_.push_back(fd);
  }
  accept_with_spare make() {
    return accept_with_spare{
        [this](int code, bool was_closed) { told_.emplace_back(code, was_closed); }};
  }

  rlimit was_{};
  std::uint16_t port_ = 0;
  int listening_ = -1;
  std::vector<int> taken_;
  std::vector<std::pair<int, bool>> told_;
};

TEST_F(SparingAccept, TakesAConnectionAndSaysWhenThereIsNone) {
  auto accept = make();
  connect_one();
  int got = -1;
  EXPECT_TRUE(accept.try_accept(got, listening_));
  EXPECT_GE(got, 0);
  taken_.push_back(got);
  EXPECT_TRUE(accept.try_accept(got, listening_));
  EXPECT_EQ(got, -1);
  EXPECT_TRUE(told_.empty());
}

TEST_F(SparingAccept, WithoutADescriptorClosesEachConnectionWithItsSpareOne) {
  auto accept = make();
  const int first = connect_one(), second = connect_one();
  take_all_descriptors();
  int got = -1;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(accept.try_accept(got, listening_));
    EXPECT_EQ(got, -1);
  }
  const std::pair closed{EMFILE, true};
  EXPECT_EQ(told_, (std::vector{closed, closed}));
  char byte = 0;
  EXPECT_EQ(::recv(first, &byte, 1, 0), 0) << "closed, so the client goes elsewhere";
  EXPECT_EQ(::recv(second, &byte, 1, 0), 0);
}

TEST_F(SparingAccept, WithoutEvenASpareOneSaysThatTheConnectionIsStillThere) {
  take_all_descriptors();
  auto accept = make();
  ::close(taken_.back());  // for the client's end
  taken_.pop_back();
  connect_one();
  int got = -1;
  EXPECT_TRUE(accept.try_accept(got, listening_));
  EXPECT_EQ(got, -1);
  EXPECT_EQ(told_, (std::vector{std::pair{EMFILE, false}}));
}

}  // namespace
}  // namespace troupe
