// SPDX-License-Identifier: Apache-2.0
/// A content that is put into the database in the place of another, and what the database tells of
/// its bounds.
#include <algorithm>
#include <type_traits>

#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;

class DatabaseImage : public Database {
 protected:
  database_state& state() {
    auto* actor = caf::actor_cast<caf::abstract_actor*>(database_);
    return dynamic_cast<std::remove_pointer_t<database_ptr>&>(*actor).state;
  }
  static std::shared_ptr<core::image> image_at(zxid last) {
    auto out = std::make_shared<core::image>();
    out->data.set_last_processed(last);
    return out;
  }
  std::vector<zxid> window() {
    std::vector<zxid> out;
    for (const auto& x : state().recent) out.push_back(x->id());
    return out;
  }
};

/// A learner would be sent what is in no history: the former window's txns were cut off.
TEST_F(DatabaseImage, BringsItsOwnWindowOfTxns) {
  for (std::int64_t n = 1; n <= 3; ++n) session_exists({n}, at(1, n));
  EXPECT_THAT(window(), ElementsAre(at(1, 1), at(1, 2), at(1, 3)));
  tell(install_image{image_at(at(1, 2)), txns_of({at(1, 1), at(1, 2)})});
  EXPECT_THAT(window(), ElementsAre(at(1, 1), at(1, 2)));
  auto held = std::int64_t{0};
  for (const auto& x : state().recent) held += core::held_bytes(*x);
  EXPECT_EQ(state().recent_bytes.value(), held);
  EXPECT_EQ(context->gauges->recent_bytes, held);
  EXPECT_THAT(answer_to<sync_source>(plan_sync{at(1, 1)}).txns, testing::SizeIs(1));
  tell(install_image{image_at(at(3, 7)), {}});
  EXPECT_THAT(window(), testing::IsEmpty());
  EXPECT_EQ(context->gauges->recent_bytes, 0);
}

TEST_F(DatabaseImage, EndsWhatWasBeingCopiedOfTheOneBefore) {
  const auto stream = answer_to<stream_opened>(open_stream{}).stream;
  tell(install_image{image_at(at(3, 7)), {}});
  std::string answer = "none";
  system().spawn([&](caf::event_based_actor* self) {
    self->request(database_, caf::infinite, get_stream_piece{stream})
        .then([&](const snapshot_piece&) { answer = "a piece"; },
              [&](const caf::error&) { answer = "an error"; });
  });
  run();
  EXPECT_EQ(answer, "an error");
  EXPECT_TRUE(state().digests.empty());
}

TEST_F(DatabaseImage, TellsEachOfItsBounds) {
  context->memory = core::memory_budget{256 * core::memory_budget::mib};
  const auto told = stats().memory;
  EXPECT_EQ(told.limit, context->memory.limit());
  EXPECT_EQ(told.tree_max, context->memory.tree_max());
  EXPECT_EQ(told.sessions_max, context->memory.sessions_max());
  EXPECT_EQ(told.buffers_max, context->memory.buffers_max());
  context->memory = {};
  const auto none = stats().memory;
  EXPECT_EQ(none.limit + none.tree_max + none.sessions_max + none.buffers_max, 0);
}

/// Thousands are not told in one turn.
TEST_F(DatabaseImage, SessionsThatWereHeardAreTakenOutInSlices) {
  context->steps_per_slice = 1;
  learn();
  for (std::int64_t n = 1; n <= 200; ++n) state().touched.insert(session_id{n});
  (void)answer_to<touched_sessions>(collect_touches{});
  EXPECT_GE(state().work.slices(), 200u);
}

}  // namespace
}  // namespace troupe::test
