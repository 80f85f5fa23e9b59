// SPDX-License-Identifier: Apache-2.0
#include "actors/core/shown_history.hpp"

#include <gtest/gtest.h>

namespace troupe::core {
namespace {

constexpr zxid at(std::int32_t era, std::int32_t counter) {
  return zxid{(std::int64_t{era} << 32) + counter};
}

TEST(ShownHistory, ATreeIsShownWhereAllOfItIsKnownToBeCommitted) {
  shown_history s;
  EXPECT_TRUE(s.may_be_shown({}, {})) << "nothing has happened in any history";
  EXPECT_FALSE(s.may_be_shown(at(1, 1), {}));
  s.replaced(at(1, 4));
  EXPECT_TRUE(s.may_be_shown(at(1, 4), {}));
  EXPECT_FALSE(s.may_be_shown(at(1, 5), {}));
}

TEST(ShownHistory, AFuzzyCopyIsNotShownWhateverIsCommitted) {
  shown_history s;
  s.replaced(at(1, 9));
  EXPECT_FALSE(s.may_be_shown(at(1, 4), at(1, 6)));
}

TEST(ShownHistory, AnEstablishedEpochCommitsTheWholeTreeAndWhatIsAppliedInIt) {
  shown_history s;
  s.established(epoch{2}, at(1, 7));
  EXPECT_TRUE(s.may_be_shown(at(1, 7), {}));
  EXPECT_FALSE(s.may_be_shown(at(2, 1), {}));
  s.applied(at(2, 1));
  EXPECT_TRUE(s.may_be_shown(at(2, 1), {}));
}

TEST(ShownHistory, WhatIsKnownDoesNotGoDownWithAnOlderTree) {
  shown_history s;
  s.replaced(at(1, 9));
  s.established(epoch{2}, at(1, 7));
  EXPECT_EQ(s.committed(), at(1, 9));
}

TEST(ShownHistory, ReachesTheBeginningOfItsEpochThoughNothingIsWrittenInIt) {
  shown_history s;
  EXPECT_EQ(s.reaches(at(1, 7)), at(1, 7));
  s.established(epoch{2}, at(1, 7));
  EXPECT_EQ(s.reaches(at(1, 7)), zxid::first_of(epoch{2}));
  EXPECT_EQ(s.reaches(at(2, 1)), at(2, 1));
}

TEST(ShownHistory, AnotherTreeIsOfNoEpochUntilOneIsEstablished) {
  shown_history s;
  s.established(epoch{2}, at(1, 7));
  s.replaced(at(1, 5));
  EXPECT_EQ(s.reaches(at(1, 5)), at(1, 5));
}

}  // namespace
}  // namespace troupe::core
