// SPDX-License-Identifier: Apache-2.0
/// On the loopback interface. What must not come is waited for a moment; what must, until it is
/// there.
#include "tools/cluster/link_filter.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::cluster {
namespace {

using testing::HasSubstr;

constexpr int moment_ms = 50;
constexpr int patience_ms = 20'000;

struct LinkFilter : testing::Test {
  LinkFilter() : listening(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    auto* at = reinterpret_cast<sockaddr*>(&place);
    EXPECT_EQ(::bind(listening, at, size), 0);
    EXPECT_EQ(::listen(listening, 4), 0);
    EXPECT_EQ(::getsockname(listening, at, &size), 0);
    port = ntohs(place.sin_port);
  }
  ~LinkFilter() override {
    for (int fd : {listening, near, far})
      if (fd >= 0) ::close(fd);
  }
  void connect(std::chrono::milliseconds silence_limit = std::chrono::seconds{15}) {
    connect_options options;
    options.silence_limit = silence_limit;
    auto made = filter.connect(server_id{2}, "127.0.0.1", port, options);
    ASSERT_TRUE(made) << made.error();
    near = *made;
    far = ::accept(listening, nullptr, nullptr);
  }
  static void say(int fd, const std::string& text) {
    ASSERT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  static bool is_quiet(int fd) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, moment_ms) == 0;
  }
  /// So many bytes, or fewer when no more come.
  static std::string hear(int fd, std::size_t size) {
    std::string out;
    pollfd waiting{fd, POLLIN, 0};
    char block[4096];
    while (out.size() < size && ::poll(&waiting, 1, patience_ms) > 0) {
      const auto got = ::recv(fd, block, std::min(sizeof block, size - out.size()), 0);
      if (got <= 0) break;
      out.append(block, static_cast<std::size_t>(got));
    }
    return out;
  }

  int listening = -1, near = -1, far = -1;
  std::uint16_t port = 0;
  link_filter filter{1};
  faults wrong;
};

TEST_F(LinkFilter, WithoutFaultsBytesPassBothWaysAndSoDoesTheEnd) {
  connect();
  say(near, "there");
  EXPECT_EQ(hear(far, 5), "there");
  say(far, "back");
  EXPECT_EQ(hear(near, 4), "back");
  ::shutdown(near, SHUT_WR);
  EXPECT_EQ(hear(far, 1), "");
}

TEST_F(LinkFilter, HeldBytesComeInOrderAfterTheHeal) {
  connect();
  wrong.cut({{1}, {2}});
  filter.set(wrong);
  say(near, "one ");
  say(near, "two");
  say(far, "three");
  EXPECT_TRUE(is_quiet(far));
  EXPECT_TRUE(is_quiet(near));
  filter.set({});
  EXPECT_EQ(hear(far, 7), "one two");
  EXPECT_EQ(hear(near, 5), "three");
}

TEST_F(LinkFilter, CutOneWayHoldsThatWayAlone) {
  connect();
  wrong.cut_one_way({2}, {1});
  filter.set(wrong);
  say(near, "heard");
  say(far, "not heard");
  EXPECT_EQ(hear(far, 5), "heard");
  EXPECT_TRUE(is_quiet(near));
}

TEST_F(LinkFilter, LinksOfOthersAreNotOurs) {
  connect();
  wrong.cut({{1}, {3}});
  filter.set(wrong);
  say(near, "heard");
  EXPECT_EQ(hear(far, 5), "heard");
}

TEST_F(LinkFilter, ConnectAcrossACutTimesOut) {
  wrong.cut_one_way({2}, {1});
  filter.set(wrong);
  connect_options soon;
  soon.connect_limit = std::chrono::milliseconds{moment_ms};
  const auto refused = filter.connect(server_id{2}, "127.0.0.1", port, soon);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("timed out"));
  EXPECT_TRUE(is_quiet(listening)) << "nobody knocks";
}

TEST_F(LinkFilter, BytesHeldForTheSilenceLimitEndTheConnectionHereAndLaterThere) {
  connect(std::chrono::milliseconds{1});
  wrong.cut({{1}, {2}});
  filter.set(wrong);
  say(near, "nobody acknowledges this");
  EXPECT_EQ(hear(near, 1), "");
  EXPECT_TRUE(is_quiet(far)) << "a black hole tells nobody";
  filter.set({});
  pollfd ended{far, POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, patience_ms), 1);
}

TEST_F(LinkFilter, ManyBytesPassWholeThoughTheyAreDelayed) {
  connect();
  wrong.slow(2, 1);
  filter.set(wrong);
  std::string sent;
  for (int n = 0; n < 20'000; ++n) sent += static_cast<char>('a' + n % 26);
  say(near, sent);
  EXPECT_EQ(hear(far, sent.size()), sent);
}

}  // namespace
}  // namespace troupe::cluster
