// SPDX-License-Identifier: Apache-2.0
/// Each bound in bytes or milliseconds that core keeps (docs/limits.md), met by one less, exactly
/// and by one more. Those of counts, lists and znodes' quotas are in bounds_test.cpp.
#include <gtest/gtest.h>

#include "actors/core/last_bytes.hpp"
#include "actors/core/learner_lag.hpp"
#include "actors/core/liveness.hpp"
#include "actors/core/memory_budget.hpp"
#include "actors/core/session_passwords.hpp"
#include "actors/core/sessions.hpp"
#include "actors/core/write_gate.hpp"
#include "tests/unit/core/ensembles.hpp"
#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;
constexpr auto mib = memory_budget::mib;

/// By how much what is asked for is more than the bound: -1, 0 or 1.
class Around : public ::testing::TestWithParam<int> {
 protected:
  static int over() { return GetParam(); }
  static bool is_over() { return over() > 0; }
};
INSTANTIATE_TEST_SUITE_P(TheBound, Around, ::testing::Values(-1, 0, 1));

// -- the tree ------------------------------------------------------------------------------------

TEST_P(Around, TreeThatGrows) {
  database db;
  const auto one = memory_bytes_for("/x", jute::buffer{"data"});
  db.planner.limit_tree(db.data.memory_bytes() + one - over());
  EXPECT_EQ(db.create("/x", "data"), is_over() ? grows_too_large : code::ok);
}

TEST_P(Around, TreeThatGrowsByWhatIsNotAppliedYet) {
  database db;
  const auto one = memory_bytes_for("/x", jute::buffer{"data"});
  db.planner.limit_tree(db.data.memory_bytes() + 2 * one - over());
  EXPECT_EQ(db.plan(op_code::create, body_of_create("/x", "data")).header.type, op_code::create);
  EXPECT_EQ(db.plan(op_code::create, body_of_create("/y", "data")).header.type,
            is_over() ? op_code::error : op_code::create);
}

TEST_P(Around, TreeThatIsCalledFull) {
  const memory_budget budget{256 * mib};
  const auto max = budget.tree_max() - budget.tree_max() / 100;
  memory_watch watch;
  EXPECT_EQ(watch.look(budget, {.tree = max + over()}), over() >= 0);
  watch.look(budget, {.tree = max});
  const auto relieved = max - max / 20;
  EXPECT_EQ(watch.look(budget, {.tree = relieved + over()}), over() < 0) << "no flutter";
}

TEST_P(Around, HeapThatIsWorthGivingBack) {
  const memory_budget budget{256 * mib};
  const auto counted = 50 * mib + memory_budget::program;
  EXPECT_EQ(is_worth_trimming(budget, {.tree = 20 * mib,
                                       .sessions = 20 * mib,
                                       .buffers = 10 * mib,
                                       .resident = counted + budget.limit() / 8 + over()}),
            is_over());
}

// -- replies -------------------------------------------------------------------------------------

std::string asking(const std::string& path) { return jute::encode(read_request{path, false}); }

read_reply read(const database& db, op_code op, const std::string& body, reply_limits limits) {
  return answer_read(op, body, {db.shown, db.client, false, limits}, db.data);
}

TEST_P(Around, PartsOfAMultiRead) {
  database db;
  db.create("/a", std::string(100, 'x'));
  const auto reads = [](int count) {
    std::string out;
    for (int i = 0; i < count; ++i)
      out += jute::encode(multi_header{op_code::get_data, false, -1}) + asking("/a");
    return out + jute::encode(multi_header{op_code::error, true, -1});
  };
  const auto end_bytes = jute::encode(multi_header{op_code::error, true, -1}).size();
  const auto first = read(db, op_code::multi_read, reads(1), {}).body.size() - end_bytes;
  const auto max = first + 100 - static_cast<std::size_t>(over());
  const auto answer = read(db, op_code::multi_read, reads(2), {.multi_read_bytes_max = max});
  EXPECT_EQ(answer.is_cut, is_over());
  EXPECT_EQ(answer.err, code::ok) << "the parts tell";
}

TEST_P(Around, ListsInAReply) {
  database db;
  for (auto name : {"/b", "/c"}) db.create(name, "", create_flag::ephemeral);
  const reply_limits limits{.bytes_max = static_cast<std::size_t>(4 + 2 * 6 - over())};
  const auto all = jute::encode(get_ephemerals_request{""});
  EXPECT_EQ(read(db, op_code::get_ephemerals, all, limits).err,
            is_over() ? code::bad_arguments : code::ok);
  db.create("/a");
  for (auto name : {"/a/b2", "/a/c2"}) db.create(name);
  EXPECT_EQ(read(db, op_code::get_children, asking("/a"), limits).err,
            is_over() ? code::bad_arguments : code::ok);
}

/// A write goes past no read of these.
TEST_P(Around, AnswersThatAreCalledLong) {
  database db;
  db.create("/a", std::string(static_cast<std::size_t>(64 * 1024 + over()), 'x'));
  EXPECT_EQ(may_be_long(op_code::get_data, asking("/a"), db.data), is_over());
  for (int i = 0; i < 256 + over(); ++i) db.create("/a/" + std::to_string(i));
  for (auto op : {op_code::get_children, op_code::get_children2})
    EXPECT_EQ(may_be_long(op, asking("/a"), db.data), is_over());
}

// -- writes on their way -------------------------------------------------------------------------

constexpr connection_id c(std::uint64_t n) { return connection_id{n}; }
constexpr session_id s(std::int64_t n) { return session_id{n}; }

TEST_P(Around, LargeWritesOnTheirWay) {
  write_gate gate{100'000};
  gate.went(s(1), cxid{1}, 60'000);
  EXPECT_EQ(gate.may_go(c(2), 40'000 + over()), !is_over());
  gate.leave(c(2));
  gate.went(s(3), cxid{1}, 30'000);
  EXPECT_FALSE(gate.may_go(c(2), 40'000 + over()));
  gate.end_of(s(3));
  EXPECT_EQ(gate.next(), is_over() ? std::nullopt : std::optional{c(2)}) << "of one that waits";
}

TEST_P(Around, WritesThatAreSmall) {
  write_gate gate{100'000};
  gate.went(s(1), cxid{1}, 100'000);
  EXPECT_EQ(gate.may_go(c(2), write_gate::small_bytes_max + over()), !is_over());
}

TEST_P(Around, SmallWritesWhileLargeOnesAreHeld) {
  write_gate gate{100'000};
  gate.hold(true);
  for (auto left = write_gate::small_window_when_held - 100; left > 0;) {
    const auto bytes = std::min<std::int64_t>(left, write_gate::small_bytes_max);
    gate.went(s(1), cxid{1}, bytes);
    left -= bytes;
  }
  EXPECT_EQ(gate.may_go(c(2), 100 + over()), !is_over());
}

TEST_P(Around, BytesThatAVoterHasNotLogged) {
  learner_lag lag{{4 * mib, 1'000, 10'000}};
  lag.forwarded(zxid{1}, 4 * mib + over(), 0);
  EXPECT_EQ(lag.holds(0), is_over());
}

TEST_P(Around, BytesThatAVoterMayCatchUpTo) {
  learner_lag lag{{4 * mib, 1'000, 10'000}};
  lag.forwarded(zxid{1}, 4 * mib, 0);
  lag.forwarded(zxid{2}, 2 * mib + over(), 0);
  ASSERT_TRUE(lag.holds(0));
  lag.logged(zxid{1}, 0);
  EXPECT_EQ(lag.holds(0), is_over());
}

TEST_P(Around, TimeThatAVoterIsWaitedFor) {
  for (bool stands_still : {true, false}) {
    learner_lag lag{stands_still ? learner_lag::limits{mib, 1'000, 10'000}
                                 : learner_lag::limits{mib, 10'000, 1'000}};
    lag.forwarded(zxid{1}, 2 * mib, 0);
    ASSERT_TRUE(lag.holds(0));
    EXPECT_EQ(lag.holds(1'000 + over()), !is_over());
  }
}

// -- clients and servers that say nothing --------------------------------------------------------

TEST_P(Around, TimeInWhichALearnerIsHeard) {
  using test::ensemble_of;
  using test::server;
  liveness learners{server(1), ensemble_of(3)};
  learners.heard(server(2), 10);
  EXPECT_EQ(learners.synced_quorum(15 + over(), 5), !is_over());
  EXPECT_EQ(learners.silent(15 + over(), 5).size(), is_over() ? 1U : 0U);
}

TEST_P(Around, TimeOfASession) {
  sessions table{1'000};
  table.add(s(1), 2'500, 0);
  EXPECT_EQ(table.expire(3'000 + over()).size(), over() >= 0 ? 1U : 0U);
}

TEST_P(Around, TimeoutOfASession) {
  EXPECT_EQ(clamp_timeout(4'000 + over(), 4'000, 40'000), is_over() ? 4'001 : 4'000);
  EXPECT_EQ(clamp_timeout(40'000 + over(), 4'000, 40'000), over() < 0 ? 39'999 : 40'000);
}

TEST_P(Around, TimeToTakeTheLastBytes) {
  last_bytes stalled{40'000, 0};
  EXPECT_EQ(stalled.is_given_up(0, 1, 40'000 + over()), over() >= 0);
  last_bytes slow{40'000, 0};
  std::uint64_t taken = 0;
  for (std::int64_t ms = 30'000; ms < last_bytes::total_ms_max; ms += 30'000)
    ASSERT_FALSE(slow.is_given_up(++taken, 1, ms));
  EXPECT_EQ(slow.is_given_up(++taken, 1, last_bytes::total_ms_max + over()), over() >= 0);
}

// -- secrets -------------------------------------------------------------------------------------

TEST_P(Around, LengthAndNumberOfSecrets) {
  const auto secret = [](std::size_t bytes) { return std::string(bytes, 'x') + "\n"; };
  const auto is_taken = [](const std::string& text) {
    return session_passwords::parse(text).has_value();
  };
  const auto more = static_cast<std::size_t>(over());
  EXPECT_EQ(is_taken(secret(session_passwords::secret_bytes_min + more)), over() >= 0);
  EXPECT_EQ(is_taken(secret(session_passwords::secret_bytes_max + more)), !is_over());
  std::string many;
  for (std::size_t i = 0; i < session_passwords::secrets_max + more; ++i)
    many += "a secret, number " + std::to_string(i) + "\n";
  EXPECT_EQ(is_taken(many), !is_over());
}

}  // namespace
}  // namespace troupe::core::testing
