// SPDX-License-Identifier: Apache-2.0
/// NIOServerCnxn.readLength and readPayload: what they take and what closes the connection.
#include "messages/client/frame.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "messages/client/records.hpp"

namespace troupe {
namespace {

using namespace std::string_literals;

constexpr std::int32_t limit = 64;

std::string prefix(std::int32_t length) {
  std::string out;
  jute::writer{out}.i32(length);
  return out;
}

std::vector<std::string> drain(frame_splitter& from) {
  std::vector<std::string> payloads;
  while (auto payload = from.next()) payloads.emplace_back(*payload);
  return payloads;
}

TEST(FrameSplitter, StreamCutAtAnyTwoPlacesGivesTheSamePayloads) {
  const std::vector<std::string> sent = {"a", std::string(limit, 'x'), "\0\0\0\1"s, "last"};
  std::string stream;
  for (const auto& payload : sent) append_frame(stream, payload);
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      frame_splitter splitter{limit};
      std::vector<std::string> got;
      const std::string_view all = stream;
      for (auto part :
           {all.substr(0, first), all.substr(first, second - first), all.substr(second)}) {
        splitter.feed(part);
        for (auto& payload : drain(splitter)) got.push_back(std::move(payload));
      }
      ASSERT_EQ(got, sent) << "cut at " << first << " and " << second;
      ASSERT_TRUE(splitter.waiting().empty());
      ASSERT_FALSE(splitter.bad());
    }
  }
}

TEST(FrameSplitter, PayloadsStayWholeWhenTheyAreTakenOnlyAfterAllBytesCame) {
  frame_splitter splitter{limit};
  std::string stream;
  append_frame(stream, "one");
  append_frame(stream, "two");
  for (char byte : stream) splitter.feed({&byte, 1});
  EXPECT_EQ(drain(splitter), (std::vector<std::string>{"one", "two"}));
}

/// Long ones are not copied, short ones are; what comes behind them stays.
TEST(FrameSplitter, WhatIsTakenIsTheCallersOwnAndLeavesTheRest) {
  for (std::size_t bytes : {10, 64 * 1024 + 8, 64 * 1024 + 9, 200'000}) {
    frame_splitter in{1 << 20};
    std::string long_one = "headhead" + std::string(bytes - 8, 'x');
    std::string stream;
    append_frame(stream, "before");
    append_frame(stream, long_one);
    append_frame(stream, "behind");
    append_frame(stream, "cut off");
    stream.resize(stream.size() - 1);
    in.feed(stream);
    EXPECT_EQ(in.next(), "before");
    EXPECT_EQ(in.take_behind(2), "fore");
    ASSERT_EQ(in.next(), long_one);
    EXPECT_EQ(in.take_behind(8), long_one.substr(8)) << bytes;
    EXPECT_EQ(in.take_behind(8), "") << "once";
    EXPECT_EQ(in.next(), "behind");
    EXPECT_EQ(in.take_behind(10), "") << "of less than the head";
    EXPECT_EQ(in.next(), std::nullopt);
    in.feed("f");
    EXPECT_EQ(in.next(), "cut off");
  }
}

TEST(FrameSplitter, PartOfAPrefixIsNoPayloadAndNoError) {
  frame_splitter splitter{limit};
  splitter.feed("\xff\xff\xff"s);
  EXPECT_FALSE(splitter.next());
  EXPECT_FALSE(splitter.bad());
  EXPECT_EQ(splitter.waiting().size(), 3u);
}

struct impossible_length {
  std::int32_t length;
  std::string_view why;
};
class FrameSplitterRefuses : public testing::TestWithParam<impossible_length> {};

TEST_P(FrameSplitterRefuses, ImpossibleLengthAfterHandingOutWhatWasBefore) {
  frame_splitter splitter{limit};
  std::string stream;
  append_frame(stream, "good");
  stream += prefix(GetParam().length);
  append_frame(stream, "never seen");
  splitter.feed(stream);
  EXPECT_EQ(drain(splitter), std::vector<std::string>{"good"});
  ASSERT_TRUE(splitter.bad());
  EXPECT_EQ(*splitter.bad(), (bad_frame{GetParam().length, limit}));
  EXPECT_EQ(to_string(*splitter.bad()), GetParam().why);
  std::string more;
  append_frame(more, "nor this");
  splitter.feed(more);
  EXPECT_FALSE(splitter.next());
}

INSTANTIATE_TEST_SUITE_P(
    Lengths, FrameSplitterRefuses,
    testing::Values(impossible_length{0, "zero"}, impossible_length{-1, "negative"},
                    impossible_length{std::numeric_limits<std::int32_t>::min(), "negative"},
                    impossible_length{limit + 1, "too long"},
                    impossible_length{std::numeric_limits<std::int32_t>::max(), "too long"}));

TEST(FrameSplitter, GreatestAllowedLengthIsTaken) {
  frame_splitter splitter{limit};
  std::string stream;
  append_frame(stream, std::string(limit, 'y'));
  splitter.feed(stream);
  ASSERT_TRUE(splitter.next());
  EXPECT_FALSE(splitter.bad());
}

TEST(FrameSplitter, LengthThatPromisesMuchHoldsOnlyWhatArrived) {
  frame_splitter splitter{std::numeric_limits<std::int32_t>::max()};
  splitter.feed(prefix(std::numeric_limits<std::int32_t>::max()));
  splitter.feed("abc");
  EXPECT_FALSE(splitter.next());
  EXPECT_EQ(splitter.waiting().size(), 7u);
}

TEST(AppendFrame, OfRecordsIsTheFrameOfTheirBytes) {
  const reply_header header{cxid{7}, zxid{42}, error_code::no_node};
  const watch_event event{event_type::node_created, keeper_state::sync_connected, "/a"};
  std::string by_payload, by_records = "kept";
  append_frame(by_payload, jute::encode(header) + jute::encode(event));
  append_frame_of(by_records, header, event);
  EXPECT_EQ(by_records, "kept" + by_payload);
  EXPECT_EQ(by_payload.substr(0, 4), "\0\0\0\x1e"s);
}

}  // namespace
}  // namespace troupe
