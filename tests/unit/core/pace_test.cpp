// SPDX-License-Identifier: Apache-2.0
/// Whatever walks much says so at each step, and does the same as without anybody who listens.
#include "actors/core/pace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "actors/core/expiry.hpp"
#include "actors/core/sessions.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/core/watches.hpp"
#include "tests/unit/core/support.hpp"

namespace troupe::core {
namespace {

using namespace testing;

/// Asked at every step.
class counter : public pacer {
 public:
  [[nodiscard]] pace here() { return pace{*this}; }
  std::size_t rests = 0;

 private:
  std::size_t rest() override {
    ++rests;
    return 1;
  }
  std::size_t pause() override { return rest(); }
};

constexpr std::size_t many = 300;
std::string child(std::size_t i) { return "/c" + std::to_string(i); }

TEST(Pace, WithoutAPacerIsNothing) { pace{}.step(1000); }

TEST(Pace, SortTakesAsManyStepsForAnyOrder) {
  std::vector<int> sorted(many);
  std::iota(sorted.begin(), sorted.end(), 0);
  auto turned = sorted, mixed = sorted;
  std::ranges::reverse(turned);
  std::ranges::shuffle(mixed, std::mt19937{7});
  counter a, b, c;
  auto of_sorted = sorted;
  sort_in_steps(of_sorted, a.here());
  sort_in_steps(turned, b.here());
  sort_in_steps(mixed, c.here());
  EXPECT_EQ(turned, sorted);
  EXPECT_EQ(mixed, sorted);
  EXPECT_GT(a.rests, many);
  EXPECT_EQ(a.rests, b.rests);
  EXPECT_EQ(a.rests, c.rests);
}

TEST(Pace, EndOfASessionCountsItsEphemeralsWhenPlannedAndWhenApplied) {
  database db;
  for (std::size_t i = 0; i < many; ++i) db.create(child(i), "", create_flag::ephemeral);
  counter planning, applying, forgetting;
  auto txn = db.planner.plan({db.client, cxid{1}, op_code::close_session, {}, db.shown}, 1,
                             planning.here());
  EXPECT_GE(planning.rests, 2 * many);
  auto done = db.data.apply(txn, applying.here());
  EXPECT_GE(applying.rests, many);
  EXPECT_TRUE(done.digest_matches);
  EXPECT_EQ(db.data.ephemeral_count(), 0u);
  db.planner.applied(txn.header.id, forgetting.here());
  EXPECT_GE(forgetting.rests, many);
  EXPECT_EQ(db.planner.outstanding(), 0u);
}

TEST(Pace, MultiCountsItsOperations) {
  database db;
  std::vector<std::pair<op_code, std::string>> ops;
  for (std::size_t i = 0; i < many; ++i)
    ops.emplace_back(op_code::create, body_of_create(child(i)));
  counter planning, applying, replying;
  auto txn = db.planner.plan({db.client, cxid{1}, op_code::multi, body_of_multi(ops), db.shown}, 1,
                             planning.here());
  EXPECT_GE(planning.rests, many);
  auto done = db.data.apply(txn, applying.here());
  EXPECT_GE(applying.rests, many);
  auto answer = reply_to_write(done, {}, replying.here());
  EXPECT_GE(replying.rests, many);
  EXPECT_EQ(answer.body, reply_to_write(done).body);
}

TEST(Pace, ReadsCountWhatTheyTell) {
  database db;
  for (std::size_t i = 0; i < many; ++i) db.create(child(i), "", create_flag::ephemeral);
  asker who{db.shown, db.client, false};
  auto steps_of = [&](op_code op, const std::string& body) {
    counter steps;
    auto answer = answer_read(op, body, who, db.data, steps.here());
    EXPECT_EQ(answer.err, error_code::ok);
    EXPECT_EQ(answer.body, answer_read(op, body, who, db.data).body);
    return steps.rests;
  };
  EXPECT_GE(steps_of(op_code::get_children, jute::encode(read_request{"/", false})), many);
  EXPECT_GE(steps_of(op_code::get_ephemerals, jute::encode(get_ephemerals_request{"/"})), many);
  counter below;
  EXPECT_GE(count_below(db.data.root(), below.here()), many);
  EXPECT_GE(below.rests, many);
}

TEST(Pace, WatchesCountWhoHearsAndWhatIsGivenUp) {
  tree data;
  watches table;
  for (std::uint64_t who = 1; who <= many; ++who) table.add(watch_kind::data, "/x", who);
  counter firing;
  auto fired = table.trigger({event_type::node_deleted, "/x", nullptr}, {}, firing.here());
  EXPECT_EQ(fired.watchers.size(), many);
  EXPECT_GE(firing.rests, many);

  set_watches2_request asked;
  for (std::size_t i = 0; i < many; ++i) asked.one_shot.exist.push_back(child(i));
  counter setting, removing;
  EXPECT_TRUE(table.set_watches(7, asked, data, setting.here()).empty());
  EXPECT_GE(setting.rests, many);
  table.remove_watcher(7, removing.here());
  EXPECT_GE(removing.rests, many);
  EXPECT_EQ(table.count(), 0u);
}

TEST(Pace, SessionsAreCountedWhenTheirTimeIs) {
  session_timeouts known;
  for (std::size_t i = 1; i <= many; ++i) known[session_id{static_cast<std::int64_t>(i)}] = 1000;
  sessions all{100};
  counter arming, touching, expiring;
  all.rearm_all(known, 0, arming.here());
  EXPECT_GE(arming.rests, many);
  all.touch_all(10'000, touching.here());
  EXPECT_GE(touching.rests, many);
  EXPECT_EQ(all.expire(20'000, expiring.here()).size(), many);
  EXPECT_GE(expiring.rests, many);
}

TEST(Pace, ACopyThatIsUnderWayCountsTheEphemeralsThatAreAboutToGo) {
  database db;
  for (std::size_t i = 0; i < many; ++i) db.create(child(i), "", create_flag::ephemeral);
  snapshot_encoder encoder{db.data};
  while (encoder.bytes_written() < 500) (void)encoder.next(1);
  counter closing;
  encoder.before_close(db.client, closing.here());
  EXPECT_GE(closing.rests, 3 * many) << "found, looked at, and looked at again";
}

TEST(Pace, ALimitThatIsSetCountsWhatIsInUse) {
  database db;
  db.create("/top");
  for (std::size_t i = 0; i < many; ++i) db.create("/top" + child(i));
  db.create("/zookeeper/quota/top");
  db.create("/zookeeper/quota/top/zookeeper_limits", "count=1000,bytes=-1");
  counter counting;
  db.data.apply(db.plan(op_code::create, body_of_create("/zookeeper/quota/top/zookeeper_stats")),
                counting.here());
  EXPECT_GE(counting.rests, many);
}

}  // namespace
}  // namespace troupe::core
