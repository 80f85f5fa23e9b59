// SPDX-License-Identifier: Apache-2.0
// Counters, sets, locks and queues: what was acknowledged is there, nothing else is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/history/made_history.hpp"

namespace troupe::history {
namespace {

using testing::HasSubstr;

std::string first_of(const verdict& v) { return v.troubles.empty() ? "holds" : v.troubles[0].what; }

template <typename... Operations>
history of_key(const std::string& key, final_value::value_type last, Operations... ops) {
  auto out = history_of(keyed(std::move(ops), key)...);
  out.finals = {{key, std::move(last), 1'000, 0}};
  return out;
}

using names = std::vector<std::string>;

// -- counters
// ---------------------------------------------------------------------------------------

TEST(Counters, EndsBetweenWhatWasAcknowledgedAndWhatIsUnknown) {
  for (std::int64_t last : {11, 12, 13, 14}) {
    auto h = of_key("counter/1", last, created({1, 2}, "10"), written({3, 4}, "11"),
                    written({5, 6}, "12"), unheard(written({7, 0}, "13")),
                    if_version(written({8, 9}, "13"), 1, "bad_version"));
    bool may_be = last == 12 || last == 13;
    EXPECT_EQ(check_counters(h).holds(), may_be) << last;
  }
}

TEST(Counters, LostIncrementIsToldWithWhatIsAccepted) {
  EXPECT_EQ(first_of(check_counters(
                of_key("counter/1", std::string{"1"}, written({3, 4}, "1"), written({5, 6}, "2")))),
            "counter/1 is 1 at the end; 2 to 2 are accepted");
}

TEST(Counters, NoNumberAtTheEndIsNoticed) {
  EXPECT_THAT(first_of(check_counters(of_key("counter/1", std::monostate{}, created({1, 2}, "0")))),
              HasSubstr("no number"));
}

// -- sets
// -------------------------------------------------------------------------------------------

TEST(Sets, AllThatWasAddedIsThereByNameOrData) {
  auto numbered = created({3, 4}, "y", "/s/n-");
  numbered.asked.sequential = true;
  numbered.created = "/s/n-0000000001";
  auto x = created({1, 2}, "x", "/s/x");
  EXPECT_EQ(first_of(check_sets(of_key("set/1", names{"x", "y"}, x, numbered))), "holds");
  EXPECT_EQ(first_of(check_sets(of_key("set/1", names{"x", "n-0000000001"}, x, numbered))),
            "holds");
  EXPECT_THAT(first_of(check_sets(of_key("set/1", names{"x"}, x, numbered))),
              HasSubstr("lacks what was added"));
}

TEST(Sets, UnknownAddMayBeThereAndStrangersNot) {
  auto x = unheard(created({1, 0}, "x", "/s/x"));
  EXPECT_EQ(first_of(check_sets(of_key("set/1", names{"x"}, x))), "holds");
  EXPECT_EQ(first_of(check_sets(of_key("set/1", names{}, x))), "holds");
  EXPECT_THAT(first_of(check_sets(of_key("set/1", names{"z"}, x))), HasSubstr("nobody tried"));
}

TEST(Sets, WhatWasRemovedAndAcknowledgedIsGone) {
  auto x = created({1, 2}, "x", "/s/x");
  EXPECT_THAT(first_of(check_sets(of_key("set/1", names{"x"}, x, removed({3, 4}, "/s/x")))),
              HasSubstr("holds what was removed"));
  EXPECT_EQ(first_of(check_sets(of_key("set/1", names{"x"}, x, unheard(removed({3, 0}, "/s/x"))))),
            "holds");
}

// -- locks
// ------------------------------------------------------------------------------------------

history held(std::vector<tenure> tenures) {
  history out;
  out.tenures = std::move(tenures);
  return out;
}

TEST(Locks, OneHolderBehindTheOtherHolds) {
  EXPECT_EQ(first_of(check_locks(held({{"lock/1", 1, "", 4, 1, 5, 0},
                                       {"lock/1", 2, "", 6, 5, 9, 0},
                                       {"lock/2", 3, "", 1, 2, 8, 0}}))),
            "holds");
}

TEST(Locks, LockThatIsHeldTwiceIsNoticedThoughAnotherHolderLiesBetween) {
  EXPECT_THAT(first_of(check_locks(held({{"lock/1", 1, "", 4, 1, 20, 0},
                                         {"lock/1", 2, "", 6, 25, 26, 0},
                                         {"lock/1", 3, "", 7, 10, 12, 0}}))),
              HasSubstr("at once"));
}

TEST(Locks, TokenThatDoesNotRiseIsNoticed) {
  EXPECT_THAT(
      first_of(check_locks(held({{"lock/1", 1, "", 4, 1, 5, 0}, {"lock/1", 2, "", 4, 6, 9, 0}}))),
      HasSubstr("no greater token"));
  EXPECT_THAT(
      first_of(check_locks(held({{"lock/1", 1, "", 4, 1, {}, 0}, {"lock/1", 2, "", 3, 6, 9, 0}}))),
      HasSubstr("no greater token"));
}

// -- queues
// -----------------------------------------------------------------------------------------

operation put(between when, int number) {
  auto out = created(when, "item" + std::to_string(number), "/q/n-");
  out.asked.sequential = true;
  out.created = "/q/n-000000000" + std::to_string(number);
  return out;
}
operation taken(between when, int number) {
  return removed(when, "/q/n-000000000" + std::to_string(number));
}

TEST(Queues, ItemsTakenOnceOrLeftHold) {
  EXPECT_EQ(
      first_of(check_queues(of_key("queue/0", names{"n-0000000002"}, put({1, 2}, 0), put({3, 4}, 1),
                                   put({5, 6}, 2), taken({7, 8}, 0), taken({9, 10}, 1)))),
      "holds");
}

TEST(Queues, ItemTakenTwiceIsNoticed) {
  EXPECT_THAT(first_of(check_queues(
                  of_key("queue/0", names{}, put({1, 2}, 0), taken({3, 9}, 0), taken({4, 8}, 0)))),
              HasSubstr("taken twice"));
}

TEST(Queues, LostItemIsNoticedUnlessSomebodyMayHaveTakenIt) {
  EXPECT_THAT(first_of(check_queues(of_key("queue/0", names{}, put({1, 2}, 0)))),
              HasSubstr("is lost"));
  EXPECT_EQ(
      first_of(check_queues(of_key("queue/0", names{}, put({1, 2}, 0), unheard(taken({3, 0}, 0))))),
      "holds");
}

TEST(Queues, ItemThatIsLeftThoughItWasTakenIsNoticed) {
  EXPECT_THAT(
      first_of(check_queues(of_key("queue/0", names{"item0"}, put({1, 2}, 0), taken({3, 4}, 0)))),
      HasSubstr("is left"));
}

TEST(Queues, ItemThatOvertakesIsNoticedUnlessTheyWereUnderWayAtOnce) {
  EXPECT_THAT(first_of(check_queues(of_key("queue/0", names{}, put({1, 2}, 0), put({3, 4}, 1),
                                           taken({5, 6}, 1), taken({7, 8}, 0)))),
              HasSubstr("before one that had been put before it"));
  EXPECT_EQ(first_of(check_queues(of_key("queue/0", names{}, put({1, 3}, 0), put({2, 4}, 1),
                                         taken({5, 6}, 1), taken({7, 8}, 0)))),
            "holds");
  EXPECT_EQ(first_of(check_queues(of_key("queue/0", names{}, put({1, 2}, 0), put({3, 4}, 1),
                                         taken({5, 9}, 1), taken({7, 8}, 0)))),
            "holds");
}

}  // namespace
}  // namespace troupe::history
