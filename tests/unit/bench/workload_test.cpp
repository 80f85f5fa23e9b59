// SPDX-License-Identifier: Apache-2.0
/// Text forms, the rhythm of an open loop, and the arithmetic of a comparison.
#include "tools/bench/workload.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "tools/bench/compare.hpp"
#include "tools/bench/report.hpp"

namespace troupe::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Workload, TextFormIsReadAndWrittenTheSame) {
  for (const auto* text : {"set@1x1", "get@16x2", "create@3x4", "ephemeral@1x8", "watch@2x2",
                           "mixed0@1x1", "mixed90@32x16", "mixed100@1x1"}) {
    const auto work = parse_workload(text, {});
    ASSERT_TRUE(work) << work.error();
    EXPECT_EQ(to_string(*work), text);
  }
}

TEST(Workload, WhatIsNotNamedComesFromTheBase) {
  workload base;
  base.value_bytes = 7;
  base.read_percent = 50;
  const auto work = parse_workload("mixed@2x3", base).value();
  EXPECT_EQ(work.value_bytes, 7u);
  EXPECT_EQ(work.read_percent, 50u);
  EXPECT_EQ(work.window, 3u);
}

TEST(Workload, BadTextSaysWhatIsAccepted) {
  for (const auto* text : {"", "set", "set@", "set@1", "set@0x1", "set@1x0", "set@1x1x", "put@1x1",
                           "mixed101@1x1", "mixedx@1x1", "set5@1x1", "set@-1x1"}) {
    const auto work = parse_workload(text, {});
    ASSERT_FALSE(work) << text;
    EXPECT_THAT(work.error(), HasSubstr("accepted: KIND@CONNECTIONSxWINDOW"));
  }
}

TEST(Workload, StandardSuiteIsTheSevenOfTheManual) {
  const auto suite = parse_suite("standard", {}).value();
  std::vector<std::string> names;
  for (const auto& work : suite) names.push_back(to_string(work));
  EXPECT_THAT(names, ElementsAre("set@1x1", "set@16x1", "set@32x16", "get@1x1", "get@16x1",
                                 "get@32x16", "mixed90@32x16"));
  EXPECT_EQ(parse_suite("set@1x1,get@2x2", {})->size(), 2u);
  EXPECT_FALSE(parse_suite("set@1x1,", {}));
}

TEST(Servers, ListsOfEveryForm) {
  const auto servers = parse_servers("localhost:2182,10.0.0.1,[::1]:2183,[fe80::1],::1").value();
  std::vector<std::string> names;
  for (const auto& each : servers) names.push_back(to_string(each));
  EXPECT_THAT(names, ElementsAre("localhost:2182", "10.0.0.1:2181", "[::1]:2183", "[fe80::1]:2181",
                                 "[::1]:2181"));
}

TEST(Servers, BadOnesSayWhatIsAccepted) {
  for (const auto* text : {"", "a:", "a:0", "a:65536", "a:b", ":2181", "[::1", "a,,b", "[]:1"}) {
    const auto servers = parse_servers(text);
    ASSERT_FALSE(servers) << text;
    EXPECT_THAT(servers.error(), HasSubstr("accepted: host:port"));
  }
}

TEST(Servers, TargetHasANameBeforeItsServers) {
  const auto made = parse_target("ours=a:1,b:2").value();
  EXPECT_EQ(made.name, "ours");
  EXPECT_EQ(made.servers.size(), 2u);
  for (const auto* text : {"a:1", "=a:1", "ours="}) EXPECT_FALSE(parse_target(text)) << text;
}

TEST(OpenLoop, ConnectionsTakeTurnsAtEqualDistances) {
  const double rate = 1'000;
  std::vector<std::int64_t> due;
  for (std::uint64_t n = 0; n < 3; ++n)
    for (std::uint32_t connection = 0; connection < 4; ++connection)
      due.push_back(due_ns(n, connection, 4, rate));
  for (std::size_t i = 0; i < due.size(); ++i)
    EXPECT_EQ(due[i], static_cast<std::int64_t>(i) * 1'000'000);
}

TEST(OpenLoop, RhythmDoesNotDriftOverADay) {
  const double rate = 30'000;
  const std::uint64_t a_day = 86'400ull * 30'000 / 3;
  EXPECT_NEAR(static_cast<double>(due_ns(a_day, 0, 3, rate)), 86'400e9, 100);
}

TEST(Compare, TurnsGiveBothTheSameShareOfADrift) {
  EXPECT_THAT(turns(2), ElementsAre(0, 1, 1, 0, 0, 1, 1, 0));
  EXPECT_TRUE(turns(0).empty());
}

TEST(Compare, MedianIsTheMiddleOne) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({5}), 5);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({9, 1, 5, 7}), 6);
}

TEST(Compare, MedianIsTakenOfEachFigureByItself) {
  const auto middle = medians({{1, 30, 0, 0, 0, 5}, {2, 10, 0, 0, 0, 9}, {3, 20, 0, 0, 0, 7}});
  EXPECT_EQ(middle.per_second, 2);
  EXPECT_EQ(middle.p50_ns, 20);
  EXPECT_EQ(middle.max_ns, 7);
}

TEST(Compare, RatioIsTheFirstAsAMultipleOfTheSecond) {
  const auto times = ratio({300, 1, 2, 3, 4, 5}, {100, 2, 0, 3, 8, 5});
  EXPECT_EQ(times.per_second, 3);
  EXPECT_EQ(times.p50_ns, 0.5);
  EXPECT_EQ(times.p90_ns, 0) << "nothing was measured, so there is no ratio";
}

TEST(Report, NumbersAsPeopleReadThem) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1'000), "1,000");
  EXPECT_EQ(with_commas(1'234'567), "1,234,567");
  EXPECT_EQ(in_ms(512'300), "0.512 ms");
}

TEST(Report, LatencySaysOfWhichLoopItIs) {
  run_options options;
  EXPECT_THAT(meaning_of_latency(options), HasSubstr("--rate corrects for this"));
  options.rate_per_s = 10;
  EXPECT_THAT(meaning_of_latency(options), HasSubstr("corrected for coordinated omission"));
}

}  // namespace
}  // namespace troupe::bench
