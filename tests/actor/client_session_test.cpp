// SPDX-License-Identifier: Apache-2.0
/// One client connection as its transport sees it (NIOServerCnxn, ServerCnxn,
/// ZooKeeperServer.processConnectRequest): bytes in, bytes out, and what the database hears.
#include "actors/client_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <caf/all.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "actors/trace/log.hpp"
#include "messages/client/session_password.hpp"
#include "tests/unit/coro/world.hpp"

namespace troupe {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr connection_id connection{17};
constexpr session_id fresh_session{0x0100000000000abc};

/// What a test's session said to the actors around it, and what they answer.
struct surroundings {
  // the transport
  std::string sent;
  bool closed = false;
  std::vector<bool> pauses;
  std::uint32_t told_requests = 0, told_replies = 0;
  // the database
  std::vector<open_session> asked_to_open;
  std::optional<session_opened> answer;  // none: the database lets it wait
  caf::typed_response_promise<session_opened> waiting;
  std::vector<client_request> requests;
  std::size_t batches = 0;
  std::vector<connection_id> gone;
  bool stats_are_answered = true;
};

caf::behavior transport(caf::event_based_actor*, surroundings* now) {
  return {
      [=](const send_bytes& x) {
        EXPECT_EQ(x.connection, connection);
        EXPECT_FALSE(now->closed) << "bytes behind the last ones";
        now->sent += x.bytes;
        now->closed = x.close;
        now->told_requests += x.requests;
        now->told_replies += x.replies;
      },
      [=](const pause_reading& x) {
        EXPECT_EQ(x.connection, connection);
        now->pauses.push_back(x.paused);
      },
      [](get_gateway_stats) {
        return gateway_stats{.connections = {{"10.0.0.1:4711", 3, 3}}};
      },
  };
}

caf::behavior database(caf::event_based_actor* self, surroundings* now) {
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
      [](get_database_stats) { return database_stats{.znodes = 5}; },
  };
}

caf::behavior peer(caf::event_based_actor* self, surroundings* now) {
  return {[=](get_server_status) -> caf::result<server_status> {
    if (!now->stats_are_answered) return self->make_response_promise<server_status>();
    return server_status{.state = server_state::following, .serving = true};
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
    now.waiting = {};  // it holds the actors it would answer
    world.run();
  }

  void connect() {
    auto context = std::make_shared<node_context>();
    context->config = config;
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
  surroundings now;
  std::vector<std::string> log;
  coro::test::world world;
  client_session_actor session;

 private:
  caf::actor database_;
};

// -- the handshake ------------------------------------------------------------------------------

TEST_F(ClientSession, HelloOf45BytesIsAnsweredWithTheReadOnlyByte) {
  now.answer = session_opened{session_opened::outcome::open, fresh_session, 10'000};
  connect();
  receive(
      "\0\0\0\x2d"          // length 45
      "\0\0\0\0"            // protocol version
      "\0\0\0\0\0\0\0\x07"  // last zxid seen
      "\0\0\x27\x10"        // timeout 10 s
      "\0\0\0\0\0\0\0\0"    // no session yet
      "\0\0\0\x10"          // password of 16 bytes
      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
      "\0"s);  // not read-only
  ASSERT_EQ(now.asked_to_open.size(), 1u);
  EXPECT_EQ(now.asked_to_open[0].connection, connection);
  EXPECT_EQ(now.asked_to_open[0].session, session_id{});
  EXPECT_EQ(now.asked_to_open[0].timeout_ms, 10'000);
  EXPECT_EQ(now.asked_to_open[0].last_zxid_seen, zxid{7});
  EXPECT_EQ(now.sent,
            "\0\0\0\x25"              // length 37
            "\0\0\0\0"                // protocol version
            "\0\0\x27\x10"            // timeout
            "\x01\0\0\0\0\0\x0a\xbc"  // session
            "\0\0\0\x10"s +
                session_password(fresh_session) + "\0"s);
  EXPECT_FALSE(now.closed);
  EXPECT_THAT(log, ElementsAre("session_opened session=0x100000000000abc client=10.0.0.1:4711 "
                               "timeout_ms=10000"));
}

TEST_F(ClientSession, HelloOf44BytesIsAnsweredWithoutTheReadOnlyByte) {
  now.answer = session_opened{session_opened::outcome::open, fresh_session, 10'000};
  connect();
  receive(hello({.timeout_ms = 10'000, .password = std::string(16, '\0')}, false));
  EXPECT_EQ(now.sent.size(), 4u + 36u);
  EXPECT_EQ(now.sent.substr(0, 4), "\0\0\0\x24"s);
}

TEST_F(ClientSession, HelloAndRequestsCutAtAnyByteGiveTheSameConversation) {
  now.answer = session_opened{session_opened::outcome::open, fresh_session, 10'000};
  const auto stream = hello() + ping() + ping(5);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    now.requests.clear();
    now.sent.clear();
    connect();
    if (cut > 0) receive(stream.substr(0, cut));
    if (cut < stream.size()) receive(stream.substr(cut));
    ASSERT_EQ(now.sent, welcome(fresh_session, 10'000)) << "cut at " << cut;
    ASSERT_EQ(now.requests.size(), 2u) << "cut at " << cut;
    ASSERT_EQ(now.requests[1].xid, cxid{5}) << "cut at " << cut;
  }
}

TEST_F(ClientSession, TimeoutIsClampedToTheServersLimits) {
  config.min_session_timeout_ms = 4'000;
  config.max_session_timeout_ms = 40'000;
  now.answer = session_opened{};
  connect();
  receive(hello({.timeout_ms = 1, .password = std::string(16, '\0')}));
  now.closed = false;
  connect();
  receive(hello({.timeout_ms = 1'000'000, .password = std::string(16, '\0')}));
  ASSERT_EQ(now.asked_to_open.size(), 2u);
  EXPECT_EQ(now.asked_to_open[0].timeout_ms, 4'000);
  EXPECT_EQ(now.asked_to_open[1].timeout_ms, 40'000);
}

TEST_F(ClientSession, RequestsBehindTheHelloWaitUntilTheSessionIsOpen) {
  connect();
  receive(hello() + ping(1) + ping(2).substr(0, 5));
  receive(ping(2).substr(5));
  EXPECT_THAT(now.requests, IsEmpty());
  EXPECT_EQ(now.sent, "");
  answer_late(session_opened{session_opened::outcome::open, fresh_session, 10'000});
  EXPECT_EQ(now.sent, welcome(fresh_session, 10'000));
  ASSERT_EQ(now.requests.size(), 2u);
  EXPECT_EQ(now.requests[0].xid, cxid{1});
  EXPECT_EQ(now.requests[1].xid, cxid{2});
}

TEST_F(ClientSession, ClientThatFloodsBeforeItsSessionIsOpenIsNotReadUntilThen) {
  config.jute_buffer_bytes_max = 100;
  connect();
  receive(hello() + pings(5));
  EXPECT_THAT(now.pauses, IsEmpty());
  receive(pings(4));
  EXPECT_THAT(now.pauses, ElementsAre(true));
  answer_late(session_opened{session_opened::outcome::open, fresh_session, 10'000});
  EXPECT_EQ(now.requests.size(), 9u);
  EXPECT_THAT(now.pauses, ElementsAre(true, false));
}

TEST_F(ClientSession, ReturningClientWithItsPasswordResumesItsSession) {
  now.answer = session_opened{session_opened::outcome::open, fresh_session, 8'000};
  connect();
  receive(hello({.last_zxid_seen = zxid{9},
                 .timeout_ms = 8'000,
                 .session = fresh_session,
                 .password = session_password(fresh_session)}));
  ASSERT_EQ(now.asked_to_open.size(), 1u);
  EXPECT_EQ(now.asked_to_open[0].session, fresh_session);
  EXPECT_EQ(now.asked_to_open[0].last_zxid_seen, zxid{9});
  EXPECT_EQ(now.sent, welcome(fresh_session, 8'000));
  EXPECT_THAT(log, ElementsAre(HasSubstr("session_resumed session=0x100000000000abc")));
}

TEST_F(ClientSession, WrongPasswordIsAnsweredWithZerosAndTheDatabaseIsNotAsked) {
  for (const auto& password :
       {jute::buffer(std::string(16, 'x')), jute::buffer("short"), jute::buffer(std::nullopt)}) {
    now.sent.clear();
    now.closed = false;
    connect();
    receive(hello({.timeout_ms = 10'000, .session = fresh_session, .password = password}));
    EXPECT_EQ(now.sent, farewell());
    EXPECT_TRUE(is_over());
  }
  EXPECT_THAT(now.asked_to_open, IsEmpty());
  EXPECT_THAT(now.gone, IsEmpty());
  EXPECT_THAT(log[0], HasSubstr("session_refused session=0x100000000000abc client=10.0.0.1:4711 "
                                "reason=\"wrong password\""));
}

TEST_F(ClientSession, ExpiredSessionIsAnsweredWithZerosAndClosed) {
  now.answer = session_opened{session_opened::outcome::expired, {}, 0};
  connect();
  receive(hello({.session = fresh_session, .password = session_password(fresh_session)}));
  EXPECT_EQ(now.sent, farewell());
  EXPECT_TRUE(is_over());
  EXPECT_THAT(now.gone, ElementsAre(connection));
}

TEST_F(ClientSession, ClientThatHasSeenALaterZxidIsSentAwayWithoutAWord) {
  now.answer = session_opened{session_opened::outcome::behind, {}, 0};
  connect();
  receive(hello() + ping());
  EXPECT_EQ(now.sent, "");
  EXPECT_TRUE(is_over());
  EXPECT_THAT(now.requests, IsEmpty());
}

TEST_F(ClientSession, ServerThatDoesNotServeSendsClientsAwayWithoutAWord) {
  now.answer = session_opened{session_opened::outcome::not_serving, {}, 0};
  connect();
  receive(hello());
  EXPECT_EQ(now.sent, "");
  EXPECT_TRUE(is_over());
  EXPECT_THAT(log, ElementsAre(HasSubstr("reason=\"not serving\"")));
}

TEST_F(ClientSession, DatabaseThatNeverAnswersEndsTheConnection) {
  connect();
  receive(hello());
  world.advance(milliseconds(silence_ms()));
  EXPECT_EQ(now.sent, "");
  EXPECT_TRUE(is_over());
}

// -- clients that say something else, or nothing -------------------------------------------------

TEST_F(ClientSession, FirstFrameTooShortForAHelloIsRefused) {
  connect();
  std::string frame;
  append_frame(frame, std::string(20, '\0'));
  receive(frame);
  EXPECT_EQ(now.sent, "");
  EXPECT_TRUE(is_over());
  EXPECT_THAT(log, ElementsAre(HasSubstr("why=\"no connect request\" length=20")));
}

TEST_F(ClientSession, GarbageIsRefusedWithOneLineThatNamesClientLengthAndLimit) {
  connect();
  receive("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(now.sent, "");
  EXPECT_TRUE(is_over());
  EXPECT_THAT(log, ElementsAre("client_frame_refused session=0x0 client=10.0.0.1:4711 why=\"too "
                               "long\" length=1195725856 limit=1048575"));
}

TEST_F(ClientSession, OversizedFrameEndsALiveSessionBehindTheRequestsBeforeIt) {
  open_live_session();
  receive(ping(1) + "\0\x10\0\0"s + ping(2));
  ASSERT_EQ(now.requests.size(), 1u);
  EXPECT_TRUE(is_over());
  EXPECT_THAT(now.gone, ElementsAre(connection));
  EXPECT_THAT(log.back(), HasSubstr("client_frame_refused session=0x100000000000abc "
                                    "client=10.0.0.1:4711 why=\"too long\" length=1048576"));
}

TEST_F(ClientSession, NegativeOrEmptyFrameOrOneWithoutAHeaderEndsALiveSession) {
  for (const auto& bytes : {"\xff\xff\xff\xff"s, "\0\0\0\0"s, "\0\0\0\x04zzzz"s}) {
    now.closed = false;
    open_live_session();
    receive(bytes);
    EXPECT_TRUE(is_over());
    EXPECT_THAT(log.back(), HasSubstr("client_frame_refused"));
  }
}

TEST_F(ClientSession, SilentClientIsSentAwayWhenTheLongestSessionWouldHaveExpired) {
  connect();
  world.advance(milliseconds(silence_ms() - 1));
  EXPECT_FALSE(now.closed);
  world.advance(milliseconds(1));
  EXPECT_TRUE(is_over());
  EXPECT_THAT(log, ElementsAre("client_silent client=10.0.0.1:4711 silence_max_ms=60000"));
}

TEST_F(ClientSession, HalfAHelloDoesNotBuyMoreTime) {
  connect();
  world.advance(milliseconds(silence_ms() - 1));
  receive(hello().substr(0, 30));
  world.advance(milliseconds(1));
  EXPECT_TRUE(is_over());
}

TEST_F(ClientSession, LiveSessionMayBeSilentForAsLongAsTheDatabaseLetsIt) {
  open_live_session();
  world.advance(milliseconds(10 * silence_ms()));
  EXPECT_FALSE(now.closed);
  EXPECT_TRUE(is_alive());
}

// -- four-letter words ---------------------------------------------------------------------------

TEST_F(ClientSession, FourLetterWordIsAnsweredAndTheConnectionClosed) {
  connect();
  receive("ruok\n");
  EXPECT_EQ(now.sent, "imok");
  EXPECT_TRUE(is_over());
  EXPECT_THAT(now.gone, IsEmpty());
}

TEST_F(ClientSession, FourLetterWordMayComeByteByByte) {
  connect();
  for (const auto* byte : {"s", "r", "v", "r"}) receive(byte);
  EXPECT_THAT(now.sent, HasSubstr("\nConnections: 1\n"));
  EXPECT_THAT(now.sent, HasSubstr("\nMode: follower\nNode count: 5\n"));
  EXPECT_TRUE(is_over());
}

TEST_F(ClientSession, FourLetterWordThatIsNotAllowedIsRefused) {
  connect();
  receive("mntr");
  EXPECT_EQ(now.sent, "mntr is not executed because it is not in the whitelist.\n");
  EXPECT_TRUE(is_over());
}

TEST_F(ClientSession, WhysIsAnsweredEvenWhenThePeerIsNot) {
  now.stats_are_answered = false;
  connect();
  receive("whys");
  EXPECT_EQ(now.sent, "");
  world.advance(milliseconds(config.tick_ms));
  EXPECT_THAT(now.sent, HasSubstr("Serving: no\nReason: the peer does not answer: "));
  EXPECT_TRUE(is_over());
}

TEST_F(ClientSession, TelnetInterruptClosesWithoutAWord) {
  connect();
  receive("\xff\xf4\xff\xfd");
  EXPECT_EQ(now.sent, "");
  EXPECT_TRUE(is_over());
}

// -- a live session ------------------------------------------------------------------------------

TEST_F(ClientSession, OneReadIsOneMessageWithAllItsRequestsInOrder) {
  open_live_session();
  std::string read;
  append_frame_of(read, request_header{cxid{1}, op_code::get_data}, read_request{"/a", true});
  read += ping() + ping(3).substr(0, 6);
  receive(read);
  EXPECT_EQ(now.batches, 1u);
  ASSERT_EQ(now.requests.size(), 2u);
  EXPECT_EQ(now.requests[0].xid, cxid{1});
  EXPECT_EQ(now.requests[0].op, op_code::get_data);
  EXPECT_EQ(now.requests[0].body, jute::encode(read_request{"/a", true}));
  EXPECT_EQ(now.requests[1].xid, cxid{special_xid::ping});
  EXPECT_EQ(now.requests[1].body, "");
  receive(ping(3).substr(6));
  EXPECT_EQ(now.batches, 2u);
  EXPECT_EQ(now.requests[2].xid, cxid{3});
}

TEST_F(ClientSession, OutputGoesOutAsItComes) {
  open_live_session();
  tell(client_output{.frames = "an event", .replies = 0});
  tell(client_output{.frames = " and a reply", .replies = 1});
  EXPECT_EQ(now.sent, "an event and a reply");
  EXPECT_FALSE(now.closed);
}

TEST_F(ClientSession, TransportLearnsHowManyRequestsAndRepliesThereWere) {
  open_live_session();
  EXPECT_EQ(now.told_requests, 1u);  // the hello
  EXPECT_EQ(now.told_replies, 1u);
  receive(pings(3));
  tell(client_output{.frames = "..", .replies = 2});
  EXPECT_EQ(now.told_requests, 4u);
  EXPECT_EQ(now.told_replies, 3u);
}

TEST_F(ClientSession, RequestsBeyondTheLimitWaitUnreadUntilHalfAreAnswered) {
  const auto max = static_cast<int>(unanswered_max(config));
  ASSERT_EQ(max, 10);
  open_live_session();
  receive(pings(max - 1));
  EXPECT_THAT(now.pauses, IsEmpty());
  receive(pings(3));
  EXPECT_EQ(now.requests.size(), 10u);
  EXPECT_THAT(now.pauses, ElementsAre(true));
  tell(client_output{.frames = "r", .replies = 4});
  EXPECT_EQ(now.requests.size(), 10u);
  tell(client_output{.frames = "r", .replies = 1});
  EXPECT_EQ(now.requests.size(), 12u);
  EXPECT_THAT(now.pauses, ElementsAre(true, false));
}

TEST_F(ClientSession, ManyTimesTheLimitInOneReadIsServedInOrderWithoutMoreBytes) {
  open_live_session();
  std::string read;
  for (std::int32_t xid = 1; xid <= 45; ++xid) read += ping(xid);
  receive(read);
  for (std::uint32_t answered = 0; answered < 45; answered += 5) {
    ASSERT_LE(now.requests.size(), answered + 10);
    tell(client_output{.frames = "r", .replies = 5});
  }
  ASSERT_EQ(now.requests.size(), 45u);
  for (std::int32_t i = 0; i < 45; ++i) EXPECT_EQ(now.requests[i].xid, cxid{i + 1});
  EXPECT_THAT(now.pauses, ElementsAre(true, false));
}

TEST_F(ClientSession, ClientThatDoesNotTakeItsRepliesIsNotReadUntilItDoes) {
  open_live_session();
  tell(output_congested{true});
  receive(pings(2));
  EXPECT_THAT(now.requests, IsEmpty());
  EXPECT_THAT(now.pauses, ElementsAre(true));
  tell(client_output{.frames = "an event", .replies = 0});
  EXPECT_THAT(now.requests, IsEmpty());
  tell(output_congested{false});
  EXPECT_EQ(now.requests.size(), 2u);
  EXPECT_THAT(now.pauses, ElementsAre(true, false));
}

TEST_F(ClientSession, CloseGoesBehindTheLastReplyAndEndsTheSessionActor) {
  open_live_session();
  std::string close;
  append_frame_of(close, request_header{cxid{2}, op_code::close_session});
  receive(close);
  tell(client_output{.frames = "closed", .replies = 1, .close = true});
  EXPECT_EQ(now.sent, "closed");
  EXPECT_TRUE(is_over());
  EXPECT_THAT(now.gone, ElementsAre(connection));
  EXPECT_EQ(log.back(), "session_closed session=0x100000000000abc client=10.0.0.1:4711 by=client");
}

TEST_F(ClientSession, DatabaseEndsASessionWithoutAWord) {
  open_live_session();
  tell(client_output{.frames = "", .replies = 0, .close = true});
  EXPECT_EQ(now.sent, "");
  EXPECT_TRUE(is_over());
  EXPECT_EQ(log.back(), "session_closed session=0x100000000000abc client=10.0.0.1:4711 by=server");
}

TEST_F(ClientSession, LostTransportIsToldToTheDatabaseOnce) {
  open_live_session();
  tell(transport_closed{});
  EXPECT_FALSE(is_alive());
  EXPECT_FALSE(now.closed);
  EXPECT_THAT(now.gone, ElementsAre(connection));
  EXPECT_THAT(log.back(), HasSubstr("session_disconnected session=0x100000000000abc"));
}

TEST_F(ClientSession, TransportLostWhileTheSessionIsBeingOpenedIsToldToTheDatabase) {
  connect();
  receive(hello());
  tell(transport_closed{});
  EXPECT_FALSE(is_alive());
  EXPECT_THAT(now.gone, ElementsAre(connection));
  answer_late(session_opened{session_opened::outcome::open, fresh_session, 10'000});
  EXPECT_EQ(now.sent, "");
}

TEST_F(ClientSession, TransportLostBeforeTheHelloConcernsNobody) {
  connect();
  receive("\0\0"s);
  tell(transport_closed{});
  EXPECT_FALSE(is_alive());
  EXPECT_THAT(now.gone, IsEmpty());
  EXPECT_THAT(log, IsEmpty());
}

}  // namespace
}  // namespace troupe
