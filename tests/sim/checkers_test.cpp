// SPDX-License-Identifier: Apache-2.0
// The checkers must be able to fail: each test breaks one promise by hand and expects to be told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sim/history_checker.hpp"
#include "tests/sim/operations.hpp"
#include "tests/sim/seen_history.hpp"

namespace troupe::sim {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr server_id one{1}, two{2};
constexpr session_id alice{0x10};

zxid at(std::int64_t era, std::int64_t counter) { return {(era << 32) | counter}; }

txn_ptr set(zxid id, std::string value, std::int32_t cx = 0) {
  txn x;
  x.header = {alice, cxid{cx != 0 ? cx : static_cast<std::int32_t>(id.counter())}, id, 0,
              op_code::set_data};
  x.body = set_data_txn{"/k", std::move(value), static_cast<std::int32_t>(id.counter()) - 1};
  return make_logged(std::move(x));
}
txn_ptr create(zxid id, std::string value) {
  txn x;
  x.header = {alice, cxid{static_cast<std::int32_t>(id.counter())}, id, 0, op_code::create};
  x.body = create_txn{"/k", std::move(value), {}, false, 1};
  return make_logged(std::move(x));
}

struct judged {
  std::vector<std::string> said;
  history_checker history{[this](std::string what) { said.push_back(std::move(what)); }};
  operation_log log;

  void lead(server_id who, epoch era, zxid last = {}) {
    history.on_start(who);
    history.on_install(who, last, {});
    history.on_lead(who, era);
  }
  operation& asked(op_code op, zxid answered_at, std::string value = "") {
    operation x;
    x.session = alice;
    x.xid = cxid{static_cast<std::int32_t>(answered_at.counter())};
    x.op = op;
    x.path = x.made = "/k";
    x.value = std::move(value);
    x.how = operation::fate::answered;
    x.at = answered_at;
    log.operations.push_back(x);
    return log.operations.back();
  }
  const std::vector<std::string>& check() {
    check_operations(log, history, [this](std::string what) { said.push_back(std::move(what)); });
    return said;
  }
};

TEST(HistoryChecker, SameTxnsInTheSameOrderAreFine) {
  judged j;
  j.lead(one, epoch{1});
  j.history.on_apply(one, {set(at(1, 1), "a"), set(at(1, 2), "b")});
  j.history.on_start(two);
  j.history.on_install(two, at(1, 1), {set(at(1, 1), "a")});
  j.history.on_learn(two, epoch{1});
  j.history.on_apply(two, {set(at(1, 2), "b")});
  j.history.on_end();
  EXPECT_THAT(j.said, IsEmpty());
  EXPECT_EQ(j.history.agreed().size(), 2u);
}

TEST(HistoryChecker, OtherContentAtAnAgreedPlaceIsDivergence) {
  judged j;
  j.lead(one, epoch{1});
  j.history.on_apply(one, {set(at(1, 1), "a")});
  j.lead(two, epoch{2});
  j.history.on_apply(two, {set(at(2, 1), "b")});
  ASSERT_EQ(j.said.size(), 1u);
  EXPECT_THAT(j.said[0], HasSubstr("diverges"));
}

TEST(HistoryChecker, LoadedTailThatWasNeverAgreedIsFineUntilItIsServed) {
  judged j;
  j.lead(one, epoch{1});
  j.history.on_apply(one, {set(at(1, 1), "a")});
  j.history.on_start(two);
  j.history.on_install(two, at(1, 2), {set(at(1, 1), "a"), set(at(1, 2), "lost")});
  j.lead(one, epoch{2}, at(1, 1));
  j.history.on_apply(one, {set(at(2, 1), "b")});
  EXPECT_THAT(j.said, IsEmpty());
  j.history.on_learn(two, epoch{2});
  ASSERT_EQ(j.said.size(), 1u);
  EXPECT_THAT(j.said[0], HasSubstr("diverges"));
}

TEST(HistoryChecker, SecondTxnOfAZxidIsNoticedEvenUncommitted) {
  judged j;
  j.lead(one, epoch{1});
  j.history.on_apply(one, {set(at(1, 1), "a")});
  j.history.on_start(two);
  j.history.on_install(two, at(1, 1), {set(at(1, 1), "other")});
  ASSERT_EQ(j.said.size(), 1u);
  EXPECT_THAT(j.said[0], HasSubstr("two txns"));
}

TEST(HistoryChecker, TxnThatOnlyASnapshotHoldsIsKnownFromWhoeverAppliedIt) {
  judged j;
  j.lead(one, epoch{1});
  j.history.on_apply(one, {set(at(1, 1), "a")});
  j.history.on_stop(one);
  j.history.on_apply(one, {set(at(1, 2), "logged, not committed")});
  j.history.on_start(one);
  j.history.on_install(one, at(1, 2), {});
  j.history.on_lead(one, epoch{2});
  j.history.on_apply(one, {set(at(2, 1), "c")});
  j.history.on_end();
  EXPECT_THAT(j.said, IsEmpty());
  EXPECT_EQ(j.history.agreed().size(), 3u);
}

TEST(HistoryChecker, SkippedZxidIsAHole) {
  judged j;
  j.lead(one, epoch{1});
  j.history.on_apply(one, {set(at(1, 1), "a"), set(at(1, 3), "c")});
  ASSERT_EQ(j.said.size(), 1u);
  EXPECT_THAT(j.said[0], HasSubstr("hole"));
}

TEST(HistoryChecker, SwappedTxnsAreNoticed) {
  judged j;
  j.lead(one, epoch{1});
  j.history.on_apply(one, {set(at(1, 2), "b"), set(at(1, 1), "a")});
  EXPECT_FALSE(j.said.empty());
}

TEST(HistoryChecker, SecondLeaderOfAnEpochIsNoticedEvenIfItIsTheSameServerBornAgain) {
  judged j;
  j.lead(one, epoch{1});
  j.lead(one, epoch{1});
  ASSERT_EQ(j.said.size(), 1u);
  EXPECT_THAT(j.said[0], HasSubstr("two established leaders of epoch 1"));
}

TEST(HistoryChecker, ServedHistoryThatNeverMeetsTheAgreedOneIsNoticedAtTheEnd) {
  judged j;
  j.lead(one, epoch{1});
  j.history.on_apply(one, {set(at(1, 1), "a")});
  j.history.on_start(two);
  j.history.on_install(two, at(1, 7), {});
  j.history.on_learn(two, epoch{1});
  j.history.on_end();
  ASSERT_EQ(j.said.size(), 1u);
  EXPECT_THAT(j.said[0], HasSubstr("does not meet"));
}

struct with_history : judged {
  with_history() {
    lead(one, epoch{1});
    history.on_apply(one, {create(at(1, 1), "a"), set(at(1, 2), "b"), set(at(1, 3), "c")});
  }
  operation& read(zxid answered_at, std::string data, zxid changed, std::int32_t version) {
    auto& x = asked(op_code::get_data, answered_at);
    x.data = std::move(data);
    x.seen = stat{};
    x.seen->czxid = at(1, 1);
    x.seen->mzxid = changed;
    x.seen->version = version;
    return x;
  }
};

TEST(OperationChecker, AnswersThatFitTheHistoryAreFine) {
  with_history j;
  j.asked(op_code::create, at(1, 1), "a");
  j.asked(op_code::set_data, at(1, 2), "b");
  j.read(at(1, 2), "b", at(1, 2), 1);
  j.read(at(1, 3), "c", at(1, 3), 2);
  EXPECT_THAT(j.check(), IsEmpty());
}

TEST(OperationChecker, AcknowledgedWriteThatIsNotInTheHistoryIsLost) {
  with_history j;
  j.asked(op_code::set_data, at(1, 4), "d");
  ASSERT_FALSE(j.check().empty());
  EXPECT_THAT(j.said[0], HasSubstr("lost"));
}

TEST(OperationChecker, StaleReadIsNoticed) {
  with_history j;
  j.read(at(1, 3), "b", at(1, 2), 1);
  ASSERT_FALSE(j.check().empty());
  EXPECT_THAT(j.said[0], HasSubstr("other data"));
}

TEST(SeenHistory, HoldsWhatClientsAskedAndHeard) {
  with_history j;
  j.asked(op_code::set_data, at(1, 3), "c").sent = duration{5};
  j.log.operations.back().answered = duration{7};
  auto& lost = j.asked(op_code::set_data, at(1, 9), "never");
  lost.how = operation::fate::unknown;
  lost.sent = duration{6};
  auto seen = as_clients_saw(j.log, "test");
  ASSERT_EQ(seen.operations.size(), 2u);
  EXPECT_EQ(seen.operations[0].zxid, at(1, 3).value);
  EXPECT_EQ(seen.operations[0].heard_us, 7);
  EXPECT_TRUE(seen.operations[1].is_unknown());
  EXPECT_NE(seen.operations[0].client, seen.operations[1].client) << "both were under way at once";
}

TEST(SeenHistory, WriteOrderedBeforeAnEarlierAcknowledgedOneIsNoticed) {
  with_history j;
  for (auto [id, sent] : {std::pair{at(1, 3), 5}, {at(1, 2), 8}}) {
    auto& op = j.asked(op_code::set_data, id, "c");
    op.sent = duration{sent};
    op.answered = op.sent + duration{1};
  }
  std::vector<std::string> said;
  check_as_seen(j.log, [&said](std::string what) { said.push_back(std::move(what)); });
  EXPECT_THAT(said, testing::Contains(HasSubstr("zxid-order: a write has no greater zxid")));
}

TEST(OperationChecker, RequestThatBecameTwoTxnsIsNoticed) {
  with_history j;
  j.history.on_apply(one, {set(at(1, 4), "c", 3)});
  ASSERT_EQ(j.check().size(), 1u);
  EXPECT_THAT(j.said[0], HasSubstr("twice"));
}

TEST(OperationChecker, WriteThatHappenedBehindOneThatDidNotIsNoticed) {
  with_history j;
  auto& lost = j.asked(op_code::set_data, at(1, 9), "never");
  lost.how = operation::fate::unknown;
  EXPECT_THAT(j.check(), IsEmpty());
  j.asked(op_code::set_data, at(1, 3), "c");
  ASSERT_EQ(j.check().size(), 1u);
  EXPECT_THAT(j.said[0], HasSubstr("sent before it"));
}

TEST(OperationChecker, WatchThatStaysSilentIsNoticedOnceALaterZxidWasSeen) {
  with_history j;
  j.read(at(1, 2), "b", at(1, 2), 1).watch = true;
  EXPECT_THAT(j.check(), IsEmpty()) << "nothing later was seen on that connection";
  j.read(at(1, 3), "c", at(1, 3), 2);
  ASSERT_EQ(j.check().size(), 1u);
  EXPECT_THAT(j.said[0], HasSubstr("did not fire"));
}

TEST(OperationChecker, WatchThatFiresTwiceIsNoticed) {
  with_history j;
  j.read(at(1, 2), "b", at(1, 2), 1).watch = true;
  j.log.events = {{0, at(1, 3), {event_type::node_data_changed, {}, "/k"}}};
  EXPECT_THAT(j.check(), IsEmpty());
  j.log.events.push_back(j.log.events[0]);
  EXPECT_EQ(j.check().size(), 1u);
}

}  // namespace
}  // namespace troupe::sim
