// SPDX-License-Identifier: Apache-2.0
/// What one connection, or all together, can make a client session hold and pass on.
#include <string>

#include "actors/client/four_letter.hpp"
#include "tests/actor/client_connection.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ClientSessionLimits : public ClientSession {
 protected:
  static constexpr std::size_t body_bytes = 1'000'000, request_bytes = body_bytes + 8;
  static std::string big(std::int32_t xid) {
    std::string out;
    append_frame_of(out, request_header{cxid{xid}, op_code::set_data},
                    jute::buffer{std::string(body_bytes - 4, 'x')});
    return out;
  }
  static client_output answer(std::size_t bytes) {
    return {.frames = "r", .replies = 1, .request_bytes = bytes};
  }
};

TEST_F(ClientSessionLimits, BytesUnderWayAreBoundedAsTheirNumberIs) {
  open_live_session();
  for (std::int32_t xid = 1; xid <= 7; ++xid) receive(big(xid));
  EXPECT_EQ(now.requests.size(), 2u);  // the second is the one beyond 1 MiB
  EXPECT_THAT(now.pauses, ElementsAre(true));
  tell(answer(request_bytes));
  EXPECT_EQ(now.requests.size(), 3u);
  tell(answer(request_bytes));
  EXPECT_EQ(now.requests.size(), 4u);
}

TEST_F(ClientSessionLimits, RequestsCountFromTheirFirstByteToTheirAnswer) {
  open_live_session();
  receive(big(1));
  EXPECT_EQ(gauges->request_bytes, static_cast<std::int64_t>(request_bytes));
  receive(big(2).substr(0, 1'004));
  EXPECT_EQ(gauges->request_bytes, static_cast<std::int64_t>(request_bytes + 1'004));
  tell(answer(request_bytes));
  EXPECT_EQ(gauges->request_bytes, 1'004);
  tell(transport_closed{});
  EXPECT_TRUE(now.gone.size() == 1);
}

TEST(ClientAccount, WhatItCountsLeavesTheSumsWithIt) {
  node_context context;
  const auto& all = *context.gauges;
  {
    client_account one{context}, other{context};
    one.add_output(100);
    one.set_requests(7);
    other.add_output(10);
    one.take_output(40);
    EXPECT_EQ(one.held(), 67);
    EXPECT_EQ(all.unsent_bytes, 70);
    one.close();
    one.add_output(5);  // still on its way to a connection that is gone
    EXPECT_EQ(all.unsent_bytes, 10);
    EXPECT_TRUE(other.begin_listing(1));
    EXPECT_TRUE(other.begin_listing(1));
    EXPECT_FALSE(one.begin_listing(1));
  }
  EXPECT_EQ(all.unsent_bytes + all.request_bytes + all.listings_under_way, 0);
}

TEST(ClientAccount, WhatHasArrivedCountsOnItsWayToTheSession) {
  node_context context;
  const auto& all = *context.gauges;
  {
    client_account one{context};
    one.add_arrived(10);
    one.set_requests(5);
    EXPECT_EQ(one.requests(), 15);
    EXPECT_EQ(all.request_bytes, 15);
    one.take_arrived(4);
    EXPECT_EQ(all.request_bytes, 11);
    one.take_arrived(100);  // as from a client that no gateway has read
    EXPECT_EQ(all.request_bytes, 5);
    one.add_arrived(7);
  }
  EXPECT_EQ(all.request_bytes, 0);
}

TEST_F(ClientSessionLimits, WhenAllHoldTooMuchAConnectionHasOneRequestUnderWay) {
  gauges->unsent_bytes = config.client_buffer_bytes_max + 1;
  open_live_session();
  receive(pings(3));
  EXPECT_EQ(now.requests.size(), 1u);
  EXPECT_THAT(now.pauses, ElementsAre(true));
  gauges->unsent_bytes = 0;
  tell(answer(8));
  EXPECT_EQ(now.requests.size(), 3u);
}

TEST_F(ClientSessionLimits, DatabaseHearsWhenTheClientHasTakenWhatItWaitsFor) {
  open_live_session();
  receive(ping());
  tell(output_congested{false});
  EXPECT_EQ(now.rooms, 0);  // it was not asked for
  tell(client_output{.frames = "r", .replies = 1, .wants_room = true});
  EXPECT_TRUE(now.room_is_wanted);
  EXPECT_EQ(now.rooms, 0);
  tell(output_congested{false});
  EXPECT_EQ(now.rooms, 1);
  tell(output_congested{false});
  EXPECT_EQ(now.rooms, 1);
}

TEST_F(ClientSessionLimits, OneMoreListingThanMayBeUnderWayIsRefused) {
  config.four_letter_words = {"*"};
  gauges->listings_under_way = four_letter::listings_max;
  connect();
  receive("wchp");
  EXPECT_THAT(now.sent, HasSubstr("wchp is not executed because 4 listings are under way"));
  EXPECT_TRUE(is_over());
  EXPECT_EQ(gauges->listings_under_way, four_letter::listings_max);
}

TEST_F(ClientSessionLimits, AListingIsUnderWayUntilItsConnectionIsGone) {
  config.four_letter_words = {"*"};
  connect();
  receive("wchp");
  EXPECT_EQ(now.sent, "\n");  // nobody watches
  EXPECT_TRUE(now.closed);
  session = nullptr;
  world.run();
  EXPECT_EQ(gauges->listings_under_way, 0);
}

TEST_F(ClientSessionLimits, OtherWordsAreAnsweredHoweverManyListingsThereAre) {
  gauges->listings_under_way = 100;
  connect();
  receive("srvr");
  EXPECT_THAT(now.sent, HasSubstr("Mode"));
}

}  // namespace
}  // namespace troupe::test
