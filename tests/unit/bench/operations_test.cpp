// SPDX-License-Identifier: Apache-2.0
/// What each kind of operation asks for, and when it is over.
#include "tools/bench/operations.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "tests/unit/bench/server_side.hpp"

namespace troupe::bench {
namespace {

/// One connection's operations with a server played by hand.
struct bench_client {
  explicit bench_client(workload work, std::uint32_t connection = 3)
      : keys(std::make_shared<const key_space>("/top", work)), ops(work, keys, connection, 1) {
    server.greet();
  }

  std::shared_ptr<const key_space> keys;
  operations ops;
  pipeline pipe{30'000};
  server_side server{pipe};
  std::int64_t zxid_now = 1;
  std::int32_t xid = 0;
  std::vector<std::int64_t> over;  // since when what has ended was waited for

  /// Answers the oldest requests rightly, and hears all that came.
  void answer(const std::vector<request_seen>& requests) {
    for (const auto& each : requests) {
      ++xid;
      switch (each.header.type) {
        case op_code::get_data:
          server.say(ok(xid, zxid_now), jute::buffer{keys->value}, stat{});
          break;
        case op_code::set_data:
          server.say(ok(xid, ++zxid_now), stat{});
          break;
        case op_code::create:
          server.say(ok(xid, ++zxid_now), jute::decode<path_request>(each.body)->path);
          break;
        case op_code::sync:
          server.say(ok(xid, zxid_now), jute::decode<path_request>(each.body)->path);
          break;
        default:
          server.say(ok(xid, ++zxid_now));
      }
    }
    hear();
  }

  void tell(event_type type, const std::string& path) {
    server.say(reply_header{cxid{special_xid::watch_event}, zxid{-1}, {}},
               watch_event{type, keeper_state::sync_connected, path});
    hear();
  }

  void hear() {
    while (auto next = pipe.next()) {
      const auto* done = std::get_if<answered>(&*next);
      const auto since = done ? ops.on_answered(*done) : ops.on_event(std::get<watch_event>(*next));
      if (since) over.push_back(*since);
    }
    EXPECT_FALSE(pipe.failed()) << pipe.failed()->text;
  }

  void prepare() {
    ops.prepare(pipe);
    for (const auto& each : server.requests()) answer_preparing(each);
  }
  void answer_preparing(const request_seen& each) {
    ++xid;
    server.say(ok(xid, ++zxid_now), jute::decode<path_request>(each.body)->path);
    EXPECT_TRUE(pipe.next());
  }
  std::string path_of(const request_seen& of) { return jute::decode<path_request>(of.body)->path; }
};

workload with(op_kind kind, std::uint32_t window = 1) {
  workload work;
  work.kind = kind;
  work.window = window;
  work.keys = 10;
  return work;
}

TEST(Operations, EverySlotAsksOnceUntilItIsAnswered) {
  bench_client c{with(op_kind::set, 3)};
  c.prepare();
  for (std::int64_t since : {10, 20, 30}) c.ops.start(since, c.pipe);
  EXPECT_FALSE(c.ops.has_free_slot());
  EXPECT_EQ(c.ops.under_way(), 3u);
  auto requests = c.server.requests();
  ASSERT_EQ(requests.size(), 3u);
  c.answer({requests[0]});
  EXPECT_EQ(c.over, std::vector<std::int64_t>{10});
  EXPECT_EQ(c.ops.under_way(), 2u);
  c.ops.start(40, c.pipe);
  requests = c.server.requests();
  ASSERT_EQ(requests.size(), 1u);
  c.answer({requests[0], requests[0], requests[0]});
  EXPECT_EQ(c.over, (std::vector<std::int64_t>{10, 20, 30, 40}));
}

TEST(Operations, PreparingSeesWhatOtherServersWereTold) {
  bench_client c{with(op_kind::get)};
  c.ops.prepare(c.pipe);
  const auto requests = c.server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].header.type, op_code::sync);
}

TEST(Operations, KeysAreChosenFromAllThereAre) {
  bench_client c{with(op_kind::get)};
  std::map<std::string, int> chosen;
  for (int i = 0; i < 1000; ++i) {
    c.ops.start(0, c.pipe);
    const auto requests = c.server.requests();
    ++chosen[c.path_of(requests.at(0))];
    c.answer(requests);
  }
  EXPECT_EQ(chosen.size(), 10u);
  for (const auto& [path, times] : chosen) EXPECT_GT(times, 50) << path;
}

TEST(Operations, MixedReadsAsOftenAsAskedFor) {
  auto work = with(op_kind::mixed);
  work.read_percent = 90;
  bench_client c{work};
  int reads = 0;
  for (int i = 0; i < 2000; ++i) {
    c.ops.start(0, c.pipe);
    const auto requests = c.server.requests();
    reads += requests.at(0).header.type == op_code::get_data;
    c.answer(requests);
  }
  EXPECT_NEAR(reads, 1800, 60);
}

TEST(Operations, CreateUsesANameOnceBelowAParentOfItsOwn) {
  bench_client c{with(op_kind::create, 2)};
  c.ops.prepare(c.pipe);
  const auto first = c.server.requests();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(c.path_of(first[1]), "/top/c3");
  for (const auto& each : first) c.answer_preparing(each);
  std::set<std::string> names;
  for (int i = 0; i < 50; ++i) {
    c.ops.start(0, c.pipe);
    const auto requests = c.server.requests();
    names.insert(c.path_of(requests.at(0)));
    EXPECT_EQ(c.path_of(requests.at(0)).find("/top/c3/"), 0u);
    c.answer(requests);
  }
  EXPECT_EQ(names.size(), 50u);
}

TEST(Operations, EphemeralIsCreatedAndDeletedInTurns) {
  bench_client c{with(op_kind::ephemeral)};
  std::string made;
  for (int i = 0; i < 6; ++i) {
    c.ops.start(i, c.pipe);
    const auto requests = c.server.requests();
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].header.type, i % 2 == 0 ? op_code::create : op_code::remove);
    if (i % 2 == 0) {
      const auto create = jute::decode<create_request>(requests[0].body).value();
      EXPECT_EQ(create.flags, create_flag::ephemeral);
      EXPECT_NE(create.path, made);
      made = create.path;
    }
    EXPECT_EQ(c.path_of(requests[0]), made);
    c.answer(requests);
  }
  EXPECT_EQ(c.over.size(), 6u);
}

TEST(Operations, WatchIsOverOnlyWithBothAnswersAndItsEvent) {
  bench_client c{with(op_kind::watch, 2)};
  c.prepare();
  c.ops.start(10, c.pipe);
  auto requests = c.server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_TRUE(jute::decode<read_request>(requests[0].body)->watch);
  EXPECT_EQ(requests[1].header.type, op_code::set_data);
  const auto path = c.path_of(requests[0]);
  c.answer(requests);
  EXPECT_TRUE(c.over.empty()) << "no event has come";
  c.tell(event_type::node_data_changed, path);
  EXPECT_EQ(c.over, std::vector<std::int64_t>{10});
  EXPECT_EQ(c.ops.under_way(), 0u);
  // The event may come first as well, and does.
  c.ops.start(20, c.pipe);
  requests = c.server.requests();
  c.tell(event_type::node_data_changed, path);
  EXPECT_EQ(c.over.size(), 1u);
  c.answer(requests);
  EXPECT_EQ(c.over, (std::vector<std::int64_t>{10, 20}));
  EXPECT_FALSE(c.ops.unasked());
}

struct foreign_event {
  event_type type;
  const char* path;
};
class OperationsRefuse : public testing::TestWithParam<foreign_event> {};

TEST_P(OperationsRefuse, EventThatNobodyWaitsFor) {
  bench_client c{with(op_kind::watch)};
  c.prepare();
  c.ops.start(10, c.pipe);
  c.server.requests();
  c.tell(GetParam().type, GetParam().path);
  ASSERT_TRUE(c.ops.unasked());
  EXPECT_EQ(c.ops.unasked()->kind, failure_kind::unasked_event);
  EXPECT_THAT(c.ops.unasked()->text, testing::HasSubstr(GetParam().path));
}

INSTANTIATE_TEST_SUITE_P(Events, OperationsRefuse,
                         testing::Values(foreign_event{event_type::node_data_changed, "/other"},
                                         foreign_event{event_type::node_deleted, "/top/w3-0"}));

TEST(Operations, EventThatComesTwiceIsRefused) {
  bench_client c{with(op_kind::watch)};
  c.prepare();
  c.ops.start(10, c.pipe);
  c.server.requests();
  c.tell(event_type::node_data_changed, "/top/w3-0");
  EXPECT_FALSE(c.ops.unasked());
  c.tell(event_type::node_data_changed, "/top/w3-0");
  EXPECT_TRUE(c.ops.unasked());
}

TEST(Operations, LostConnectionFreesAllSlotsAndReusesNoName) {
  bench_client c{with(op_kind::ephemeral, 2)};
  c.ops.start(1, c.pipe);
  c.ops.start(2, c.pipe);
  std::set<std::string> names;
  for (const auto& each : c.server.requests()) names.insert(c.path_of(each));
  EXPECT_EQ(c.ops.on_connection_lost(), 2u);
  EXPECT_EQ(c.ops.under_way(), 0u);
  c.pipe.begin();
  c.server.expect_new_hello();
  c.server.grant();
  EXPECT_TRUE(c.pipe.next());
  c.ops.start(3, c.pipe);
  const auto requests = c.server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].header.type, op_code::create);
  EXPECT_FALSE(names.contains(c.path_of(requests[0])));
}

}  // namespace
}  // namespace troupe::bench
