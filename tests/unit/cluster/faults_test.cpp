// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/faults.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace troupe::cluster {
namespace {

using testing::HasSubstr;

TEST(Faults, CutHoldsBothWaysBetweenSidesAndNothingWithinThem) {
  faults x;
  x.cut({{1, 2}, {3, 4, 5}});
  EXPECT_TRUE(x.between(1, 3).is_held);
  EXPECT_TRUE(x.between(5, 2).is_held);
  EXPECT_FALSE(x.between(1, 2).is_held);
  EXPECT_FALSE(x.between(3, 5).is_held);
  EXPECT_FALSE(x.between(1, 6).is_held) << "6 is on no side";
}

TEST(Faults, CutOneWayHoldsOnlyWhatTheFirstSay) {
  faults x;
  x.cut_one_way({1}, {2, 3});
  EXPECT_TRUE(x.between(1, 2).is_held);
  EXPECT_FALSE(x.between(2, 1).is_held);
  EXPECT_FALSE(x.between(2, 3).is_held);
}

TEST(Faults, SecondCutAddsToTheFirst) {
  faults x;
  x.cut({{1}, {2, 3}});
  x.cut({{2}, {3}});
  EXPECT_TRUE(x.between(1, 2).is_held);
  EXPECT_TRUE(x.between(2, 3).is_held);
}

TEST(Faults, SlowServersDelayBothWaysAndTheirDelaysAddUp) {
  faults x;
  x.slow(1, 20);
  x.slow(2, 5);
  EXPECT_EQ(x.between(1, 3).delay_ms, 20);
  EXPECT_EQ(x.between(3, 1).delay_ms, 20);
  EXPECT_EQ(x.between(1, 2).delay_ms, 25);
  x.slow(1, 0);
  EXPECT_EQ(x.between(1, 3), link_fault{});
}

TEST(Faults, DiskFaultsAreThatServersAlone) {
  faults x;
  x.disk_full(2);
  x.disk_slow(2, 30);
  EXPECT_EQ(x.disk_of(2), (disk_fault{true, 30}));
  EXPECT_EQ(x.disk_of(1), disk_fault{});
  x.disk_slow(2, 0);
  EXPECT_EQ(x.disk_of(2), (disk_fault{true, 0}));
}

TEST(Faults, HealedIsAsIfNothingHadBeen) {
  faults x;
  x.cut({{1}, {2}});
  x.slow(1, 5);
  x.disk_full(1);
  EXPECT_FALSE(x.is_empty());
  x.heal();
  EXPECT_TRUE(x.is_empty());
  EXPECT_EQ(to_text(x), "none");
}

TEST(Faults, JsonGivesTheSameValueBack) {
  faults x;
  x.cut({{1, 2}, {3}});
  x.slow(2, 20);
  x.disk_full(3);
  x.disk_slow(1, 7);
  const auto back = faults::from_json(nlohmann::json::parse(x.to_json().dump()));
  ASSERT_TRUE(back) << back.error();
  EXPECT_EQ(*back, x);
  EXPECT_EQ(faults::from_json(faults{}.to_json()), faults{});
}

TEST(Faults, JsonOfAnotherShapeIsAnError) {
  for (const char* text : {"null", "{}", "[1]", R"({"held":[[1]],"slow":[],"disks":[]})",
                           R"({"held":[],"slow":[["a",1]],"disks":[]})",
                           R"({"held":[],"slow":[],"disks":[{"server":1}]})"})
    EXPECT_FALSE(faults::from_json(nlohmann::json::parse(text))) << text;
}

TEST(Faults, TextNamesEachFault) {
  faults x;
  x.cut_one_way({1}, {2, 3});
  x.slow(2, 20);
  x.disk_full(3);
  EXPECT_EQ(to_text(x), "held: what 1 says to 2,3; server.2 slow by 20 ms; disk of server.3 full");
}

TEST(Sides, WordsBecomeSides) {
  EXPECT_EQ(parse_sides("1,2 / 3,4,5", 5), (std::vector<side>{{1, 2}, {3, 4, 5}}));
  EXPECT_EQ(parse_sides("1/2 / 3", 3), (std::vector<side>{{1}, {2}, {3}}));
}

TEST(Sides, WhatIsNoCutIsToldWithWhatIsAccepted) {
  const std::pair<const char*, const char*> bad[] = {
      {"1,2", "one side"}, {"1,2 / 2", "server 2 stands there twice"},
      {"1 / 6", "'6'"},    {"1 / ", "''"},
      {"1 / x", "'x'"},    {"", "''"},
      {"0 / 1", "1..5"}};
  for (const auto& [text, why] : bad) {
    const auto read = parse_sides(text, 5);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error(), HasSubstr(why));
    EXPECT_THAT(read.error(), HasSubstr("accepted"));
  }
}

TEST(Delays, HaveUnits) {
  EXPECT_EQ(parse_delay_ms("20ms"), 20);
  EXPECT_EQ(parse_delay_ms("2s"), 2'000);
  EXPECT_EQ(parse_delay_ms("20"), 20);
  EXPECT_EQ(parse_delay_ms("0"), 0);
  EXPECT_EQ(parse_delay_ms("60s"), 60'000);
  for (const char* bad : {"", "ms", "-1ms", "61s", "60001", "2 s", "1h", "1.5s"})
    EXPECT_FALSE(parse_delay_ms(bad)) << bad;
}

}  // namespace
}  // namespace troupe::cluster
