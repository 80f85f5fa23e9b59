// SPDX-License-Identifier: Apache-2.0
// Each check of zxids, sessions, watches, ephemerals and sequence numbers must be able to fail, and
// must not where a correct ensemble may answer so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/history/made_history.hpp"

namespace troupe::history {
namespace {

using testing::HasSubstr;

constexpr std::int64_t epoch = std::int64_t{1} << 32;

std::string first_of(const verdict& v) { return v.troubles.empty() ? "holds" : v.troubles[0].what; }

operation plain(operation op) {
  op.synced_from_us.reset();
  return op;
}
operation showing(operation op, std::int64_t mzxid) {
  op.stat = node_stat{};
  op.stat->mzxid = mzxid;
  return op;
}
operation numbered(operation op, std::int64_t xid) {
  op.xid = xid;
  return op;
}
operation watching(operation op) {
  op.watch = true;
  return op;
}

// -- zxids
// ------------------------------------------------------------------------------------------

TEST(ZxidOrder, WriteBehindAnAcknowledgedOneHasTheGreaterZxid) {
  auto second = at_zxid(created({3, 4}, "a", "/q"), epoch + 1);
  EXPECT_THAT(first_of(check_zxid_order(history_of(at_zxid(created({1, 2}), epoch + 2), second))),
              HasSubstr("no greater zxid"));
  EXPECT_EQ(first_of(check_zxid_order(history_of(at_zxid(created({1, 3}), epoch + 2), second))),
            "holds")
      << "they were under way at once";
}

TEST(ZxidOrder, RefusedWriteIsOrderedAsWell) {
  auto refused = at_zxid(asked(op_kind::set, "/q", {3, 4}, "no_node"), epoch + 1);
  EXPECT_THAT(first_of(check_zxid_order(history_of(at_zxid(created({1, 2}), epoch + 2), refused))),
              HasSubstr("no greater zxid"));
}

TEST(ZxidOrder, NoTwoWritesHaveOneZxid) {
  EXPECT_THAT(first_of(check_zxid_order(
                  history_of(at_zxid(created({1, 5}), 9), at_zxid(created({2, 4}, "a", "/q"), 9)))),
              HasSubstr("one zxid"));
}

// -- sessions
// ---------------------------------------------------------------------------------------

TEST(SessionOrder, AnswerOfAnEarlierZxidIsNoticedOverSessionsNot) {
  auto h = history_of(at_zxid(plain(read({1, 2}, "a")), 7), at_zxid(plain(read({3, 4}, "a")), 6));
  EXPECT_THAT(first_of(check_session_order(h)), HasSubstr("before 7"));
  h.operations[1].session = "0x2";
  EXPECT_EQ(first_of(check_session_order(h)), "holds");
}

TEST(SessionOrder, ReadThatDoesNotShowTheSessionsOwnWriteIsNoticed) {
  auto wrote = showing(written({3, 4}, "b"), 5);
  EXPECT_THAT(
      first_of(check_session_order(history_of(wrote, showing(plain(read({5, 6}, "a")), 3)))),
      HasSubstr("does not show the change at 5"));
  EXPECT_EQ(first_of(check_session_order(history_of(wrote, showing(plain(read({4, 6}, "a")), 3)))),
            "holds")
      << "it may have been sent before the answer was heard";
}

TEST(SessionOrder, ReadBehindWhatTheSessionSawOfAnotherZnodeIsNoticed) {
  auto of_others = in_session(showing(written({1, 2}, "b"), 5), "0x2");
  auto saw = showing(plain(asked(op_kind::get, "/q", {3, 4})), 8);
  auto stale = showing(plain(read({5, 6}, "a")), 3);
  EXPECT_THAT(first_of(check_session_order(history_of(of_others, saw, stale))),
              HasSubstr("does not show the change at 5"));
  EXPECT_EQ(first_of(check_session_order(history_of(of_others, stale))), "holds");
}

TEST(SessionOrder, ReadThatMissesWhatNobodyDeletesIsNoticed) {
  auto wrote = at_zxid(created({1, 2}), 5);
  auto missed = plain(read_nothing({3, 4}));
  EXPECT_THAT(first_of(check_session_order(history_of(wrote, missed))),
              HasSubstr("misses a znode"));
  EXPECT_EQ(first_of(check_session_order(
                history_of(wrote, missed, in_session(unheard(removed({1, 0})), "0x2")))),
            "holds");
}

TEST(SessionFifo, AnswersAndWritesFollowTheXids) {
  auto first = numbered(at_zxid(created({1, 9}), 5), 1);
  auto second = numbered(at_zxid(written({1, 8}, "b"), 6), 2);
  EXPECT_THAT(first_of(check_session_fifo(history_of(first, second))), HasSubstr("out of order"));
  second.heard_us = 10;
  EXPECT_EQ(first_of(check_session_fifo(history_of(first, second))), "holds");
  second.zxid = 4;
  EXPECT_THAT(first_of(check_session_fifo(history_of(first, second))),
              HasSubstr("took effect out of order"));
}

// -- watches
// ----------------------------------------------------------------------------------------

watch_event changed(std::int64_t heard_us, std::size_t line = 100) {
  return {1, "0x1", "changed", "/r", heard_us, line};
}

TEST(Watches, EventBeforeWhatItAnnouncesHoldsOnceOnly) {
  auto h = history_of(watching(showing(read({1, 2}, "a"), 3)), showing(read({5, 6}, "b"), 4));
  h.events = {changed(4)};
  EXPECT_EQ(first_of(check_watches(h)), "holds");
  h.events.push_back(changed(7));
  EXPECT_THAT(first_of(check_watches(h)), HasSubstr("unasked or twice"));
}

TEST(Watches, EventBehindWhatItAnnouncesIsNoticed) {
  auto h = history_of(watching(showing(read({1, 2}, "a"), 3)), showing(read({5, 6}, "b"), 4));
  EXPECT_THAT(first_of(check_watches(h)), HasSubstr("was silent"));
  h.events = {changed(6, 1)};
  EXPECT_EQ(first_of(check_watches(h)), "holds") << "of one moment, an earlier line";
}

TEST(Watches, SilentWatchIsNoticedByTheZxidOfAnyAnswer) {
  auto set = at_zxid(watching(showing(read({1, 2}, "a"), 3)), 3);
  auto change = in_session(at_zxid(written({3, 4}, "b"), 5), "0x2");
  auto other = at_zxid(asked(op_kind::exists, "/q", {5, 6}, "no_node"), 4);
  EXPECT_EQ(first_of(check_watches(history_of(set, change, other))), "holds");
  other.zxid = 5;
  EXPECT_THAT(first_of(check_watches(history_of(set, change, other))),
              HasSubstr("before its session saw the change at 5"));
}

TEST(Watches, WatchOfAReadThatWasNotAnsweredMayFire) {
  auto h = history_of(watching(asked(op_kind::exists, "/q", {1, 2}, "no_node")),
                      watching(unheard(read({3, 0}, ""))));
  h.events = {changed(9)};
  EXPECT_EQ(first_of(check_watches(h)), "holds");
  h.events.push_back(changed(10));
  EXPECT_THAT(first_of(check_watches(h)), HasSubstr("unasked or twice"));
}

TEST(Watches, SessionThatNeverSaysWatchIsNotJudged) {
  auto h = history_of(read({1, 2}, "a"));
  h.events = {changed(4)};
  EXPECT_EQ(first_of(check_watches(h)), "holds");
}

// -- ephemerals
// -------------------------------------------------------------------------------------

operation ephemeral(operation op) {
  op.asked.ephemeral = true;
  return in_session(std::move(op), "0x7");
}
operation owned(operation op) {
  op.stat = node_stat{};
  op.stat->owner = "0x7";
  return op;
}

TEST(Ephemerals, OneThatIsThereBehindTheCloseOfItsSessionIsNoticed) {
  auto closed = in_session(at_zxid(asked(op_kind::close, "", {3, 4}), 8), "0x07");
  auto h = history_of(ephemeral(at_zxid(created({1, 2}), 5)), closed,
                      at_zxid(plain(owned(read({5, 6}, "a"))), 8));
  EXPECT_THAT(first_of(check_ephemerals(h)), HasSubstr("behind the end of its session"));
  h.operations[2].zxid = 7;
  EXPECT_EQ(first_of(check_ephemerals(h)), "holds") << "a server that is behind";
}

TEST(Ephemerals, OneThatIsGoneWhileItsSessionLivesIsNoticed) {
  auto alive = in_session(asked(op_kind::sync, "", {9, 10}), "0x7");
  auto made = ephemeral(created({1, 2}));
  EXPECT_THAT(first_of(check_ephemerals(history_of(made, read_nothing({5, 6}), alive))),
              HasSubstr("while its session lives"));
  EXPECT_EQ(first_of(check_ephemerals(history_of(made, read_nothing({5, 6})))), "holds");
  auto of_one_cut_off = in_session(asked(op_kind::children, "/", {9, 10}), "0x7");
  EXPECT_EQ(first_of(check_ephemerals(history_of(made, read_nothing({5, 6}), of_one_cut_off))),
            "holds");
  EXPECT_EQ(first_of(check_ephemerals(
                history_of(made, read_nothing({5, 6}), alive, unheard(removed({3, 0}))))),
            "holds");
}

TEST(Ephemerals, AtTheEndThoseOfLostSessionsAreGoneAndOfLivingOnesThere) {
  auto h = history_of(keyed(ephemeral(created({1, 2})), "ephemeral/1"),
                      in_session(asked(op_kind::sync, "", {50, 51}), "0x7"));
  h.finals = {{"ephemeral/1", std::string{"0x7"}, 40, 9}};
  EXPECT_EQ(first_of(check_ephemerals(h)), "holds");
  h.finals[0].value = std::monostate{};
  EXPECT_THAT(first_of(check_ephemerals(h)), HasSubstr("is gone at the end"));
  h.finals[0].value = std::string{"0x7"};
  h.states = {{1, "0x7", "lost", 30, 8}};
  EXPECT_THAT(first_of(check_ephemerals(h)), HasSubstr("was lost at 30"));
}

// -- sequence numbers
// -------------------------------------------------------------------------------

operation in_sequence(between when, int number) {
  auto out = created(when, "a", "/q/n-");
  out.asked.sequential = true;
  out.created = "/q/n-000000000" + std::to_string(number);
  return out;
}

TEST(Sequences, NumberThatComesTwiceIsNoticed) {
  EXPECT_THAT(first_of(check_sequences(history_of(in_sequence({1, 4}, 3), in_sequence({2, 5}, 3)))),
              HasSubstr("twice"));
}

TEST(Sequences, NumberThatFallsInRealTimeIsNoticed) {
  EXPECT_THAT(first_of(check_sequences(history_of(in_sequence({1, 2}, 3), in_sequence({3, 5}, 2)))),
              HasSubstr("smaller"));
  EXPECT_EQ(first_of(check_sequences(history_of(in_sequence({1, 4}, 3), in_sequence({3, 5}, 2)))),
            "holds");
}

TEST(Sequences, NumbersBeginAnewWithTheParent) {
  auto second = in_sequence({6, 7}, 3);
  EXPECT_EQ(
      first_of(check_sequences(history_of(in_sequence({1, 2}, 3), removed({3, 4}, "/q"), second))),
      "holds");
  EXPECT_THAT(
      first_of(check_sequences(history_of(in_sequence({1, 2}, 3), second, removed({8, 9}, "/q")))),
      HasSubstr("twice"));
}

}  // namespace
}  // namespace troupe::history
