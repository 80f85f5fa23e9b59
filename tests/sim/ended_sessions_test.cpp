// SPDX-License-Identifier: Apache-2.0
/// A session that is over writes no more, through whatever server: who holds a lock after it may
/// rely on that.
#include <algorithm>

#include "tests/sim/ensemble.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

struct locks : ensemble {
  using ensemble::ensemble;
  [[nodiscard]] bool has_ended(session_id id) const {
    return std::ranges::any_of(history().agreed(), [id](const auto& txn) {
      const auto& h = txn->value.header;
      return h.client == id && h.type == op_code::close_session;
    });
  }
  /// A client with an ephemeral is silent until its session has expired, and writes then through a
  /// server that does not know it yet.
  void let_a_dead_one_write() {
    const auto behind = others().front();
    auto& c = make_client(behind);
    ASSERT_TRUE(create(c, "/e0", "lock"));
    const auto session = c.session();
    wires().slow_down(*leader(), behind, 400ms);
    c.freeze(60s);
    ASSERT_TRUE(run_until(40s, [&] { return has_ended(session); }));
    c.ask({.op = op_code::create, .path = "/fenced", .value = "late"});
    c.wake();
    run_for(3s);
    EXPECT_EQ(read(make_client(*leader()), "/fenced"), to_string(error_code::no_node));
  }
};

TEST(EndedSession, WritesNoMoreThroughAServerThatIsBehind) {
  locks w;
  w.let_a_dead_one_write();
  w.expect_clean_end();
}

TEST(EndedSession, ThatBeganAsALocalOneWritesNoMoreThroughAServerThatIsBehind) {
  world_options o;
  o.local_sessions = true;
  locks w{o};
  w.let_a_dead_one_write();
  w.expect_clean_end();
}

}  // namespace
}  // namespace troupe::sim
