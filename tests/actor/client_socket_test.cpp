// SPDX-License-Identifier: Apache-2.0
/// Which clients are read while others' bytes wait to be dealt with.
#include "actors/client/socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "actors/base/io_loop.hpp"

namespace troupe {
namespace {

/// A broker with two clients, one of which is read by much at a time.
class ClientSocket : public testing::Test {
 protected:
  void SetUp() override {
    config_.load<caf::io::middleman, io_loop>();
    system_.emplace(config_);
    auto& loop =
        dynamic_cast<caf::io::network::default_multiplexer&>(system_->middleman().backend());
    for (auto* x : {&quiet_, &busy_})
      ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, x->ends.data()), 0);
    broker_ = system_->middleman().spawn_broker([&](caf::io::broker* self) -> caf::behavior {
      add(self, loop, quiet_, client_socket::quiet_bytes);
      add(self, loop, busy_, 64 * 1024);
      return [this](const caf::io::new_data_msg& data) {
        auto& from = data.handle == quiet_.handle ? quiet_ : busy_;
        from.heard += static_cast<int>(data.buf.size());
      };
    });
  }

  void TearDown() override {
    caf::anon_send_exit(broker_, caf::exit_reason::user_shutdown);
    broker_ = nullptr;
    system_.reset();
    for (auto* x : {&quiet_, &busy_}) close(x->ends[1]);
  }

  struct client {
    std::array<int, 2> ends{};
    caf::io::connection_handle handle;
    std::atomic<int> heard{0};
  };

  void add(caf::io::broker* self, caf::io::network::default_multiplexer& loop, client& x,
           std::size_t bytes_at_once) {
    auto wire = caf::make_counted<client_socket>(loop, x.ends[0]);
    wire->hold_back_while([this] { return is_backlogged_.load(); });
    x.handle = wire->hdl();
    self->add_scribe(wire);
    self->configure_read(x.handle, caf::io::receive_policy::at_most(bytes_at_once));
  }

  void say(client& x, const std::string& bytes) {
    EXPECT_EQ(write(x.ends[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  bool hears(client& x, int bytes) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (x.heard < bytes && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    return x.heard == bytes;
  }

  std::atomic<bool> is_backlogged_{false};
  client quiet_, busy_;
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  caf::actor broker_;
};

TEST_F(ClientSocket, WhoSendsMuchIsNotReadWhileThereIsABacklogAndWhoSendsLittleIs) {
  is_backlogged_ = true;
  say(busy_, "abc");
  for (int n = 1; n <= 20; ++n) {  // each takes a look at all sockets
    say(quiet_, "x");
    ASSERT_TRUE(hears(quiet_, n));
  }
  EXPECT_EQ(busy_.heard, 0);
  is_backlogged_ = false;
  EXPECT_TRUE(hears(busy_, 3));
}

TEST_F(ClientSocket, BothAreReadOtherwise) {
  say(busy_, "abc");
  say(quiet_, "x");
  EXPECT_TRUE(hears(busy_, 3));
  EXPECT_TRUE(hears(quiet_, 1));
}

}  // namespace
}  // namespace troupe
