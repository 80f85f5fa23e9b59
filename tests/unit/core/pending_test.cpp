// SPDX-License-Identifier: Apache-2.0
/// ZAB paper, phase 3, on a follower; FollowerZooKeeperServer of ZooKeeper.
#include "actors/core/pending.hpp"

#include <gmock/gmock.h>

#include "tests/unit/core/ensembles.hpp"

namespace troupe::core {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

zxid n(std::int64_t counter) { return at(5, counter); }

TEST(Pending, CommitReleasesWhatWasReceivedInOrder) {
  pending window{n(0)};
  for (auto counter : {1, 2, 3}) EXPECT_EQ(window.on_proposal(n(counter)), pending::receipt::fresh);
  EXPECT_THAT(window.on_commit(n(2)).value(), ElementsAre(n(1), n(2)));
  EXPECT_EQ(window.outstanding(), 1U);
  EXPECT_THAT(window.on_commit(n(3)).value(), ElementsAre(n(3)));
}

TEST(Pending, CommitSaidAgainReleasesNothing) {
  pending window{n(0)};
  (void)window.on_proposal(n(1));
  (void)window.on_commit(n(1));
  EXPECT_THAT(window.on_commit(n(1)).value(), IsEmpty());
}

TEST(Pending, CommitOfWhatWasNotReceivedIsAnErrorAndReleasesNothing) {
  pending window{n(0)};
  (void)window.on_proposal(n(1));
  auto refused = window.on_commit(n(2));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("0x500000002"));
  EXPECT_EQ(window.last_committed(), n(0));
  EXPECT_EQ(window.outstanding(), 1U);
}

TEST(Pending, HoleIsRefusedAndLeavesTheWindowAsItWas) {  // ZOOKEEPER-4925
  pending window{n(4)};
  EXPECT_EQ(window.on_proposal(n(6)), pending::receipt::hole);
  EXPECT_EQ(window.on_proposal(at(6, 2)), pending::receipt::hole);
  EXPECT_EQ(window.last_received(), n(4));
  EXPECT_EQ(window.on_proposal(n(5)), pending::receipt::fresh);
}

TEST(Pending, ProposalSeenBeforeIsIgnored) {
  pending window{n(4)};
  (void)window.on_proposal(n(5));
  EXPECT_EQ(window.on_proposal(n(5)), pending::receipt::duplicate);
  EXPECT_EQ(window.on_proposal(n(2)), pending::receipt::duplicate);
  EXPECT_EQ(window.outstanding(), 1U);
}

TEST(Pending, NewEpochBeginsWithItsFirstTxn) {
  pending window{n(4)};
  EXPECT_EQ(window.on_proposal(at(7, 1)), pending::receipt::fresh);
  EXPECT_THAT(window.on_commit(at(7, 1)).value(), ElementsAre(at(7, 1)));
}

}  // namespace
}  // namespace troupe::core
