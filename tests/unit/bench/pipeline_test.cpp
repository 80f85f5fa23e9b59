// SPDX-License-Identifier: Apache-2.0
/// The checks of each reply: a server that answers wrongly is found out, whatever it does wrong.
#include "tools/bench/pipeline.hpp"

#include <gmock/gmock.h>

#include "tests/unit/bench/server_side.hpp"

namespace troupe::bench {
namespace {

using testing::HasSubstr;

struct PipelineTest : testing::Test {
  pipeline pipe{30'000};
  server_side server{pipe};

  void SetUp() override { server.greet(); }

  /// All that the pipeline makes of what it was fed.
  std::vector<answered> answers() {
    std::vector<answered> all;
    while (auto next = pipe.next()) all.push_back(std::get<answered>(*next));
    return all;
  }
  void expect_failure(failure_kind kind, const std::string& text) {
    answers();
    ASSERT_TRUE(pipe.failed());
    EXPECT_EQ(pipe.failed()->kind, kind) << pipe.failed()->text;
    EXPECT_THAT(pipe.failed()->text, HasSubstr(text));
    // Final, whatever comes behind it.
    server.say(ok(2, 1'000), stat{});
    EXPECT_FALSE(pipe.next());
  }
};

TEST_F(PipelineTest, HelloIsThatOfAClientWhichKnowsReadOnlyServers) {
  EXPECT_EQ(server.hello_bytes, 45u);
  EXPECT_EQ(server.hello.timeout_ms, 30'000);
  EXPECT_EQ(server.hello.session, session_id{});
  EXPECT_EQ(server.hello.password, jute::buffer{std::string(16, '\0')});
  EXPECT_TRUE(pipe.is_ready());
}

TEST_F(PipelineTest, RequestsAreTheProtocolsOwn) {
  pipe.get({}, "/a", true);
  pipe.set({}, "/a", "new");
  pipe.create({}, "/b", "data", create_flag::ephemeral);
  pipe.remove({}, "/b");
  pipe.sync({}, "/");
  pipe.list({}, "/");
  pipe.end_session();
  const auto seen = server.requests();
  ASSERT_EQ(seen.size(), 7u);
  for (std::size_t i = 0; i < seen.size(); ++i)
    EXPECT_EQ(seen[i].header.xid.value, static_cast<int>(i) + 1);
  const auto get = jute::decode<read_request>(seen[0].body).value();
  EXPECT_EQ(get.path, "/a");
  EXPECT_TRUE(get.watch);
  EXPECT_EQ(jute::encode(jute::decode<set_data_request>(seen[1].body).value()), seen[1].body);
  EXPECT_EQ(jute::decode<set_data_request>(seen[1].body)->data, jute::buffer{"new"});
  const auto create = jute::decode<create_request>(seen[2].body).value();
  EXPECT_EQ(jute::encode(create), seen[2].body);
  EXPECT_EQ(create.flags, create_flag::ephemeral);
  EXPECT_EQ(create.acl, (std::vector{acl_entry{permission::all, {"world", "anyone"}}}));
  EXPECT_EQ(jute::decode<delete_request>(seen[3].body)->version, -1);
  EXPECT_EQ(seen[4].header.type, op_code::sync);
  EXPECT_EQ(seen[5].header.type, op_code::get_children);
  EXPECT_EQ(seen[6].header.type, op_code::close_session);
  EXPECT_TRUE(seen[6].body.empty());
}

TEST_F(PipelineTest, RightRepliesComeOutInOrderWithTheTagsOfTheirRequests) {
  pipe.expect_value_bytes(3);
  pipe.get({4, 100}, "/a", false);
  pipe.set({5, 200}, "/a", "new");
  pipe.create({6, 300}, "/b", {}, 0);
  pipe.list({7, 400}, "/");
  server.say(ok(1, 10), jute::buffer{"old"}, stat{});
  server.say(ok(2, 11), stat{});
  server.say(ok(3, 12), std::string{"/b"});
  server.say(ok(4, 12), std::vector<std::string>{"a", "b"});
  const auto all = answers();
  ASSERT_EQ(all.size(), 4u) << (pipe.failed() ? pipe.failed()->text : "");
  EXPECT_EQ(all[0].op, op_code::get_data);
  EXPECT_EQ(all[1].tag.slot, 5u);
  EXPECT_EQ(all[2].tag.since_ns, 300);
  EXPECT_EQ(all[3].children, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(pipe.outstanding(), 0u);
  EXPECT_EQ(pipe.last_zxid(), zxid{12});
}

TEST_F(PipelineTest, ErrorReplyFailsWithItsNameAndNumber) {
  pipe.set({}, "/a", "x");
  server.say(reply_header{cxid{1}, zxid{5}, error_code::no_node});
  expect_failure(failure_kind::error_reply, "set (xid 1) is the error no_node (-101)");
}

TEST_F(PipelineTest, ErrorThatWasToleratedIsAnAnswerAndAnotherOneIsNot) {
  for (int i = 0; i < 2; ++i) {
    pipe.remove({}, "/gone");
    pipe.tolerate(error_code::no_node);
  }
  server.say(reply_header{cxid{1}, zxid{5}, error_code::no_node});
  const auto all = answers();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].err, error_code::no_node);
  server.say(reply_header{cxid{2}, zxid{5}, error_code::not_empty});
  expect_failure(failure_kind::error_reply, "not_empty");
}

TEST_F(PipelineTest, ReplyToALaterRequestIsOutOfOrder) {
  pipe.get({}, "/a", false);
  pipe.get({}, "/b", false);
  server.say(ok(2, 5), jute::buffer{"x"}, stat{});
  expect_failure(failure_kind::out_of_order, "get (xid 1) was due, and one with xid 2 came");
}

TEST_F(PipelineTest, ReplyThatComesTwiceIsOutOfOrder) {
  pipe.set({}, "/a", "x");
  server.say(ok(1, 5), stat{});
  server.say(ok(1, 5), stat{});
  expect_failure(failure_kind::out_of_order, "xid 1 came, and nothing is outstanding");
}

TEST_F(PipelineTest, EveryReplyThatIsTooShortFails) {
  const auto whole =
      jute::encode(ok(1, 5)) + jute::encode(jute::buffer{"abc"}) + jute::encode(stat{});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    pipeline one{30'000};
    server_side other{one};
    other.greet();
    one.get({}, "/a", false);
    std::string bytes;
    append_frame(bytes, std::string_view{whole}.substr(0, size));
    one.feed(bytes);
    EXPECT_FALSE(one.next());
    ASSERT_TRUE(one.failed()) << size << " bytes of " << whole.size();
    ASSERT_EQ(one.failed()->kind, failure_kind::short_reply) << size;
  }
}

TEST_F(PipelineTest, SetWithoutAStatIsShort) {
  pipe.set({}, "/a", "x");
  server.say(ok(1, 5));
  expect_failure(failure_kind::short_reply, "set (xid 1) is shorter than its record");
}

TEST_F(PipelineTest, ZxidThatGoesBackwardsFails) {
  pipe.set({}, "/a", "x");
  pipe.get({}, "/a", false);
  server.say(ok(1, 0x200000005), stat{});
  server.say(ok(2, 0x200000004), jute::buffer{"x"}, stat{});
  expect_failure(failure_kind::zxid_backwards,
                 "get (xid 2) has zxid 0x200000004 after the connection has seen 0x200000005");
}

TEST_F(PipelineTest, ErrorReplyWithAnOldZxidIsToldAsBackwards) {
  pipe.sync({}, "/");
  pipe.set({}, "/a", "x");
  server.say(ok(1, 9), std::string{"/"});
  server.say(reply_header{cxid{2}, zxid{0}, error_code::system_error});
  expect_failure(failure_kind::zxid_backwards, "0x0");
}

TEST_F(PipelineTest, ZxidMayStayWhereItIs) {
  pipe.get({}, "/a", false);
  pipe.get({}, "/a", false);
  server.say(ok(1, 5), jute::buffer{"x"}, stat{});
  server.say(ok(2, 5), jute::buffer{"x"}, stat{});
  EXPECT_EQ(answers().size(), 2u);
  EXPECT_FALSE(pipe.failed());
}

TEST_F(PipelineTest, DataOfAnotherSizeThanWasWrittenIsWrong) {
  pipe.expect_value_bytes(100);
  pipe.get({}, "/a", false);
  server.say(ok(1, 5), jute::buffer{"short"}, stat{});
  expect_failure(failure_kind::wrong_reply, "5 bytes of data where 100 were written");
}

TEST_F(PipelineTest, CreateThatNamesAnotherZnodeIsWrong) {
  pipe.create({}, "/mine", {}, 0);
  server.say(ok(1, 5), std::string{"/yours"});
  expect_failure(failure_kind::wrong_reply, "names /yours, not /mine");
}

TEST_F(PipelineTest, ImpossibleFrameLengthFails) {
  pipe.set({}, "/a", "x");
  pipe.feed(std::string("\xff\xff\xff\xff", 4));
  expect_failure(failure_kind::bad_frame, "-1 bytes");
}

TEST_F(PipelineTest, EventWithoutAZxidAsBefore39IsFineAndOneWithAnOldZxidIsNot) {
  const watch_event event{event_type::node_data_changed, keeper_state::sync_connected, "/a"};
  pipe.set({}, "/a", "x");
  server.say(reply_header{cxid{special_xid::watch_event}, zxid{-1}, {}}, event);
  server.say(ok(1, 8), stat{});
  EXPECT_EQ(std::get<watch_event>(*pipe.next()), event);
  EXPECT_TRUE(pipe.next());
  server.say(reply_header{cxid{special_xid::watch_event}, zxid{7}, {}}, event);
  expect_failure(failure_kind::zxid_backwards, "a watch event has zxid 0x7");
}

TEST_F(PipelineTest, AnswerToAPingPassesOthersAndAnswersNone) {
  pipe.set({}, "/a", "x");
  pipe.ping();
  EXPECT_EQ(server.requests().back().header.type, op_code::ping);
  server.say(reply_header{cxid{special_xid::ping}, zxid{3}, {}});
  EXPECT_TRUE(answers().empty());
  EXPECT_EQ(pipe.outstanding(), 1u);
  server.say(ok(1, 5), stat{});
  EXPECT_EQ(answers().size(), 1u);
}

TEST_F(PipelineTest, NextConnectionShowsTheSessionAndTheLastZxidAndForgetsWhatWasUnderWay) {
  pipe.set({}, "/a", "x");
  pipe.set({}, "/a", "y");
  server.say(ok(1, 9), stat{});
  EXPECT_EQ(answers().size(), 1u);
  server.requests();
  server.expect_new_hello();
  EXPECT_EQ(pipe.begin(), 1u);
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(server.hello.session, session_id{7});
  EXPECT_EQ(server.hello.password, jute::buffer{std::string(16, 'p')});
  EXPECT_EQ(server.hello.last_zxid_seen, zxid{9});
  server.grant();
  EXPECT_TRUE(std::holds_alternative<session_begun>(*pipe.next()));
  pipe.get({}, "/a", false);
  server.say(ok(1, 8), jute::buffer{"x"}, stat{});
  expect_failure(failure_kind::zxid_backwards, "0x8");
}

TEST(PipelineGreeting, SessionThatIsNotGrantedIsAFailureAndForgottenTheNextIsNew) {
  pipeline pipe{4'000};
  server_side server{pipe};
  server.greet();
  pipe.begin();
  server.expect_new_hello();
  server.grant(0, 0);
  EXPECT_FALSE(pipe.next());
  ASSERT_TRUE(pipe.failed());
  EXPECT_EQ(pipe.failed()->kind, failure_kind::refused);
  EXPECT_THAT(pipe.failed()->text, HasSubstr("expired"));
  pipe.forget_session();
  pipe.begin();
  server.requests();
  EXPECT_EQ(server.hello.session, session_id{});
  server.grant(8);
  EXPECT_TRUE(pipe.next());
}

}  // namespace
}  // namespace troupe::bench
