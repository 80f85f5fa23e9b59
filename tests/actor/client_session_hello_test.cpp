// SPDX-License-Identifier: Apache-2.0
/// How a connection begins (NIOServerCnxn.readConnectRequest,
/// ZooKeeperServer.processConnectRequest): the hello byte for byte, four-letter words, and clients
/// that say something else or nothing.
#include <string>

#include "tests/actor/client_connection.hpp"

namespace troupe::test {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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
  EXPECT_EQ(now.asked_to_open[0].address, "10.0.0.1");
  EXPECT_EQ(now.asked_to_open[0].client.address(), session.address());
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
    tell(transport_closed{});
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

TEST_F(ClientSession, ARefusalSaysWhatIsWanting) {
  using outcome = session_opened::outcome;
  const std::pair<outcome, std::string_view> reasons[] = {
      {outcome::too_many, "too many sessions from this address"},
      {outcome::too_many_unclaimed, "too many sessions are being made for clients that left"},
      {outcome::no_memory, "no memory for one more session"}};
  for (const auto& [what, reason] : reasons) {
    log.clear();
    now.closed = false;
    now.answer = session_opened{what};
    connect();
    receive(hello());
    EXPECT_TRUE(is_over());
    EXPECT_THAT(log, ElementsAre(HasSubstr(std::string{reason})));
  }
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

TEST_F(ClientSession, WordIsARequestOfItsConnectionAndNothingIsReadBehindIt) {
  connect();
  receive("srvr");
  EXPECT_EQ(now.told_requests, 1u);
  EXPECT_EQ(now.told_replies, 0u);
  EXPECT_THAT(now.pauses, ElementsAre(true));
}

TEST_F(ClientSession, ResetsGoToWhoeverKeepsTheFigures) {
  config.four_letter_words = {"*"};
  connect();
  receive("srst");
  EXPECT_EQ(now.sent, "Server stats reset.\n");
  EXPECT_THAT(now.resets, testing::UnorderedElementsAre("database: server", "peer: server"));
  now = {};
  connect();
  receive("crst");
  EXPECT_EQ(now.sent, "Connection stats reset.\n");
  EXPECT_THAT(now.resets,
              testing::UnorderedElementsAre("database: connections", "transport: connections"));
}

TEST_F(ClientSession, TraceMaskThatIsSetIsTold) {
  config.four_letter_words = {"*"};
  connect();
  receive("gtmk");
  EXPECT_EQ(now.sent, "306");
  now = {};
  connect();
  receive("stmk\0\0\0\0\0\0\2\0"s);
  EXPECT_EQ(now.sent, "512");
  now = {};
  connect();
  receive("gtmk");
  EXPECT_EQ(now.sent, "512");
  now = {};
  connect();
  receive("stmk");  // without its eight bytes
  EXPECT_EQ(now.sent, "");
  EXPECT_TRUE(is_over());
}

TEST_F(ClientSession, SessionlessTimeoutThatIsSaidStandsForTheLongestSession) {
  config.sessionless_ms_max = 5'000;
  connect();
  world.advance(milliseconds(4'999));
  EXPECT_FALSE(now.closed);
  world.advance(milliseconds(1));
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

}  // namespace
}  // namespace troupe::test
