// SPDX-License-Identifier: Apache-2.0
/// Learners that have promised a later epoch than the one that is led (Leader.getEpochToPropose,
/// Learner.registerWithLeader).
#include "tests/actor/leader_fixture.hpp"

namespace troupe::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LeaderBefore : public Leader {
 protected:
  LeaderBefore() : LeaderBefore(false) {}
  explicit LeaderBefore(bool may_reconfigure) : Leader(may_reconfigure) {
    establish_with(2);
    on.news();
  }
  /// Server `id` comes and has promised epoch 60; it has entered `current`.
  void come_ahead(std::int64_t id, bool observer, bool in_doubt, epoch current = epoch{1}) {
    introduce(id, observer);
    say(id, join_epoch{{id}, observer, epoch{60}, current, in_doubt});
  }
};

TEST_F(LeaderBefore, KeepsTheEpochOfAVoterBeforeItMakesWayForIt) {
  on.disk.hold();
  come_ahead(3, false, false);
  EXPECT_THAT(on.news(), ElementsAre("journal: store accepted 60"));
  on.disk.release();
  run();
  EXPECT_THAT(on.news(), ElementsAre("peer: ended, server 3 has promised epoch 60 to another: a "
                                     "newer one is needed"));
}

TEST_F(LeaderBefore, ObserverAheadIsTakenInAndEndsNoTerm) {
  come_ahead(4, true, false);
  EXPECT_THAT(on.news(), IsEmpty());
  say(4, learner_promised{{4}, false, epoch{1}, at(1, 5)});
  sync(4);
  EXPECT_THAT(on.news(), ElementsAre("database: plan", "handler of 4: leader serves"));
}

/// Without a reconfig it can be no voter.
TEST_F(LeaderBefore, ServerInNoListEndsNoTerm) {
  come_ahead(9, false, false);
  EXPECT_THAT(on.news(), IsEmpty());
}

struct LeaderBeforeReconfig : LeaderBefore {
  LeaderBeforeReconfig() : LeaderBefore(true) {}
};

/// Uncounted it could not be added as long as this term lasts.
TEST_F(LeaderBeforeReconfig, ServerInNoListMayBeAddedAndIsMadeWayFor) {
  come_ahead(9, false, false);
  EXPECT_THAT(on.news(), ElementsAre("journal: store accepted 60", HasSubstr("peer: ended")));
}

TEST_F(LeaderBefore, ObserverThatHasEnteredALaterEpochShowsThatThisOneIsOver) {
  come_ahead(4, true, false, epoch{60});
  EXPECT_THAT(on.news(), ElementsAre("journal: store accepted 60", HasSubstr("peer: ended")));
}

TEST_F(LeaderBefore, VoterInDoubtThatIsAheadFollowsAndCountsForNothing) {
  come_ahead(3, false, true);
  say(3, learner_promised{{3}, false, epoch{1}, at(1, 5)});
  sync(3);
  EXPECT_THAT(on.news(), ElementsAre("database: plan", "handler of 3: leader serves"));
  on.disk.hold();
  propose_one(at(2, 1));
  EXPECT_THAT(on.news(),
              ElementsAre("journal: append 0x200000001", "handler of 2: propose 0x200000001"));
  say(3, learner_acked{{3}, at(2, 1)});
  on.disk.release();
  run();
  EXPECT_THAT(on.news(), IsEmpty()) << "it and the leader are one of three";
  say(2, learner_acked{{2}, at(2, 1)});
  EXPECT_THAT(on.news(), Contains("database: apply 0x200000001"));
  say(3, learner_heard{{3}});
  pass(4'000ms);
  say(3, learner_heard{{3}});
  pass(2'000ms);
  EXPECT_THAT(on.news(), Contains(HasSubstr("peer: ended, a quorum of followers")));
}

}  // namespace
}  // namespace troupe::test
