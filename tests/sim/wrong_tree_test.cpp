// SPDX-License-Identifier: Apache-2.0
// A bit that turned in a server's memory, and snapshots that fall due before that server has left.
#include <chrono>
#include <string>

#include "tests/sim/ensemble.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

std::string path_of(int i) { return "/n" + std::to_string(i); }

/// So many writes until they cease, at a server that logs and applies on until it leaves.
class WritesBehindAWrongTree : public testing::TestWithParam<int> {};

/// A snapshot of it would be sealed with its own digest, and nothing behind it would tell.
TEST_P(WritesBehindAWrongTree, IsNotBelievedWhenItIsReadAgain) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    world_options o;
    o.snap_count = 40;
    o.seed = seed;
    ensemble w{o};
    w.expect_error("digest_mismatch");
    const auto wrong = w.others().front();
    auto& writes = w.make_client(*w.leader());
    auto& reads = w.make_client(wrong);
    w.create(writes, "/first", "x");
    w.read(reads, "/first");
    const auto before = w.images_installed(wrong);
    w.slow_disk_down(wrong, 60ms);
    w.garble_next_create(wrong);
    for (int i = 0; i < GetParam(); ++i) w.create(writes, path_of(i), "value " + path_of(i));
    ASSERT_TRUE(w.run_until(20s, [&] { return w.images_installed(wrong) > before; }));
    w.slow_disk_down(wrong, 0ms);
    ASSERT_TRUE(w.run_until(20s, [&] { return w.all_serve(); }));
    w.run_for(3s);
    EXPECT_EQ(w.read(reads, path_of(0)), "value " + path_of(0)) << "seed " << seed;
    w.expect_clean_end();
  }
}

INSTANTIATE_TEST_SUITE_P(Numbers, WritesBehindAWrongTree, testing::Range(22, 46, 2));

}  // namespace
}  // namespace troupe::sim
