// SPDX-License-Identifier: Apache-2.0
/// One client session on a clock that stands still, between a transport, a database and a peer that
/// write down what they hear.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <caf/all.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/client/session.hpp"
#include "actors/interfaces/client.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/database_stats.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/trace/log.hpp"
#include "messages/client/session_password.hpp"
#include "tests/unit/coro/world.hpp"

namespace troupe::test {

inline constexpr connection_id connection{17};
inline constexpr session_id fresh_session{0x0100000000000abc};

/// What a test's session said to the actors around it, and what they answer.
struct surroundings {
  // the transport
  std::string sent;
  bool closed = false;
  std::vector<bool> pauses;
  bool room_is_wanted = false;
  std::uint32_t told_requests = 0, told_replies = 0, told_events = 0;
  std::vector<std::string> resets;  // who was told, and of what
  // the database
  std::vector<open_session> asked_to_open;
  std::optional<session_opened> answer;  // none: the database lets it wait
  caf::typed_response_promise<session_opened> waiting;
  std::vector<client_request> requests;
  std::size_t batches = 0;
  std::vector<connection_id> gone;
  int rooms = 0;  // how often it heard that the client has taken its output
  bool stats_are_answered = true;
  database_details details;
};

inline caf::behavior transport(caf::event_based_actor*, surroundings* now) {
  return {
      [=](const send_bytes& x) {
        EXPECT_EQ(x.connection, connection);
        EXPECT_FALSE(now->closed) << "bytes behind the last ones";
        now->sent += x.bytes;
        now->room_is_wanted = now->room_is_wanted || x.wants_room;
        now->closed = x.close;
        now->told_requests += x.requests;
        now->told_replies += x.replies;
        now->told_events += x.events;
      },
      [=](const pause_reading& x) {
        EXPECT_EQ(x.connection, connection);
        now->pauses.push_back(x.paused);
      },
      [](get_gateway_stats) {
        return gateway_stats{.connections = {{connection, "10.0.0.1:4711", 3, 3}},
                             .connection_count = 1};
      },
      [=](const reset_statistics& x) {
        now->resets.push_back(x.server ? "transport: server" : "transport: connections");
      },
  };
}

inline caf::behavior database(caf::event_based_actor* self, surroundings* now) {
  return {
      [=](const open_session& x) -> caf::result<session_opened> {
        now->asked_to_open.push_back(x);
        if (now->answer) return *now->answer;
        now->waiting = self->make_response_promise<session_opened>();
        return now->waiting;
      },
      [=](const session_opened& x) { now->waiting.deliver(x); },
      [=](const client_requests& x) {
        EXPECT_EQ(x.connection, connection);
        ++now->batches;
        now->requests.insert(now->requests.end(), x.requests.begin(), x.requests.end());
      },
      [=](const connection_closed& x) { now->gone.push_back(x.connection); },
      [=](const client_has_room&) { ++now->rooms; },
      [](get_database_stats) { return database_stats{.znodes = 5}; },
      [=](get_database_details) { return now->details; },
      [=](const reset_statistics& x) {
        now->resets.push_back(x.server ? "database: server" : "database: connections");
      },
  };
}

inline caf::behavior peer(caf::event_based_actor* self, surroundings* now) {
  return {[=](get_server_status) -> caf::result<server_status> {
            if (!now->stats_are_answered) return self->make_response_promise<server_status>();
            return server_status{.state = server_state::following, .serving = true};
          },
          [=](const reset_statistics& x) {
            now->resets.push_back(x.server ? "peer: server" : "peer: connections");
          }};
}

class ClientSession : public testing::Test {
 protected:
  ClientSession() {
    log::set_observer([this](log::level, std::string_view line) { log.emplace_back(line); });
    config.four_letter_words = {"srvr", "ruok"};
    config.global_outstanding_max = 40;
  }
  ~ClientSession() override {
    log::set_observer({});
    caf::anon_send_exit(session, caf::exit_reason::kill);
    session = nullptr;
    now.asked_to_open.clear();  // it and what is waiting hold actors
    now.waiting = {};
    world.run();
  }

  void connect() {
    auto context = std::make_shared<node_context>();
    context->config = config;
    context->gauges = gauges;
    auto& sys = world.system;
    database_ = sys.spawn(database, &now);
    session =
        sys.spawn(client_session,
                  client_session_options{
                      .context = context,
                      .id = connection,
                      .client_address = "10.0.0.1:4711",
                      .transport = caf::actor_cast<transport_sink>(sys.spawn(transport, &now)),
                      .database = caf::actor_cast<database_actor>(database_),
                      .peer = caf::actor_cast<peer_actor>(sys.spawn(peer, &now))});
    world.run();
  }
  template <class Message>
  void tell(Message x) {
    caf::anon_send(session, std::move(x));
    world.run();
  }
  /// The database's answer to an open_session that waits.
  void answer_late(session_opened x) {
    caf::anon_send(database_, std::move(x));
    world.run();
  }
  void receive(std::string_view bytes) { tell(bytes_received{std::string(bytes)}); }

  [[nodiscard]] bool is_over() const { return now.closed && !is_alive(); }
  [[nodiscard]] bool is_alive() const {
    return !caf::actor_cast<caf::abstract_actor*>(session)->getf(
        caf::abstract_actor::is_terminated_flag);
  }
  [[nodiscard]] std::int64_t silence_ms() const { return silence_max_ms(config); }

  void open_live_session() {
    now.answer = session_opened{session_opened::outcome::open, fresh_session, 10'000};
    connect();
    receive(hello());
    now.sent.clear();
  }

  /// A frame with a ConnectRequest of 45 bytes, or of 44.
  static std::string hello(connect_request with = {.timeout_ms = 10'000,
                                                   .password = std::string(16, '\0')},
                           bool knows_read_only = true) {
    auto payload = jute::encode(with);
    if (knows_read_only) payload.push_back('\0');
    std::string out;
    append_frame(out, payload);
    return out;
  }
  static std::string ping(std::int32_t xid = special_xid::ping) {
    std::string out;
    append_frame_of(out, request_header{cxid{xid}, op_code::ping});
    return out;
  }
  static std::string pings(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += ping();
    return out;
  }
  /// A ConnectResponse's frame with the read-only byte.
  static std::string welcome(session_id id, std::int32_t timeout_ms) {
    std::string out;
    append_frame_of(out, connect_response{0, timeout_ms, id, session_password(id)}, false);
    return out;
  }
  static std::string farewell() {
    std::string out;
    append_frame_of(out, connect_response{0, 0, session_id{}, std::string(16, '\0')}, false);
    return out;
  }

  config::node_config config;
  std::shared_ptr<shared_gauges> gauges = std::make_shared<shared_gauges>();
  surroundings now;
  std::vector<std::string> log;
  coro::test::world world;
  client_session_actor session;

 private:
  caf::actor database_;
};

}  // namespace troupe::test
