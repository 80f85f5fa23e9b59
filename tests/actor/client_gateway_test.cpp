// SPDX-License-Identifier: Apache-2.0
/// The gateway on a real multiplexer, with clients on loopback: how many connections there may be,
/// to the very number, and that its books count those that are there.
#include "actors/client/gateway_parts.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/caf.hpp"

namespace troupe {
namespace {

using namespace std::chrono_literals;
using census = std::map<std::string, std::size_t>;

/// Greets its client, and ends when that sends no more.
client_session_actor::behavior_type greeting(client_session_actor::pointer self, connection_id id,
                                             transport_sink to, account_ptr account) {
  account->add_output(1);
  self->send(to, send_bytes{.connection = id, .bytes = "!"});
  const auto on_bytes = [=](const bytes_received& m) {
    if (m.bytes.empty()) self->send(to, send_bytes{.connection = id, .close = true});
  };
  return {on_bytes, [=](const transport_closed&) { self->quit(); }, [](const output_congested&) {},
          [](const client_output&) {}};
}

class ClientGateway : public testing::Test {
 protected:
  void start() {
    config_.load<caf::io::middleman>();
    system_.emplace(config_);
    context->wall_ms = [] { return std::int64_t{1'700'000'000'000}; };
    client_gateway_options options;
    options.context = context;
    options.address = "127.0.0.1";
    options.event_bytes_max = event_bytes_max_;
    options.make_session = [this](caf::actor_system& sys, connection_id id, std::string address,
                                  transport_sink to, account_ptr account) -> client_session_actor {
      if (when_one_comes_) when_one_comes_();
      const std::lock_guard guard{mutex_};
      addresses_.push_back(std::move(address));
      return sys.spawn(greeting, id, to, std::move(account));
    };
    auto started = start_client_gateway(*system_, std::move(options));
    ASSERT_TRUE(started) << started.error().text;
    gateway_ = *started;
  }
  void TearDown() override {
    for (int fd : clients_)
      if (fd >= 0) ::close(fd);
    caf::anon_send_exit(gateway_.handle, caf::exit_reason::user_shutdown);
    gateway_.handle = nullptr;
  }

  /// A new client; nullopt: its connection was closed without a greeting.
  std::optional<std::size_t> come() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(gateway_.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    char greeted = 0;
    if (::recv(fd, &greeted, 1, 0) != 1) {
      ::close(fd);
      return std::nullopt;
    }
    clients_.push_back(fd);
    return clients_.size() - 1;
  }
  void go(std::size_t client) { ::close(std::exchange(clients_[client], -1)); }

  /// The gateway answers on its own thread, so what it has written before is to be seen here.
  gateway_stats ask_it() {
    gateway_stats out;
    caf::scoped_actor asking{*system_};
    asking->request(gateway_.handle, 10s, get_gateway_stats{1000})
        .receive([&out](const gateway_stats& x) { out = x; },
                 [](const caf::error&) { FAIL() << "no answer"; });
    return out;
  }
  std::vector<std::string> addresses() {
    const std::lock_guard guard{mutex_};
    return addresses_;
  }
  census books() {
    ask_it();
    using actor = std::remove_pointer_t<client_gateway_parts::gateway_ptr>;
    auto& s = dynamic_cast<actor&>(*caf::actor_cast<caf::abstract_actor*>(gateway_.handle)).state;
    std::size_t counted = 0;
    for (const auto& [host, count] : s.per_host) counted += count;
    census out{{"clients", s.clients.size()},
               {"by socket", s.by_socket.size()},
               {"accepted", s.accepted.size()},
               {"lingering", s.lingering.size()},
               {"by session", s.by_session.size()},
               {"hosts", s.per_host.size()},
               {"counted for hosts", counted},
               {"bytes of connections", static_cast<std::size_t>(s.connections_bytes.value())}};
    std::erase_if(out, [](const auto& table) { return table.second == 0; });
    return out;
  }
  /// Closing is heard of a little later.
  void expect_to_come_to(const census& wanted) {
    const auto limit = std::chrono::steady_clock::now() + 10s;
    auto now = books();
    while (now != wanted && std::chrono::steady_clock::now() < limit) now = books();
    EXPECT_EQ(now, wanted);
  }

  std::shared_ptr<node_context> context = std::make_shared<node_context>();
  std::function<void()> when_one_comes_;  // on the I/O thread
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  running_gateway gateway_;
  std::vector<int> clients_;
  std::size_t event_bytes_max_ = 16 << 20;

 private:
  std::mutex mutex_;
  std::vector<std::string> addresses_;  // as sessions were told
};

TEST_F(ClientGateway, AnAddressHasAsManyConnectionsAsItMayAndNotOneMore) {
  context->config.connections_per_address_max = 3;
  start();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(come()) << i;
  EXPECT_FALSE(come());
  EXPECT_FALSE(come()) << "those that were refused do not count, either way";
  go(1);
  expect_to_come_to({{"clients", 2},
                     {"by socket", 2},
                     {"by session", 2},
                     {"hosts", 1},
                     {"counted for hosts", 2},
                     {"bytes of connections", 2 * client_gateway_parts::connection_bytes}});
  EXPECT_TRUE(come());
  EXPECT_FALSE(come());
}

/// CAF calls its handlers for sockets in no turn of the gateway's.
TEST_F(ClientGateway, WhatItDoesForItsSocketsIsTimedAsTurnsAre) {
  auto told = std::make_shared<std::promise<std::string>>();
  when_one_comes_ = [told] {
    turn_record::of_this_thread().tell(1, [told, is_told = false](const long_turn& x) mutable {
      if (!std::exchange(is_told, true)) told->set_value(std::string{x.actor});
    });
    const auto end = turn_record::clock::now() + 2ms;
    while (turn_record::clock::now() < end) continue;
  };
  start();
  EXPECT_TRUE(come());
  auto heard = told->get_future();
  ASSERT_EQ(heard.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(heard.get(), "zk.client_gateway");
}

TEST_F(ClientGateway, AllTogetherHaveAsManyConnectionsAsTheyMayAndNotOneMore) {
  context->config.connections_max = 2;
  context->config.connections_per_address_max = 0;
  start();
  EXPECT_TRUE(come());
  EXPECT_TRUE(come());
  EXPECT_FALSE(come());
}

/// An identity is made of it, so it is the client's own, whatever the listening socket makes of it.
TEST_F(ClientGateway, AddressOfAClientIsShownAsItIs) {
  start();
  ASSERT_TRUE(come());
  ASSERT_EQ(addresses().size(), 1u);
  EXPECT_EQ(addresses()[0].substr(0, addresses()[0].find(':')), "127.0.0.1");
  EXPECT_EQ(ask_it().connections.at(0).client_address, addresses()[0]);
}

TEST_F(ClientGateway, TellsHowManyFilesItsProcessMayHaveOpen) {
  start();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(ask_it().open_files_max, static_cast<std::int64_t>(limit.rlim_cur));
}

/// Replies that a client does not take are bounded by what it asks; events come by themselves.
TEST_F(ClientGateway, EventsThatAClientDoesNotTakeAreAsManyAsTheyMayBeAndNotOneMore) {
  event_bytes_max_ = 1'000;
  context->config.client_buffer_bytes_max = 1 << 30;
  start();
  ASSERT_TRUE(come());
  constexpr connection_id first{1};
  const auto send = [this](std::size_t bytes, std::size_t of_events) {
    caf::anon_send(gateway_.handle, send_bytes{.connection = first,
                                               .bytes = std::string(bytes, 'x'),
                                               .event_bytes = of_events});
    ask_it();
  };
  send(std::size_t{64} << 20, 0);  // more than any kernel takes for a client that does not read
  send(1'000, 1'000);
  EXPECT_EQ(context->gauges->clients_cut_off, 0);
  send(1, 1);
  EXPECT_EQ(context->gauges->clients_cut_off, 1);
  expect_to_come_to({});
}

}  // namespace
}  // namespace troupe
