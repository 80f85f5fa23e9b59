// SPDX-License-Identifier: Apache-2.0
/// LearnerHandler.synced and the leader's check at every tick, as situations.
#include "actors/core/liveness.hpp"

#include <gmock/gmock.h>

#include "tests/unit/core/ensembles.hpp"

namespace troupe::core {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Liveness, LeaderKeepsItsQuorumWhileEnoughVotersSpeak) {
  liveness learners{server(1), ensemble_of(5, 1)};
  for (auto id : {2, 3, 6}) learners.heard(server(id), 10);
  EXPECT_TRUE(learners.synced_quorum(15, 5));
  EXPECT_FALSE(learners.synced_quorum(16, 5)) << "one tick past the limit";
  learners.heard(server(2), 16);
  learners.heard(server(6), 16);
  EXPECT_FALSE(learners.synced_quorum(16, 5)) << "an observer does not help";
  learners.heard(server(4), 16);
  EXPECT_TRUE(learners.synced_quorum(16, 5));
}

TEST(Liveness, VoterWhoseWordDoesNotCountIsNamedWhenSilentAndNoPartOfTheQuorum) {
  liveness learners{server(1), ensemble_of(3, 1)};
  learners.heard(server(2), 10, false);
  EXPECT_FALSE(learners.synced_quorum(10, 5));
  EXPECT_THAT(learners.silent(16, 5), ElementsAre(server(2)));
  learners.heard(server(2), 16, true);
  EXPECT_TRUE(learners.synced_quorum(16, 5));
}

TEST(Liveness, SilentLearnersAreNamedUntilForgotten) {
  liveness learners{server(1), ensemble_of(3, 1)};
  for (auto id : {2, 4}) learners.heard(server(id), 10);
  learners.heard(server(3), 12);
  EXPECT_THAT(learners.silent(15, 5), IsEmpty());
  EXPECT_THAT(learners.silent(16, 5), ElementsAre(server(2), server(4)));
  learners.forget(server(4));
  EXPECT_THAT(learners.silent(16, 5), ElementsAre(server(2)));
}

TEST(Liveness, LoneServerIsItsOwnQuorum) {
  EXPECT_TRUE(liveness(server(1), ensemble_of(1)).synced_quorum(100, 5));
}

}  // namespace
}  // namespace troupe::core
