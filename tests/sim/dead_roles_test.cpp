// SPDX-License-Identifier: Apache-2.0
/// Roles that die in the middle of what they say to the journal. The world fails when a server says
/// that a disk has failed which has refused nothing.
#include "tests/sim/ensemble.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

/// A server comes back to a leader that sends snapshots only; the connection is reset when a piece
/// of one comes, while the server's disk takes its time. Whether its log became the leader's and
/// its database did not.
bool dies_in_snapshot(std::uint64_t seed) {
  bool has_new_history = false;
  world_options o;
  o.seed = seed;
  o.snapshot_size_factor = -1;
  o.commit_log_count = 2;
  o.trace = [&](std::string_view line) {
    has_new_history |= line.find("files_read_anew") != line.npos;
  };
  ensemble w{o};
  const auto away = w.others().front(), led = *w.leader();
  w.crash(away);
  auto& c = w.make_client(led);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(w.create(c, "/n" + std::to_string(i), "v"));
  bool is_reset = false;
  w.trap(world::moment::snapshot, 0, [&](server_id from, server_id to) {
    w.slow_disk_down(to, 1s);
    w.wires().reset(from, to);
    is_reset = true;
  });
  w.start(away);
  EXPECT_TRUE(w.run_until(30s, [&] { return is_reset && w.all_serve(); }));
  w.expect_clean_end();
  return has_new_history;
}

TEST(DeadRole, InTheMiddleOfALeadersSnapshotIsNoFailureOfTheDisk) {
  int times = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) times += dies_in_snapshot(seed) ? 1 : 0;
  EXPECT_GT(times, 0) << "no role has died at that moment";
}

}  // namespace
}  // namespace troupe::sim
