// SPDX-License-Identifier: Apache-2.0
/// A live session (NIOServerCnxn, ServerCnxn): requests in, replies out, and the end.
#include <string>

#include "tests/actor/client_connection.hpp"

namespace troupe::test {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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
  tell(client_output{.frames = "..", .replies = 2, .close = false, .events = 1});
  EXPECT_EQ(now.told_requests, 4u);
  EXPECT_EQ(now.told_replies, 3u);
  EXPECT_EQ(now.told_events, 1u);
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

// -- the limit for all clients (ServerCnxn.incrOutstandingAndCheckThrottle) -----------------------

TEST_F(ClientSession, RequestsUnderWayAreCountedUntilTheyAreAnsweredOrTheConnectionEnds) {
  open_live_session();
  receive(pings(3));
  EXPECT_EQ(gauges->requests_under_way, 3);
  tell(client_output{.frames = "..", .replies = 2});
  EXPECT_EQ(gauges->requests_under_way, 1);
  tell(transport_closed{});
  EXPECT_EQ(gauges->requests_under_way, 0);
}

TEST_F(ClientSession, BeyondTheLimitForAllAConnectionHasOneRequestUnderWayAndIsNotReadFrom) {
  gauges->requests_under_way = 41;  // of others
  open_live_session();
  receive(pings(3));
  EXPECT_EQ(now.requests.size(), 1u);
  EXPECT_THAT(now.pauses, ElementsAre(true));
  tell(client_output{.frames = "r", .replies = 1});
  EXPECT_EQ(now.requests.size(), 2u);
  tell(client_output{.frames = "r", .replies = 1});
  tell(client_output{.frames = "r", .replies = 1});
  EXPECT_EQ(now.requests.size(), 3u);
  EXPECT_THAT(now.pauses, ElementsAre(true, false));
  EXPECT_FALSE(now.closed);
}

TEST_F(ClientSession, BelowTheLimitForAllAConnectionTakesWhatIsLeftOfIt) {
  gauges->requests_under_way = 38;
  open_live_session();
  receive(pings(6));
  EXPECT_EQ(now.requests.size(), 3u);  // the 41st is the first beyond it
  EXPECT_THAT(now.pauses, ElementsAre(true));
  gauges->requests_under_way -= 20;  // others are answered
  tell(client_output{.frames = "r", .replies = 1});
  EXPECT_EQ(now.requests.size(), 6u);
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

// -- a client that sends no more: a read without bytes --------------------------------------------

TEST_F(ClientSession, ClientThatSendsNoMoreAndIsOwedNothingIsClosed) {
  open_live_session();
  receive("");
  EXPECT_TRUE(is_over());
  EXPECT_EQ(now.sent, "");
  EXPECT_THAT(now.gone, ElementsAre(connection));
  EXPECT_THAT(log.back(), HasSubstr("session_disconnected session=0x100000000000abc"));
}

TEST_F(ClientSession, ClientThatSendsNoMoreHasAllItsAnswersFirst) {
  open_live_session();
  receive(pings(25));  // more than may be under way at once
  receive("");
  for (int left = 25; left > 0; left -= 5) {
    ASSERT_FALSE(now.closed) << left;
    tell(client_output{.frames = "r", .replies = 5});
  }
  EXPECT_EQ(now.requests.size(), 25u);
  EXPECT_EQ(now.sent, "rrrrr");
  EXPECT_TRUE(is_over());
  EXPECT_THAT(now.gone, ElementsAre(connection));
}

TEST_F(ClientSession, HalfARequestAtTheEndIsOwedNothing) {
  open_live_session();
  receive(ping() + ping().substr(0, 7));
  receive("");
  EXPECT_FALSE(now.closed);
  tell(client_output{.frames = "r", .replies = 1});
  EXPECT_EQ(now.sent, "r");
  EXPECT_TRUE(is_over());
}

TEST_F(ClientSession, RequestsThatWaitForTheClientToReadAreAnsweredWhenItDoes) {
  open_live_session();
  tell(output_congested{true});
  receive(pings(2));
  receive("");
  EXPECT_FALSE(now.closed);
  tell(output_congested{false});
  EXPECT_EQ(now.requests.size(), 2u);
  tell(client_output{.frames = "rr", .replies = 2});
  EXPECT_TRUE(is_over());
}

TEST_F(ClientSession, EndBehindTheHelloComesAfterTheAnswers) {
  connect();
  receive(hello() + ping());
  receive("");
  EXPECT_FALSE(now.closed);
  answer_late(session_opened{session_opened::outcome::open, fresh_session, 10'000});
  EXPECT_EQ(now.sent, welcome(fresh_session, 10'000));
  EXPECT_FALSE(now.closed);
  tell(client_output{.frames = "r", .replies = 1});
  EXPECT_EQ(now.sent, welcome(fresh_session, 10'000) + "r");
  EXPECT_TRUE(is_over());
}

TEST_F(ClientSession, WordWhoseEndComesWithItIsAnswered) {
  connect();
  caf::anon_send(session, bytes_received{"srvr"});
  caf::anon_send(session, bytes_received{});
  world.run();
  EXPECT_THAT(now.sent, HasSubstr("Node count: 5"));
  EXPECT_TRUE(is_over());
}

TEST_F(ClientSession, PartOfAWordOrOfAHelloIsClosedAtItsEnd) {
  for (const auto& part : {""s, "ruo"s, hello().substr(0, 20)}) {
    now = {};
    connect();
    receive(part);
    receive("");
    EXPECT_TRUE(is_over()) << part.size();
    EXPECT_EQ(now.sent, "");
    EXPECT_THAT(now.gone, IsEmpty());
  }
}

}  // namespace
}  // namespace troupe::test
