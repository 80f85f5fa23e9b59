// SPDX-License-Identifier: Apache-2.0
// Histories of one znode, the classics among them, and generated ones: those that hold, and the
// same with one answer changed.
#include "tests/history/linearizability.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/history/generate.hpp"
#include "tests/history/made_history.hpp"

namespace troupe::history {
namespace {

using testing::HasSubstr;

template <typename... Operations>
bool is_linearizable(Operations... ops) {
  return check_linearizability(history_of(std::move(ops)...)).holds();
}

TEST(Linearizability, ReadsOfWhatWasWrittenHold) {
  EXPECT_TRUE(is_linearizable(created({1, 2}, "a"), read({3, 4}, "a"), written({5, 6}, "b", 1),
                              read({7, 8}, "b"), removed({9, 10}), read_nothing({11, 12})));
}

TEST(Linearizability, ReadBesideAWriteMayShowEither) {
  EXPECT_TRUE(is_linearizable(created({1, 2}, "a"), written({5, 9}, "b"), read({6, 8}, "a")));
  EXPECT_TRUE(is_linearizable(created({1, 2}, "a"), written({5, 9}, "b"), read({6, 8}, "b")));
}

TEST(Linearizability, StaleReadDoesNotHold) {
  EXPECT_FALSE(is_linearizable(created({1, 2}, "a"), written({3, 4}, "b"), read({5, 6}, "a")));
}

TEST(Linearizability, ValueThatNobodyWroteDoesNotHold) {
  EXPECT_FALSE(is_linearizable(created({1, 2}, "a"), read({5, 6}, "b")));
}

TEST(Linearizability, TwoReadsBesideOneWriteCannotSeeItComeAndGo) {
  EXPECT_FALSE(is_linearizable(created({1, 2}, "a"), written({3, 20}, "b"), read({5, 6}, "b"),
                               read({7, 8}, "a")));
}

TEST(Linearizability, LostUpdateDoesNotHold) {
  EXPECT_FALSE(is_linearizable(created({1, 2}, "0"), if_version(written({3, 8}, "1", 1), 0),
                               if_version(written({4, 9}, "1", 1), 0)));
  EXPECT_TRUE(is_linearizable(created({1, 2}, "0"), if_version(written({3, 8}, "1", 1), 0),
                              if_version(written({4, 9}, "1"), 0, "bad_version")));
}

TEST(Linearizability, BothOfTwoConditionalWritesRefusedDoesNotHold) {
  EXPECT_FALSE(is_linearizable(created({1, 2}, "0"),
                               if_version(written({3, 8}, "1"), 0, "bad_version"),
                               if_version(written({4, 9}, "1"), 0, "bad_version")));
}

TEST(Linearizability, VersionsThatCrossDoNotHold) {
  EXPECT_FALSE(is_linearizable(created({1, 2}), written({3, 4}, "b", 2), written({5, 6}, "c", 1)));
  EXPECT_TRUE(is_linearizable(created({1, 2}), written({3, 6}, "b", 2), written({4, 5}, "c", 1)));
}

TEST(Linearizability, UnheardWriteThatSurfacesLateHolds) {
  EXPECT_TRUE(is_linearizable(created({1, 2}, "a"), unheard(written({3, 0}, "b")),
                              read({5, 6}, "a"), read({100, 101}, "a"), read({200, 201}, "b")));
  EXPECT_TRUE(
      is_linearizable(created({1, 2}, "a"), unheard(written({3, 0}, "b")), read({100, 101}, "a")));
}

TEST(Linearizability, UnheardWriteThatSurfacesTwiceDoesNotHold) {
  EXPECT_FALSE(is_linearizable(created({1, 2}, "a"), unheard(written({3, 0}, "b")),
                               read({5, 6}, "b"), written({7, 8}, "c"), read({9, 10}, "c"),
                               read({11, 12}, "b")));
}

TEST(Linearizability, UnheardWriteThatSurfacesBeforeItWasSentDoesNotHold) {
  EXPECT_FALSE(
      is_linearizable(created({1, 2}, "a"), read({3, 4}, "b"), unheard(written({5, 0}, "b"))));
}

TEST(Linearizability, UnheardWritesThatNobodyReadExplainVersions) {
  auto lost = [] { return unheard(written({3, 0}, "lost")); };
  EXPECT_TRUE(is_linearizable(created({1, 2}), lost(), lost(), written({5, 6}, "b", 3)));
  EXPECT_FALSE(is_linearizable(created({1, 2}), lost(), lost(), written({5, 6}, "b", 4)));
}

TEST(Linearizability, DeleteAndCreateBetweenAreSeenByVersionAndMzxid) {
  auto seen = [](between when, std::int64_t mzxid) {
    auto out = read(when, "a");
    out.stat = node_stat{};
    out.stat->mzxid = mzxid;
    return out;
  };
  EXPECT_TRUE(is_linearizable(at_zxid(created({1, 2}), 1), at_zxid(removed({3, 4}), 2),
                              at_zxid(created({5, 6}), 3), seen({7, 8}, 3)));
  EXPECT_FALSE(is_linearizable(at_zxid(created({1, 2}), 1), at_zxid(removed({3, 4}), 2),
                               at_zxid(created({5, 6}), 3), seen({7, 8}, 1)));
  EXPECT_FALSE(is_linearizable(created({1, 2}), written({3, 4}, "b", 1), removed({5, 6}),
                               created({7, 8}), if_version(written({9, 10}, "c"), 1)));
}

TEST(Linearizability, OfConcurrentCreatesOneWins) {
  auto lost = [](between when) {
    auto out = created(when);
    out.answer = "node_exists";
    return out;
  };
  EXPECT_TRUE(is_linearizable(created({1, 9}), lost({2, 8}), lost({3, 7})));
  EXPECT_FALSE(is_linearizable(created({1, 9}), created({2, 8}), lost({3, 7})));
  EXPECT_FALSE(is_linearizable(lost({2, 8}), lost({3, 7})));
}

TEST(Linearizability, ZxidsThatCrossRealTimeDoNotHold) {
  EXPECT_FALSE(is_linearizable(at_zxid(created({1, 2}), 1), at_zxid(written({3, 4}, "b"), 3),
                               at_zxid(written({5, 6}, "c"), 2)));
}

TEST(Linearizability, ZnodesAreJudgedOneByOneAndMultisInAll) {
  auto both = asked(op_kind::multi, "", {5, 6});
  for (const char* path : {"/r", "/q"}) {
    both.multi.push_back(written({0, 0}, "new").asked);
    both.multi.back().path = path;
  }
  auto of_q = read({7, 8}, "old");
  of_q.asked.path = "/q";
  EXPECT_FALSE(is_linearizable(created({1, 2}), created({3, 4}, "old", "/q"), both, of_q));
  both.answer = "bad_version";
  EXPECT_TRUE(is_linearizable(created({1, 2}), created({3, 4}, "old", "/q"), both, of_q));
}

TEST(Linearizability, EphemeralMayGoWithItsSessionButNotBeforeItsLastAnswer) {
  auto made = in_session(created({1, 2}), "0x7");
  made.asked.ephemeral = true;
  auto alive = in_session(asked(op_kind::sync, "", {20, 21}), "0x7");
  EXPECT_TRUE(is_linearizable(made, read_nothing({30, 31}), alive));
  EXPECT_FALSE(is_linearizable(made, read_nothing({10, 11}), alive));
  auto of_one_cut_off = in_session(asked(op_kind::children, "/", {20, 21}), "0x7");
  EXPECT_TRUE(is_linearizable(made, read_nothing({10, 11}), of_one_cut_off));
  auto closed = in_session(asked(op_kind::close, "", {22, 23}), "0x7");
  EXPECT_FALSE(is_linearizable(made, alive, closed, read({30, 31}, "a")));
}

TEST(Linearizability, CloseBesideTheCreateOfItsSessionMayComeBehindIt) {
  auto made = in_session(created({1, 10}), "0x7");
  made.asked.ephemeral = true;
  auto closed = in_session(asked(op_kind::close, "", {1, 11}), "0x7");
  EXPECT_TRUE(is_linearizable(made, closed, created({20, 21}, "b")));
}

TEST(Linearizability, CloseOfALocalSessionIsNoTxn) {
  auto of = [](bool is_heard) {
    auto made = in_session(created({20, 21}), "0x7");
    made.asked.ephemeral = true;
    return is_heard ? at_zxid(made, 3) : unheard(made);
  };
  auto closed = at_zxid(in_session(asked(op_kind::close, "", {22, 23}), "0x7"), 4);
  auto other = [] { return at_zxid(removed({10, 11}), 5); };
  auto first = at_zxid(created({1, 2}), 2);
  EXPECT_TRUE(is_linearizable(first, other(), of(false), closed));
  EXPECT_FALSE(is_linearizable(first, other(), of(true), closed)) << "zxids that cross real time";
}

TEST(Linearizability, ReadWithoutASyncMayBeStale) {
  auto plain = read({5, 6}, "a");
  plain.synced_from_us.reset();
  EXPECT_TRUE(is_linearizable(created({1, 2}, "a"), written({3, 4}, "b"), plain));
}

TEST(Linearizability, LeaderThatWasReplacedMayNotAnswerASyncUnlessItIsForgiven) {
  constexpr std::int64_t epoch = std::int64_t{1} << 32;
  auto by_old_leader = at_zxid(read({5, 6}, "a"), epoch + 1);
  auto h = history_of(at_zxid(created({1, 2}, "a"), epoch + 1),
                      at_zxid(written({3, 4}, "b"), 2 * epoch + 1), by_old_leader);
  EXPECT_FALSE(check_linearizability(h).holds());
  check_options as_in_zookeeper;
  as_in_zookeeper.forgives_replaced_leaders = true;
  auto found = check_linearizability(h, as_in_zookeeper);
  EXPECT_TRUE(found.holds());
  EXPECT_THAT(found.note, HasSubstr("1 reads"));
  auto of_one_epoch = history_of(at_zxid(created({1, 2}, "a"), epoch + 1),
                                 at_zxid(written({3, 4}, "b"), epoch + 2), by_old_leader);
  EXPECT_FALSE(check_linearizability(of_one_epoch, as_in_zookeeper).holds());
}

TEST(Linearizability, BeginningThatIsNotKnownMayBeAnythingOnce) {
  auto h = history_of(read({1, 2}, "a"), read({3, 4}, "a"));
  EXPECT_FALSE(check_linearizability(h).holds());
  h.starts_empty = false;
  EXPECT_TRUE(check_linearizability(h).holds());
  h.operations.push_back(read({5, 6}, "b"));
  EXPECT_FALSE(check_linearizability(h).holds());
}

TEST(Linearizability, TroubleNamesTheOperationThatCannotBePlacedAndWhatWasBefore) {
  auto found = check_linearizability(
      history_of(created({1, 2}, "a"), written({3, 4}, "b"), read({5, 6}, "b"), read({7, 8}, "a")));
  ASSERT_EQ(found.troubles.size(), 1u);
  const auto& shown = found.troubles[0].shown;
  ASSERT_EQ(shown.size(), 5u);
  EXPECT_THAT(shown[1], HasSubstr("before  [3, 4]"));
  EXPECT_THAT(shown[3], HasSubstr("then    present, data \"b\""));
  EXPECT_THAT(shown[4], HasSubstr("stuck   [7, 8]"));
}

TEST(Linearizability, SearchThatWouldTakeTooLongIsNoPass) {
  auto h = generate({.operations = 200, .keys = 1, .clients = 10});
  check_options little;
  little.work_max = 10;
  auto found = check_linearizability(h, little);
  EXPECT_FALSE(found.holds());
  EXPECT_TRUE(found.troubles.empty());
  EXPECT_EQ(found.gave_up.size(), 1u);
}

// -- generated
// --------------------------------------------------------------------------------------

TEST(GeneratedHistories, HoldInEveryCheckHoweverMuchIsTold) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    for (bool tells_stats : {true, false})
      for (std::size_t values : {0, 3}) {
        auto h = generate({.seed = seed,
                           .operations = 300,
                           .keys = 3,
                           .unknown_percent = 5,
                           .tells_stats = tells_stats,
                           .tells_zxids = tells_stats,
                           .values = values});
        for (const auto& v : check_all(h))
          EXPECT_TRUE(v.holds()) << v.check << " of seed " << seed << " values " << values
                                 << (v.troubles.empty() ? "" : v.troubles[0].what);
      }
}

/// Changes what one answer says; none if it says nothing that can be told apart.
bool distort(operation& op) {
  if (op.is_unknown()) return false;
  if (op.data_read) {
    *op.data_read += "'";
    return true;
  }
  if (op.stat && op.stat->version) {
    ++*op.stat->version;
    return true;
  }
  if (op.asked.kind == op_kind::create) {
    op.answer = op.is_ok() ? "node_exists" : "ok";
    return true;
  }
  op.answer = op.is_ok() ? "no_node" : "ok";
  return true;
}

TEST(GeneratedHistories, OneDistortedAnswerIsFoundInNearlyAll) {
  std::size_t distorted = 0, found = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    auto h = generate({.seed = seed, .operations = 100, .keys = 2, .clients = 3});
    if (!distort(h.operations[50 + seed % 40])) continue;
    ++distorted;
    auto said = check_linearizability(h);
    EXPECT_TRUE(said.gave_up.empty()) << seed;
    if (!said.holds()) ++found;
  }
  EXPECT_GE(distorted, 90u);
  EXPECT_GE(found * 100, distorted * 95) << found << " of " << distorted;
}

TEST(GeneratedHistories, OneZnodeUnderTwentyClientsWithUnheardWritesIsJudged) {
  for (bool tells_zxids : {true, false}) {
    auto h = generate({.operations = 2'000,
                       .keys = 1,
                       .clients = 20,
                       .unknown_percent = 5,
                       .tells_zxids = tells_zxids});
    EXPECT_TRUE(check_linearizability(h).holds());
  }
}

/// A counter that tells its value: an object without any znode.
struct counter {
  using state = int;
  using operation = int;  // what an increment answered
  std::optional<int> step(int before, int answer) const {
    return answer == -1 || answer == before + 1 ? std::optional{before + 1} : std::nullopt;
  }
  bool only_looks(int) const { return false; }
  std::size_t hash(int s) const { return static_cast<std::size_t>(s); }
};

TEST(LinearizabilitySearch, TakesAnyObjectAndTellsHowFarItCame) {
  std::vector<timed<int>> ops{{1, 0, 10}, {2, 5, 15}, {-1, 6, no_return}, {4, 20, 30}, {5, 25, 35}};
  auto found = search_linearization(counter{}, ops, 0, 1'000);
  EXPECT_EQ(found.said, search_result<int>::verdict::holds);
  ops.push_back({7, 40, 50});
  ops.push_back({-1, 41, no_return});
  found = search_linearization(counter{}, ops, 0, 1'000);
  EXPECT_EQ(found.said, search_result<int>::verdict::holds);
  ops.push_back({9, 60, 70});
  found = search_linearization(counter{}, ops, 0, 1'000);
  EXPECT_EQ(found.said, search_result<int>::verdict::does_not);
  EXPECT_EQ(found.placed, 5u);
  EXPECT_EQ(found.stuck, 7u);
  EXPECT_THAT(found.before, testing::Contains(7));
}

}  // namespace
}  // namespace troupe::history
