// SPDX-License-Identifier: Apache-2.0
/// Each bound that a client session keeps (docs/limits.md), met by one less, exactly and by one
/// more.
#include <string>

#include "tests/actor/client_connection.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// By how much what is asked for is more than the bound: -1, 0 or 1.
class ClientSessionBounds : public ClientSession, public testing::WithParamInterface<int> {
 protected:
  static int over() { return GetParam(); }
  static bool is_beyond() { return over() > 0; }
  /// A request whose frame has so long a payload.
  static std::string request(std::int32_t xid, std::int64_t payload_bytes) {
    constexpr std::int64_t header_bytes = 8, length_bytes = 4;
    const auto data = static_cast<std::size_t>(payload_bytes - header_bytes - length_bytes);
    std::string out;
    append_frame_of(out, request_header{cxid{xid}, op_code::set_data},
                    jute::buffer{std::string(data, 'x')});
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Around, ClientSessionBounds, testing::Values(-1, 0, 1));

TEST_P(ClientSessionBounds, LengthOfARequest) {
  config.jute_buffer_bytes_max = 100;
  open_live_session();
  receive(request(1, 100 + over()));
  EXPECT_EQ(now.requests.size(), is_beyond() ? 0u : 1u);
  EXPECT_EQ(is_over(), is_beyond());
}

TEST_P(ClientSessionBounds, BytesOfRequestsUnderWay) {
  open_live_session();
  receive(request(1, request_bytes_max / 2));
  receive(request(2, request_bytes_max / 2 + over()));
  receive(ping());
  EXPECT_EQ(now.requests.size(), over() < 0 ? 3u : 2u);
}

TEST_P(ClientSessionBounds, WhatIsKeptWhileTheSessionIsBeingOpened) {
  config.jute_buffer_bytes_max = 1'000;
  connect();
  receive(hello() + request(1, 1'000 - 4 + over()));
  if (is_beyond())
    EXPECT_THAT(now.pauses, ElementsAre(true));
  else
    EXPECT_THAT(now.pauses, IsEmpty());
}

TEST_P(ClientSessionBounds, Timeouts) {
  config.min_session_timeout_ms = 4'000;
  config.max_session_timeout_ms = 40'000;
  now.answer = session_opened{};
  for (auto asked : {4'000, 40'000}) {
    connect();
    receive(hello({.timeout_ms = asked + over(), .password = std::string(16, '\0')}));
    now.closed = false;
  }
  ASSERT_EQ(now.asked_to_open.size(), 2u);
  EXPECT_EQ(now.asked_to_open[0].timeout_ms, is_beyond() ? 4'001 : 4'000);
  EXPECT_EQ(now.asked_to_open[1].timeout_ms, over() < 0 ? 39'999 : 40'000);
}

TEST_P(ClientSessionBounds, RequestsOfAllClients) {
  gauges->requests_under_way = config.global_outstanding_max - 2 + over();
  open_live_session();
  receive(pings(5));
  EXPECT_EQ(now.requests.size(), static_cast<std::size_t>(3 - over())) << "one beyond it";
}

// -- what a session says itself -------------------------------------------------------------------

/// The transport takes it out again as it leaves: a byte that was never counted would be a debt.
TEST_F(ClientSession, EveryByteThatIsHandedToTheTransportIsCounted) {
  open_live_session();
  EXPECT_EQ(gauges->unsent_bytes, static_cast<std::int64_t>(welcome(fresh_session, 10'000).size()));
  tell(transport_closed{});
  session = nullptr;
  now = {};
  world.run();
  EXPECT_EQ(gauges->unsent_bytes, 0);
}

/// xids are the client's own: they go on behind the greatest number, and come back as they came.
TEST_F(ClientSession, NumbersOfRequestsMayWrap) {
  open_live_session();
  const std::int32_t numbers[] = {2147483646, 2147483647, -2147483647 - 1, -2147483647};
  for (auto xid : numbers) receive(ping(xid));
  ASSERT_EQ(now.requests.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(now.requests[i].xid, cxid{numbers[i]});
}

/// Each word that looks closer is made of what the database tells.
TEST_F(ClientSession, WordsThatLookCloserShowWhatTheDatabaseTells) {
  config.four_letter_words = {"*"};
  now.details.watches = {{"/watched", {fresh_session}}};
  now.details.ephemerals = {{fresh_session, {"/mine"}}};
  for (const auto& [word, shown] :
       {std::pair{"wchp", "/watched"}, std::pair{"wchc", "/watched"}, std::pair{"dump", "/mine"}}) {
    now.sent.clear();
    now.closed = false;
    connect();
    receive(word);
    EXPECT_THAT(now.sent, testing::HasSubstr(shown)) << word;
  }
}

/// Who may not ask for them learns no path, session or name from any word.
TEST_F(ClientSession, WordsThatTellPathsAreForThoseAloneToWhomTheConfigGivesThem) {
  config.four_letter_words = {"srvr", "ruok", "stat"};
  now.details.watches = {{"/watched", {fresh_session}}};
  now.details.ephemerals = {{fresh_session, {"/mine"}}};
  for (const auto* word : {"wchp", "wchc", "wchs", "dump", "cons", "srvr", "stat", "ruok"}) {
    now.sent.clear();
    now.closed = false;
    connect();
    receive(word);
    for (const auto* secret : {"/watched", "/mine", "abc"})
      EXPECT_THAT(now.sent, testing::Not(testing::HasSubstr(secret))) << word;
    EXPECT_TRUE(is_over()) << word;
  }
}

}  // namespace
}  // namespace troupe::test
